#include "core/cell_array.h"

#include <sys/mman.h>

#include <new>

namespace gpuring {

// Pages of their own rather than the heap: rings are megabytes, each is allocated by another
// thread, and what a heap keeps of them for later would stay with the process.
CellArray AllocateCells(size_t count) {
  const size_t bytes = count * sizeof(StdAtomics::Cell);
  void* const memory =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  auto* const cells = static_cast<StdAtomics::Cell*>(memory);
  for (size_t i = 0; i < count; i++) new (cells + i) StdAtomics::Cell();
  return CellArray(cells, FreeCells{bytes});
}

void FreeCells::operator()(StdAtomics::Cell* cells) const { munmap(cells, bytes); }

}  // namespace gpuring
