// Time and waiting.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

namespace gpuring {

class Timer;

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

// An alarm is an Event on which one thread at a time waits by the clock.
// Thread rules: everything from any thread.
class Clock {
 public:
  virtual ~Clock() = default;

  [[nodiscard]] virtual int64_t MonotonicNs() const = 0;
  [[nodiscard]] virtual int64_t WallUs() const = 0;  // Unix time
  // Called by a thread before its first wait on the alarm.
  virtual void EnterThread(Event* /*alarm*/) {}
  // True: the deadline is reached, never early. False: woken; each Wake() is consumed by one wait.
  [[nodiscard]] virtual bool WaitUntil(int64_t deadline_ns, Event* alarm) = 0;
  // Ends the present wait on the alarm, or the next one if there is none. Never blocks.
  virtual void Wake(Event* alarm) = 0;
  // Which goes by this clock and must not outlive it; timer.h.
  [[nodiscard]] virtual std::unique_ptr<Timer> MakeTimer();
};

class RealClock final : public Clock {
 public:
  [[nodiscard]] int64_t MonotonicNs() const override { return MonotonicNowNs(); }
  [[nodiscard]] int64_t WallUs() const override;
  void EnterThread(Event* alarm) override;
  [[nodiscard]] bool WaitUntil(int64_t deadline_ns, Event* alarm) override;
  void Wake(Event* alarm) override { alarm->Set(); }
  [[nodiscard]] std::unique_ptr<Timer> MakeTimer() override;
};

}  // namespace gpuring
