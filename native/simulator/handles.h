// Device handles as clients hold them: numbers dressed as pointers. They are never dereferenced, so
// that a stale, foreign or invented one is recognised instead of read through.
#pragma once

#include <cstdint>

#include "nvml/abi.h"

namespace gpuring::simulator {

enum class HandleKind : uint8_t { kDevice = 0x3e, kEventSet = 0x3f, kGpmSample = 0x40 };

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

// Of the life and of the device there is this much in a handle: a stale one is recognised unless
// it is older than 2^12 of them.
inline constexpr unsigned kHandleSerialBits = 12;
inline constexpr uint32_t kHandleSerialMask = (1u << kHandleSerialBits) - 1;

// A handle stands for a device, named as in device_number.h: when another scenario is loaded
// meanwhile, for the one that has the number then.
nvmlDevice_t DeviceHandle(int device);
// The device, also when it is away: calls about it are told so. -1 for a null, stale or foreign
// handle, one of before its device came back, and one of a destroyed MIG instance.
int DeviceIndex(nvmlDevice_t handle);
// Whether it was given out once, and stands for no device any more: not null, not foreign.
[[nodiscard]] bool IsStaleHandle(nvmlDevice_t handle);

}  // namespace gpuring::simulator
