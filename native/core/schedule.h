// When rounds are due: at an anchor and whole periods after it, whatever the rounds take.
#pragma once

#include <cstdint>

namespace gpuring {

class Schedule {
 public:
  Schedule(int64_t first_ns, int64_t period_ns) : next_ns_(first_ns), period_ns_(period_ns) {}

  [[nodiscard]] int64_t next_ns() const { return next_ns_; }
  [[nodiscard]] int64_t period_ns() const { return period_ns_; }
  // Deadlines at which no round began.
  [[nodiscard]] uint64_t missed() const { return missed_; }

  // A round that was due has ended. Deadlines that passed meanwhile are skipped, never caught up.
  void RoundEnded(int64_t now_ns) {
    next_ns_ += period_ns_;
    if (next_ns_ > now_ns) return;
    const int64_t passed = (now_ns - next_ns_) / period_ns_ + 1;
    missed_ += static_cast<uint64_t>(passed);
    next_ns_ += passed * period_ns_;
  }

  // Begins anew, with a deadline now. What was missed stays counted.
  void Restart(int64_t now_ns) { next_ns_ = now_ns; }

  // The next deadline is one new period after the last one, or now if that has passed.
  void SetPeriod(int64_t period_ns, int64_t now_ns) {
    const int64_t last_ns = next_ns_ - period_ns_;
    next_ns_ = last_ns + period_ns < now_ns ? now_ns : last_ns + period_ns;
    period_ns_ = period_ns;
  }

 private:
  int64_t next_ns_;
  int64_t period_ns_;
  uint64_t missed_ = 0;
};

}  // namespace gpuring
