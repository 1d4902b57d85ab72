// Zeroed cells in memory that goes back to the system when it is freed.
#pragma once

#include <cstddef>
#include <memory>

#include "core/atomics.h"

namespace gpuring {

struct FreeCells {
  size_t bytes = 0;
  void operator()(StdAtomics::Cell* cells) const;
};
using CellArray = std::unique_ptr<StdAtomics::Cell[], FreeCells>;

// Begins on a page. Touches every page, so that later writes meet no page fault.
// Null: there is no such memory.
[[nodiscard]] CellArray AllocateCells(size_t count);

// As AllocateCells, but a page takes no memory before something is written to it: for much room of
// which little is used.
[[nodiscard]] CellArray ReserveCells(size_t count);

}  // namespace gpuring
