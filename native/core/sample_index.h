// The seam to what is kept beside a device's history, so that questions about many samples need not
// read them one by one. Core knows no more of it than this.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/sample.h"

namespace gpuring {

struct IndexShape {
  size_t row = 0;
  Tier tier = Tier::kFast;
  uint64_t capacity = 1;        // samples, as of the history
  uint64_t first_sequence = 1;  // of the first sample to be appended
};

// Beside the history of one tier of one device.
// Thread rules: as History. Append allocates nothing.
class SampleIndex {
 public:
  virtual ~SampleIndex() = default;

  // The sample has just been given to the history, which gave it its sequence. Its values hold for
  // `hold_ns` at most.
  virtual void Append(const Sample& sample, int64_t hold_ns) = 0;
  // Appends what `other`, of the same maker, holds and this one does not yet.
  // REQUIRES: nobody reads this one; its samples, if any, came from `other`.
  virtual void CatchUp(const SampleIndex& other) = 0;
};

// Makes all indexes of one sampler.
class IndexMaker {
 public:
  virtual ~IndexMaker() = default;

  // Memory of an index. Any thread.
  [[nodiscard]] virtual uint64_t Bytes(Tier tier, uint64_t capacity) const = 0;
  // Null: there is no such memory. Any thread.
  [[nodiscard]] virtual std::shared_ptr<SampleIndex> Make(const IndexShape& shape) = 0;
  // The row's device has gone for good, and so have its indexes. Appending thread.
  virtual void Forget(size_t row) = 0;
};

}  // namespace gpuring
