#include "core/cell_array.h"

#include <sys/mman.h>

#include <new>

namespace gpuring {

namespace {

StdAtomics::Cell* MapCells(size_t bytes) {
  void* const memory =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? nullptr : static_cast<StdAtomics::Cell*>(memory);
}

// A look at a random place in many megabytes costs more for finding the page than for the memory.
// Where the system has none, nothing is lost.
void WishForHugePages(void* memory, size_t bytes) {
  constexpr size_t kWorthwhileBytes = size_t{16} << 20;
  if (bytes >= kWorthwhileBytes) madvise(memory, bytes, MADV_HUGEPAGE);
}

}  // namespace

// Pages of their own rather than the heap: rings are megabytes, each is allocated by another
// thread, and what a heap keeps of them for later would stay with the process.
CellArray AllocateCells(size_t count) {
  CellArray cells = ReserveCells(count);
  if (cells != nullptr) WishForHugePages(cells.get(), cells.get_deleter().bytes);
  for (size_t i = 0; cells != nullptr && i < count; i++) new (cells.get() + i) StdAtomics::Cell();
  return cells;
}

// A cell of zeroed memory is what its constructor would make of it.
CellArray ReserveCells(size_t count) {
  const size_t bytes = count * sizeof(StdAtomics::Cell);
  return CellArray(MapCells(bytes), FreeCells{bytes});
}

void FreeCells::operator()(StdAtomics::Cell* cells) const { munmap(cells, bytes); }

}  // namespace gpuring
