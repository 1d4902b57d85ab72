// What polls come to, with a driver that answers what a test says.
#include "check.h"
#include "nvml/source.h"
#include "nvml_fixture.h"

namespace gpuring {
TEST("nvml: sentinels and values out of range are unknown, their neighbours are not") {
  ScriptedDriver driver;
  driver->utilization = {NVML_VALUE_NOT_AVAILABLE_U32, 7};
  driver->memory_v2 = {0, 1000, NVML_VALUE_NOT_AVAILABLE_U64, 600, 400};
  driver->power = NVML_VALUE_NOT_AVAILABLE_U32;
  driver->energy = NVML_VALUE_NOT_AVAILABLE_U64;
  driver->temperature_v = -5;
  NvmlSource source(Scripted());
  CHECK(source.Open().ok());
  Sample sample;
  CHECK(source.Poll(0, Tier::kFast, &sample).ok());
  CHECK(!sample.Knows(MetricId::kComputeUtilizationPercent));
  CHECK_EQ(ValueOf(sample, MetricId::kMemoryUtilizationPercent), 7);
  CHECK_EQ(ValueOf(sample, MetricId::kMemoryTotalBytes), 1000);
  CHECK_EQ(ValueOf(sample, MetricId::kMemoryUsedBytes), 400);
  CHECK_EQ(ValueOf(sample, MetricId::kMemoryFreeBytes), 600);
  CHECK(!sample.Knows(MetricId::kMemoryReservedBytes));
  CHECK(!sample.Knows(MetricId::kPowerWatts) && !sample.Knows(MetricId::kEnergyJoules));
  CHECK_EQ(ValueOf(sample, MetricId::kTemperatureCelsius), -5);

  // The next poll forgets what is not answered again.
  driver->utilization_result = NVML_ERROR_UNKNOWN;
  CHECK(source.Poll(0, Tier::kFast, &sample).ok());
  CHECK(!sample.Knows(MetricId::kMemoryUtilizationPercent));
}

TEST("nvml: sentinels of other widths, and parts greater than the whole, are unknown") {
  // What drivers put where they have no value: NVML_VALUE_NOT_AVAILABLE and its neighbours.
  for (const unsigned long long nothing : {9223372036854775794ull, 0x7fffffffffffffffull,
                                           0xffffffffffffffffull, 0xfffffffffffff000ull}) {
    ScriptedDriver driver;
    driver->memory_v2 = {0, nothing, nothing, nothing, nothing};
    driver->energy = nothing;
    driver->power = 1'000;
    NvmlSource source(Scripted());
    CHECK(source.Open().ok());
    CHECK(!source.devices()[0].memory_bytes);
    Sample sample;
    CHECK(source.Poll(0, Tier::kFast, &sample).ok());
    for (const MetricId metric :
         {MetricId::kMemoryTotalBytes, MetricId::kMemoryUsedBytes, MetricId::kMemoryFreeBytes,
          MetricId::kMemoryReservedBytes, MetricId::kEnergyJoules}) {
      CHECK(!sample.Knows(metric));
    }
    sample.Set(MetricId::kClockEventReasons, static_cast<int64_t>(nothing));
    CHECK(!sample.Knows(MetricId::kClockEventReasons));
  }
  ScriptedDriver driver;
  driver->memory_v2 = {0, 1'000, 1'001, 1'000, 1'001};
  NvmlSource source(Scripted());
  CHECK(source.Open().ok());
  Sample sample;
  CHECK(source.Poll(0, Tier::kFast, &sample).ok());
  CHECK_EQ(ValueOf(sample, MetricId::kMemoryTotalBytes), 1'000);
  CHECK_EQ(ValueOf(sample, MetricId::kMemoryFreeBytes), 1'000);
  CHECK(!sample.Knows(MetricId::kMemoryUsedBytes));
  CHECK(!sample.Knows(MetricId::kMemoryReservedBytes));
}

TEST("nvml: an absent call is asked once and its older name takes over, unsupported stays asked") {
  ScriptedDriver driver;
  driver->memory_v2_result = NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
  driver->memory = {1000, 400, 600};
  driver->utilization_result = NVML_ERROR_NOT_SUPPORTED;
  driver->fields_result = NVML_ERROR_FUNCTION_NOT_FOUND;
  driver->temperature_v_result = NVML_ERROR_NOT_SUPPORTED;
  driver->temperature = 51;
  NvmlSource source(Scripted());
  CHECK(source.Open().ok());
  const int calls_of_open = driver->memory_v2_calls;
  Sample sample;
  for (int round = 0; round < 3; ++round) {
    CHECK(source.Poll(0, Tier::kFast, &sample).ok());
    CHECK_EQ(ValueOf(sample, MetricId::kMemoryUsedBytes), 600);
    CHECK_EQ(ValueOf(sample, MetricId::kTemperatureCelsius), 51);
    CHECK(!sample.Knows(MetricId::kComputeUtilizationPercent));
  }
  CHECK_EQ(driver->memory_v2_calls, calls_of_open + 1);
  CHECK_EQ(driver->field_calls, 1);
  CHECK_EQ(driver->utilization_calls, 3);

  driver->utilization_result = NVML_SUCCESS;
  driver->utilization = {30, 0};
  driver->temperature_v_result = NVML_SUCCESS;
  driver->temperature_v = 52;
  CHECK(source.Poll(0, Tier::kFast, &sample).ok());
  CHECK_EQ(ValueOf(sample, MetricId::kComputeUtilizationPercent), 30);
  CHECK_EQ(ValueOf(sample, MetricId::kTemperatureCelsius), 52);
}

TEST("nvml: a lost device is left at once and comes back by its UUID") {
  ScriptedDriver driver;
  driver->utilization_result = NVML_ERROR_GPU_IS_LOST;
  NvmlSource source(Scripted());
  CHECK(source.Open().ok());
  const int calls_of_open = driver->memory_v2_calls;
  Sample sample;
  const Status lost = source.Poll(1, Tier::kFast, &sample);
  CHECK_EQ(lost.code(), StatusCode::kDeviceLost);
  CHECK_EQ(lost.driver_return(), uint32_t{NVML_ERROR_GPU_IS_LOST});
  CHECK_EQ(driver->memory_v2_calls, calls_of_open);

  driver->handle[1] = NVML_ERROR_NOT_FOUND;
  CHECK_EQ(source.Poll(1, Tier::kFast, &sample).code(), StatusCode::kDeviceLost);
  CHECK_EQ(driver->utilization_calls, 1);
  driver->handle[1] = NVML_SUCCESS;
  driver->utilization_result = NVML_SUCCESS;
  CHECK(source.Poll(1, Tier::kFast, &sample).ok());
  CHECK(source.Poll(1, Tier::kFast, &sample).ok());
  CHECK_EQ(driver->uuid_lookups, 2);
}

TEST("nvml: a handle that turned stale is replaced before the next poll") {
  ScriptedDriver driver;
  driver->power = 70'000;
  NvmlSource source(Scripted());
  CHECK(source.Open().ok());
  Sample sample;
  CHECK(source.Poll(2, Tier::kFast, &sample).ok());
  driver->generation = 1;  // as after a reset: every reading refuses the old handle
  CHECK_EQ(source.Poll(2, Tier::kFast, &sample).driver_return(),
           uint32_t{NVML_ERROR_INVALID_ARGUMENT});
  CHECK_EQ(driver->uuid_lookups, 0);
  CHECK(source.Poll(2, Tier::kFast, &sample).ok());
  CHECK_EQ(ValueOf(sample, MetricId::kPowerWatts), 70'000);
  CHECK(source.Poll(2, Tier::kFast, &sample).ok());
  CHECK_EQ(driver->uuid_lookups, 1);
}

TEST("nvml: a device that has nothing to say keeps its handle") {
  for (const nvmlReturn_t result : {NVML_ERROR_NOT_SUPPORTED, NVML_ERROR_NO_DATA}) {
    ScriptedDriver driver;
    driver->utilization_result = driver->power_result = driver->energy_result = result;
    driver->memory_v2_result = driver->memory_result = result;
    driver->temperature_v_result = driver->temperature_result = driver->fields_result = result;
    NvmlSource source(Scripted());
    CHECK(source.Open().ok());
    Sample sample;
    for (int round = 0; round < 3; ++round) {
      CHECK_EQ(source.Poll(0, Tier::kFast, &sample).ok(), result == NVML_ERROR_NOT_SUPPORTED);
      CHECK(!sample.Knows(MetricId::kComputeUtilizationPercent));
    }
    CHECK_EQ(driver->uuid_lookups, 0);
  }
}

TEST("nvml: a poll that learns nothing says why") {
  ScriptedDriver driver;
  for (const nvmlReturn_t result : {NVML_ERROR_UNKNOWN, NVML_ERROR_NO_DATA, NVML_ERROR_TIMEOUT}) {
    driver->utilization_result = NVML_ERROR_NOT_SUPPORTED;
    driver->memory_v2_result = driver->memory_result = result;
    driver->power_result = driver->energy_result = result;
    driver->temperature_v_result = driver->temperature_result = result;
    driver->fields_result = result;
    NvmlSource source(Scripted());
    CHECK(source.Open().ok());
    Sample sample;
    const Status status = source.Poll(0, Tier::kFast, &sample);
    CHECK_EQ(status.driver_return(), static_cast<uint32_t>(result));
    CHECK(!sample.KnowsAnything());
  }
  driver->utilization_result = NVML_ERROR_DRIVER_NOT_LOADED;
  NvmlSource source(Scripted());
  CHECK(source.Open().ok());
  Sample sample;
  CHECK_EQ(source.Poll(0, Tier::kFast, &sample).code(), StatusCode::kDriverNotLoaded);
}

TEST("nvml: what is not supported is asked again a second later") {
  ScriptedDriver driver;
  driver->utilization_result = NVML_ERROR_NOT_SUPPORTED;
  driver->field.nvmlReturn = NVML_ERROR_NOT_SUPPORTED;
  NvmlSource source(Scripted());
  CHECK(source.Open().ok());
  const auto poll_at = [&](int64_t ms) {
    Sample sample;
    sample.start_ns = ms * 1'000'000;
    CHECK(source.Poll(0, Tier::kFast, &sample).ok());
    return sample;
  };
  for (int64_t ms = 1; ms <= 1'000; ++ms) {
    CHECK_EQ(poll_at(ms).StateOf(MetricId::kComputeUtilizationPercent), ValueState::kUnsupported);
  }
  CHECK_EQ(driver->utilization_calls, 1);
  CHECK_EQ(driver->field_calls, 1);
  driver->utilization_result = NVML_SUCCESS;
  driver->utilization = {30, 0};
  CHECK_EQ(ValueOf(poll_at(1'001), MetricId::kComputeUtilizationPercent), 30);
  CHECK_EQ(driver->field_calls, 2);
  poll_at(1'002);
  CHECK_EQ(driver->utilization_calls, 3);
}

TEST("nvml: a device or a library that is dead ends the poll with nothing known") {
  struct Case {
    nvmlReturn_t result;
    StatusCode code;
  };
  constexpr Case kCases[] = {
      {NVML_ERROR_UNINITIALIZED, StatusCode::kDriverGone},
      {NVML_ERROR_DRIVER_NOT_LOADED, StatusCode::kDriverNotLoaded},
      {NVML_ERROR_LIBRARY_NOT_FOUND, StatusCode::kLibraryNotFound},
      {NVML_ERROR_LIB_RM_VERSION_MISMATCH, StatusCode::kDriverMismatch},
      {NVML_ERROR_INSUFFICIENT_POWER, StatusCode::kDeviceLost},
      {NVML_ERROR_IRQ_ISSUE, StatusCode::kDeviceLost},
      {NVML_ERROR_GPU_IS_LOST, StatusCode::kDeviceLost},
      {NVML_ERROR_RESET_REQUIRED, StatusCode::kDeviceLost},
      {NVML_ERROR_GPU_NOT_FOUND, StatusCode::kDeviceLost},
  };
  for (const Case& one : kCases) {
    ScriptedDriver driver;
    driver->power_result = one.result;  // after others that were answered
    NvmlSource source(Scripted());
    CHECK(source.Open().ok());
    Sample sample;
    const Status status = source.Poll(0, Tier::kFast, &sample);
    CHECK_EQ(status.code(), one.code);
    CHECK_EQ(IsLibraryFailure(one.code), one.code != StatusCode::kDeviceLost);
    CHECK_EQ(status.driver_return(), static_cast<uint32_t>(one.result));
    CHECK(status.message().empty() && status.hint().empty());
    CHECK(!sample.KnowsAnything());
    CHECK_EQ(driver->field_calls, 0);
  }
}

}  // namespace gpuring
