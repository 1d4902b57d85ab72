#include "simulator/wake_up.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <climits>

namespace gpuring::simulator {

static_assert(sizeof(std::atomic<uint32_t>) == sizeof(uint32_t));
static_assert(std::atomic<uint32_t>::is_always_lock_free);

void WakeUp::Ring() {
  rings_.fetch_add(1, std::memory_order_release);
  syscall(SYS_futex, &rings_, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

void WakeUp::Sleep(uint32_t ticket, int64_t timeout_ns) {
  constexpr int64_t kSecondNs = 1'000'000'000;
  if (timeout_ns <= 0) return;
  const timespec timeout{static_cast<time_t>(timeout_ns / kSecondNs),
                         static_cast<long>(timeout_ns % kSecondNs)};
  syscall(SYS_futex, &rings_, FUTEX_WAIT_PRIVATE, ticket, &timeout, nullptr, 0);
}

}  // namespace gpuring::simulator
