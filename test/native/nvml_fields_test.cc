// nvmlDeviceGetFieldValues: one call a tier, and each field for itself.
#include <algorithm>

#include "check.h"
#include "nvml/return_code.h"
#include "nvml_fixture.h"

namespace gpuring {
namespace {

nvmlFieldValue_t Field(unsigned int id, nvmlValueType_t type, nvmlValue_t value) {
  nvmlFieldValue_t field{};
  field.fieldId = id;
  field.valueType = type;
  field.value = value;
  return field;
}

constexpr unsigned int kInstant = 186;
constexpr unsigned int kAverage = 185;

class Scripting {
 public:
  Scripting() : source_(Scripted()) {
    driver_->field = Field(0, NVML_VALUE_TYPE_UNSIGNED_INT, {.uiVal = 1});
    CHECK(source_.Open().ok());
  }
  DriverScript* operator->() { return driver_.operator->(); }
  const Sample& Poll(Tier tier) {
    sample_ = Sample();
    CHECK_EQ(source_.Poll(0, tier, &sample_).code(), StatusCode::kOk);
    return sample_;
  }
  NvmlSource& source() { return source_; }

 private:
  ScriptedDriver driver_;
  NvmlSource source_;
  Sample sample_;
};

}  // namespace

TEST("fields: those of a tier are asked in one call, with their scope, and no others") {
  Scripting driver;
  int calls = 0;
  for (const Tier tier : kTiers) {
    driver.Poll(tier);
    CHECK_EQ(driver->field_calls, ++calls);
    int asked = 0;
    for (const FieldReading& row : kFieldReadings) {
      if (row.tier != tier) continue;
      const nvmlFieldValue_t& field = driver->last_fields[asked++];
      CHECK_EQ(field.fieldId, row.field_id);
      CHECK_EQ(field.scopeId, row.scope);
    }
    CHECK_EQ(driver->last_field_count, asked);
  }
}

TEST("fields: a poll touches the states of its own tier alone") {
  Scripting driver;
  for (const Tier tier : kTiers) {
    const Sample& sample = driver.Poll(tier);
    const MetricRange own = kTierMetrics[static_cast<size_t>(tier)];
    for (size_t metric = 0; metric < kMetricCount; ++metric) {
      if (metric >= own.begin && metric < own.end) continue;
      CHECK_EQ(sample.states[metric], ValueState::kNotSampled);
    }
  }
}

TEST("fields: each has its own return code and type") {
  Scripting driver;
  driver->other_fields = {Field(kInstant, NVML_VALUE_TYPE_DOUBLE, {.dVal = 250'000.4}),
                          Field(138, NVML_VALUE_TYPE_UNSIGNED_LONG_LONG, {.ullVal = 3}),
                          Field(193, NVML_VALUE_TYPE_SIGNED_INT, {.siVal = -4})};
  CHECK_EQ(ValueOf(driver.Poll(Tier::kFast), MetricId::kPowerInstantWatts), 250'000);
  CHECK_EQ(ValueOf(driver.Poll(Tier::kMedium), MetricId::kNvlinkTransmitBytes), 3 * 1024);
  CHECK_EQ(ValueOf(driver.Poll(Tier::kSlow), MetricId::kShutdownMarginCelsius), -4);
  for (unsigned int code = 1; code <= 30; ++code) {
    const auto result = static_cast<nvmlReturn_t>(code);
    if (IsDeviceDead(result) || IsLibraryDead(result)) continue;
    driver->other_fields[0].nvmlReturn = result;
    const Sample& sample = driver.Poll(Tier::kFast);
    CHECK_EQ(sample.StateOf(MetricId::kPowerInstantWatts), ToValueState(result));
    CHECK_EQ(ValueOf(sample, MetricId::kPowerAverageWatts), 1);
  }
}

TEST("return codes: what each says about a value") {
  using enum ValueState;
  for (const unsigned int code : {3, 13, 22, 24, 25, 26}) {
    CHECK_EQ(ToValueState(static_cast<nvmlReturn_t>(code)), kUnsupported);
  }
  for (const unsigned int code : {4, 17}) {
    CHECK_EQ(ToValueState(static_cast<nvmlReturn_t>(code)), kDenied);
  }
  for (const unsigned int code : {2, 6, 7, 10, 14, 19, 20, 21, 23, 27, 29, 999, 1234}) {
    CHECK_EQ(ToValueState(static_cast<nvmlReturn_t>(code)), kUnavailable);
  }
}

TEST("fields: one that is skipped is no value, nor is one without a type that is known") {
  Scripting driver;
  driver->skipped_field = kInstant;
  driver->other_fields[0] = Field(kAverage, static_cast<nvmlValueType_t>(9), {.ullVal = 5});
  const Sample& sample = driver.Poll(Tier::kFast);
  CHECK_EQ(sample.StateOf(MetricId::kPowerInstantWatts), ValueState::kUnavailable);
  CHECK_EQ(sample.StateOf(MetricId::kPowerAverageWatts), ValueState::kInvalid);
  driver->other_fields[0] = Field(kAverage, NVML_VALUE_TYPE_UNSIGNED_INT, {.uiVal = UINT32_MAX});
  CHECK_EQ(driver.Poll(Tier::kFast).StateOf(MetricId::kPowerAverageWatts), ValueState::kInvalid);
}

TEST("fields: one that says the device or the driver is dead ends the poll") {
  Scripting driver;
  Sample sample;
  driver->other_fields[0] = Field(kAverage, NVML_VALUE_TYPE_UNSIGNED_INT, {});
  driver->other_fields[0].nvmlReturn = NVML_ERROR_UNINITIALIZED;
  CHECK_EQ(driver.source().Poll(0, Tier::kFast, &sample).code(), StatusCode::kDriverGone);
  CHECK(!sample.KnowsAnything());
  driver->other_fields[0].nvmlReturn = NVML_ERROR_RESET_REQUIRED;
  CHECK_EQ(driver.source().Poll(0, Tier::kFast, &sample).code(), StatusCode::kDeviceLost);
  CHECK(!sample.KnowsAnything());
}

TEST("fields: a call that fails as a whole is the reason for each; one that never works is left") {
  Scripting driver;
  driver->fields_result = NVML_ERROR_NO_PERMISSION;
  CHECK_EQ(driver.Poll(Tier::kFast).StateOf(MetricId::kPowerInstantWatts), ValueState::kDenied);
  driver->fields_result = NVML_ERROR_FUNCTION_NOT_FOUND;
  const int before = driver->field_calls;
  for (int round = 0; round < 3; ++round) {
    CHECK_EQ(driver.Poll(Tier::kFast).StateOf(MetricId::kPowerInstantWatts),
             ValueState::kUnsupported);
  }
  CHECK_EQ(driver->field_calls, before + 1);
}

}  // namespace gpuring
