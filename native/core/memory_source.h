// The in-memory twin of a driver: a source that answers from a script. For tests.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "core/source.h"

namespace gpuring {

// Calls about a device, as bits.
enum class MemoryCall : uint8_t {
  kPoll = 1,
  kDrain = 2,
  kDetail = 4,
  kLook = 8,
  kTopology = 16,
  kSubscribe = 32,
  kAll = 63,
};

struct MemoryAnswer {
  std::vector<std::pair<MetricId, int64_t>> values;  // raw units; those of the tier are given
  StatusCode code = StatusCode::kOk;
  int64_t delay_ns = 0;                 // real time, before the answer
  Event* gate = nullptr;                // waits for it before the answer: a call that hangs
  std::vector<MetricId> unsupported{};  // the driver says that it never has these
};

struct MemoryDevice {
  DeviceIdentity identity;
  std::vector<MemoryAnswer> answers;  // one a poll, then from the start again; none: all unknown
};

struct MemoryScript {
  std::vector<MemoryDevice> devices{};
  SourceIdentity identity{};
  Status open_status{};
  Event* open_gate = nullptr;  // Connect waits for it
};

// What sources were asked, counted for the test.
struct MemoryLog {
  explicit MemoryLog(size_t devices) : polls(devices), slower(devices), drains(devices) {}
  std::atomic<uint64_t> opens{0};
  std::atomic<uint64_t> closes{0};   // of those that were opened
  std::atomic<uint64_t> surveys{0};  // Counts
  std::atomic<uint64_t> waits{0};
  std::atomic<int> at_gates{0};                                       // calls that wait for one
  std::vector<std::atomic<uint64_t>> polls;                           // of the fast tier
  std::vector<std::array<std::atomic<uint64_t>, kTierCount>> slower;  // by tier
  std::vector<std::atomic<uint64_t>> drains;
};

// The machine that sources of one test find; it outlives them. A device's slot is its place in the
// script. Thread rules: any thread.
class MemoryHost {
 public:
  explicit MemoryHost(MemoryScript script);

  [[nodiscard]] const std::shared_ptr<MemoryLog>& log() const { return log_; }

  // Which devices are there, in the driver's order.
  void SetPresent(std::vector<size_t> devices);
  // From now on the device gives this answer, whatever its script says. Absent: the script again.
  void SetAnswer(size_t device, std::optional<MemoryAnswer> answer);
  // From now on all that is about the driver, and every poll, answers so; kOk: as it should.
  void SetLibrary(StatusCode code);
  // A call of this kind waits for the gate.
  void SetCountGate(Event* gate);
  void SetTopologyGate(Event* gate);
  void SetOpenGate(Event* gate);
  void SetCloseGate(Event* gate);
  void SetWaitGate(Event* gate);
  // Such calls about the device wait for the gate.
  void SetDeviceGate(size_t device, Event* gate, MemoryCall calls = MemoryCall::kAll);
  void SetWouldWake(bool would);
  void SetDetail(size_t device, const DeviceDetail& detail);
  // The driver's buffer of a series, in its order; kNotSupported before the first.
  void AddPoints(size_t device, size_t series, std::span<const SeriesPoint> points);
  void DropPoints(size_t device, size_t series);
  void AddEvents(const SourceEvent& event, size_t count);
  // What a wait answers that finds no event; kTimeout as it should.
  void SetWaitCode(StatusCode code);

 private:
  friend class MemorySource;

  struct Buffer {
    bool supported = false;
    std::vector<SeriesPoint> points;
  };
  struct State {
    std::optional<MemoryAnswer> answer;
    Event* gate = nullptr;
    MemoryCall gated = MemoryCall::kAll;
    DeviceDetail detail;
    std::array<Buffer, kSeriesMetrics.size()> buffers;
  };

  const MemoryScript script_;
  const std::shared_ptr<MemoryLog> log_;
  mutable std::mutex mutex_;
  std::vector<size_t> present_;
  std::vector<State> states_;
  StatusCode library_ = StatusCode::kOk;
  StatusCode wait_code_ = StatusCode::kTimeout;
  Event* count_gate_ = nullptr;
  Event* topology_gate_ = nullptr;
  Event* open_gate_ = nullptr;
  Event* close_gate_ = nullptr;
  Event* wait_gate_ = nullptr;
  bool would_wake_ = false;
  std::deque<std::pair<SourceEvent, size_t>> events_;
};

class MemorySource final : public Source {
 public:
  explicit MemorySource(std::shared_ptr<MemoryHost> host)
      : host_(std::move(host)), seen_(host_->script_.devices.size()) {}

  Status Connect() override;
  [[nodiscard]] const SourceIdentity& identity() const override { return host_->script_.identity; }
  [[nodiscard]] std::vector<DeviceIdentity> devices() const override;
  Status Count(size_t* places) override;
  Status Look(size_t place) override;
  Status Settle(bool* changed) override;
  [[nodiscard]] std::vector<TopologyCell> TopologyOf(
      std::span<const DeviceIdentity> devices) const override;
  Status Subscribe(size_t slot) override;
  Status Poll(size_t slot, Tier tier, Sample* sample) override;
  Status Drain(size_t slot, const SeriesRequest& request, size_t* count) override;
  Status ReadDetail(size_t slot, DeviceDetail* detail) override;
  Status WaitEvent(int64_t timeout_ns, SourceEvent* event) override;
  [[nodiscard]] bool OpenWouldWake() override;
  void Close() override;

 private:
  [[nodiscard]] bool IsThere(size_t slot) const;
  void AwaitGate(Event* const& gate) const;
  void AwaitDevice(size_t device, MemoryCall call) const;

  const std::shared_ptr<MemoryHost> host_;
  static constexpr size_t kUnseen = SIZE_MAX;
  std::vector<std::atomic<bool>> seen_;  // looked at; a device that was not is not listed
  std::vector<size_t> settled_;          // the device at each place, or kUnseen
  std::atomic<bool> open_{false};
};

}  // namespace gpuring
