#include "simulator/gpm_samples.h"

#include <algorithm>
#include <array>
#include <mutex>

#include "simulator/handles.h"

namespace gpuring::simulator {
namespace {

constexpr size_t kMostSamples = 1024;

struct Slot {
  uint32_t serial = 0;  // of the sample in it, which tells its handle from those of earlier ones
  uint32_t life = 0;    // Generation() when it was allocated; 0: free
  GpmSample taken;
};

struct Table {
  std::mutex mutex;
  std::array<Slot, kMostSamples> slots;
  uint32_t serials = 0;
};

Table& Samples() {
  static Table* table = new Table;  // never destroyed: late callers stay defined
  return *table;
}

nvmlGpmSample_t HandleOf(const Table& table, const Slot& slot) {
  const auto index = static_cast<uint32_t>(&slot - table.slots.data());
  return reinterpret_cast<nvmlGpmSample_t>(
      EncodeHandle(HandleKind::kGpmSample, slot.serial, index));
}

// Null unless the handle is that of a living sample. Under the table's mutex.
Slot* FindSlot(Table& table, nvmlGpmSample_t sample) {
  const uint32_t life = Generation();
  for (Slot& slot : table.slots) {
    if (life != 0 && slot.life == life && HandleOf(table, slot) == sample) return &slot;
  }
  return nullptr;
}

}  // namespace

nvmlReturn_t AllocateGpmSample(nvmlGpmSample_t* sample) {
  Table& table = Samples();
  const std::lock_guard lock(table.mutex);
  const uint32_t life = Generation();
  const auto unused = std::find_if(table.slots.begin(), table.slots.end(),
                                   [life](const Slot& slot) { return slot.life != life; });
  if (unused == table.slots.end()) return NVML_ERROR_INSUFFICIENT_RESOURCES;
  *unused = {++table.serials, life, {}};
  *sample = HandleOf(table, *unused);
  return NVML_SUCCESS;
}

nvmlReturn_t FreeGpmSample(nvmlGpmSample_t sample) {
  Table& table = Samples();
  const std::lock_guard lock(table.mutex);
  Slot* slot = FindSlot(table, sample);
  if (slot == nullptr) return NVML_ERROR_INVALID_ARGUMENT;
  *slot = {};
  return NVML_SUCCESS;
}

nvmlReturn_t StoreGpmSample(nvmlGpmSample_t sample, const GpmSample& taken) {
  Table& table = Samples();
  const std::lock_guard lock(table.mutex);
  Slot* slot = FindSlot(table, sample);
  if (slot == nullptr) return NVML_ERROR_INVALID_ARGUMENT;
  slot->taken = taken;
  return NVML_SUCCESS;
}

nvmlReturn_t LoadGpmSample(nvmlGpmSample_t sample, GpmSample* taken) {
  Table& table = Samples();
  const std::lock_guard lock(table.mutex);
  const Slot* slot = FindSlot(table, sample);
  if (slot == nullptr) return NVML_ERROR_INVALID_ARGUMENT;
  *taken = slot->taken;
  return NVML_SUCCESS;
}

uint64_t EndGpmSamples() {
  Table& table = Samples();
  const std::lock_guard lock(table.mutex);
  const uint32_t life = Generation();
  uint64_t left_behind = 0;
  for (Slot& slot : table.slots) {
    if (slot.life == 0 || slot.life == life) continue;
    slot = {};
    ++left_behind;
  }
  return left_behind;
}

}  // namespace gpuring::simulator
