// The commands of gpuringSimulatorControl that put values and processes on one device.
#include <algorithm>
#include <utility>

#include "simulator/fields.h"
#include "simulator/json.h"
#include "simulator/world.h"

namespace gpuring::simulator {
namespace {

// A command's argument: a device and one member about it.
struct DeviceArgument {
  JsonValue value;
  int64_t device = -1;
  const JsonValue* member = nullptr;  // into `value`
};

void ReadArgument(std::string_view text, std::string_view member, Refusals* refusals,
                  DeviceArgument* argument) {
  JsonError error;
  if (!ParseJson(text, &argument->value, &error)) {
    return refusals->AddAt(error.place, "", error.expected);
  }
  Fields fields(argument->value, "", refusals);
  fields.Integer("device", {0, kDeviceLimit - 1}, &argument->device);
  argument->member = fields.Take(member);
  fields.RefuseOthers();
  if (argument->device < 0 || argument->member == nullptr) {
    refusals->AddAt(argument->value.place, "",
                    "expected the members \"device\" and \"" + std::string(member) + "\"");
  }
}

bool IsCounter(const ValueChange& change) {
  return change.key == KeyOf(Column::kTotalEnergy) ||
         static_cast<ValueGroup>(change.key >> 24) == ValueGroup::kField;
}

// What was set outlives the device's start, as a scenario's values do; a counter begins anew.
void Keep(const std::vector<ValueChange>& changes, std::vector<ValueChange>* values) {
  for (const ValueChange& change : changes) {
    std::erase_if(*values, [&change](const ValueChange& old) { return old.key == change.key; });
    if (change.value && !IsCounter(change)) values->push_back(change);
  }
}

}  // namespace

// The reply tells the driver's clock: {"timeUs": 1767225600000000}.
nvmlReturn_t World::SetValues(std::string_view argument, std::string* reply) {
  Refusals refusals("set");
  DeviceArgument about;
  std::vector<ValueChange> changes;
  ReadArgument(argument, "values", &refusals, &about);
  if (refusals.none()) ReadValues(*about.member, "values", &refusals, &changes);
  const std::lock_guard lock(mutex_);
  const auto position = static_cast<size_t>(about.device);
  if (refusals.none() && (!EnsureLoaded() || position >= devices_.size())) {
    refusals.AddAt(about.value.place, "device", "expected a device of the scenario");
  }
  *reply = refusals.text();
  if (!refusals.none()) return NVML_ERROR_INVALID_ARGUMENT;
  Device& device = devices_[position];
  device.GoTo(ElapsedNs(static_cast<int>(position)));
  device.Set(changes);
  Keep(changes, &hosts_.back()->scenario.devices[position].values);
  *reply = R"({"timeUs":)" + std::to_string(device.DriverTimeUs(device.time_ns())) + "}";
  return NVML_SUCCESS;
}

nvmlReturn_t World::SetProcesses(std::string_view argument, std::string* reply) {
  Refusals refusals("processes");
  DeviceArgument about;
  std::vector<Process> processes;
  ReadArgument(argument, "processes", &refusals, &about);
  if (refusals.none()) ReadProcesses(*about.member, "processes", &refusals, &processes);
  const std::lock_guard lock(mutex_);
  const auto position = static_cast<size_t>(about.device);
  if (refusals.none() && (!EnsureLoaded() || position >= devices_.size())) {
    refusals.AddAt(about.value.place, "device", "expected a device of the scenario");
  }
  *reply = refusals.text();
  if (!refusals.none()) return NVML_ERROR_INVALID_ARGUMENT;
  devices_[position].SetProcesses(processes);
  hosts_.back()->scenario.devices[position].processes = std::move(processes);
  return NVML_SUCCESS;
}

}  // namespace gpuring::simulator
