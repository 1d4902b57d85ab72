// One ring filled from another, while that may still be written.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "core/atomics.h"
#include "core/ring.h"

namespace gpuring {

struct RingCopy {
  StdAtomics::Cell* cells;  // of the ring that is filled
  RingLayout layout;
};

// Appends to `to` what `from` holds and it does not yet. Sequences stay dense: where `from` has
// overwritten what comes next, `to` begins anew with the oldest that is left.
// REQUIRES: nobody reads `to`, and this thread alone writes it; `record` has a record's words.
inline void CopyRing(const Ring<StdAtomics>& from, const RingCopy& copy, Ring<StdAtomics>* to,
                     std::span<uint64_t> record) {
  for (uint64_t at = to->NextSequence(); at <= from.Newest();) {
    if (at >= from.Oldest() && from.TryReadOne(at, record)) {
      to->Push(record);
      at++;
      continue;
    }
    // Marks of the earlier fill stay behind; they are lower than all that follow.
    at = std::max(at + 1, from.Oldest());
    RingLayout layout = copy.layout;
    layout.first = at;
    *to = Ring<StdAtomics>::Format(copy.cells, layout);
  }
}

}  // namespace gpuring
