#include "simulator/clock.h"

#include <time.h>

#include <cerrno>

namespace gpuring::simulator {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;

}  // namespace

int64_t MonotonicNs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * kSecondNs + now.tv_nsec;
}

int64_t WallMicroseconds() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
}

void SleepNs(int64_t duration_ns) {
  if (duration_ns <= 0) return;
  timespec left{static_cast<time_t>(duration_ns / kSecondNs),
                static_cast<long>(duration_ns % kSecondNs)};
  while (nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}

}  // namespace gpuring::simulator
