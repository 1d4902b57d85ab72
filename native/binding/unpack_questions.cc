#include "binding/unpack_questions.h"

#include <algorithm>
#include <cmath>

#include "binding/unpacking.h"

namespace gpuring {
namespace {

constexpr double kUsPerMs = 1e3;
// As far as columns go, 73000 years: beyond any time that a sample can have.
constexpr auto kMostUs = static_cast<double>(kFarthestUs);
// Of a microsecond: what a monotonic time may lose on its way through milliseconds.
constexpr double kSlack = 0.0005;

// False: not a number.
bool UnpackUs(const Napi::Value& value, WindowBy by, int64_t* us) {
  double ms = 0;
  if (napi_get_value_double(value.Env(), value, &ms) != napi_ok || std::isnan(ms)) return false;
  const double exact = std::clamp(ms * kUsPerMs, -kMostUs, kMostUs);
  // Samples have whole microseconds of both clocks; of the monotonic one they were cut off.
  const double whole = by == WindowBy::kWall ? std::round(exact) : std::floor(exact + kSlack);
  *us = static_cast<int64_t>(whole);
  return true;
}

// 0: not a number, or a negative one.
int64_t UnpackMsAsUs(const Napi::Value& value) {
  const double us = UnpackNumber(value) * kUsPerMs;
  return us >= 0 ? static_cast<int64_t>(std::min(us, kMostUs)) : 0;
}

}  // namespace

std::vector<size_t> UnpackIndices(const Napi::Value& value, size_t most) {
  if (!value.IsArray()) return {};
  auto indices = value.As<Napi::Array>();
  const uint32_t length = indices.Length();
  if (length > most) return {};
  std::vector<size_t> unpacked(length);
  for (uint32_t i = 0; i < length; i++) unpacked[i] = UnpackIndex(indices.Get(i));
  return unpacked;
}

std::vector<MetricId> UnpackMetrics(const Napi::Value& value) {
  std::vector<MetricId> metrics;
  for (const size_t index : UnpackIndices(value, kMetricCount)) {
    if (index >= kMetricCount) return {};
    metrics.push_back(static_cast<MetricId>(index));
  }
  return metrics;
}

bool Percentiles::Unpack(const Napi::Value& value) {
  if (!value.IsTypedArray()) return false;
  const std::span<const double> given = UnpackDoubles(value);
  const auto is_one = [](double percentile) { return percentile >= 0 && percentile <= 100; };
  if (given.size() > values_.size() || !std::ranges::all_of(given, is_one)) return false;
  std::ranges::copy(given, values_.begin());
  count_ = given.size();
  return true;
}

PercentileMethod MethodOf(const Napi::Object& what) {
  return UnpackFlag(what.Get("linear")) ? PercentileMethod::kLinear
                                        : PercentileMethod::kNearestRank;
}

bool UnpackWindow(const Napi::Object& what, Window* window) {
  const uint64_t by = UnpackIndex(what.Get("by"));
  if (by >= kWindowByNames.size()) return false;
  window->by = static_cast<WindowBy>(by);
  if (window->by == WindowBy::kLast) {
    window->last = UnpackCount(what.Get("from"));
    return window->last > 0;
  }
  return UnpackUs(what.Get("from"), window->by, &window->from_us) &&
         UnpackUs(what.Get("to"), window->by, &window->to_us) && window->from_us <= window->to_us;
}

bool UnpackStatistics(const Napi::Object& what, StatisticsRequest* request,
                      Percentiles* percentiles) {
  request->method = MethodOf(what);
  request->ewma_us = UnpackMsAsUs(what.Get("ewmaMs"));
  if (!UnpackWindow(what, &request->window)) return false;
  if (!percentiles->Unpack(what.Get("percentiles"))) return false;
  request->percentiles = percentiles->values();
  return true;
}

bool UnpackWindowSpec(const Napi::Object& what, WindowSpec* spec) {
  Percentiles percentiles;
  if (!percentiles.Unpack(what.Get("percentiles"))) return false;
  spec->percentiles.assign(percentiles.values().begin(), percentiles.values().end());
  spec->metrics = UnpackMetrics(what.Get("metrics"));
  spec->length_us = UnpackMsAsUs(what.Get("windowMs"));
  spec->method = MethodOf(what);
  spec->ewma_us = UnpackMsAsUs(what.Get("ewmaMs"));
  return !spec->metrics.empty() && spec->length_us > 0;
}

}  // namespace gpuring
