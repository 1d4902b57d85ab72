// The driver's events.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "core/source.h"
#include "nvml/library.h"

namespace gpuring {

struct Target;

// Thread rules: Wait from a thread of its own beside all others but Open and Close; Add and
// Register as a source's calls about that slot.
class DriverEvents {
 public:
  // Without events in this driver it stays closed, which is no failure.
  void Open(const NvmlLibrary& library);
  // Frees the sets. REQUIRES: nobody is in Wait; the library is initialised.
  void Close();

  // Registers what the GPU supports, under the handle that it has now. Not for MIG instances.
  void Add(const Target& target, size_t slot);
  // Events that come for this handle from now on are of no slot.
  void Remove(size_t slot);
  // The GPU was added and is not registered, and trying again may help.
  [[nodiscard]] bool Lacks(size_t slot) const;
  void Register(size_t slot);

  // As Source::WaitEvent.
  Status Wait(int64_t timeout_ns, SourceEvent* event);

 private:
  // A driver that spoils a set leaves it undefined, and somebody may be waiting in it: such sets
  // are freed by Close, and there are not many of them.
  static constexpr size_t kMostSets = 8;

  struct Place {
    std::atomic<nvmlDevice_t> handle{nullptr};
    std::atomic<nvmlEventSet_t> set{nullptr};  // in which it is registered
    std::atomic<int> attempts_left{0};
  };

  [[nodiscard]] bool CanMakeSets() const;
  [[nodiscard]] nvmlEventSet_t MakeSet();
  [[nodiscard]] nvmlEventSet_t PresentSet();
  void Replace(nvmlEventSet_t spoiled);
  [[nodiscard]] nvmlReturn_t Ask(nvmlEventSet_t set, unsigned int timeout_ms,
                                 nvmlEventData_t* data);
  [[nodiscard]] Status Judge(nvmlReturn_t result, int64_t waited_ns, int64_t timeout_ns);
  [[nodiscard]] size_t SlotOf(nvmlDevice_t handle) const;

  const NvmlLibrary* library_ = nullptr;
  std::atomic<nvmlEventSet_t> set_{nullptr};
  std::atomic<size_t> sets_made_{0};
  std::array<std::atomic<nvmlEventSet_t>, kMostSets> spoiled_{};
  std::atomic<size_t> spoiled_count_{0};
  std::array<Place, Source::kSlots> places_;

  // The waiting thread's.
  bool old_wait_ = false;
  int hasty_timeouts_ = 0;
};

}  // namespace gpuring
