// Zeroed cells that begin on a cache line.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

#include "core/atomics.h"

namespace gpuring {

struct FreeCells {
  void operator()(StdAtomics::Cell* cells) const {
    ::operator delete (cells, std::align_val_t{kCacheLineBytes});
  }
};
using CellArray = std::unique_ptr<StdAtomics::Cell[], FreeCells>;

// Null: there is no such memory. Touches every page, so that later writes meet no page fault.
[[nodiscard]] inline CellArray AllocateCells(size_t count) {
  void* const memory = ::operator new (count * sizeof(StdAtomics::Cell),
                                       std::align_val_t{kCacheLineBytes}, std::nothrow);
  if (memory == nullptr) return nullptr;
  auto* const cells = static_cast<StdAtomics::Cell*>(memory);
  for (size_t i = 0; i < count; i++) new (cells + i) StdAtomics::Cell();
  return CellArray(cells);
}

}  // namespace gpuring
