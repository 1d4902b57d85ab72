// Which of several threads polls. A thread may hang in the driver; then another one goes on.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/clock.h"

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
  static constexpr Place kResting = 6;  // in no call, and in none before a time
  static constexpr Place kRow = 0x1000;
  static constexpr Place kLook = 0x2000;

  struct Sight {
    uint64_t word = 0;
    Place place = kIdle;
    int64_t start_ns = 0;  // of the call, if it is in one; until when it rests, if it does
  };

  // Holder only.
  uint64_t Enter(Place place, int64_t now_ns) {
    start_ns_.store(now_ns, std::memory_order_relaxed);
    const uint64_t word = Next(place);
    word_.store(word, std::memory_order_release);
    return word;
  }
  // Around a wait. Whoever gets up before `until_ns` tells the watchdog.
  void Rest(int64_t until_ns) {
    start_ns_.store(until_ns, std::memory_order_relaxed);
    word_.store(Next(kResting), std::memory_order_release);
  }
  void GetUp() { word_.store(Next(kIdle), std::memory_order_release); }
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

  // A thread that came back and is not needed waits to be called in place of a new one.
  // REQUIRES: the caller has the baton, as the watchdog; the thread that is called gets it.
  [[nodiscard]] bool CallSpare() {
    int spares = spares_.load(std::memory_order_relaxed);
    while (spares > 0 && !spares_.compare_exchange_weak(spares, spares - 1)) {
    }
    if (spares <= 0) return false;
    called_.store(true, std::memory_order_release);
    spare_alarm_.Set();
    return true;
  }
  // True: it was called, and has the baton. False: all is over.
  [[nodiscard]] bool WaitAsSpare() {
    spares_.fetch_add(1, std::memory_order_relaxed);
    while (!over_.load(std::memory_order_acquire)) {
      // One call at a time: the next one needs the baton that this one hands on.
      if (called_.exchange(false, std::memory_order_acquire)) {
        HandOn(kIdle);
        return true;
      }
      spare_alarm_.WaitUntil(INT64_MAX);
      (void)spare_alarm_.TakeIfSet();
    }
    spare_alarm_.Set();  // the others take it from each other
    return false;
  }
  void SendSparesHome() {
    over_.store(true, std::memory_order_release);
    spare_alarm_.Set();
  }
  [[nodiscard]] bool HasSpare() const { return spares_.load(std::memory_order_relaxed) > 0; }

  // Polling threads that live, spares included.
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
  std::atomic<int> spares_{0};  // that wait, and are not called
  std::atomic<bool> called_{false};
  std::atomic<bool> over_{false};
  Event spare_alarm_;
};

}  // namespace gpuring
