// What makes a MIG instance a device of its own.
#pragma once

#include <optional>
#include <string>

#include "core/source.h"
#include "nvml/library.h"

namespace gpuring {

// Completes the identity of an instance: what it has of its own, and what it shares with its GPU.
// REQUIRES: initialised; `gpu` is the identity of the GPU.
void ReadInstance(const NvmlLibrary& library, nvmlDevice_t instance, const DeviceIdentity& gpu,
                  DeviceIdentity* identity);

struct InstanceShape {
  unsigned int gpu_slices = 0;
  unsigned int compute_slices = 0;
  uint64_t memory_bytes = 0;
  uint64_t gpu_memory_bytes = 0;
};
// "1g.10gb"; "1c.3g.40gb" where a compute instance has a part of the GPU instance's slices.
[[nodiscard]] std::optional<std::string> ProfileOf(const InstanceShape& shape);

}  // namespace gpuring
