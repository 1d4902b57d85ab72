// Each shape of a reading, with calls that stand for the driver's.
#include <array>
#include <limits>
#include <string>

#include "check.h"
#include "nvml/reading_call.h"
#include "nvml/readings.generated.h"

namespace gpuring {
namespace {

// What the calls below answer.
nvmlReturn_t answer = NVML_SUCCESS;
bool writes = true;
unsigned long long value = 0;
unsigned int asked_argument = 0;
nvmlMemory_v2_t memory{};
nvmlBAR1Memory_t bar1{};
nvmlEccSramErrorStatus_v1_t sram{};
std::array<unsigned int, 4> rows{};

template <typename Number>
nvmlReturn_t Plain(nvmlDevice_t, Number* out) {
  if (writes) *out = static_cast<Number>(value);
  return answer;
}
nvmlReturn_t WithArgument(nvmlDevice_t device, unsigned int argument, unsigned int* out) {
  asked_argument = argument;
  return Plain(device, out);
}
nvmlReturn_t Sampled(nvmlDevice_t device, unsigned int* out, unsigned int* period) {
  *period = 167'000;
  return Plain(device, out);
}
nvmlReturn_t Utilization(nvmlDevice_t, nvmlUtilization_t* out) {
  if (writes) *out = {static_cast<unsigned int>(value), 3};
  return answer;
}
template <typename Struct>
nvmlReturn_t Versioned(unsigned int version, const Struct& from, Struct* out) {
  if (out->version != version) return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
  if (writes) *out = from;
  return answer;
}
nvmlReturn_t Memory(nvmlDevice_t, nvmlMemory_v2_t* out) {
  return Versioned(0x02000028, memory, out);
}
nvmlReturn_t OldMemory(nvmlDevice_t, nvmlMemory_t* out) {
  if (writes) *out = {memory.total, memory.free, memory.used};
  return answer;
}
nvmlReturn_t Margin(nvmlDevice_t, nvmlMarginTemperature_v1_t* out) {
  return Versioned(0x01000008, {0, static_cast<int>(value)}, out);
}
nvmlReturn_t Temperature(nvmlDevice_t, nvmlTemperature_v1_t* out) {
  CHECK_EQ(unsigned{out->sensorType}, 0u);
  return Versioned(0x0100000c, {0, NVML_TEMPERATURE_GPU, static_cast<int>(value)}, out);
}
nvmlReturn_t OldTemperature(nvmlDevice_t device, nvmlTemperatureSensors_t sensor,
                            unsigned int* out) {
  CHECK_EQ(unsigned{sensor}, 0u);
  return Plain(device, out);
}
nvmlReturn_t Bar1(nvmlDevice_t, nvmlBAR1Memory_t* out) {
  if (writes) *out = bar1;
  return answer;
}
nvmlReturn_t Remapped(nvmlDevice_t, unsigned int* corrected, unsigned int* uncorrected,
                      unsigned int* pending, unsigned int* failure) {
  if (writes) {
    *corrected = rows[0];
    *uncorrected = rows[1];
    *pending = rows[2];
    *failure = rows[3];
  }
  return answer;
}
nvmlReturn_t Sram(nvmlDevice_t, nvmlEccSramErrorStatus_v1_t* out) {
  return Versioned(0x01000068, sram, out);
}

// The row of the table with that output.
const Reading& RowOf(MetricId metric) {
  for (const Reading& reading : kReadings) {
    for (const MetricId output : reading.outputs) {
      if (output == metric) return reading;
    }
  }
  check::Fail(__FILE__, __LINE__, "no reading has that output");
  return kReadings[0];
}

template <typename Function>
Sample Ask(MetricId metric, Function* function, size_t version = 0) {
  Sample sample;
  const ReadingCall call = {RowOf(metric), version, reinterpret_cast<void*>(function)};
  CHECK_EQ(AskReading(call, nullptr, &sample), answer);
  return sample;
}

// The number, or the state that stands in its place.
std::string Shown(const Sample& sample, MetricId metric) {
  static constexpr std::array kNames = {"not sampled", "",        "estimated",  "unsupported",
                                        "denied",      "invalid", "unavailable"};
  const auto state = static_cast<size_t>(sample.StateOf(metric));
  return state == 1 ? std::to_string(sample.ValueOf(metric)) : kNames[state];
}

// A metric whose call answers nothing else, for every value that is worth a look.
struct Single {
  MetricId metric;
  Sample (*ask)();
};

void Expect(const Single& single, unsigned long long given, const std::string& shown) {
  value = given;
  CHECK_EQ(Shown(single.ask(), single.metric), shown);
}

constexpr unsigned long long kOnes32 = NVML_VALUE_NOT_AVAILABLE_U32;
constexpr unsigned long long kOnes64 = NVML_VALUE_NOT_AVAILABLE_U64;

}  // namespace

TEST("reading: a number of 32 bits is scaled, and all ones are none") {
  const Single power = {MetricId::kPowerWatts,
                        [] { return Ask(MetricId::kPowerWatts, Plain<unsigned int>); }};
  Expect(power, 70'000, "70000");
  Expect(power, 0, "0");
  Expect(power, 100'000'001, "invalid");
  Expect(power, kOnes32, "invalid");
  const Single sent = {MetricId::kPcieTransmitBytesPerSecond,
                       [] { return Ask(MetricId::kPcieTransmitBytesPerSecond, WithArgument); }};
  asked_argument = 9;
  Expect(sent, 5, "5000");
  CHECK_EQ(asked_argument, 0u);  // an argument, not the lack of one
  Expect(sent, kOnes32, "invalid");
  Expect({MetricId::kPcieReceiveBytesPerSecond,
          [] { return Ask(MetricId::kPcieReceiveBytesPerSecond, WithArgument); }},
         7, "7000");
  CHECK_EQ(asked_argument, 1u);
}

TEST("reading: a number of 64 bits, and what drivers put in place of one") {
  const Single energy = {MetricId::kEnergyJoules,
                         [] { return Ask(MetricId::kEnergyJoules, Plain<unsigned long long>); }};
  Expect(energy, kOnes32, "4294967295");
  Expect(energy, 1ull << 53, "invalid");
  for (const unsigned long long nothing :
       {9223372036854775794ull, 0x7fffffffffffffffull, 1ull << 63, kOnes64}) {
    Expect(energy, nothing, "invalid");
  }
}

TEST("reading: sampled utilisation, margins and temperatures") {
  Expect({MetricId::kEncoderUtilizationPercent,
          [] { return Ask(MetricId::kEncoderUtilizationPercent, Sampled); }},
         42, "42");
  const Single margin = {MetricId::kThermalMarginCelsius,
                         [] { return Ask(MetricId::kThermalMarginCelsius, Margin); }};
  Expect(margin, static_cast<unsigned long long>(-3), "-3");
  Expect(margin, static_cast<unsigned long long>(-1), "-1");
  Expect(margin, 201, "invalid");
  const Single now = {MetricId::kTemperatureCelsius,
                      [] { return Ask(MetricId::kTemperatureCelsius, Temperature); }};
  const Single before = {MetricId::kTemperatureCelsius,
                         [] { return Ask(MetricId::kTemperatureCelsius, OldTemperature, 1); }};
  Expect(now, static_cast<unsigned long long>(-5), "-5");
  Expect(now, 255, "invalid");
  Expect(now, kOnes32, "invalid");
  Expect(before, 51, "51");
  Expect(before, kOnes32, "invalid");
  value = 101;
  const Sample both = Ask(MetricId::kComputeUtilizationPercent, Utilization);
  CHECK_EQ(Shown(both, MetricId::kComputeUtilizationPercent), "invalid");
  CHECK_EQ(Shown(both, MetricId::kMemoryUtilizationPercent), "3");
}

TEST("reading: of memory no part is greater than the whole, nor is there a part of nothing") {
  const auto shown = [](MetricId metric, size_t version) {
    const Sample sample = version == 0 ? Ask(metric, Memory) : Ask(metric, OldMemory, 1);
    return Shown(sample, metric);
  };
  memory = {0, 1000, 1001, 600, 400};
  for (const size_t version : {0, 1}) {
    CHECK_EQ(shown(MetricId::kMemoryTotalBytes, version), "1000");
    CHECK_EQ(shown(MetricId::kMemoryUsedBytes, version), "400");
    CHECK_EQ(shown(MetricId::kMemoryFreeBytes, version), "600");
  }
  CHECK_EQ(shown(MetricId::kMemoryReservedBytes, 0), "invalid");
  CHECK_EQ(shown(MetricId::kMemoryReservedBytes, 1), "unsupported");  // the old call has none
  for (const unsigned long long nothing : {0ull, kOnes64, 9223372036854775794ull}) {
    memory = {0, nothing, 0, 0, 0};
    CHECK_EQ(shown(MetricId::kMemoryTotalBytes, 0), "invalid");
    CHECK_EQ(shown(MetricId::kMemoryTotalBytes, 1), "invalid");
  }
  memory = {0, 0, 0, 0, 0};
  CHECK_EQ(shown(MetricId::kMemoryUsedBytes, 0), "invalid");
  bar1 = {1000, 300, 701};
  CHECK_EQ(Shown(Ask(MetricId::kBar1TotalBytes, Bar1), MetricId::kBar1TotalBytes), "1000");
  CHECK_EQ(Shown(Ask(MetricId::kBar1FreeBytes, Bar1), MetricId::kBar1FreeBytes), "300");
  CHECK_EQ(Shown(Ask(MetricId::kBar1UsedBytes, Bar1), MetricId::kBar1UsedBytes), "701");
  bar1.bar1Used = 1001;
  CHECK_EQ(Shown(Ask(MetricId::kBar1UsedBytes, Bar1), MetricId::kBar1UsedBytes), "invalid");
}

TEST("reading: remapped rows and errors of the SRAM go each to its own metric") {
  rows = {5, 6, 1, 2};
  const Sample remapped = Ask(MetricId::kRemappedRowsCorrectedCount, Remapped);
  CHECK_EQ(Shown(remapped, MetricId::kRemappedRowsCorrectedCount), "5");
  CHECK_EQ(Shown(remapped, MetricId::kRemappedRowsUncorrectedCount), "6");
  CHECK_EQ(Shown(remapped, MetricId::kRemappedRowsPending), "1");
  CHECK_EQ(Shown(remapped, MetricId::kRemappedRowsFailed), "invalid");
  sram = {0, 1, 2, 3, 4, 5, kOnes64, 0, 0, 0, 0, 0, 1};
  const Sample errors = Ask(MetricId::kEccSramThresholdExceeded, Sram);
  CHECK_EQ(Shown(errors, MetricId::kEccSramAggregateParityCount), "1");
  CHECK_EQ(Shown(errors, MetricId::kEccSramAggregateSecDedCount), "2");
  CHECK_EQ(Shown(errors, MetricId::kEccSramAggregateCorrectedCount), "3");
  CHECK_EQ(Shown(errors, MetricId::kEccSramVolatileParityCount), "4");
  CHECK_EQ(Shown(errors, MetricId::kEccSramVolatileSecDedCount), "5");
  CHECK_EQ(Shown(errors, MetricId::kEccSramVolatileCorrectedCount), "invalid");
  CHECK_EQ(Shown(errors, MetricId::kEccSramThresholdExceeded), "1");
}

TEST("reading: a call that says success and writes nothing has told nothing") {
  writes = false;
  const auto none = [](const Sample& sample) { CHECK(!sample.KnowsAnything()); };
  none(Ask(MetricId::kPowerWatts, Plain<unsigned int>));
  none(Ask(MetricId::kPcieTransmitBytesPerSecond, WithArgument));
  none(Ask(MetricId::kEnergyJoules, Plain<unsigned long long>));
  none(Ask(MetricId::kEncoderUtilizationPercent, Sampled));
  none(Ask(MetricId::kComputeUtilizationPercent, Utilization));
  none(Ask(MetricId::kMemoryTotalBytes, Memory));
  none(Ask(MetricId::kMemoryTotalBytes, OldMemory, 1));
  none(Ask(MetricId::kTemperatureCelsius, Temperature));
  none(Ask(MetricId::kTemperatureCelsius, OldTemperature, 1));
  none(Ask(MetricId::kThermalMarginCelsius, Margin));
  none(Ask(MetricId::kBar1TotalBytes, Bar1));
  none(Ask(MetricId::kRemappedRowsPending, Remapped));
  none(Ask(MetricId::kEccSramThresholdExceeded, Sram));
  writes = true;
}

TEST("reading: a call that fails leaves its metrics alone, a known one stays") {
  answer = NVML_ERROR_UNKNOWN;
  CHECK(Ask(MetricId::kPowerWatts, Plain<unsigned int>).StateOf(MetricId::kPowerWatts) ==
        ValueState::kNotSampled);
  answer = NVML_SUCCESS;
  Sample sample;
  sample.Set(MetricId::kPowerWatts, 5);
  StoreRaw(MetricId::kPowerWatts, {6, 1}, &sample);
  StoreRaw(MetricId::kPowerWatts, {{}, 1}, &sample);
  Explain(MetricId::kPowerWatts, ValueState::kDenied, &sample);
  CHECK_EQ(Shown(sample, MetricId::kPowerWatts), "5");
}

TEST("reading: of several reasons the first counts, and any before that it is not supported") {
  Sample sample;
  const auto after = [&sample](ValueState why) {
    Explain(MetricId::kPowerWatts, why, &sample);
    return sample.StateOf(MetricId::kPowerWatts);
  };
  CHECK_EQ(after(ValueState::kUnsupported), ValueState::kUnsupported);
  CHECK_EQ(after(ValueState::kDenied), ValueState::kDenied);
  CHECK_EQ(after(ValueState::kUnavailable), ValueState::kDenied);
  CHECK_EQ(after(ValueState::kUnsupported), ValueState::kDenied);
  StoreRaw(MetricId::kPowerWatts, {int64_t{7}, 1}, &sample);
  CHECK_EQ(Shown(sample, MetricId::kPowerWatts), "7");
}

TEST("reading: what does not fit once it is scaled is invalid") {
  Sample sample;
  StoreRaw(MetricId::kNvlinkTransmitBytes, {int64_t{1} << 60, 1024}, &sample);
  CHECK_EQ(Shown(sample, MetricId::kNvlinkTransmitBytes), "invalid");
  StoreRaw(MetricId::kNvlinkTransmitBytes, {int64_t{3}, 1024}, &sample);
  CHECK_EQ(Shown(sample, MetricId::kNvlinkTransmitBytes), "3072");
}

TEST("reading: values are decoded by their type") {
  CHECK_EQ(DecodeValue(NVML_VALUE_TYPE_DOUBLE, {.dVal = 12.6}).value_or(0), 13);
  CHECK_EQ(DecodeValue(NVML_VALUE_TYPE_DOUBLE, {.dVal = -12.6}).value_or(0), -13);
  for (const double none : {std::numeric_limits<double>::quiet_NaN(),
                            std::numeric_limits<double>::infinity(), 1e19, -1e300}) {
    CHECK(!DecodeValue(NVML_VALUE_TYPE_DOUBLE, {.dVal = none}));
  }
  CHECK_EQ(DecodeValue(NVML_VALUE_TYPE_UNSIGNED_INT, {.uiVal = 4}).value_or(0), 4);
  CHECK(!DecodeValue(NVML_VALUE_TYPE_UNSIGNED_INT, {.ullVal = kOnes64}));
  CHECK_EQ(DecodeValue(NVML_VALUE_TYPE_UNSIGNED_LONG, {.ulVal = 5}).value_or(0), 5);
  CHECK(!DecodeValue(NVML_VALUE_TYPE_UNSIGNED_LONG, {.ullVal = kOnes64}));
  CHECK(!DecodeValue(NVML_VALUE_TYPE_UNSIGNED_LONG_LONG, {.ullVal = uint64_t{1} << 63}));
  CHECK_EQ(DecodeValue(NVML_VALUE_TYPE_SIGNED_LONG_LONG, {.sllVal = -7}).value_or(0), -7);
  CHECK_EQ(DecodeValue(NVML_VALUE_TYPE_SIGNED_INT, {.siVal = -8}).value_or(0), -8);
  CHECK_EQ(DecodeValue(NVML_VALUE_TYPE_UNSIGNED_SHORT, {.usVal = 9}).value_or(0), 9);
  CHECK(!DecodeValue(NVML_VALUE_TYPE_UNSIGNED_SHORT, {.ullVal = kOnes64}));
  CHECK(!DecodeValue(static_cast<nvmlValueType_t>(7), {.ullVal = 1}));
}

}  // namespace gpuring
