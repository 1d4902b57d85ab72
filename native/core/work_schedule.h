// When one device's slower work is due.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace gpuring {

// Each kind of work is due at once, and then on a grid of its own period. Grids of different rows
// are shifted against each other, so that not all slow work falls in one round.
class WorkSchedule {
 public:
  WorkSchedule() = default;
  explicit WorkSchedule(size_t row) : row_(row) {}

  [[nodiscard]] int64_t due_ns() const { return due_ns_; }
  [[nodiscard]] bool IsDue(int64_t now_ns) const { return now_ns >= due_ns_; }
  void MakeDue() { due_ns_ = INT64_MIN; }
  // The work was begun.
  void Begun(int64_t now_ns, int64_t period_ns) {
    // Eight shifts of an eighth of the period.
    const int64_t shift = period_ns / 8 * static_cast<int64_t>(row_ % 8);
    due_ns_ = (now_ns - shift) / period_ns * period_ns + period_ns + shift;
    if (due_ns_ <= now_ns) due_ns_ += period_ns;
  }

 private:
  size_t row_ = 0;
  int64_t due_ns_ = INT64_MIN;
};

}  // namespace gpuring
