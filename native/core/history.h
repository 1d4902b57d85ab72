// The ring of one tier of one device: samples in and out, and the memory.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "core/cell_array.h"
#include "core/ring.h"
#include "core/sample.h"

namespace gpuring {

using HistoryRead = RingRead;

// Words of a record: the sample's four numbers, the tier's values, their states eight to a word.
inline constexpr size_t kHistoryHeaderWords = 4;
[[nodiscard]] constexpr size_t HistoryWords(Tier tier) {
  const size_t metrics = kTierMetrics[static_cast<size_t>(tier)].size();
  return kHistoryHeaderWords + metrics + (metrics + 7) / 8;
}

struct HistoryShape {
  Tier tier = Tier::kFast;
  uint64_t capacity = 1;
  uint64_t first_sequence = 1;  // of the first sample to be appended
};

// Thread rules: Append and CatchUp from one thread, everything else from any. Only the creation
// allocates.
class History {
 public:
  // Memory of one sample, its mark included.
  [[nodiscard]] static constexpr uint64_t SampleBytes(Tier tier) {
    return (1 + HistoryWords(tier)) * sizeof(uint64_t);
  }

  // Null: there is no such memory.
  [[nodiscard]] static std::shared_ptr<History> Allocate(const HistoryShape& shape);

  [[nodiscard]] uint64_t capacity() const { return ring_.capacity(); }
  [[nodiscard]] uint64_t Newest() const { return ring_.Newest(); }
  // What the next sample appended gets. REQUIRES: called by the appending thread.
  [[nodiscard]] uint64_t NextSequence() const { return ring_.NextSequence(); }

  // Gives the sample its sequence.
  void Append(Sample* sample);
  // Appends what `other` holds and this one does not yet.
  // REQUIRES: nobody reads this one; its samples, if any, came from `other`.
  void CatchUp(const History& other);

  // Copies the samples from `from_sequence` on that are still there, oldest first; what `out`
  // holds beyond `count` is void.
  [[nodiscard]] HistoryRead Read(uint64_t from_sequence, std::span<Sample> out) const;
  // False: there is no sample yet, or the writer overtook the reader.
  [[nodiscard]] bool Latest(Sample* sample) const;

 private:
  History(CellArray cells, const HistoryShape& shape);

  const Tier tier_;
  CellArray cells_;
  Ring<StdAtomics> ring_;
};

}  // namespace gpuring
