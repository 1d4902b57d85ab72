// How devices hang together.
#pragma once

#include <span>
#include <vector>

#include "core/source.h"
#include "nvml/library.h"

namespace gpuring {

struct Target;

// Row by row, targets.size() squared. A device and itself: kUnknown, 0 links, kUnknown. MIG
// instances have the cells of their GPUs; two of one GPU are kInternal.
[[nodiscard]] std::vector<TopologyCell> ReadTopology(const NvmlLibrary& library,
                                                     std::span<const Target* const> targets);

}  // namespace gpuring
