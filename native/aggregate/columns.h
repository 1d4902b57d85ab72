// The metrics of one tier of one device as columns, and the index that answers any window of them.
#pragma once

#include <cstdint>
#include <memory>

#include "core/cell_array.h"
#include "core/sample.h"

namespace gpuring {

struct ColumnsShape {
  Tier tier = Tier::kFast;
  uint64_t capacity = 1;        // samples, at least 1
  uint64_t first_sequence = 1;  // of the first sample to be appended
};

// Thread rules: Append and CatchUp from one thread, questions (query.h) from any. Only the creation
// allocates.
class MetricColumns {
 public:
  // Memory of one sample where capacities are large, rounded up.
  [[nodiscard]] static uint64_t BytesPerSample(Tier tier);
  // Null: there is no such memory.
  [[nodiscard]] static std::shared_ptr<MetricColumns> Allocate(const ColumnsShape& shape);

  [[nodiscard]] Tier tier() const { return shape_.tier; }
  [[nodiscard]] uint64_t capacity() const { return shape_.capacity; }
  [[nodiscard]] uint64_t Newest() const { return 0; }

  // Only start_ns, wall_us, and states and values of the tier's metrics are looked at; estimated
  // counts as known. A value holds until the next sample, at most for `hold_ns`.
  void Append(const Sample& sample, int64_t hold_ns);
  // Appends what `other` holds and this one does not yet.
  // REQUIRES: the same tier; nobody reads this one; its samples, if any, came from `other`.
  void CatchUp(const MetricColumns& other);

 private:
  explicit MetricColumns(const ColumnsShape& shape) : shape_(shape) {}

  const ColumnsShape shape_;
};

}  // namespace gpuring
