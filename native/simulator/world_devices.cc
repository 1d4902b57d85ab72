// The simulated host's devices: which there are, what each is, what it says.
#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "simulator/device_number.h"
#include "simulator/handles.h"
#include "simulator/random.h"
#include "simulator/spoiling.h"
#include "simulator/world.h"

namespace gpuring::simulator {
namespace {

constexpr int64_t kMiB = 1 << 20;
constexpr uint32_t kMemorySlices = 8;

const DeviceFacts& NoFacts() {
  static const auto* facts = new DeviceFacts(MakeFacts(Boards().front(), 0, 0));
  return *facts;
}

// How many devices the first NUMA node has; a single one has no second beside it.
int FirstHalf(size_t devices) {
  return devices > 1 ? static_cast<int>((devices + 1) / 2) : static_cast<int>(kDeviceLimit);
}

// What an instance has of its board's memory, which is used as full as the board's.
struct MemoryShare {
  int64_t total, reserved, used, free;
};

MemoryShare ShareOf(const MigProfile& profile, int64_t total, int64_t reserved, int64_t used) {
  MemoryShare share{};
  share.total = int64_t{profile.memory_mib} * kMiB;
  share.reserved = reserved * profile.memory_slices / kMemorySlices;
  const double fullness = static_cast<double>(used) / static_cast<double>(total - reserved);
  share.used = static_cast<int64_t>(fullness * static_cast<double>(share.total - share.reserved));
  share.free = share.total - share.reserved - share.used;
  return share;
}

Answer Pick(const MemoryShare& share, Column column) {
  switch (column) {
    case Column::kMemoryTotal:
      return {NVML_SUCCESS, share.total};
    case Column::kMemoryReserved:
      return {NVML_SUCCESS, share.reserved};
    case Column::kMemoryUsed:
      return {NVML_SUCCESS, share.used};
    case Column::kMemoryFree:
      return {NVML_SUCCESS, share.free};
    default:
      return {NVML_ERROR_NOT_SUPPORTED, 0};
  }
}

}  // namespace

int World::device_count() {
  const std::lock_guard lock(mutex_);
  return init_count_ > 0 ? static_cast<int>(roster_.count()) : 0;
}

int World::DeviceAt(unsigned int index) {
  const std::lock_guard lock(mutex_);
  return init_count_ > 0 ? roster_.PositionAt(index) : kNoDevice;
}

int World::IndexOf(int device) {
  const std::lock_guard lock(mutex_);
  return IsInstance(device) ? SlotOf(device) : roster_.IndexOf(device);
}

const DeviceFacts& World::facts(int device) {
  const std::lock_guard lock(mutex_);
  return FactsOf(device);
}

// REQUIRES: mutex_ held, as do Instance, Serial, ReadInstance, ElapsedNs and BringUp. A load may
// have shrunk the host since the caller looked.
const DeviceFacts& World::FactsOf(int device) {
  const int position = PositionOf(device);
  if (!roster_.Has(position)) return NoFacts();
  const DeviceFacts& board_facts = hosts_.back()->facts[static_cast<size_t>(position)];
  if (!IsInstance(device)) return board_facts;
  const MigInstance& instance = Instance(device);
  if (instance.profile == nullptr) return NoFacts();
  std::string uuid =
      MigUuid(board_facts.uuid, instance.gpu_instance_id, instance.compute_instance_id);
  auto& known = hosts_.back()->instances[uuid + instance.profile->name];
  if (known == nullptr) known = MakeInstanceFacts(board_facts, *instance.profile, std::move(uuid));
  return known->facts;
}

const MigInstance& World::Instance(int device) const {
  static constexpr MigInstance kNone;
  if (!IsInstance(device) || !roster_.Has(PositionOf(device))) return kNone;
  return mig_[static_cast<size_t>(PositionOf(device))].at(static_cast<size_t>(SlotOf(device)));
}

uint32_t World::SerialOf(int device) {
  const std::lock_guard lock(mutex_);
  return Serial(device);
}

uint32_t World::Serial(int device) const {
  const int position = PositionOf(device);
  if (!roster_.Has(position)) return 0;
  if (!IsInstance(device)) return roster_.serial(position);
  return mig_[static_cast<size_t>(position)].serial(static_cast<size_t>(SlotOf(device)));
}

bool World::HasHandle(int device, uint32_t serial) {
  const std::lock_guard lock(mutex_);
  const uint32_t present = Serial(device) & kHandleSerialMask;
  if (!roster_.Has(PositionOf(device))) return false;
  if (roster_.presence(PositionOf(device)) != Presence::kPresent) return serial <= present;
  if (IsInstance(device) && Instance(device).profile == nullptr) return false;
  return serial == present;
}

bool World::IsAway(int device) {
  const std::lock_guard lock(mutex_);
  const int position = PositionOf(device);
  return roster_.Has(position) && roster_.presence(position) != Presence::kPresent;
}

bool World::IsMigOn(int device) {
  const std::lock_guard lock(mutex_);
  const int position = PositionOf(device);
  return roster_.Has(position) && mig_[static_cast<size_t>(position)].enabled();
}

int World::InstanceAt(int device, unsigned int index) {
  const std::lock_guard lock(mutex_);
  if (index >= MigLayout::kSlots || IsInstance(device) || !roster_.Has(device)) return kNoDevice;
  const int instance = InstanceNumber(device, static_cast<int>(index));
  return Instance(instance).profile == nullptr ? kNoDevice : instance;
}

MigInstance World::InstanceOf(int device) {
  const std::lock_guard lock(mutex_);
  return Instance(device);
}

int World::numa_node_count() {
  const std::lock_guard lock(mutex_);
  return host() != nullptr && host()->first_devices > 1 ? 2 : 1;
}

int World::NumaNodeOf(int device) {
  const std::lock_guard lock(mutex_);
  return host() != nullptr && PositionOf(device) >= FirstHalf(host()->first_devices) ? 1 : 0;
}

int World::PciSwitchOf(int device) {
  const int node = NumaNodeOf(device);
  const std::lock_guard lock(mutex_);
  if (host() == nullptr) return 0;
  return (PositionOf(device) - node * FirstHalf(host()->first_devices)) / 2;
}

uint32_t World::process_record_bytes() {
  const std::lock_guard lock(mutex_);
  return host() == nullptr ? kProcessRecordBytes : host()->scenario.process_record_bytes;
}

Answer World::Read(int device, Column column) {
  Answer answer;
  Read(device, {&column, 1}, {&answer, 1});
  return answer;
}

// Null: `missing` says why it cannot be asked. REQUIRES: mutex_ held.
Device* World::Attend(int device, nvmlReturn_t* missing) {
  const int position = PositionOf(device);
  if (!roster_.Has(position)) {
    *missing = NVML_ERROR_INVALID_ARGUMENT;
  } else if (roster_.presence(position) != Presence::kPresent) {
    *missing = NVML_ERROR_GPU_IS_LOST;
  } else {
    Device* const asked = &devices_[static_cast<size_t>(position)];
    asked->GoTo(ElapsedNs(position));
    return asked;
  }
  return nullptr;
}

void World::Read(int device, std::span<const Column> columns, std::span<Answer> answers) {
  for (const Column column : columns) NoteQuantity(KeyOf(column));
  const std::lock_guard lock(mutex_);
  const int position = PositionOf(device);
  nvmlReturn_t missing = NVML_SUCCESS;
  if (!roster_.Has(position)) {
    missing = NVML_ERROR_INVALID_ARGUMENT;
  } else if (roster_.presence(position) != Presence::kPresent) {
    missing = NVML_ERROR_GPU_IS_LOST;
  }
  if (missing != NVML_SUCCESS) {
    std::fill(answers.begin(), answers.end(), Answer{missing, 0});
  } else if (IsInstance(device)) {
    ReadInstance(device, columns, answers);
  } else {
    devices_[static_cast<size_t>(position)].Read(columns, ElapsedNs(position), answers);
  }
}

void World::ReadInstance(int device, std::span<const Column> columns, std::span<Answer> answers) {
  constexpr std::array kMemory = {Column::kMemoryTotal, Column::kMemoryReserved,
                                  Column::kMemoryUsed};
  const MigInstance& instance = Instance(device);
  std::array<Answer, kMemory.size()> board;
  nvmlReturn_t failed = instance.profile == nullptr ? NVML_ERROR_INVALID_ARGUMENT : NVML_SUCCESS;
  const int position = PositionOf(device);
  devices_[static_cast<size_t>(position)].Read(kMemory, ElapsedNs(position), board);
  for (const Answer& answer : board) {
    if (failed == NVML_SUCCESS) failed = answer.result;
  }
  if (failed != NVML_SUCCESS) return std::fill(answers.begin(), answers.end(), Answer{failed, 0});
  const MemoryShare share =
      ShareOf(*instance.profile, board[0].value, board[1].value, board[2].value);
  for (size_t i = 0; i < columns.size(); ++i) answers[i] = Pick(share, columns[i]);
}

int64_t World::ElapsedNs(int position) const {
  return clock_() - start_ns_ - begun_ns_[static_cast<size_t>(position)];
}

// A device begins, anew where it was there before; its place in the roster is the caller's affair.
void World::BringUp(size_t position, int64_t begun_ns) {
  Host& host = *hosts_.back();
  const DevicePlan& plan = host.scenario.devices[position];
  if (host.facts.size() == position) {
    host.facts.push_back(
        MakeFacts(*plan.board, host.scenario.seed, static_cast<uint32_t>(position)));
  }
  if (mig_.size() == position) {
    mig_.emplace_back();
    if (plan.mig) mig_.back().Arrange(*plan.mig);
  }
  Device device(plan, host.scenario.step, Mix(host.scenario.seed, position));
  if (devices_.size() == position) {
    devices_.push_back(std::move(device));
    begun_ns_.push_back(begun_ns);
  } else {
    // A device refers to its board, so that one cannot be assigned to another.
    std::destroy_at(&devices_[position]);
    std::construct_at(&devices_[position], std::move(device));
    begun_ns_[position] = begun_ns;
  }
}

}  // namespace gpuring::simulator
