#include "simulator/event_sets.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <mutex>

#include "simulator/clock.h"
#include "simulator/handles.h"

namespace gpuring::simulator {
namespace {

constexpr size_t kMaxSets = 64;
constexpr int64_t kMillisecondNs = 1'000'000;
// How long a wait may outlive its set: it looks this often.
constexpr int64_t kSliceNs = 20 * kMillisecondNs;

struct Slot {
  uint32_t serial = 0;  // of the set in it, which tells its handle from those of earlier sets
  uint32_t life = 0;    // Generation() when it was created; 0: free
};

struct Table {
  std::mutex mutex;
  std::array<Slot, kMaxSets> slots;
  uint32_t serials = 0;
};

Table& Sets() {
  static Table* table = new Table;  // never destroyed: late callers stay defined
  return *table;
}

nvmlEventSet_t HandleOf(const Table& table, const Slot& slot) {
  const auto index = static_cast<uint32_t>(&slot - table.slots.data());
  return reinterpret_cast<nvmlEventSet_t>(EncodeHandle(HandleKind::kEventSet, slot.serial, index));
}

// Null unless the handle is that of a living set. Under the table's mutex.
Slot* FindSlot(Table& table, nvmlEventSet_t set) {
  const uint32_t life = Generation();
  for (Slot& slot : table.slots) {
    if (life != 0 && slot.life == life && HandleOf(table, slot) == set) return &slot;
  }
  return nullptr;
}

}  // namespace

nvmlReturn_t CreateEventSet(nvmlEventSet_t* set) {
  Table& table = Sets();
  const std::lock_guard lock(table.mutex);
  const uint32_t life = Generation();
  const auto unused = std::find_if(table.slots.begin(), table.slots.end(),
                                   [life](const Slot& slot) { return slot.life != life; });
  if (unused == table.slots.end()) return NVML_ERROR_INSUFFICIENT_RESOURCES;
  *unused = {++table.serials, life};
  *set = HandleOf(table, *unused);
  return NVML_SUCCESS;
}

nvmlReturn_t FreeEventSet(nvmlEventSet_t set) {
  Table& table = Sets();
  const std::lock_guard lock(table.mutex);
  Slot* slot = FindSlot(table, set);
  if (slot == nullptr) return NVML_ERROR_INVALID_ARGUMENT;
  *slot = {};
  return NVML_SUCCESS;
}

bool IsEventSet(nvmlEventSet_t set) {
  Table& table = Sets();
  const std::lock_guard lock(table.mutex);
  return FindSlot(table, set) != nullptr;
}

nvmlReturn_t WaitForEvent(nvmlEventSet_t set, unsigned int timeout_ms) {
  const int64_t deadline = MonotonicNs() + int64_t{timeout_ms} * kMillisecondNs;
  while (IsEventSet(set)) {
    const int64_t left = deadline - MonotonicNs();
    if (left <= 0) return NVML_ERROR_TIMEOUT;
    SleepNs(std::min(left, kSliceNs));
  }
  return Generation() == 0 ? NVML_ERROR_UNINITIALIZED : NVML_ERROR_INVALID_ARGUMENT;
}

}  // namespace gpuring::simulator
