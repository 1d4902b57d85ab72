// What a driver says once: about itself and about each device.
#pragma once

#include <optional>
#include <string>

#include "core/source.h"
#include "nvml/library.h"

namespace gpuring {

// Names, versions and the simulator's description. REQUIRES: initialised.
[[nodiscard]] SourceIdentity ReadSourceIdentity(const NvmlLibrary& library);

// All but its UUID, slot and index. What the driver does not say, or says in a way that cannot be
// meant, is absent. REQUIRES: initialised.
[[nodiscard]] DeviceIdentity ReadDeviceIdentity(const NvmlLibrary& library, nvmlDevice_t device);

// CUDA cores in one multiprocessor of that compute capability; absent for an unlisted one.
[[nodiscard]] std::optional<uint32_t> CoresPerMultiprocessor(uint32_t major, uint32_t minor);

[[nodiscard]] bool IsUtf8(std::string_view text);

}  // namespace gpuring
