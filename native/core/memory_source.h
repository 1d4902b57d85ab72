// The in-memory twin of a driver: a source that answers from a script. For tests.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "core/source.h"

namespace gpuring {

struct MemoryAnswer {
  std::vector<std::pair<MetricId, int64_t>> values;  // raw units
  StatusCode code = StatusCode::kOk;
  int64_t delay_ns = 0;   // real time, before the answer
  Event* gate = nullptr;  // waits for it before the answer: a driver call that hangs
};

struct MemoryDevice {
  DeviceIdentity identity;
  std::vector<MemoryAnswer> answers;  // one a poll, then from the start again; none: all unknown
};

// What the source was asked, counted for the test while the sampler owns the source.
struct MemoryLog {
  explicit MemoryLog(size_t devices) : polls(devices) {}
  std::atomic<uint64_t> opens{0};
  std::atomic<uint64_t> closes{0};
  std::vector<std::atomic<uint64_t>> polls;
};

struct MemoryScript {
  std::vector<MemoryDevice> devices{};
  SourceIdentity identity{};
  Status open_status{};
  Event* open_gate = nullptr;  // Open waits for it
};

class MemorySource final : public Source {
 public:
  explicit MemorySource(MemoryScript script);

  // Stays valid after the source is gone.
  [[nodiscard]] std::shared_ptr<MemoryLog> log() const { return log_; }

  Status Open() override;
  [[nodiscard]] const std::vector<DeviceIdentity>& devices() const override { return identities_; }
  [[nodiscard]] const SourceIdentity& identity() const override { return script_.identity; }
  Status Poll(size_t device, Sample* sample) override;
  void Close() override;

 private:
  MemoryScript script_;
  std::vector<DeviceIdentity> identities_;
  std::shared_ptr<MemoryLog> log_;
};

}  // namespace gpuring
