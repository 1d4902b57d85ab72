// A place where threads sleep until something happens or a time has come. The C++ library's own
// waits for a monotonic time need a newer C library than the simulated driver may ask for.
#pragma once

#include <atomic>
#include <cstdint>

namespace gpuring::simulator {

// Any thread. Take the ticket, look at what is waited for, then sleep on that ticket: a Ring in
// between is not missed.
class WakeUp {
 public:
  uint32_t Ticket() const { return rings_.load(std::memory_order_acquire); }
  void Ring();
  // Until the next Ring since the ticket was taken, or `timeout_ns` have passed. May return early.
  void Sleep(uint32_t ticket, int64_t timeout_ns);

 private:
  std::atomic<uint32_t> rings_{0};
};

}  // namespace gpuring::simulator
