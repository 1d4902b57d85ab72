// The only place where the simulated driver asks for the time or waits.
#pragma once

#include <cstdint>

namespace gpuring::simulator {

[[nodiscard]] int64_t MonotonicNs();
// Since 1970, as the driver stamps what it measured.
[[nodiscard]] int64_t WallMicroseconds();
// Sleeps through signals. Nothing when `duration_ns` is not positive.
void SleepNs(int64_t duration_ns);

}  // namespace gpuring::simulator
