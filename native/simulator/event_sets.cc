#include "simulator/event_sets.h"

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <mutex>

#include "simulator/clock.h"
#include "simulator/handles.h"
#include "simulator/wake_up.h"

namespace gpuring::simulator {
namespace {

constexpr size_t kMaxSets = 64;
constexpr int64_t kMillisecondNs = 1'000'000;
// Handles of system sets belong to no life of the library, as those of device sets do.
constexpr uint32_t kEveryLife = UINT32_MAX;
// The driver itself, where a device is named otherwise.
constexpr int kDriver = -1;

struct EventName {
  std::string_view name;
  unsigned long long type;
};
constexpr EventName kEventNames[] = {
    {"xid", nvmlEventTypeXidCriticalError},
    {"eccSingleBit", nvmlEventTypeSingleBitEccError},
    {"eccDoubleBit", nvmlEventTypeDoubleBitEccError},
    {"performanceState", nvmlEventTypePState},
    {"clock", nvmlEventTypeClock},
    {"powerSource", nvmlEventTypePowerSourceChange},
    {"migConfiguration", nvmlEventMigConfigChange},
    {"eccStorm", nvmlEventTypeSingleBitEccErrorStorm},
    {"dramRetirement", nvmlEventTypeDramRetirementEvent},
    {"retirementFailure", nvmlEventTypeDramRetirementFailure},
    {"poison", nvmlEventTypeNonFatalPoisonError},
    {"fatalPoison", nvmlEventTypeFatalPoisonError},
    {"unavailable", nvmlEventTypeGpuUnavailableError},
    {"recoveryAction", nvmlEventTypeGpuRecoveryAction},
};

struct Slot {
  uint32_t serial = 0;  // of the set in it, which tells its handle from those of earlier sets
  uint32_t life = 0;    // Generation() when it was created, or kEveryLife; 0: free
  std::map<int, unsigned long long> registered;  // types by device
  std::deque<ReceivedEvent> events;              // equal ones that came together are one element
  uint64_t waiting = 0;
};

struct Table {
  std::mutex mutex;
  std::array<Slot, kMaxSets> slots;
  uint32_t serials = 0;
  // One for all sets: events are rare, and a thread that wakes for another's sleeps on.
  WakeUp changed;
};

Table& Sets() {
  static Table* table = new Table;  // never destroyed: late callers stay defined
  return *table;
}

uintptr_t HandleOf(const Table& table, const Slot& slot) {
  const auto index = static_cast<uint32_t>(&slot - table.slots.data());
  return EncodeHandle(HandleKind::kEventSet, slot.serial, index);
}

// Null unless the handle is that of a living set. Under the table's mutex.
Slot* FindSlot(Table& table, uintptr_t handle, uint32_t life) {
  for (Slot& slot : table.slots) {
    if (life != 0 && slot.life == life && HandleOf(table, slot) == handle) return &slot;
  }
  return nullptr;
}

bool IsFree(const Slot& slot) {
  return slot.life != kEveryLife && (slot.life == 0 || slot.life != Generation());
}

nvmlReturn_t Create(uint32_t life, uintptr_t* handle) {
  Table& table = Sets();
  const std::lock_guard lock(table.mutex);
  const auto unused = std::find_if(table.slots.begin(), table.slots.end(), IsFree);
  if (unused == table.slots.end()) return NVML_ERROR_INSUFFICIENT_RESOURCES;
  *unused = {++table.serials, life, {}, {}, 0};
  *handle = HandleOf(table, *unused);
  return NVML_SUCCESS;
}

nvmlReturn_t Free(uintptr_t handle, uint32_t life) {
  Table& table = Sets();
  const std::lock_guard lock(table.mutex);
  Slot* slot = FindSlot(table, handle, life);
  if (slot == nullptr) return NVML_ERROR_INVALID_ARGUMENT;
  *slot = {};
  table.changed.Ring();
  return NVML_SUCCESS;
}

struct Registration {
  int device;
  unsigned long long types;
};

nvmlReturn_t Register(uintptr_t handle, uint32_t life, Registration registration) {
  Table& table = Sets();
  const std::lock_guard lock(table.mutex);
  Slot* slot = FindSlot(table, handle, life);
  if (slot == nullptr) return NVML_ERROR_INVALID_ARGUMENT;
  slot->registered[registration.device] |= registration.types;
  return NVML_SUCCESS;
}

void Queue(const ReceivedEvent& received, Slot* slot) {
  const auto registered = slot->registered.find(received.device);
  if (registered == slot->registered.end()) return;
  if ((registered->second & received.event.type) == 0) return;
  const uint64_t count = std::min(received.event.count, kMostWaitingEvents - slot->waiting);
  if (count == 0) return;
  slot->events.push_back(received);
  slot->events.back().event.count = count;
  slot->waiting += count;
}

void Post(const ReceivedEvent& received) {
  Table& table = Sets();
  const std::lock_guard lock(table.mutex);
  for (Slot& slot : table.slots) Queue(received, &slot);
  table.changed.Ring();
}

ReceivedEvent TakeFirst(Slot* slot) {
  ReceivedEvent& first = slot->events.front();
  ReceivedEvent taken = first;
  taken.event.count = 1;
  if (--first.event.count == 0) slot->events.pop_front();
  --slot->waiting;
  return taken;
}

// Whether the wait is over: an event came, or the set is gone.
bool Ends(uintptr_t handle, uint32_t life, ReceivedEvent* received, nvmlReturn_t* result) {
  Table& table = Sets();
  const std::lock_guard lock(table.mutex);
  Slot* slot = FindSlot(table, handle, life);
  *result = slot == nullptr ? NVML_ERROR_INVALID_ARGUMENT : NVML_SUCCESS;
  if (slot == nullptr) return true;
  if (slot->events.empty()) return false;
  *received = TakeFirst(slot);
  return true;
}

struct Patience {
  uint32_t life;  // of the library when the wait began
  unsigned int timeout_ms;
};

nvmlReturn_t Wait(uintptr_t handle, Patience patience, ReceivedEvent* received) {
  WakeUp& changed = Sets().changed;
  const int64_t deadline = MonotonicNs() + int64_t{patience.timeout_ms} * kMillisecondNs;
  nvmlReturn_t result = NVML_SUCCESS;
  for (;;) {
    const uint32_t ticket = changed.Ticket();
    if (Ends(handle, patience.life, received, &result)) return result;
    const int64_t left = deadline - MonotonicNs();
    if (left <= 0) return NVML_ERROR_TIMEOUT;
    changed.Sleep(ticket, left);
  }
}

}  // namespace

unsigned long long EventTypeOf(std::string_view name) {
  for (const EventName& known : kEventNames) {
    if (known.name == name) return known.type;
  }
  return 0;
}

std::string EventTypeNames() {
  std::string names;
  for (const EventName& known : kEventNames) {
    names += (names.empty() ? "" : ", ") + std::string(known.name);
  }
  return names;
}

// What came with which boards is a judgement: NVIDIA's manual says only that each may be missing.
unsigned long long SupportedEventTypes(const Board& board) {
  auto types = nvmlEventTypePState | nvmlEventTypeXidCriticalError | nvmlEventTypeClock;
  if (board.architecture >= NVML_DEVICE_ARCH_AMPERE) {
    types |= nvmlEventTypeGpuUnavailableError | nvmlEventTypeGpuRecoveryAction;
  }
  if (board.max_mig_devices > 0) types |= nvmlEventMigConfigChange;
  if (!board.has_ecc) return types;
  types |= nvmlEventTypeSingleBitEccError | nvmlEventTypeDoubleBitEccError;
  if (board.architecture < NVML_DEVICE_ARCH_AMPERE) return types;
  return types | nvmlEventTypeSingleBitEccErrorStorm | nvmlEventTypeDramRetirementEvent |
         nvmlEventTypeDramRetirementFailure | nvmlEventTypeNonFatalPoisonError |
         nvmlEventTypeFatalPoisonError;
}

void PostEvent(int device, const DeviceEvent& event) { Post({device, event}); }

nvmlReturn_t CreateEventSet(nvmlEventSet_t* set) {
  uintptr_t handle = 0;
  const nvmlReturn_t result = Create(Generation(), &handle);
  if (result == NVML_SUCCESS) *set = reinterpret_cast<nvmlEventSet_t>(handle);
  return result;
}

nvmlReturn_t FreeEventSet(nvmlEventSet_t set) {
  return Free(reinterpret_cast<uintptr_t>(set), Generation());
}

nvmlReturn_t RegisterEvents(int device, unsigned long long types, nvmlEventSet_t set) {
  return Register(reinterpret_cast<uintptr_t>(set), Generation(), {device, types});
}

uint64_t EndEventSets() {
  Table& table = Sets();
  const std::lock_guard lock(table.mutex);
  uint64_t left_behind = 0;
  for (Slot& slot : table.slots) {
    if (slot.life == 0 || !IsFree(slot)) continue;
    slot = {};
    ++left_behind;
  }
  table.changed.Ring();
  return left_behind;
}

nvmlReturn_t WaitForEvent(nvmlEventSet_t set, unsigned int timeout_ms, ReceivedEvent* received) {
  const auto handle = reinterpret_cast<uintptr_t>(set);
  const nvmlReturn_t result = Wait(handle, {Generation(), timeout_ms}, received);
  const bool shut_down = result == NVML_ERROR_INVALID_ARGUMENT && Generation() == 0;
  return shut_down ? NVML_ERROR_UNINITIALIZED : result;
}

void PostSystemEvent(unsigned long long type) {
  DeviceEvent event;
  event.type = type;
  Post({kDriver, event});
}

nvmlReturn_t CreateSystemEventSet(nvmlSystemEventSet_t* set) {
  uintptr_t handle = 0;
  const nvmlReturn_t result = Create(kEveryLife, &handle);
  if (result == NVML_SUCCESS) *set = reinterpret_cast<nvmlSystemEventSet_t>(handle);
  return result;
}

nvmlReturn_t FreeSystemEventSet(nvmlSystemEventSet_t set) {
  return Free(reinterpret_cast<uintptr_t>(set), kEveryLife);
}

nvmlReturn_t RegisterSystemEvents(unsigned long long types, nvmlSystemEventSet_t set) {
  return Register(reinterpret_cast<uintptr_t>(set), kEveryLife, {kDriver, types});
}

nvmlReturn_t WaitForSystemEvent(nvmlSystemEventSet_t set, unsigned int timeout_ms,
                                ReceivedEvent* received) {
  return Wait(reinterpret_cast<uintptr_t>(set), {kEveryLife, timeout_ms}, received);
}

}  // namespace gpuring::simulator
