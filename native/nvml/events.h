// The driver's events.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <span>

#include "core/source.h"
#include "nvml/library.h"

namespace gpuring {

struct Target;

// Thread rules: Wait from a thread of its own beside Add and Clear; nothing beside Open and Close.
class DriverEvents {
 public:
  // Without events in this driver it stays closed, which is no failure.
  void Open(const NvmlLibrary& library);
  // Frees the set. REQUIRES: nobody is in Wait; the library is initialised.
  void Close();

  // Registers what the GPU supports. Not for MIG instances.
  void Add(const Target& target, size_t slot);
  // Events that come for this handle from now on are of no slot.
  void Remove(size_t slot);

  // As Source::WaitEvent.
  Status Wait(int64_t timeout_ns, SourceEvent* event);

 private:
  const NvmlLibrary* library_ = nullptr;
  nvmlEventSet_t set_ = nullptr;
  // Which handle is whose; read beside a write by Wait, hence atomic.
  std::array<std::atomic<nvmlDevice_t>, Source::kSlots> handles_{};
};

}  // namespace gpuring
