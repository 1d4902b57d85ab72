// Questions to windows of samples, out of JavaScript's objects.
#pragma once

#include <napi.h>

#include <array>
#include <cstddef>
#include <vector>

#include "aggregate/statistics.h"
#include "aggregate/window_board.h"

namespace gpuring {

// Indices; a list that is longer than `most` names none.
[[nodiscard]] std::vector<size_t> UnpackIndices(const Napi::Value& value, size_t most);
// Likewise of metrics; a list with something else in it names none either.
[[nodiscard]] std::vector<MetricId> UnpackMetrics(const Napi::Value& value);

// A copy: what the caller's getters do to the array afterwards changes nothing.
class Percentiles {
 public:
  // False: not such an array, too many, or one that is none.
  [[nodiscard]] bool Unpack(const Napi::Value& value);
  [[nodiscard]] std::span<const double> values() const { return std::span(values_).first(count_); }

 private:
  std::array<double, kMostPercentiles> values_;
  size_t count_ = 0;
};

// Of `linear`.
[[nodiscard]] PercentileMethod MethodOf(const Napi::Object& what);

// Of `by`, `from` and `to`. False: no window, or one that ends before it begins.
[[nodiscard]] bool UnpackWindow(const Napi::Object& what, Window* window);
// Of those and `linear`, `ewmaMs` and `percentiles`, which go into the last argument and have to
// outlive the request. False: as above.
[[nodiscard]] bool UnpackStatistics(const Napi::Object& what, StatisticsRequest* request,
                                    Percentiles* percentiles);
// False: nothing that can be watched.
[[nodiscard]] bool UnpackWindowSpec(const Napi::Object& what, WindowSpec* spec);

}  // namespace gpuring
