// Time and waiting.
#pragma once

#include <atomic>
#include <cstdint>

namespace gpuring {

// A flag that threads may wait for with a deadline. Set() is async-signal-safe and never blocks.
class Event {
 public:
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  void Set();
  // True if it was set; it is clear afterwards. What the setter did before Set() is then visible.
  bool TakeIfSet();
  [[nodiscard]] bool IsSet() const;
  // False: the deadline on the monotonic clock passed first. Leaves the flag as it is.
  bool WaitUntil(int64_t deadline_ns);

 private:
  std::atomic<uint32_t> flag_{0};
};

// CLOCK_MONOTONIC, the clock of process.hrtime() and performance.now().
[[nodiscard]] int64_t MonotonicNowNs();

// Thread rules: WaitUntil from one thread at a time, everything else from any.
class Clock {
 public:
  virtual ~Clock() = default;

  [[nodiscard]] virtual int64_t MonotonicNs() const = 0;
  [[nodiscard]] virtual int64_t WallUs() const = 0;  // Unix time
  // Called once by the thread that will wait, before its first wait.
  virtual void EnterThread() {}
  // True: the deadline is reached, never early. False: woken; each Wake() is consumed by one wait.
  [[nodiscard]] virtual bool WaitUntil(int64_t deadline_ns) = 0;
  // Ends the present wait, or the next one if there is none. Never blocks.
  virtual void Wake() = 0;
};

class RealClock final : public Clock {
 public:
  [[nodiscard]] int64_t MonotonicNs() const override { return MonotonicNowNs(); }
  [[nodiscard]] int64_t WallUs() const override;
  void EnterThread() override;
  [[nodiscard]] bool WaitUntil(int64_t deadline_ns) override;
  void Wake() override { woken_.Set(); }

 private:
  Event woken_;
};

}  // namespace gpuring
