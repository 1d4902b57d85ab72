// Which samples of one column set a window is, and for how long the values at its edges hold
// inside.
#pragma once

#include <cstdint>

#include "aggregate/column_reader.h"
#include "aggregate/columns.h"
#include "aggregate/statistics.h"

namespace gpuring {

struct ColumnWindow {
  uint64_t head = 0;    // the newest sample when it was looked at; nothing after it is read
  uint64_t oldest = 1;  // the samples before it are out of reach, but for one that holds into it
  uint64_t whole_oldest = 1;  // `oldest`, had no attempt failed
  uint64_t begin = 1;         // the samples [begin, end)
  uint64_t end = 1;
  // In the clock that the window is asked by, the monotonic one when it is asked by number;
  // kNoTime: asked by number, and there is no sample.
  int64_t from_us = kNoTime;
  int64_t to_us = kNoTime;
  int64_t unix_from_us = kNoTime;
  int64_t unix_to_us = kNoTime;
  WindowBy by = WindowBy::kMonotonic;

  [[nodiscard]] uint64_t size() const { return end - begin; }
  // The sample before the first may still be there, and hold a value into the window.
  [[nodiscard]] bool HasBefore() const { return begin > oldest || reaches_back; }
  bool reaches_back = false;
};

// Readers that a writer lapped try again so often, each time content with less of what is oldest.
inline constexpr int kAttempts = 12;

// REQUIRES: 0 <= attempt < kAttempts. To be believed once StillIn() says so.
[[nodiscard]] ColumnWindow ResolveWindow(const MetricColumns& columns, const Window& window,
                                         int attempt);

// Whether whatever was read of the window up to now is as it was written.
[[nodiscard]] inline bool StillIn(const MetricColumns& columns, const ColumnWindow& window) {
  return columns.StillThere(window.oldest - (window.reaches_back ? 1 : 0));
}

// The sample whose time is the first at or after `time_us`, by the window's clock; `to`: none in
// [from, to) is.
[[nodiscard]] uint64_t FirstAtOrAfter(const ColumnReader& reader, const ColumnWindow& within,
                                      int64_t time_us);

// Time inside the window for which the value of the sample before it, or of its last one, holds.
// REQUIRES: HasBefore(); size() > 0.
[[nodiscard]] int64_t HeldIntoUs(const ColumnReader& reader, const ColumnWindow& window);
[[nodiscard]] int64_t HeldOutUs(const ColumnReader& reader, const ColumnWindow& window);

}  // namespace gpuring
