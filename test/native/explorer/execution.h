// What one execution under the explorer consists of: messages at locations, and threads' views.
#pragma once

#include <ucontext.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace gpuring::explorer {

inline constexpr size_t kLocations = 48;
inline constexpr size_t kStackBytes = 1 << 16;
inline constexpr int kNobody = -1;

// Index of the newest message known about, for every location.
using View = std::array<uint8_t, kLocations>;

inline void Join(View* into, const View& from) {
  for (size_t i = 0; i < kLocations; i++) (*into)[i] = std::max((*into)[i], from[i]);
}

struct Message {
  uint64_t value = 0;
  View view{};  // what an acquiring reader takes over
  bool sequential = false;
};

struct Location {
  std::vector<Message> messages;  // [0] is the initial value
  uint32_t readers = 0;           // bit t: thread t has loaded it
};

struct Thread {
  View current{};          // no older message may be read
  View pending_acquire{};  // what an acquire fence would add to `current`
  View release_fence{};    // `current` as it was at the last release fence
  ucontext_t context{};
  std::unique_ptr<char[]> stack = std::make_unique<char[]>(kStackBytes);
  bool done = false;
};

// One point where the exploration branched.
struct Choice {
  int taken;
  int options;
};

}  // namespace gpuring::explorer
