// When, on our clock, the driver measured something by its own.
#pragma once

#include <cstdint>

namespace gpuring {

// One moment by both clocks of the system.
struct Moment {
  int64_t monotonic_ns = 0;
  int64_t wall_us = 0;
};

// NVML does not name the clock of its time stamps. Most likely it is Unix time, or the monotonic
// clock; of any other, the offset is learned as the least that a newest measurement was behind us.
// Thread rules: the owner's.
class DriverClock {
 public:
  // Called with each batch before its points are mapped. `newest_us`: the latest stamp in it.
  // Returns true where the driver's clock turned out to have stepped.
  bool Observe(int64_t newest_us, const Moment& now);
  // For a batch that lies behind a step back.
  void Reanchor(int64_t newest_us, const Moment& now);
  // On the monotonic clock; never later than `now`, never earlier than what it returned before.
  [[nodiscard]] int64_t ToMonotonicNs(int64_t driver_us, const Moment& now);
  // Something of another origin got this time: what follows may not lie before it.
  void NotBefore(int64_t monotonic_ns);

  [[nodiscard]] uint64_t steps() const { return steps_; }

 private:
  enum class Kind : uint8_t { kUnseen, kUnix, kMonotonic, kLearned };

  void Anchor(int64_t newest_us, const Moment& now);

  Kind kind_ = Kind::kUnseen;
  int64_t offset_us_ = 0;        // monotonic minus driver's
  int64_t before_step_us_ = 0;   // the offset for what is not behind the latest step forward
  int64_t step_us_ = INT64_MIN;  // stamps from here on lie behind it
  int64_t last_ns_ = INT64_MIN;
  uint64_t steps_ = 0;
};

}  // namespace gpuring
