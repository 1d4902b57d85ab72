// A thread that does nothing but sleep to absolute deadlines: the limit that the machine sets.
// Prints the monotonic time of every wake in milliseconds, one a line.
//   bare_sleep PERIOD_MS SECONDS
#include <sys/prctl.h>
#include <time.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

int main(int count, char** arguments) {
  if (count != 3) {
    std::fprintf(stderr, "usage: bare_sleep PERIOD_MS SECONDS\n");
    return 2;
  }
  constexpr int64_t kNsPerMs = 1'000'000;
  constexpr int64_t kNsPerSecond = 1'000'000'000;
  const int64_t period = std::atoll(arguments[1]) * kNsPerMs;
  const int64_t rounds = std::atoll(arguments[2]) * kNsPerSecond / period;
  const auto now = [] {
    timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * kNsPerSecond + time.tv_nsec;
  };
  prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
  std::vector<int64_t> wakes;
  wakes.reserve(static_cast<size_t>(rounds));
  int64_t deadline = now();
  for (int64_t round = 0; round < rounds; round++) {
    deadline += period;
    const timespec until = {deadline / kNsPerSecond, deadline % kNsPerSecond};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) != 0) {
    }
    wakes.push_back(now());
  }
  for (const int64_t wake : wakes) std::printf("%.6f\n", static_cast<double>(wake) / kNsPerMs);
  return 0;
}
