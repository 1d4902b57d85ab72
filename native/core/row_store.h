// The memory of all rows, and its growth.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "core/poll_bell.h"
#include "core/row_memory.h"
#include "core/status.h"

namespace gpuring {

// Rings grow on a thread of their own: memory is found and copied there, the polling thread adds
// what came meanwhile and swaps. One row at a time, so that only one replaced ring lies beside the
// new ones.
//
// Thread rules: "poller" members by who has the baton, the others by any thread.
class RowStore {
 public:
  struct Limits {
    size_t rows;
    uint64_t bytes;
  };
  // `maker`: of what is kept beside the rings; null: nothing is.
  RowStore(const Limits& limits, std::shared_ptr<IndexMaker> maker, std::shared_ptr<PollBell> bell);

  [[nodiscard]] std::shared_ptr<RowRings> RingsOf(size_t row) const;
  [[nodiscard]] std::shared_ptr<RowBoard> BoardOf(size_t row) const;
  // Fast samples that every device has room for; 0 before Begin and after Close.
  [[nodiscard]] uint64_t Capacity() const;
  // As Sampler::GrowHistory.
  Status Grow(uint64_t samples, const Pace& pace);

  // Poller. Devices that come get room for `samples`. kOutOfRange: `devices` of them would pass
  // the limit.
  Status Begin(uint64_t samples, size_t devices, const Pace& pace);
  // Poller. Room for one more device, less where the limit asks for it; its sequences go on where
  // they ended if it had some before.
  Status AddRow(size_t row, const Pace& pace);
  void DropRow(size_t row);
  // Poller: goes on growing if there is something to grow.
  void Serve(const Pace& pace);
  void Close();
  // Poller; null: there was no memory for it.
  [[nodiscard]] RowRings* rings(size_t row) { return memory_[row].rings.get(); }
  [[nodiscard]] RowBoard* board(size_t row) { return memory_[row].board.get(); }

 private:
  struct Memory {
    std::shared_ptr<RowRings> rings;
    std::shared_ptr<RowBoard> board;
    RowRings::Sequences next;  // while it has no rings
  };
  // What the growing thread shares with the poller.
  struct Growth {
    size_t row;
    uint64_t wanted;
    RingPlan plan;
    std::shared_ptr<IndexMaker> maker;
    std::shared_ptr<RowRings> old;
    std::shared_ptr<RowRings> made;  // null: there is no such memory
    std::atomic<bool> done{false};
  };
  struct Need {
    uint64_t samples;
    uint64_t replaced_samples;
    size_t devices;
  };

  [[nodiscard]] uint64_t BytesFor(uint64_t samples, const Pace& pace) const;
  [[nodiscard]] Status Check(const Need& need, const Pace& pace) const;
  [[nodiscard]] uint64_t MostSamples(const Need& need, const Pace& pace) const;
  [[nodiscard]] size_t Devices() const;
  [[nodiscard]] size_t RowToGrow(uint64_t wanted) const;
  void BeginGrowth(size_t row, uint64_t wanted, const Pace& pace);
  void FinishGrowth();
  void Refuse(uint64_t wanted);

  const uint64_t limit_bytes_;
  const std::shared_ptr<IndexMaker> maker_;
  const std::shared_ptr<PollBell> bell_;
  mutable std::mutex mutex_;
  std::vector<Memory> memory_;       // replaced by the poller alone, under the mutex
  bool open_ = false;                // likewise
  std::shared_ptr<Growth> growth_;   // poller
  std::atomic<uint64_t> target_{0};  // what a device that comes gets
  std::atomic<uint64_t> wanted_{0};
  std::atomic<uint64_t> refused_{UINT64_MAX};  // for this much and more was no memory
};

}  // namespace gpuring
