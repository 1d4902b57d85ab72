// The core's classes, without sampler and driver, as JavaScript objects: property tests compare
// them with references in TypeScript, benchmarks time them from the inside. Not shipped.
#include <napi.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "binding/unpacking.h"
#include "columns_object.h"
#include "core/metrics.generated.h"
#include "crossing.h"
#include "driver_calls.h"
#include "flat_out.h"
#include "push_timing.h"
#include "roof.h"

namespace gpuring {
namespace {

Napi::Value Read(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), ReadDoubles(UnpackDoubles(info[0])));
}

template <void (*kFunction)(const PlainStatistics&)>
void Plain(const Napi::CallbackInfo& info) {
  kFunction({UnpackDoubles(info[0]), UnpackDoubles(info[1]), UnpackDoubles(info[2]),
             UnpackDoubles(info[3])});
}

// What an addon does that is handed a sample as an object: takes its members by name, checks each,
// stores it.
constexpr std::array kMembers = {"timestampMs",
                                 "computeUtilizationPercent",
                                 "memoryUtilizationPercent",
                                 "memoryTotalBytes",
                                 "memoryUsedBytes",
                                 "powerWatts",
                                 "powerLimitWatts",
                                 "temperatureCelsius",
                                 "memoryTemperatureCelsius",
                                 "clockRateMhz",
                                 "memoryClockMhz",
                                 "fanSpeedPercent"};
constexpr size_t kTaken = 4096;

Napi::Value TakeObject(const Napi::CallbackInfo& info) {
  static std::array<std::array<double, kMembers.size()>, kTaken> taken;
  static size_t count = 0;
  const auto object = info[0].As<Napi::Object>();
  auto& sample = taken[count++ % kTaken];
  for (size_t index = 0; index < kMembers.size(); ++index) {
    const Napi::Value value = object.Get(kMembers[index]);
    if (!value.IsNumber()) return Napi::Boolean::New(info.Env(), false);
    sample[index] = value.As<Napi::Number>().DoubleValue();
    if (!std::isfinite(sample[index])) return Napi::Boolean::New(info.Env(), false);
  }
  return Napi::Boolean::New(info.Env(), true);
}

// (tier, capacity, count): mean, 99.99 % and worst of pushes, then of idling, in ns.
Napi::Value TimePushesInto(const Napi::CallbackInfo& info) {
  const auto tier = static_cast<Tier>(UnpackIndex(info[0]));
  const auto columns = MetricColumns::Allocate({tier, UnpackCount(info[1]), 1});
  const PushTiming timing = TimePushes(columns.get(), UnpackCount(info[2]));
  auto result = Napi::Float64Array::New(info.Env(), 6);
  size_t at = 0;
  for (const Durations& durations : {timing.push, timing.idle}) {
    for (const double ns : {durations.mean_ns, durations.p9999_ns, durations.worst_ns}) {
      result.Data()[at++] = ns;
    }
  }
  return result;
}

// (tier)
Napi::Value BytesPerSample(const Napi::CallbackInfo& info) {
  const uint64_t bytes = MetricColumns::BytesPerSample(static_cast<Tier>(UnpackIndex(info[0])));
  return Napi::Number::New(info.Env(), static_cast<double>(bytes));
}

// How many metrics a sample has, by tier.
Napi::Value MetricsOfTiers(const Napi::CallbackInfo& info) {
  auto counts = Napi::Float64Array::New(info.Env(), kTierCount);
  for (size_t tier = 0; tier < kTierCount; ++tier) {
    counts[tier] = static_cast<double>(kTierMetrics[tier].size());
  }
  return counts;
}

// The table of metrics: divisor, minimum, maximum, and 1 where it counts, one after another.
Napi::Value MetricTable(const Napi::CallbackInfo& info) {
  constexpr size_t kColumns = 4;
  auto table = Napi::Float64Array::New(info.Env(), kMetricCount * kColumns);
  for (size_t index = 0; index < kMetricCount; ++index) {
    const auto& row = kMetrics[index];
    const std::array<double, kColumns> cells = {
        static_cast<double>(row.divisor),
        static_cast<double>(row.minimum),
        static_cast<double>(row.maximum),
        row.counter ? 1.0 : 0.0,
    };
    std::copy(cells.begin(), cells.end(), table.Data() + index * kColumns);
  }
  return table;
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  ExportCrossing(exports);
  ExportDriverCalls(exports);
  ExportFlatOut(exports);
  exports.Set("readDoubles", Napi::Function::New<Read>(env));
  exports.Set("statisticsByNthElement", Napi::Function::New<Plain<StatisticsByNthElement>>(env));
  exports.Set("statisticsBySort", Napi::Function::New<Plain<StatisticsBySort>>(env));
  exports.Set("takeObject", Napi::Function::New<TakeObject>(env));
  exports.Set("timePushes", Napi::Function::New<TimePushesInto>(env));
  exports.Set("bytesPerSample", Napi::Function::New<BytesPerSample>(env));
  exports.Set("metricsOfTiers", Napi::Function::New<MetricsOfTiers>(env));
  exports.Set("metricTable", Napi::Function::New<MetricTable>(env));
  ColumnsObject::Export(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(bare_core, Init)

}  // namespace gpuring
