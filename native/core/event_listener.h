// Waits for the driver's events on a thread of its own.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <span>

#include "core/event_desk.h"
#include "core/source.h"

namespace gpuring {

// An event is noted at once; equal ones within kTogetherNs after it become one record, so that a
// storm fills neither log nor time.
// Errors of the wait are the wait's alone: it goes on after a pause, for ever.
//
// Thread rules: Run is the thread's life; the owner calls the rest.
class EventListener {
 public:
  static constexpr int64_t kTogetherNs = 100'000'000;
  static constexpr size_t kMostPending = 64;

  // `on_devices_change` is called by the thread when devices may have come or gone.
  EventListener(std::shared_ptr<EventDesk> desk, std::shared_ptr<Clock> clock,
                std::function<void()> on_devices_change);

  void Run();

  // The number of the device in each slot of the source; kNoDevice: of none.
  void SetDevice(size_t slot, int64_t number) {
    devices_[slot].store(number, std::memory_order_relaxed);
  }
  // Listens to this source from now on. Null: lets go of the present one, at the latest when the
  // wait under way is over.
  void SetSource(std::shared_ptr<Source> source);
  void RequestStop();

 private:
  // Of events that were noted a moment ago: how many equal ones followed.
  struct Pending {
    EventRecord event;
    int64_t due_ns = 0;
  };

  [[nodiscard]] StatusCode WaitOnce(SourceEvent* event);
  void Pause(StatusCode waited);
  void Take(const SourceEvent& event);
  void Flush(int64_t now_ns);

  const std::shared_ptr<EventDesk> desk_;
  const std::shared_ptr<Clock> clock_;
  const std::function<void()> on_devices_change_;
  std::array<std::atomic<int64_t>, Source::kSlots> devices_;
  std::atomic<bool> stop_{false};
  Event changed_;  // the source, or the stop
  std::mutex mutex_;
  std::shared_ptr<Source> source_;  // under the mutex

  // The thread's.
  std::array<Pending, kMostPending> pending_{};
  size_t pending_count_ = 0;
  Pending dropped_;
  int64_t pause_ns_ = 0;
};

}  // namespace gpuring
