#include "core/block_memory.h"

#include <new>

namespace gpuring {

std::shared_ptr<BlockMemory> BlockMemory::Allocate(const BlockLayout& layout) {
  CellArray cells = ReserveCells(layout.Cells());
  if (cells == nullptr) return nullptr;
  for (size_t i = 0; i < layout.LedgerWord(); i++) new (cells.get() + i) StdAtomics::Cell();
  auto memory = std::shared_ptr<BlockMemory>(new BlockMemory());
  memory->cells_ = std::move(cells);
  memory->byte_size_ = layout.Cells() * sizeof(StdAtomics::Cell);
  return memory;
}

}  // namespace gpuring
