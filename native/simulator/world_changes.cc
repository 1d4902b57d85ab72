// The commands that change which devices and which driver the simulated host has.
#include <algorithm>
#include <array>
#include <utility>

#include "simulator/device_number.h"
#include "simulator/event_sets.h"
#include "simulator/world.h"

namespace gpuring::simulator {
namespace {

constexpr std::array<std::string_view, 3> kDriverStates = {"loaded", "unloaded", "mismatch"};
constexpr std::array kDriverAnswers = {NVML_SUCCESS, NVML_ERROR_DRIVER_NOT_LOADED,
                                       NVML_ERROR_LIB_RM_VERSION_MISMATCH};

// False, and refused: the argument is no JSON object.
bool ReadArgument(std::string_view argument, JsonValue* value, Refusals* refusals) {
  JsonError error;
  if (!ParseJson(argument, value, &error)) {
    refusals->AddAt(error.place, "", error.expected);
  } else if (value->kind != JsonValue::Kind::kObject) {
    refusals->Add(*value, "", "an object");
  }
  return refusals->none();
}

// -1, and refused: not the position of a device.
int ReadPosition(const JsonValue& value, const std::string& path, const Roster& roster,
                 Refusals* refusals) {
  const bool fits = value.kind == JsonValue::Kind::kNumber && value.is_integer &&
                    value.integer >= 0 && value.integer < static_cast<int64_t>(kDeviceLimit) &&
                    roster.Has(static_cast<int>(value.integer));
  if (fits) return static_cast<int>(value.integer);
  refusals->Add(value, path,
                roster.positions() == 0 ? "no device where the scenario has none"
                                        : "the position of a device, from 0 to " +
                                              std::to_string(roster.positions() - 1));
  return kNoDevice;
}

nvmlReturn_t Conclude(const Refusals& refusals, std::string* reply) {
  if (refusals.none()) return NVML_SUCCESS;
  *reply = refusals.text();
  return NVML_ERROR_INVALID_ARGUMENT;
}

}  // namespace

nvmlReturn_t World::ListDevices(std::string_view argument, std::string* reply) {
  if (!argument.empty()) {
    *reply = "expected no argument, got " + QuoteJson(argument);
    return NVML_ERROR_INVALID_ARGUMENT;
  }
  const std::lock_guard lock(mutex_);
  if (!EnsureLoaded()) {
    *reply = failure_;
    return NVML_ERROR_INVALID_ARGUMENT;
  }
  *reply = DescribeDevices({roster_, mig_, host()->facts, devices_});
  return NVML_SUCCESS;
}

nvmlReturn_t World::ChangeDevices(std::string_view argument, std::string* reply) {
  JsonValue value;
  Refusals refusals("devices");
  const std::lock_guard lock(mutex_);
  if (!EnsureLoaded()) {
    *reply = failure_;
    return NVML_ERROR_INVALID_ARGUMENT;
  }
  if (!ReadArgument(argument, &value, &refusals)) return Conclude(refusals, reply);
  hosts_.back()->description.clear();
  if (value.members.size() != 1) {
    refusals.AddAt(value.place, "",
                   "expected one member, remove, restore, lose, reset, add or order");
  } else if (value.members[0].name == "add") {
    AddDevices(value.members[0].value, &refusals, reply);
  } else if (value.members[0].name == "order") {
    OrderDevices(value.members[0].value, &refusals);
  } else {
    ChangePresence(value.members[0], &refusals);
  }
  return Conclude(refusals, reply);
}

// REQUIRES: mutex_ held, as do AddDevices, OrderDevices and ChangeLayout.
void World::ChangePresence(const JsonMember& change, Refusals* refusals) {
  enum Change { kRemove, kLose, kRestore, kReset };
  static constexpr std::array<std::string_view, 4> kChanges = {"remove", "lose", "restore",
                                                               "reset"};
  const auto found = std::find(kChanges.begin(), kChanges.end(), change.name);
  if (found == kChanges.end()) {
    return refusals->AddAt(change.place, change.name,
                           "expected remove, restore, lose, reset, add or order");
  }
  const int position = ReadPosition(change.value, change.name, roster_, refusals);
  if (position == kNoDevice) return;
  const auto kind = static_cast<Change>(found - kChanges.begin());
  const Presence presence = roster_.presence(position);
  const bool fits = kind == kRemove    ? presence != Presence::kRemoved
                    : kind == kLose    ? presence == Presence::kPresent
                    : kind == kRestore ? presence != Presence::kPresent
                                       : true;
  if (!fits) {
    return refusals->Add(
        change.value, change.name,
        kind == kRestore ? "a device that was removed or lost" : "a device that is present");
  }
  if (kind == kRemove) return roster_.Remove(position);
  if (kind == kLose) return roster_.Lose(position);
  roster_.Restore(position);
  mig_[static_cast<size_t>(position)].Renew();
  if (kind == kReset) BringUp(static_cast<size_t>(position), clock_() - start_ns_);
}

void World::AddDevices(const JsonValue& entry, Refusals* refusals, std::string* reply) {
  Scenario& scenario = hosts_.back()->scenario;
  const size_t first = scenario.devices.size();
  ReadDeviceEntry(entry, refusals, &scenario);
  if (!refusals->none()) return;
  for (size_t position = first; position < scenario.devices.size(); ++position) {
    BringUp(position, clock_() - start_ns_);
    roster_.Add();
  }
  *reply = std::to_string(first);
}

void World::OrderDevices(const JsonValue& order, Refusals* refusals) {
  std::vector<int> positions;
  for (size_t i = 0; i < order.items.size() && refusals->none(); ++i) {
    const std::string path = "order[" + std::to_string(i) + "]";
    positions.push_back(ReadPosition(order.items[i], path, roster_, refusals));
  }
  if (refusals->none() && !roster_.Order(positions)) {
    refusals->Add(order, "order",
                  "the positions of the " + std::to_string(roster_.count()) +
                      " devices that are there, each once");
  }
}

nvmlReturn_t World::ChangeMig(std::string_view argument, std::string* reply) {
  JsonValue value;
  Refusals refusals("mig");
  int changed = kNoDevice;
  {
    const std::lock_guard lock(mutex_);
    if (!EnsureLoaded()) {
      *reply = failure_;
      return NVML_ERROR_INVALID_ARGUMENT;
    }
    hosts_.back()->description.clear();
    if (ReadArgument(argument, &value, &refusals)) changed = ChangeLayout(value, &refusals);
  }
  if (changed != kNoDevice) PostEvent(changed, {.type = nvmlEventMigConfigChange});
  return Conclude(refusals, reply);
}

// The device whose instances are others now, or kNoDevice.
int World::ChangeLayout(const JsonValue& change, Refusals* refusals) {
  Fields fields(change, "", refusals);
  const JsonValue* device = fields.Take("device");
  const JsonValue* instances = fields.Take("instances");
  const JsonValue* enabled = fields.Take("enabled");
  fields.RefuseOthers();
  const bool off =
      enabled != nullptr && enabled->kind == JsonValue::Kind::kBoolean && !enabled->boolean;
  if (device == nullptr || (instances == nullptr) == (enabled == nullptr) || (enabled && !off)) {
    refusals->AddAt(change.place, "",
                    "expected \"device\" beside \"instances\" or \"enabled\": false");
    return kNoDevice;
  }
  const int position = ReadPosition(*device, "device", roster_, refusals);
  if (position == kNoDevice) return kNoDevice;
  MigLayout& layout = mig_[static_cast<size_t>(position)];
  const MigLayout before = layout;
  if (off) {
    layout.Disable();
  } else {
    const Board& board = devices_[static_cast<size_t>(position)].board();
    auto wanted = ReadMigProfiles(*instances, "instances", board, refusals);
    if (refusals->none()) layout.Arrange(std::move(wanted));
  }
  return layout == before ? kNoDevice : position;
}

// A driver that was loaded anew does not know the clients of the one before.
nvmlReturn_t World::ChangeDriver(std::string_view argument, std::string* reply) {
  JsonValue value;
  Refusals refusals("driver");
  size_t state = kDriverStates.size();
  const JsonValue* version = nullptr;
  if (ReadArgument(argument, &value, &refusals)) {
    Fields fields(value, "", &refusals);
    fields.Choice("state", kDriverStates, &state);
    version = fields.Take("version");
    fields.RefuseOthers();
    if (state == kDriverStates.size()) {
      refusals.AddAt(value.place, "",
                     "expected a member \"state\", one of " + JoinChoices(kDriverStates));
    } else if (version != nullptr && !IsDriverVersion(version->string)) {
      refusals.Add(*version, "version", "1 to 79 printable characters without blanks");
    }
  }
  if (!refusals.none()) return Conclude(refusals, reply);
  {
    const std::lock_guard lock(mutex_);
    EnsureLoaded();
    driver_ = kDriverAnswers[state];
    orphaned_ = init_count_ > 0;
    if (version != nullptr) driver_version_ = &*driver_versions_.insert(version->string).first;
  }
  PostSystemEvent(kDriverAnswers[state] == NVML_SUCCESS ? kDriverBindEvent : kDriverUnbindEvent);
  return NVML_SUCCESS;
}

}  // namespace gpuring::simulator
