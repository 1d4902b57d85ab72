// The ring of one device: samples in and out, and the memory.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "core/cell_array.h"
#include "core/ring.h"
#include "core/sample.h"

namespace gpuring {

using HistoryRead = RingRead;

// Thread rules: Append from one thread, everything else from any. Only the creation allocates.
class History {
 public:
  // Memory of one sample, its mark included.
  static constexpr uint64_t kSampleBytes = (1 + kSampleWords) * sizeof(uint64_t);

  // Null: there is no such memory. The first sample appended gets `first_sequence`.
  [[nodiscard]] static std::shared_ptr<History> Allocate(uint64_t capacity,
                                                         uint64_t first_sequence = 1);
  // A larger one with the same samples. REQUIRES: called by the appending thread.
  [[nodiscard]] std::shared_ptr<History> Grown(uint64_t capacity) const;

  [[nodiscard]] uint64_t capacity() const { return ring_.capacity(); }
  [[nodiscard]] uint64_t Newest() const { return ring_.Newest(); }

  // Gives the sample its sequence.
  void Append(Sample* sample);

  // Copies the samples from `from_sequence` on that are still there, oldest first; what `out`
  // holds beyond `count` is void.
  [[nodiscard]] HistoryRead Read(uint64_t from_sequence, std::span<Sample> out) const;
  // False: there is no sample yet, or the writer overtook the reader.
  [[nodiscard]] bool Latest(Sample* sample) const;

 private:
  History(CellArray cells, const RingLayout& layout);

  CellArray cells_;
  Ring<StdAtomics> ring_;
};

}  // namespace gpuring
