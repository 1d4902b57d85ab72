// What the simulated driver counts and knows beside the everyday columns: each number in the
// spellings that NVML has for it, in agreement with the load, and set by hand.
#include <array>
#include <cstdint>
#include <string>

#include "check.h"
#include "nvml/abi_extended.h"
#include "simulator_columns.h"
#include "simulator_driver.h"

namespace gpuring {
namespace {

using check::Control;
using check::Driver;

constexpr const char* kBusy =
    R"({"step":"manual","devices":[{"board":"h100","load":{"shape":"constant","percent":100}}]})";

nvmlFieldValue_t Field(nvmlDevice_t device, unsigned int id, unsigned int scope = UINT32_MAX) {
  nvmlFieldValue_t field{};
  field.fieldId = id;
  field.scopeId = scope;
  CHECK_EQ(Driver::Call("nvmlDeviceGetFieldValues", device, 1, &field), NVML_SUCCESS);
  return field;
}

uint64_t Value(nvmlDevice_t device, unsigned int id, unsigned int scope = UINT32_MAX) {
  const nvmlFieldValue_t field = Field(device, id, scope);
  CHECK_EQ(field.nvmlReturn, NVML_SUCCESS);
  return field.valueType == NVML_VALUE_TYPE_UNSIGNED_INT ? field.value.uiVal : field.value.ullVal;
}

void Set(const std::string& values) {
  const check::Reply reply = Control("set", R"({"device":0,"values":)" + values + "}");
  CHECK_EQ(reply.result, NVML_SUCCESS);
  CHECK(reply.text.starts_with("{\"timeUs\":"));
}

TEST("byte counters grow with the load alone, and the blocking call tells the same rate") {
  Driver driver(
      R"({"step":"manual","devices":[{"board":"h100","load":{"shape":"constant","percent":100}},
          {"board":"h100"}]})");
  const nvmlDevice_t busy = driver.Device(0), idle = driver.Device(1);
  std::array<uint64_t, 2> before = {Value(busy, 197), Value(busy, 198)};
  Control("step", "10");  // one second
  const uint64_t sent = Value(busy, 197) - before[0], received = Value(busy, 198) - before[1];
  CHECK(received > 3 * sent && sent > 100'000'000);
  CHECK(Value(idle, 198) > 0 && Value(idle, 198) < received / 100);
  unsigned int kb_per_second = 0;
  CHECK_EQ(Driver::Call("nvmlDeviceGetPcieThroughput", busy, 1u, &kb_per_second), NVML_SUCCESS);
  const auto rate = static_cast<double>(kb_per_second) * 1000;
  CHECK(rate > 0.99 * static_cast<double>(received) && rate < 1.01 * static_cast<double>(received));
}

TEST("a byte counter set near the end of 32 bits wraps") {
  Driver driver(kBusy);
  const nvmlDevice_t device = driver.Device(0);
  Set(R"({"field.198": 4294960000, "pcieCounterBits": 32})");
  CHECK_EQ(Value(device, 198), uint64_t{4'294'960'000});
  Control("step", "1");
  CHECK(Value(device, 198) < uint64_t{4'294'960'000});
  Set(R"({"field.198": null, "pcieCounterBits": null})");
  Control("step", "100");
  CHECK(Value(device, 198) > uint64_t{1} << 32);
}

TEST("links count one by one, and their sum is what they count") {
  Driver driver(kBusy);
  const nvmlDevice_t device = driver.Device(0);
  Control("step", "20");
  CHECK_EQ(Value(device, 91), uint64_t{18});
  for (const unsigned int id : {138u, 139u, 140u, 141u}) {
    uint64_t sum = 0;
    for (unsigned int link = 0; link < 18; ++link) sum += Value(device, id, link);
    CHECK(sum > 0);
    CHECK_EQ(Value(device, id), sum);
  }
  CHECK(Value(device, 140) > Value(device, 138));
  CHECK_EQ(Field(device, 138, 18).nvmlReturn, NVML_ERROR_INVALID_ARGUMENT);
  Set(R"({"field.162.3": 7})");
  CHECK_EQ(Value(device, 162, 3), uint64_t{7});
  CHECK_EQ(Value(device, 162, 2), uint64_t{0});
  CHECK_EQ(Value(device, 162), uint64_t{7});
  unsigned long long recoveries = 0;
  CHECK_EQ(Driver::Call("nvmlDeviceGetNvLinkErrorCounter", device, 3u, 1u, &recoveries),
           NVML_SUCCESS);
  CHECK_EQ(recoveries, 7ull);
  unsigned int version = 0;
  CHECK_EQ(Driver::Call("nvmlDeviceGetNvLinkVersion", device, 0u, &version), NVML_SUCCESS);
  CHECK_EQ(uint64_t{version}, Value(device, 166, 0));
}

TEST("energy set lower goes on from there, and a sentinel stands still") {
  Driver driver(kBusy);
  const nvmlDevice_t device = driver.Device(0);
  const auto energy = [device] {
    unsigned long long mj = 0;
    CHECK_EQ(Driver::Call("nvmlDeviceGetTotalEnergyConsumption", device, &mj), NVML_SUCCESS);
    return mj;
  };
  Control("step", "50");
  const unsigned long long before = energy();
  Set(R"({"total_energy_consumption": 5})");
  CHECK_EQ(energy(), 5ull);
  CHECK_EQ(Value(device, 83), uint64_t{5});
  Control("step", "10");
  CHECK(energy() > 100'000 && energy() < before);
  Set(R"({"total_energy_consumption": 18446744073709551615})");
  Control("step", "10");
  CHECK_EQ(energy(), ~0ull);
  Set(R"({"total_energy_consumption": null})");
  CHECK(energy() > before);
}

TEST("what is set shows in every spelling, sentinels too, until it ends") {
  Driver driver(kBusy);
  const nvmlDevice_t device = driver.Device(0);
  Set(R"({"temperature.gpu": 77, "utilization.encoder": 30, "utilization.jpeg": 12, "pstate": 32,
          "power.draw": 4294967295, "field.230": 2, "field.3333": 3})");
  unsigned int value = 0, period = 0;
  CHECK_EQ(check::ReadTemperature(device).value, 77);
  CHECK_EQ(Driver::Call("nvmlDeviceGetEncoderUtilization", device, &value, &period), NVML_SUCCESS);
  CHECK_EQ(value, 30u);
  CHECK_EQ(period, 200'000u);
  CHECK_EQ(Driver::Call("nvmlDeviceGetJpgUtilization", device, &value, &period), NVML_SUCCESS);
  CHECK_EQ(value, 12u);
  CHECK_EQ(Driver::Call("nvmlDeviceGetOfaUtilization", device, &value, &period), NVML_SUCCESS);
  CHECK_EQ(value, 0u);
  CHECK_EQ(check::ReadNumber("nvmlDeviceGetPowerUsage", device).value, int64_t{UINT32_MAX});
  CHECK_EQ(check::ReadNumber("nvmlDeviceGetPerformanceState", device).value, 32);
  CHECK_EQ(Value(device, 230), uint64_t{2});
  CHECK_EQ(Value(device, 3333), uint64_t{3});  // of a driver yet to come
  Set(R"({"power.draw": null, "temperature.gpu": null})");
  CHECK(check::ReadNumber("nvmlDeviceGetPowerUsage", device).value < 1'000'000);
  CHECK(check::ReadTemperature(device).value != 77);
}

TEST("a name or a number that cannot be set is refused with what was expected") {
  Driver driver(kBusy);
  for (const char* bad :
       {R"({"device":0,"values":{"power.drawn":1}})", R"({"device":0,"values":{"pstate":"P0"}})",
        R"({"device":0,"values":{"pstate":1.5}})", R"({"device":7,"values":{}})", R"({"device":0})",
        R"({"device":0,"values":{"samplePeriodMs":0}})", "[", ""}) {
    const check::Reply reply = Control("set", bad);
    CHECK_EQ(reply.result, NVML_ERROR_INVALID_ARGUMENT);
    CHECK(reply.text.find("expected") != std::string::npos);
  }
}

TEST("errors by place make up the totals, and a lifetime never has fewer") {
  Driver driver(R"({"devices":[{"board":"v100s"},{"board":"h100"},{"board":"rtx3090"}]})");
  const nvmlDevice_t volta = driver.Device(0), hopper = driver.Device(1);
  constexpr const char* kTotal = "nvmlDeviceGetTotalEccErrors";
  unsigned long long count = 9;
  CHECK_EQ(Driver::Call(kTotal, volta, 0u, 0u, &count), NVML_SUCCESS);
  CHECK_EQ(count, 0ull);
  Set(R"({"field.9": 2, "field.11": 3, "field.12": 1, "field.22": 10})");
  CHECK_EQ(Driver::Call(kTotal, volta, 0u, 0u, &count), NVML_SUCCESS);
  CHECK_EQ(count, 5ull);
  CHECK_EQ(Value(volta, 4), uint64_t{1});
  CHECK_EQ(Value(volta, 5), uint64_t{12});
  constexpr const char* kPlace = "nvmlDeviceGetMemoryErrorCounter";
  CHECK_EQ(
      Driver::Call(kPlace, volta, 1u, 0u, unsigned{NVML_MEMORY_LOCATION_DEVICE_MEMORY}, &count),
      NVML_SUCCESS);
  CHECK_EQ(count, 1ull);
  CHECK_EQ(Driver::Call(kPlace, hopper, 0u, 0u, unsigned{NVML_MEMORY_LOCATION_L2_CACHE}, &count),
           NVML_ERROR_NOT_SUPPORTED);
  CHECK_EQ(Driver::Call(kTotal, driver.Device(2), 0u, 0u, &count), NVML_ERROR_NOT_SUPPORTED);
  CHECK_EQ(Field(driver.Device(2), 3).nvmlReturn, NVML_ERROR_NOT_SUPPORTED);
  CHECK_EQ(Driver::Call(kTotal, volta, 2u, 0u, &count), NVML_ERROR_INVALID_ARGUMENT);
}

TEST("on-chip errors are told as the struct's members, and count as totals") {
  Driver driver(R"({"devices":[{"board":"h100",
      "values":{"ecc.sram.volatileCor":4,"ecc.sram.volatileUncParity":1,
                "ecc.sram.aggregateUncBucketL2":6,"ecc.sram.thresholdExceeded":1}}]})");
  nvmlEccSramErrorStatus_v1_t status{};
  CHECK_EQ(Driver::Call("nvmlDeviceGetSramEccErrorStatus", driver.Device(0), &status),
           NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
  status.version = VersionWord<nvmlEccSramErrorStatus_v1_t>(1);
  CHECK_EQ(Driver::Call("nvmlDeviceGetSramEccErrorStatus", driver.Device(0), &status),
           NVML_SUCCESS);
  CHECK_EQ(status.volatileCor, 4ull);
  CHECK_EQ(status.volatileUncParity, 1ull);
  CHECK_EQ(status.aggregateUncBucketL2, 6ull);
  CHECK_EQ(status.bThresholdExceeded, 1u);
  CHECK_EQ(Value(driver.Device(0), 3), uint64_t{4});
  CHECK_EQ(Value(driver.Device(0), 4), uint64_t{1});
}

TEST("pages are retired before Ampere, rows remapped from there on") {
  Driver driver(R"({"devices":[{"board":"v100s"},{"board":"h100"}]})");
  const nvmlDevice_t volta = driver.Device(0), hopper = driver.Device(1);
  Set(R"({"field.30": 2, "field.93": 1})");
  unsigned int count = 0;
  constexpr const char* kPages = "nvmlDeviceGetRetiredPages_v2";
  std::array<unsigned long long, 3> pages{}, times{};
  CHECK_EQ(Driver::Call(kPages, volta, 1u, &count, nullptr, times.data()),
           NVML_ERROR_INSUFFICIENT_SIZE);
  CHECK_EQ(count, 2u);
  CHECK_EQ(Driver::Call(kPages, volta, 1u, &count, pages.data(), times.data()), NVML_SUCCESS);
  CHECK(pages[0] != pages[1] && pages[2] == 0 && times[0] < times[1] && times[2] == 0);
  unsigned int pending = 0;
  CHECK_EQ(Driver::Call("nvmlDeviceGetRetiredPagesPendingStatus", volta, &pending), NVML_SUCCESS);
  CHECK_EQ(pending, 1u);
  CHECK_EQ(Driver::Call("nvmlDeviceGetRetiredPages", hopper, 1u, &count, nullptr),
           NVML_ERROR_INVALID_ARGUMENT);
  count = 0;
  CHECK_EQ(Driver::Call("nvmlDeviceGetRetiredPages", hopper, 1u, &count, nullptr),
           NVML_ERROR_NOT_SUPPORTED);
  CHECK_EQ(
      Control("set", R"({"device":1,"values":{"field.143":3,"field.144":1,"field.302":2}})").result,
      NVML_SUCCESS);
  unsigned int corrected = 9, uncorrected = 0, failed = 9;
  CHECK_EQ(Driver::Call("nvmlDeviceGetRemappedRows", hopper, &corrected, &uncorrected, &pending,
                        &failed),
           NVML_SUCCESS);
  CHECK(corrected == 0 && uncorrected == 3 && pending == 1 && failed == 0);
  nvmlRemappedRowsInfo_v2_t rows{};
  CHECK_EQ(Driver::Call("nvmlDeviceGetRemappedRows_v2", hopper, &rows), NVML_SUCCESS);
  CHECK(rows.uncActiveRemaps == 3 && rows.uncInactiveRemaps == 2 && rows.bPending == 1);
  nvmlRowRemapperHistogramValues_t banks{};
  CHECK_EQ(Driver::Call("nvmlDeviceGetRowRemapperHistogram", hopper, &banks), NVML_SUCCESS);
  CHECK_EQ(banks.high, 3u);
  CHECK_EQ(Driver::Call("nvmlDeviceGetRemappedRows_v2", volta, &rows), NVML_ERROR_NOT_SUPPORTED);
}

TEST("time held back grows while a reason holds, in nanoseconds, and no longer") {
  Driver driver(kBusy);  // at its power limit from the start
  const nvmlDevice_t device = driver.Device(0);
  const uint64_t before = Value(device, 74), hot = Value(device, 270);
  Control("step", "10");
  CHECK_EQ(Value(device, 74) - before, uint64_t{1'000'000'000});
  CHECK_EQ(Value(device, 270), hot);
  nvmlViolationTime_t violation{};
  CHECK_EQ(Driver::Call("nvmlDeviceGetViolationStatus", device, 0u, &violation), NVML_SUCCESS);
  CHECK_EQ(uint64_t{violation.violationTime}, Value(device, 74));
  CHECK_EQ(Driver::Call("nvmlDeviceGetViolationStatus", device, 7u, &violation),
           NVML_ERROR_INVALID_ARGUMENT);
  Set(R"({"clocks_event_reasons.active": 64})");
  Control("step", "20");
  const uint64_t thermal = Value(device, 270) - hot;
  CHECK(thermal >= 1'800'000'000 && thermal <= 2'000'000'000);
  const uint64_t capped = Value(device, 74);
  Control("step", "5");
  CHECK_EQ(Value(device, 74), capped);
}

TEST("thresholds: those of fans where there are fans") {
  Driver driver(R"({"devices":[{"board":"h100"},{"board":"rtx4090"}]})");
  constexpr const char* kThreshold = "nvmlDeviceGetTemperatureThreshold";
  unsigned int celsius = 0;
  for (const unsigned int type : {4u, 5u, 6u}) {
    CHECK_EQ(Driver::Call(kThreshold, driver.Device(0), type, &celsius), NVML_ERROR_NOT_SUPPORTED);
    CHECK_EQ(Driver::Call(kThreshold, driver.Device(1), type, &celsius), NVML_SUCCESS);
    CHECK(celsius >= 60 && celsius < 100);
  }
  CHECK_EQ(Driver::Call(kThreshold, driver.Device(1), 7u, &celsius), NVML_ERROR_NOT_SUPPORTED);
  CHECK_EQ(Driver::Call(kThreshold, driver.Device(1), 8u, &celsius), NVML_ERROR_INVALID_ARGUMENT);
  Control("set", R"({"device":1,"values":{"fan.speed":40,"fan.speed.1":70}})");
  constexpr const char* kFan = "nvmlDeviceGetFanSpeed_v2";
  unsigned int first = 0, second = 0;
  CHECK_EQ(Driver::Call(kFan, driver.Device(1), 0u, &first), NVML_SUCCESS);
  CHECK_EQ(Driver::Call(kFan, driver.Device(1), 1u, &second), NVML_SUCCESS);
  CHECK(first == 40 && second == 70);
}

TEST("what was set outlives an init, except counters, which begin anew") {
  Driver driver(kBusy);
  Set(R"({"temperature.gpu": 66, "field.94": 9, "total_energy_consumption": 1000000})");
  Driver::Call("nvmlShutdown");
  Driver::Call("nvmlInit_v2");
  const nvmlDevice_t device = driver.Device(0);
  CHECK_EQ(check::ReadTemperature(device).value, 66);
  CHECK_EQ(Value(device, 94), uint64_t{0});
  CHECK(Value(device, 83) < 1'000'000);
}

}  // namespace
}  // namespace gpuring
