// A call into the source in which its thread may be left behind.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "core/source.h"
#include "core/status.h"

namespace gpuring {

// The thread that makes the call owns it; if the baton is taken from that thread, it leaves the
// answer here for whoever has the baton then.
struct DriverCall {
  enum class State : uint8_t {
    kFree,
    kStuck,     // the baton was taken from the thread in it
    kReturned,  // that thread has the answer and is out
  };

  std::atomic<State> state{State::kFree};
  int64_t start_ns = 0;  // written before the call, and not by its thread in it

  [[nodiscard]] bool IsFree() const {
    return state.load(std::memory_order_acquire) == State::kFree;
  }
  [[nodiscard]] bool HasReturned() const {
    return state.load(std::memory_order_acquire) == State::kReturned;
  }
  // The baton was taken from the thread in it, which may have come back by now.
  void LeftBehind() {
    auto expected = State::kFree;
    state.compare_exchange_strong(expected, State::kStuck, std::memory_order_acq_rel);
  }
  // The last that its thread does with it then.
  void Return() { state.store(State::kReturned, std::memory_order_release); }
  void Free() { state.store(State::kFree, std::memory_order_relaxed); }
};

// A Look at one place.
struct LookCall : DriverCall {
  Status answer;
};

struct TopologyCall : DriverCall {
  uint64_t survey = 0;                  // the one that found these devices
  std::vector<DeviceIdentity> devices;  // as it found them
  std::vector<TopologyCell> cells;
};

}  // namespace gpuring
