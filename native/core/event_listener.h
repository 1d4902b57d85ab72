// When the driver is asked for its events, and what becomes of those that came.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "core/driver_call.h"
#include "core/event_desk.h"
#include "core/source.h"

namespace gpuring {

// A NextEvent.
struct EventCall : DriverCall {
  SourceEvent event;
  StatusCode code = StatusCode::kOk;
};

// An event is noted at once; equal ones within kTogetherNs after it become one record, so that a
// storm fills neither log nor time.
// Errors are the events' alone: the driver is asked again after a pause, for ever.
//
// Thread rules: who has the baton.
class EventListener {
 public:
  static constexpr int64_t kTogetherNs = 100'000'000;
  static constexpr size_t kMostPending = 64;
  // Between two asks: at the end of a round that is so much later, or by a wake for that alone.
  static constexpr int64_t kLeastPeriodNs = 50'000'000;
  static constexpr int64_t kMostPeriodNs = 100'000'000;

  EventListener(std::shared_ptr<EventDesk> desk, std::shared_ptr<Clock> clock);

  // A source is there: to be asked at once.
  void Begin();
  // It has gone; what is pending is noted.
  void End();
  // A call hangs: no other until it is back.
  void Hangs();
  // One is back. True: devices may have come or gone.
  [[nodiscard]] bool Accept(const EventCall& call);
  void Flush(int64_t now_ns);

  // The number of the device in each slot of the source; kNoDevice: of none.
  void SetDevice(size_t slot, int64_t number) { devices_[slot] = number; }

  // Whether to ask now, after a round: also where it would be too late after the next one.
  [[nodiscard]] bool AsksNow(int64_t now_ns, int64_t next_round_ns) const {
    return now_ns >= soonest_ns_ || latest_ns_ < next_round_ns;
  }
  // When to ask, or to flush something, whatever the rounds do.
  [[nodiscard]] int64_t DueNs() const;

 private:
  // Of events that were noted a moment ago: how many equal ones followed.
  struct Pending {
    EventRecord event;
    int64_t due_ns = 0;
  };

  void AskAfter(int64_t soonest_ns, int64_t latest_ns);
  void Take(const SourceEvent& event, int64_t now_ns);

  const std::shared_ptr<EventDesk> desk_;
  const std::shared_ptr<Clock> clock_;
  std::array<int64_t, Source::kSlots> devices_;
  std::array<Pending, kMostPending> pending_{};
  size_t pending_count_ = 0;
  Pending dropped_;
  int64_t pause_ns_ = 0;
  int64_t soonest_ns_ = INT64_MAX;
  int64_t latest_ns_ = INT64_MAX;
  int64_t flush_ns_ = INT64_MAX;  // when the first of those that are pending is due
};

}  // namespace gpuring
