// How devices hang together.
#pragma once

#include <span>
#include <vector>

#include "core/source.h"
#include "nvml/library.h"

namespace gpuring {

// `devices`: the handle of each, of a MIG instance its GPU's; null: there is none now. Row by row,
// devices.size() squared. A device and itself: kUnknown, 0 links, kUnknown. MIG instances have the
// cells of their GPUs; two of one GPU are kInternal. What cannot be had is unknown.
[[nodiscard]] std::vector<TopologyCell> ReadTopology(const NvmlLibrary& library,
                                                     std::span<const nvmlDevice_t> devices);

}  // namespace gpuring
