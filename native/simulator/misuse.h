// What clients do to the library: how often they call each function, and what they must not do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace gpuring::simulator {

enum class Misuse : uint8_t {
  kUseAfterShutdown,    // a call while nobody has initialised the library
  kUnbalancedShutdown,  // a shutdown without an init of its own
  kConcurrentHandle,    // two threads at once in one device; a promise of this package's
  kConcurrentCalls,     // two threads at once in the library: allowed, and counted
  kStaleHandle,         // a handle of an earlier life of the library
  kOpenEventSets,       // sets that were not freed before the last shutdown
  kOpenGpmSamples,      // likewise: samples of performance counters
};
inline constexpr size_t kMisuseCount = 7;

// Any thread, all of them. `function` must be static text.
void NoteMisuse(Misuse misuse, std::string_view function, uint64_t times = 1);
void NoteInit();
// REQUIRES: the shutdown has succeeded.
void NoteShutdown(std::string_view function);

// {"useAfterShutdown":0,...,"openInits":1,"calls":40,"last":"nvmlShutdown: unbalancedShutdown"}
[[nodiscard]] std::string DescribeMisuse();
// {"nvmlDeviceGetName":8,...}: functions called at least once.
[[nodiscard]] std::string DescribeCalls();
// Counts of misuse and calls begin anew; the open inits stay.
void ForgetMisuse();

// Lives as long as a call of the library: counts it, and sees who else is there.
class CallScope {
 public:
  // `device` -1: about no device, or none that is there.
  CallScope(std::string_view function, int device);
  ~CallScope();
  CallScope(const CallScope&) = delete;
  CallScope& operator=(const CallScope&) = delete;

 private:
  const int device_;
  const bool waits_;  // for events: others go on meanwhile, rightly
};

}  // namespace gpuring::simulator
