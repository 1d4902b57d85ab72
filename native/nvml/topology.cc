#include "nvml/topology.h"

#include "nvml/target.h"

namespace gpuring {

std::vector<TopologyCell> ReadTopology(const NvmlLibrary&, std::span<const Target* const> targets) {
  return std::vector<TopologyCell>(targets.size() * targets.size());
}

}  // namespace gpuring
