// The thread that polls a source at absolute deadlines and publishes what it learns.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/block_memory.h"
#include "core/clock.h"
#include "core/history.h"
#include "core/source.h"
#include "core/status.h"

namespace gpuring {

class SamplerCore;

enum class SamplerState : uint8_t {
  kOpening,  // the source is being opened, which may take seconds
  kRunning,
  kFailed,   // it could not be opened: status() says why. Final.
  kStopped,  // final
};

struct SamplerOptions {
  int64_t period_ns = 100'000'000;
  uint64_t history_samples = 6'000;  // a device, from the start
  // For the history of all devices together, at its peak: while a ring grows, the old one counts.
  // A reader that is copying out of a replaced ring may keep it for as long as that takes.
  uint64_t memory_limit_bytes = 1ull << 30;
};

// A handle on the thread and all that it touches. The thread keeps its own share of that state, so
// a thread that hangs in the driver may be left behind: it touches nothing but its own.
//
// Thread rules: every member may be called from any thread; none but the Wait… members blocks.
class Sampler {
 public:
  // Returns at once; the thread opens the source itself. Later failures show in state().
  [[nodiscard]] static std::shared_ptr<Sampler> Start(std::unique_ptr<Source> source,
                                                      std::shared_ptr<Clock> clock,
                                                      const SamplerOptions& options);
  // Requests the stop and lets go; never waits.
  ~Sampler();
  Sampler(const Sampler&) = delete;
  Sampler& operator=(const Sampler&) = delete;

  [[nodiscard]] SamplerState state() const;
  [[nodiscard]] Status status() const;  // Ok unless kFailed

  // What the source said when it was opened; they never change and live as long as the sampler.
  // REQUIRES: kRunning was seen.
  [[nodiscard]] const std::vector<DeviceIdentity>& devices() const;
  [[nodiscard]] const SourceIdentity& identity() const;
  [[nodiscard]] const std::shared_ptr<BlockMemory>& block() const;

  // Copies the samples of one device from `from_sequence` on, oldest first. Reads nothing (all
  // members 0) when `row` is no device. REQUIRES: kRunning was seen.
  void ReadHistory(size_t row, uint64_t from_sequence, std::span<Sample> out,
                   HistoryRead* read) const;
  // Samples that every device has room for; 0 before kRunning.
  [[nodiscard]] uint64_t HistoryCapacity() const;
  // Asks for room for at least `samples` a device; HistoryCapacity() says when it is there. The
  // sampler's thread makes it device by device, between rounds; what is stored is kept.
  // kOutOfRange: it would pass the memory limit (nothing changes), or there was no memory for as
  // much (devices that had grown by then keep it). REQUIRES: kRunning was seen.
  Status GrowHistory(uint64_t samples);

  // Only rows with a watcher are polled; each Watch needs its Unwatch. The first watcher of a row
  // has it polled at once, ahead of the next deadline. Rows that are no device are ignored.
  // REQUIRES: kRunning was seen.
  void Watch(std::span<const size_t> rows);
  void Unwatch(std::span<const size_t> rows);

  // Later deadlines lie whole new periods after the last one that was due.
  void SetPeriodNs(int64_t period_ns);
  [[nodiscard]] int64_t period_ns() const;

  void RequestStop();
  // False: the thread did not end within the time (it hangs in the source) and may be abandoned.
  [[nodiscard]] bool WaitStopped(int64_t timeout_ns) const;
  // What WaitStopped waits for. It keeps nothing else of the sampler.
  [[nodiscard]] std::shared_ptr<Event> stopped() const;
  // False: the source is still being opened after the time.
  [[nodiscard]] bool WaitOpened(int64_t timeout_ns) const;

 private:
  explicit Sampler(std::shared_ptr<SamplerCore> core);

  const std::shared_ptr<SamplerCore> core_;
};

}  // namespace gpuring
