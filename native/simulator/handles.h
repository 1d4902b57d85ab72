// Device handles as clients hold them: numbers dressed as pointers. They are never dereferenced, so
// that a stale, foreign or invented one is recognised instead of read through.
#pragma once

#include <cstdint>

#include "nvml/abi.h"

namespace gpuring::simulator {

enum class HandleKind : uint8_t { kDevice = 0x3e, kEventSet = 0x3f };

// Kind, generation and index, each checked when the number comes back. Index below 2^16,
// generation modulo 2^24; the whole stays below 2^46, a plain user-space address.
uintptr_t EncodeHandle(HandleKind kind, uint32_t generation, uint32_t index);
// -1 unless the number was encoded with this kind and generation.
int DecodeHandle(uintptr_t handle, HandleKind kind, uint32_t generation);

// Initialisations may nest: handles live from the first init to the last shutdown, and those of an
// earlier life are stale. Any thread.
nvmlReturn_t InitializeWorld(uint32_t flags);
nvmlReturn_t ShutdownWorld();
// The present life, or 0 while the library is shut down.
uint32_t Generation();

// A handle stands for an index: when another scenario is loaded meanwhile, for that of its device.
nvmlDevice_t DeviceHandle(int device);
// -1 for a null, stale or foreign handle.
int DeviceIndex(nvmlDevice_t handle);

}  // namespace gpuring::simulator
