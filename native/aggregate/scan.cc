#include "aggregate/scan.h"

#include <algorithm>
#include <memory>
#include <new>

#include "aggregate/compensated.h"
#include "aggregate/decay.h"
#include "aggregate/percentiles.h"

namespace gpuring {
namespace {

constexpr double kLeastWeight = 0x1p-60;
constexpr double kMsPerSecond = 1000;
constexpr double kForever = std::numeric_limits<double>::infinity();

// The samples [begin, end) of a column.
class ColumnWindow {
 public:
  ColumnWindow(const SampleColumn& column, const ScanRequest& request) : column_(column) {
    if (request.by == WindowBy::kLast) {
      end_ = column.count;
      begin_ = end_ - std::min<uint64_t>(request.last, end_);
      from_ = begin_ < end_ ? TimeAt(begin_) : kAbsent;
      to_ = begin_ < end_ ? TimeAt(end_ - 1) : kAbsent;
      return;
    }
    from_ = request.from_ms;
    to_ = request.to_ms;
    begin_ = FirstWhere([this](double time) { return time >= from_; });
    end_ = std::max(begin_, FirstWhere([this](double time) { return time > to_; }));
  }

  [[nodiscard]] size_t begin() const { return begin_; }
  [[nodiscard]] size_t end() const { return end_; }
  [[nodiscard]] size_t size() const { return end_ - begin_; }
  [[nodiscard]] double from() const { return from_; }
  [[nodiscard]] double to() const { return to_; }

  [[nodiscard]] double TimeAt(size_t i) const { return column_.times[PlaceOf(i)]; }
  [[nodiscard]] double ValueAt(size_t i) const { return column_.values[PlaceOf(i)]; }
  // Of the sample after it, whether in the window or not.
  [[nodiscard]] double NextTime(size_t i) const {
    return i + 1 < column_.count ? TimeAt(i + 1) : kForever;
  }

 private:
  [[nodiscard]] size_t PlaceOf(size_t i) const {
    const size_t until_wrap = column_.values.size() - column_.oldest;
    return i < until_wrap ? column_.oldest + i : i - until_wrap;
  }

  template <class Is>
  [[nodiscard]] size_t FirstWhere(Is is) const {
    size_t low = 0;
    for (size_t high = column_.count; low < high;) {
      const size_t middle = low + (high - low) / 2;
      if (is(TimeAt(middle))) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  const SampleColumn& column_;
  size_t begin_ = 0;
  size_t end_ = 0;
  double from_ = kAbsent;
  double to_ = kAbsent;
};

class Scan {
 public:
  // Known values go into `known`: never more than there is room for, even if somebody else writes
  // to the columns meanwhile.
  Scan(const ScanRequest& request, std::span<double> known) : request_(request), known_(known) {}

  void Add(const ColumnWindow& window) {
    size_t first = window.end();
    size_t last = window.end();
    double next = window.end() > 0 ? window.TimeAt(std::max<size_t>(window.begin(), 1) - 1) : 0;
    // The sample before holds into the window.
    for (size_t i = std::max<size_t>(window.begin(), 1) - 1; i < window.end(); i++) {
      const double time = next;
      const double value = window.ValueAt(i);
      next = window.NextTime(i);
      const bool is_known = !std::isnan(value);
      if (is_known) AddHeld(window, {time, next}, value);
      if (i < window.begin()) continue;
      if (!is_known || count_ == known_.size()) {
        unknown_++;
        continue;
      }
      if (first == window.end()) first = i;
      last = i;
      known_[count_++] = value;
    }
    AddEnds(window, first, last);
    AddBounds(window);
    if (request_.counter && first < window.end()) AddGrowth(window, first, last);
  }

  [[nodiscard]] bool Write(std::span<double> record) const {
    const Moments moments = MomentsOf(known_.first(count_));
    const bool any = count_ > 0;
    const double covered = covered_.Value();
    const double held = held_.Value();
    const double values[kStatisticsDoubles] = {
        static_cast<double>(count_),
        static_cast<double>(unknown_),
        covered,
        first_,
        last_,
        moments.min,
        moments.max,
        moments.mean,
        any && covered > 0 ? held / covered : kAbsent,
        moments.deviation,
        ewma_,
        any ? held / kMsPerSecond : kAbsent,
        any && request_.counter ? increase_.Value() : kAbsent,
        first_ms_,
        last_ms_,
        from_ms_,
        to_ms_,
        0,
        grown_.Value(),
    };
    std::copy(std::begin(values), std::end(values), record.begin());
    const PercentileRequest percentiles = {request_.percentiles, request_.method};
    return PercentilesOf(known_.first(count_), moments, percentiles,
                         record.subspan(kStatisticsDoubles));
  }

 private:
  struct Span {
    double from;
    double to;
  };

  // A value that holds until the next sample, unless that is far.
  void AddHeld(const ColumnWindow& window, Span time, double value) {
    const double limit = std::min(window.to(), time.from + request_.max_gap_ms);
    const double held = std::min(time.to, limit) - std::max(time.from, window.from());
    if (!(held > 0)) return;
    covered_.Add(held);
    held_.Add(value * held);
  }

  void AddGrowth(const ColumnWindow& window, size_t first, size_t last) {
    const size_t since = KnownBefore(window, first);
    double before = window.ValueAt(since);
    for (size_t i = since < first ? first : first + 1; i <= last; i++) {
      const double value = window.ValueAt(i);
      if (std::isnan(value)) continue;
      increase_.Add(value < before ? value : value - before);
      before = value;
    }
    grown_.Add(window.TimeAt(last) - window.TimeAt(since));
  }

  // The last sample before the window that knows the value, if that still holds when the window
  // begins and the first in it comes later; else that one.
  [[nodiscard]] size_t KnownBefore(const ColumnWindow& window, size_t first) const {
    if (!(window.TimeAt(first) > window.from())) return first;
    for (size_t i = window.begin(); i-- > 0;) {
      if (window.TimeAt(i) + request_.max_gap_ms < window.from()) break;
      if (!std::isnan(window.ValueAt(i))) return i;
    }
    return first;
  }

  // Of several columns together there are none.
  void AddEnds(const ColumnWindow& window, size_t first, size_t last) {
    const bool is_alone = columns_++ == 0;
    const bool any = is_alone && first < window.end();
    first_ = any ? window.ValueAt(first) : kAbsent;
    last_ = any ? window.ValueAt(last) : kAbsent;
    first_ms_ = any ? window.TimeAt(first) : kAbsent;
    last_ms_ = any ? window.TimeAt(last) : kAbsent;
    ewma_ = any && request_.ewma_ms > 0 ? EwmaOf(window, first, last) : kAbsent;
  }

  void AddBounds(const ColumnWindow& window) {
    from_ms_ = std::fmin(from_ms_, window.from());
    to_ms_ = std::fmax(to_ms_, window.to());
  }

  // Back from the last value, until what all weights that are left come to is negligible.
  [[nodiscard]] double EwmaOf(const ColumnWindow& window, size_t first, size_t last) const {
    const double end = window.TimeAt(last);
    double value = window.ValueAt(last);
    double time = end;
    double left = 1;  // the weights of this value and of all before it
    CompensatedSum mean;
    for (size_t i = last; i > first && left >= kLeastWeight;) {
      const double earlier = window.ValueAt(--i);
      if (std::isnan(earlier)) continue;
      const double earlier_time = window.TimeAt(i);
      mean.Add(-left * std::expm1((earlier_time - time) / request_.ewma_ms) * value);
      left = std::exp((earlier_time - end) / request_.ewma_ms);
      value = earlier;
      time = earlier_time;
    }
    mean.Add(left * value);
    return mean.Value();
  }

  const ScanRequest& request_;
  const std::span<double> known_;
  size_t count_ = 0;
  size_t unknown_ = 0;
  size_t columns_ = 0;
  CompensatedSum covered_;
  CompensatedSum held_;  // value times ms
  CompensatedSum increase_;
  CompensatedSum grown_;  // ms
  double first_ = kAbsent;
  double last_ = kAbsent;
  double first_ms_ = kAbsent;
  double last_ms_ = kAbsent;
  double from_ms_ = kAbsent;
  double to_ms_ = kAbsent;
  double ewma_ = kAbsent;
};

struct Slice {
  size_t index = 0;
  size_t count = 0;
  CompensatedSum sum;
  double min = kForever;
  double max = -kForever;

  void Add(double value) {
    count++;
    sum.Add(value);
    min = std::min(min, value);
    max = std::max(max, value);
  }
};

}  // namespace

bool IsSound(const SampleColumn& column) {
  const size_t size = column.values.size();
  return column.times.size() == size && column.count <= size &&
         (column.count == 0 || column.oldest < size);
}

bool ScanColumns(std::span<const SampleColumn> columns, const ScanRequest& request,
                 std::span<double> record) {
  size_t room = 0;
  for (const SampleColumn& column : columns) room += ColumnWindow(column, request).size();
  const std::unique_ptr<double[]> known(new (std::nothrow) double[room]);
  if (known == nullptr) return false;
  Scan scan(request, {known.get(), room});
  for (const SampleColumn& column : columns) scan.Add(ColumnWindow(column, request));
  return scan.Write(record);
}

size_t DownsampleColumn(const SampleColumn& column, double from_ms, double to_ms,
                        std::span<double> out) {
  const size_t slices = out.size() / kScanSliceDoubles;
  if (slices == 0 || !(from_ms <= to_ms)) return 0;
  const ColumnWindow window(column, {.from_ms = from_ms, .to_ms = to_ms});
  const double length = to_ms - from_ms;
  const auto count = static_cast<double>(slices);
  size_t written = 0;
  Slice slice;
  const auto write = [&] {
    if (slice.count == 0 || written == slices) return;
    const auto known = static_cast<double>(slice.count);
    const double begin = from_ms + length * static_cast<double>(slice.index) / count;
    const double values[kScanSliceDoubles] = {begin, slice.min, slice.max,
                                              slice.sum.Value() / known, known};
    std::copy(std::begin(values), std::end(values), &out[kScanSliceDoubles * written++]);
  };
  for (size_t i = window.begin(); i < window.end(); i++) {
    const double value = window.ValueAt(i);
    if (std::isnan(value)) continue;
    const double at = length > 0 ? (window.TimeAt(i) - from_ms) * count / length : 0;
    const auto index = at > 0 ? static_cast<size_t>(std::min(at, count - 1)) : 0;
    if (index != slice.index) {
      write();
      slice = Slice();
      slice.index = index;
    }
    slice.Add(value);
  }
  write();
  return written;
}

}  // namespace gpuring
