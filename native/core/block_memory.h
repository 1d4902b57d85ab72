// The memory of a published block.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/cell_array.h"
#include "core/published_block.h"

namespace gpuring {

// Shared by the sampler's thread, which writes, and every ArrayBuffer over it: whoever lets go last
// frees it, so it may outlive the sampler. Zeroed; begins on a cache line. What the sampler writes
// is there from the start, the ledger takes memory as it is used.
class BlockMemory {
 public:
  // Null: there is no such memory.
  [[nodiscard]] static std::shared_ptr<BlockMemory> Allocate(const BlockLayout& layout);

  [[nodiscard]] StdAtomics::Cell* cells() { return cells_.get(); }
  // The same memory, for an ArrayBuffer. C++ itself goes through cells().
  [[nodiscard]] uint64_t* words() { return reinterpret_cast<uint64_t*>(cells_.get()); }
  [[nodiscard]] size_t byte_size() const { return byte_size_; }

 private:
  BlockMemory() = default;

  CellArray cells_;
  size_t byte_size_ = 0;
};

}  // namespace gpuring
