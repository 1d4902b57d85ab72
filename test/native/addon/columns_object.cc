#include "columns_object.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "aggregate/query.h"
#include "aggregate/statistics.h"
#include "binding/unpacking.h"
#include "core/clock.h"

namespace gpuring {
namespace {

constexpr double kUsPerMs = 1000;
constexpr size_t kSliceDoubles = 5;

double Member(const Napi::Object& object, const char* name) {
  return object.Get(name).ToNumber().DoubleValue();
}

int64_t UsOf(double ms) { return std::llround(ms * kUsPerMs); }

int64_t NsOfUs(double us) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  return us * 1000 < static_cast<double>(kMost) ? static_cast<int64_t>(us * 1000) : kMost;
}

MetricId MetricOf(const Napi::Object& what) {
  return static_cast<MetricId>(Member(what, "metric"));
}

Window WindowOf(const Napi::Object& what) {
  Window window;
  window.by = static_cast<WindowBy>(Member(what, "by"));
  window.from_us = UsOf(Member(what, "from"));
  window.to_us = UsOf(Member(what, "to"));
  if (window.by == WindowBy::kLast) window.last = UnpackCount(what.Get("from"));
  return window;
}

StatisticsRequest RequestOf(const Napi::Object& what) {
  StatisticsRequest request;
  request.window = WindowOf(what);
  request.percentiles = UnpackDoubles(what.Get("percentiles"));
  const bool linear = what.Get("linear").ToBoolean();
  request.method = linear ? PercentileMethod::kLinear : PercentileMethod::kNearestRank;
  request.ewma_us = UsOf(Member(what, "ewmaMs"));
  return request;
}

using Pool = std::vector<const MetricColumns*>;

Pool PoolOf(const Napi::Value& value) {
  Pool pool;
  const auto array = value.As<Napi::Array>();
  for (uint32_t index = 0; index < array.Length(); ++index) {
    const auto object = array.Get(index).As<Napi::Object>();
    pool.push_back(&ColumnsObject::Unwrap(object)->columns());
  }
  return pool;
}

// (columns, { metric, by, from, to, percentiles, linear, ewmaMs }, into): one record, of the
// columns as one pool.
void Query(const Napi::CallbackInfo& info) {
  const Pool pool = PoolOf(info[0]);
  const auto what = info[1].As<Napi::Object>();
  const StatisticsRequest request = RequestOf(what);
  std::array<double, kMostPercentiles> room{};
  const auto percentiles = std::span(room).first(request.percentiles.size());
  const auto into = UnpackDoubles(info[2]);
  if (into.size() < kStatisticsDoubles + percentiles.size()) {
    Napi::RangeError::New(info.Env(), "no room for the record").ThrowAsJavaScriptException();
    return;
  }
  WindowStatistics statistics;
  QueryColumns({pool, MetricOf(what), request}, &statistics, percentiles);
  WriteRecord(statistics, percentiles, into);
}

// (columns, what, windows): nanoseconds a query, over windows of from and to, one after another.
Napi::Value TimeQueries(const Napi::CallbackInfo& info) {
  const Pool pool = PoolOf(info[0]);
  const auto what = info[1].As<Napi::Object>();
  ColumnsQuestion question{pool, MetricOf(what), RequestOf(what)};
  const auto windows = UnpackDoubles(info[2]);
  std::array<double, kMostPercentiles> room{};
  const auto percentiles = std::span(room).first(question.request.percentiles.size());
  std::vector<Window> asked(windows.size() / 2, question.request.window);
  for (size_t index = 0; index < asked.size(); ++index) {
    asked[index].from_us = UsOf(windows[2 * index]);
    asked[index].to_us = UsOf(windows[2 * index + 1]);
  }
  uint64_t count = 0;
  const int64_t start_ns = MonotonicNowNs();
  for (const Window& window : asked) {
    question.request.window = window;
    WindowStatistics statistics;
    QueryColumns(question, &statistics, percentiles);
    count += statistics.count;
  }
  const auto took_ns = static_cast<double>(MonotonicNowNs() - start_ns);
  const bool asked_anything = count > 0;
  return Napi::Number::New(info.Env(),
                           asked_anything ? took_ns / static_cast<double>(asked.size()) : kAbsent);
}

}  // namespace

void ColumnsObject::Export(Napi::Env env, Napi::Object exports) {
  exports.Set("Columns",
              DefineClass(env, "Columns",
                          {InstanceMethod<&ColumnsObject::Append>("append"),
                           InstanceMethod<&ColumnsObject::CatchUp>("catchUp"),
                           InstanceMethod<&ColumnsObject::DownsampleColumn>("downsample")}));
  exports.Set("statisticsDoubles", Napi::Number::New(env, kStatisticsDoubles));
  exports.Set("queryColumns", Napi::Function::New<Query>(env));
  exports.Set("timeQueries", Napi::Function::New<TimeQueries>(env));
}

ColumnsObject::ColumnsObject(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  const auto what = info[0].As<Napi::Object>();
  if (what.Has("firstSequence")) sequence_ = UnpackCount(what.Get("firstSequence"));
  columns_ = MetricColumns::Allocate(
      {static_cast<Tier>(Member(what, "tier")), UnpackCount(what.Get("capacity")), sequence_});
  if (columns_ == nullptr) {
    Napi::Error::New(info.Env(), "no memory for columns").ThrowAsJavaScriptException();
  }
}

void ColumnsObject::Append(const Napi::CallbackInfo& info) {
  const auto what = info[0].As<Napi::Object>();
  const auto monotonic_us = UnpackDoubles(what.Get("monotonicUs"));
  const auto wall_us = UnpackDoubles(what.Get("wallUs"));
  const auto hold_us = UnpackDoubles(what.Get("holdUs"));
  const auto values = UnpackDoubles(what.Get("values"));
  const auto metrics = UnpackDoubles(what.Get("metrics"));
  const size_t count = monotonic_us.size();
  for (size_t index = 0; index < count; ++index) {
    Sample sample;
    sample.sequence = sequence_++;
    sample.start_ns = static_cast<int64_t>(monotonic_us[index]) * 1000;
    sample.end_ns = sample.start_ns;
    sample.wall_us = static_cast<int64_t>(wall_us[index]);
    for (size_t metric = 0; metric < metrics.size(); ++metric) {
      const double value = values[metric * count + index];
      if (std::isnan(value)) continue;
      sample.Set(static_cast<MetricId>(metrics[metric]), static_cast<int64_t>(value));
    }
    columns_->Append(sample, NsOfUs(hold_us[index]));
  }
}

void ColumnsObject::CatchUp(const Napi::CallbackInfo& info) {
  columns_->CatchUp(Unwrap(info[0].As<Napi::Object>())->columns());
}

Napi::Value ColumnsObject::DownsampleColumn(const Napi::CallbackInfo& info) {
  const auto what = info[0].As<Napi::Object>();
  const auto into = UnpackDoubles(info[1]);
  std::vector<Bucket> buckets(into.size() / kSliceDoubles);
  const size_t count = Downsample(*columns_, {MetricOf(what), WindowOf(what)}, buckets);
  for (size_t index = 0; index < count; ++index) {
    const Bucket& bucket = buckets[index];
    const std::array<double, kSliceDoubles> slice = {MillisecondsOf(bucket.from_us), bucket.min,
                                                     bucket.max, bucket.mean,
                                                     static_cast<double>(bucket.count)};
    std::copy(slice.begin(), slice.end(), into.begin() + static_cast<ptrdiff_t>(index * 5));
  }
  return Napi::Number::New(info.Env(), static_cast<double>(count));
}

}  // namespace gpuring
