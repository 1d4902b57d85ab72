#include "aggregate/column_window.h"

#include <algorithm>
#include <limits>

namespace gpuring {
namespace {

constexpr int kWholeAttempts = 3;
// After them, attempts that are content with a 64th less, a 32nd and so on; then with a half.
constexpr int kGentleAttempts = 4;

uint64_t KeptOf(uint64_t capacity, int attempt) {
  const int gentle = attempt - kWholeAttempts;
  if (gentle < 0) return capacity;
  if (gentle < kGentleAttempts) return capacity - (capacity >> (6 - gentle));
  return capacity >> (gentle - kGentleAttempts + 1);
}

uint64_t OldestOf(const MetricColumns& columns, uint64_t head, int attempt) {
  const uint64_t kept = std::max<uint64_t>(KeptOf(columns.capacity(), attempt), 1);
  return std::max(columns.first(), head + 1 - std::min(head + 1, kept));
}

int64_t TimeAt(const ColumnReader& reader, WindowBy by, uint64_t sequence) {
  return by == WindowBy::kWall ? reader.WallAt(sequence) : reader.MonotonicAt(sequence);
}

// Of the samples in (below, above]; `below` is before the time and `above` is not. Looks first
// where the sample would be if all came at equal distances, then farther and farther from there.
struct Bracket {
  uint64_t below;
  uint64_t above;
};
// Where the sample would be if all came at equal distances.
uint64_t GuessFor(const ColumnReader& reader, WindowBy by, const Bracket& at, int64_t time_us) {
  const auto low = static_cast<double>(TimeAt(reader, by, at.below));
  const auto high = static_cast<double>(TimeAt(reader, by, at.above));
  const double share = (static_cast<double>(time_us) - low) / std::max(high - low, 1.0);
  const auto steps = static_cast<double>(at.above - at.below);
  return at.below + static_cast<uint64_t>(std::clamp(share, 0.0, 1.0) * steps);
}

// Looks around the guess first, then farther and farther from there.
uint64_t Search(const ColumnReader& reader, WindowBy by, Bracket at, int64_t time_us) {
  const uint64_t guess = GuessFor(reader, by, at, time_us);
  const auto before = [&](uint64_t sequence) { return TimeAt(reader, by, sequence) < time_us; };
  if (before(guess)) {
    at.below = guess;
    for (uint64_t step = 4; at.below + step < at.above; step *= 4) {
      if (!before(at.below + step)) {
        at.above = at.below + step;
        break;
      }
      at.below += step;
    }
  } else {
    at.above = guess;
    for (uint64_t step = 4; at.below + step < at.above; step *= 4) {
      if (before(at.above - step)) {
        at.below = at.above - step;
        break;
      }
      at.above -= step;
    }
  }
  while (at.above - at.below > 1) {
    const uint64_t middle = at.below + (at.above - at.below) / 2;
    (before(middle) ? at.below : at.above) = middle;
  }
  return at.above;
}

void ResolveByTime(const ColumnReader& reader, const Window& asked, ColumnWindow* window) {
  window->begin = FirstAtOrAfter(reader, *window, window->from_us);
  ColumnWindow rest = *window;
  rest.begin = std::min(rest.begin, rest.end);
  window->end = FirstAtOrAfter(reader, rest, window->to_us + 1);
  if (asked.by == WindowBy::kWall) return;
  const int64_t shift = reader.WallAt(window->head) - reader.MonotonicAt(window->head);
  window->unix_from_us = window->from_us + shift;
  window->unix_to_us = window->to_us + shift;
}

// What is torn may be anything; what is clamped to it may not.
int64_t Least(int64_t hold, int64_t passed) { return std::max<int64_t>(std::min(hold, passed), 0); }

}  // namespace

uint64_t FirstAtOrAfter(const ColumnReader& reader, const ColumnWindow& within, int64_t time_us) {
  if (within.begin >= within.end) return within.end;
  const uint64_t newest = within.end - 1;
  if (TimeAt(reader, within.by, newest) < time_us) return within.end;
  if (TimeAt(reader, within.by, within.begin) >= time_us) return within.begin;
  return Search(reader, within.by, {within.begin, newest}, time_us);
}

ColumnWindow ResolveWindow(const MetricColumns& columns, const Window& asked, int attempt) {
  const ColumnReader reader(columns);
  ColumnWindow window;
  window.by = asked.by;
  window.head = columns.Newest();
  window.oldest = window.begin = OldestOf(columns, window.head, attempt);
  window.whole_oldest = OldestOf(columns, window.head, 0);
  window.end = window.head + 1;
  window.reaches_back = window.oldest > columns.first();
  const bool by_number = asked.by == WindowBy::kLast;
  if (!by_number) {
    window.from_us = std::clamp(asked.from_us, -kFarthestUs, kFarthestUs);
    window.to_us = std::clamp(asked.to_us, -kFarthestUs, kFarthestUs);
  }
  if (asked.by == WindowBy::kWall) {
    window.unix_from_us = window.from_us;
    window.unix_to_us = window.to_us;
  }
  if (window.size() == 0) return window;
  if (!by_number) {
    ResolveByTime(reader, asked, &window);
    return window;
  }
  window.begin = std::max(window.begin, window.end - std::min(window.size(), asked.last));
  if (window.size() == 0) return window;
  window.from_us = reader.MonotonicAt(window.begin);
  window.to_us = reader.MonotonicAt(window.head);
  window.unix_from_us = reader.WallAt(window.begin);
  window.unix_to_us = reader.WallAt(window.head);
  return window;
}

int64_t HeldIntoUs(const ColumnReader& reader, const ColumnWindow& window) {
  if (window.by == WindowBy::kLast) return 0;
  const uint64_t before = window.begin - 1;
  const int64_t at = TimeAt(reader, window.by, before);
  if (at >= window.from_us) return 0;
  int64_t held = reader.HoldAt(before);
  if (window.begin <= window.head) {
    held = Least(held, reader.MonotonicAt(window.begin) - reader.MonotonicAt(before));
  }
  return std::clamp<int64_t>(std::min(at + held, window.to_us) - window.from_us, 0, held);
}

int64_t HeldOutUs(const ColumnReader& reader, const ColumnWindow& window) {
  if (window.by == WindowBy::kLast) return 0;
  const uint64_t last = window.end - 1;
  int64_t held = reader.HoldAt(last);
  if (window.end <= window.head) {
    held = Least(held, reader.MonotonicAt(window.end) - reader.MonotonicAt(last));
  }
  return std::clamp<int64_t>(window.to_us - TimeAt(reader, window.by, last), 0, held);
}

}  // namespace gpuring
