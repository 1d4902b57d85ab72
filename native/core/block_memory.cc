#include "core/block_memory.h"

namespace gpuring {

std::shared_ptr<BlockMemory> BlockMemory::Allocate(const BlockLayout& layout) {
  CellArray cells = AllocateCells(layout.Cells());
  if (cells == nullptr) return nullptr;
  auto memory = std::shared_ptr<BlockMemory>(new BlockMemory());
  memory->cells_ = std::move(cells);
  memory->byte_size_ = layout.Cells() * sizeof(StdAtomics::Cell);
  return memory;
}

}  // namespace gpuring
