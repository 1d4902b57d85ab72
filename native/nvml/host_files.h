// Files of the kernel's, in /proc and /sys.
#pragma once

#include <cstdint>
#include <optional>

namespace gpuring {

// Takes over GPURING_HOST_ROOT (ignored in set-uid programs). Reads the environment: for threads
// that may do that.
void FindHostRoot();

// What stands before "/proc" and "/sys": "" but for tests. Valid for ever; any thread.
[[nodiscard]] const char* HostRoot();

struct HostMemory {
  uint64_t total_bytes = 0;
  uint64_t available_bytes = 0;  // without swapping
};
// Allocates nothing. Any thread.
[[nodiscard]] std::optional<HostMemory> ReadHostMemory();

}  // namespace gpuring
