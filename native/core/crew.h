// Which of several threads polls. A thread may hang in the driver; then another one goes on.
#pragma once

#include <atomic>
#include <cstdint>

namespace gpuring {

// One thread at a time has the baton, and with it all that only the polling thread may touch. It
// says before and after each call into the source that it is in there; while it is, and only then,
// the watchdog may take the baton from it. The thread learns that when its call comes back.
//
// One atomic word: what the holder does, and a ticket that no two calls share. Taking the baton
// acquires what its last holder released with its latest word.
class Crew {
 public:
  // What the holder does. From kRow on: it is in a call about row `place - kRow`; from kLook on: it
  // looks at place `place - kLook` of the driver's list.
  using Place = uint16_t;
  static constexpr Place kIdle = 0;     // in no call
  static constexpr Place kVacant = 1;   // there is no holder
  static constexpr Place kWatched = 2;  // the watchdog has the baton
  static constexpr Place kLibrary = 3;  // in a call about no device
  static constexpr Place kOpening = 4;  // as kLibrary, and may take longer
  static constexpr Place kTopology = 5;
  static constexpr Place kRow = 0x1000;
  static constexpr Place kLook = 0x2000;

  struct Sight {
    uint64_t word = 0;
    Place place = kIdle;
    int64_t start_ns = 0;  // of the call, if it is in one
  };

  // Holder only.
  uint64_t Enter(Place place, int64_t now_ns) {
    start_ns_.store(now_ns, std::memory_order_relaxed);
    const uint64_t word = Next(place);
    word_.store(word, std::memory_order_release);
    return word;
  }
  // The call that Enter() announced came back. False: the baton was taken meanwhile.
  [[nodiscard]] bool Leave(uint64_t word) { return Replace(word, kIdle); }

  // Watchdog.
  [[nodiscard]] Sight Look() const {
    const uint64_t word = word_.load(std::memory_order_acquire);
    return {word, static_cast<Place>(word), start_ns_.load(std::memory_order_relaxed)};
  }
  [[nodiscard]] bool Take(const Sight& seen) { return Replace(seen.word, kWatched); }
  // Hands what it took to a new thread, or to nobody.
  void HandOn(Place place) { word_.store(Next(place), std::memory_order_release); }

  // A thread that lost the baton goes on with it if nobody has it.
  [[nodiscard]] bool ClaimVacant() {
    const uint64_t word = word_.load(std::memory_order_relaxed);
    return static_cast<Place>(word) == kVacant && Replace(word, kIdle);
  }

  // Polling threads that live.
  [[nodiscard]] int alive() const { return alive_.load(std::memory_order_relaxed); }
  void Joined() { alive_.fetch_add(1, std::memory_order_relaxed); }
  void Left() { alive_.fetch_sub(1, std::memory_order_relaxed); }

 private:
  static constexpr int kPlaceBits = 16;

  [[nodiscard]] uint64_t Next(Place place) const {
    const uint64_t ticket = (word_.load(std::memory_order_relaxed) >> kPlaceBits) + 1;
    return ticket << kPlaceBits | place;
  }
  [[nodiscard]] bool Replace(uint64_t word, Place place) {
    const uint64_t next = ((word >> kPlaceBits) + 1) << kPlaceBits | place;
    return word_.compare_exchange_strong(word, next, std::memory_order_acq_rel,
                                         std::memory_order_relaxed);
  }

  std::atomic<uint64_t> word_{kIdle};
  std::atomic<int64_t> start_ns_{0};
  std::atomic<int> alive_{0};
};

}  // namespace gpuring
