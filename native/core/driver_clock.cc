#include "core/driver_clock.h"

#include <algorithm>
#include <cstdlib>

namespace gpuring {
namespace {

// Wide enough for a wall that was set wrong by some minutes after the driver took it.
constexpr int64_t kUnixToleranceUs = 600'000'000;
// After a step: the wall stepped with it, or it is not the wall.
constexpr int64_t kStillUnixToleranceUs = 2'000'000;
// The newest measurement is seldom older; a machine that has just booted shows why not more.
constexpr int64_t kMonotonicToleranceUs = 10'000'000;
// So far ahead of us is no rounding.
constexpr int64_t kStepUs = 50'000;

}  // namespace

void DriverClock::Anchor(int64_t newest_us, const Moment& now) {
  const int64_t now_us = now.monotonic_ns / 1'000;
  const int64_t tolerance_us = kind_ == Kind::kUnseen ? kUnixToleranceUs : kStillUnixToleranceUs;
  const int64_t behind_us = now.wall_us - newest_us;
  if (behind_us < tolerance_us && behind_us >= -kStepUs) {
    kind_ = Kind::kUnix;
    offset_us_ = now_us - now.wall_us;
  } else if (newest_us <= now_us + kStepUs && now_us - newest_us < kMonotonicToleranceUs) {
    kind_ = Kind::kMonotonic;
    offset_us_ = 0;
  } else {
    kind_ = Kind::kLearned;
    offset_us_ = now_us - newest_us;
  }
}

bool DriverClock::Observe(int64_t newest_us, const Moment& now) {
  const int64_t lead_us = newest_us + offset_us_ - now.monotonic_ns / 1'000;
  if (kind_ == Kind::kUnseen) {
    Anchor(newest_us, now);
    return false;
  }
  if (lead_us > kStepUs) {
    before_step_us_ = offset_us_;
    step_us_ = now.monotonic_ns / 1'000 - offset_us_ + kStepUs;
    Anchor(newest_us, now);
    steps_++;
    return true;
  }
  if (kind_ == Kind::kLearned && lead_us > 0) offset_us_ -= lead_us;
  return false;
}

void DriverClock::Reanchor(int64_t newest_us, const Moment& now) {
  Anchor(newest_us, now);
  step_us_ = INT64_MIN;
  steps_++;
}

int64_t DriverClock::ToMonotonicNs(int64_t driver_us, const Moment& now) {
  const bool before_step = step_us_ != INT64_MIN && driver_us < step_us_;
  const int64_t mapped_us = driver_us + (before_step ? before_step_us_ : offset_us_);
  last_ns_ = std::max(last_ns_, std::min(mapped_us * 1'000, now.monotonic_ns));
  return last_ns_;
}

void DriverClock::NotBefore(int64_t monotonic_ns) { last_ns_ = std::max(last_ns_, monotonic_ns); }

}  // namespace gpuring
