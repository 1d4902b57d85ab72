#include "nvml/source.h"

#include <algorithm>
#include <memory>

#include "nvml/identity.h"
#include "nvml/low_power.h"
#include "nvml/mig.h"
#include "nvml/return_code.h"
#include "nvml/series.h"
#include "nvml/topology.h"

namespace gpuring {
namespace {

constexpr const char* kNoDeviceHint =
    "Check nvidia-smi -L; in a container, give it the GPUs (docker run --gpus all, or "
    "NVIDIA_VISIBLE_DEVICES).";

Status NoDevice() {
  return Status::Error(StatusCode::kNoDevice, "the driver answers but shows no GPU", kNoDeviceHint);
}

// Of sightings with one UUID the first becomes a device, and one that says who it is before one
// that is only taken for it.
void Accept(std::span<Sighting> sightings) {
  for (const bool assumed : {false, true}) {
    for (Sighting& sighting : sightings) {
      if (sighting.assumed != assumed || sighting.name().empty()) continue;
      sighting.accepted = std::ranges::none_of(sightings, [&sighting](const Sighting& other) {
        return other.accepted && other.uuid == sighting.uuid;
      });
    }
  }
}

bool SameDevice(const DeviceIdentity& one, const DeviceIdentity& other) {
  return one.uuid == other.uuid && one.slot == other.slot && one.index == other.index &&
         one.mig_enabled == other.mig_enabled;
}

// Null: there is none.
const DeviceIdentity* FindSlot(const std::vector<DeviceIdentity>& devices, size_t slot) {
  const auto found = std::ranges::find(devices, slot, &DeviceIdentity::slot);
  return found == devices.end() ? nullptr : &*found;
}

}  // namespace

Status NvmlSource::Open() {
  Close();
  Status status = Connect();
  unsigned int count = 0;
  if (status.ok()) status = Count(&count);
  if (status.ok()) {
    std::string path = std::move(identity_.library_path);
    identity_ = ReadSourceIdentity(library_);
    identity_.library_path = std::move(path);
    events_.Open(library_);
    status = Enumerate(count);
  }
  if (!status.ok()) Close();
  return status;
}

void NvmlSource::Close() {
  if (initialised_) {
    events_.Close();
    targets_.Clear(library_);
    if (library_.functions().shutdown != nullptr) library_.functions().shutdown();
  }
  initialised_ = false;
  devices_.clear();
  surveys_[latest_].Clear();
  identity_ = SourceIdentity();
  library_.Close();
}

Status NvmlSource::Connect() {
  if (Status status = MeetDriver(options_, &library_, &identity_.library_path); !status.ok()) {
    return status;
  }
  return Initialise();
}

Status NvmlSource::Initialise() {
  const NvmlFunctions& nvml = library_.functions();
  nvmlReturn_t result = NVML_ERROR_FUNCTION_NOT_FOUND;
  if (nvml.init_with_flags != nullptr) result = nvml.init_with_flags(0);
  if (result == NVML_ERROR_FUNCTION_NOT_FOUND && nvml.init != nullptr) result = nvml.init();
  if (result == NVML_ERROR_NOT_FOUND || result == NVML_ERROR_GPU_NOT_FOUND) {
    return NoDevice().WithDriverReturn(result);
  }
  initialised_ = result == NVML_SUCCESS || result == NVML_ERROR_ALREADY_INITIALIZED;
  return initialised_ ? Status::Ok() : ToStatus(result, "nvmlInit");
}

Status NvmlSource::Count(unsigned int* count) const {
  const NvmlFunctions& nvml = library_.functions();
  if (nvml.count == nullptr) {
    return Status::Error(StatusCode::kLibraryInvalid,
                         "the driver library counts its devices but hands out none",
                         "Reinstall the NVIDIA driver.");
  }
  const nvmlReturn_t result = nvml.count(count);
  if (result != NVML_SUCCESS) return ToStatus(result, "nvmlDeviceGetCount");
  return *count == 0 ? NoDevice() : Status::Ok();
}

// A device that cannot be had hides none of the others.
Status NvmlSource::Enumerate(unsigned int count) {
  DeviceSurvey& now = surveys_[1 - latest_];
  const nvmlReturn_t result = now.Take(library_, surveys_[latest_]);
  if (result != NVML_SUCCESS) return ToStatus(result, "nvmlDeviceGetHandleByIndex");
  Settle(&now);
  if (!devices_.empty()) return Status::Ok();
  if (now.failure() != NVML_SUCCESS) {
    return ToStatus(now.failure(), "nvmlDeviceGetHandleByIndex");
  }
  return Status::Error(
      StatusCode::kDriverError,
      "the driver counts " + std::to_string(count) + " devices and gives a UUID for none of them",
      kNoDeviceHint);
}

Status NvmlSource::Survey(bool* changed) {
  *changed = false;
  if (AnyAsleep()) return Status::Ok();
  DeviceSurvey& now = surveys_[1 - latest_];
  const nvmlReturn_t result = now.Take(library_, surveys_[latest_]);
  if (IsLibraryDead(result)) return ToBareStatus(result);
  // A driver that cannot count now has not lost its devices; each of them says what it has to.
  if (result != NVML_SUCCESS) return Status::Ok();
  if (!std::ranges::equal(now.sightings(), surveys_[latest_].sightings(), SameSighting)) {
    *changed = Settle(&now);
  }
  RegisterOthers();
  return Status::Ok();
}

// Events of devices whose registration failed, or was lost with another's.
void NvmlSource::RegisterOthers() {
  for (const DeviceIdentity& device : devices_) {
    if (events_.Lacks(device.slot) && !targets_.IsVisited(device.slot)) {
      events_.Register(device.slot);
    }
  }
}

// Makes what was seen the devices. True: they are others than before, or in other places.
bool NvmlSource::Settle(DeviceSurvey* now) {
  Accept(now->sightings());
  std::vector<DeviceIdentity> devices;
  devices.reserve(now->sightings().size());
  for (const Sighting& sighting : now->sightings()) {
    if (sighting.accepted) Admit(sighting, &devices);
  }
  for (const DeviceIdentity& device : devices_) {
    if (FindSlot(devices, device.slot) != nullptr) continue;
    events_.Remove(device.slot);
    targets_.Vacate(library_, device.slot);
  }
  const bool changed = !std::ranges::equal(devices, devices_, SameDevice);
  devices_ = std::move(devices);
  identity_.skipped_devices = static_cast<uint32_t>(now->sightings().size() - devices_.size());
  latest_ = 1 - latest_;
  return changed;
}

// What a device is said to be is read once for each handle that it has.
void NvmlSource::Admit(const Sighting& sighting, std::vector<DeviceIdentity>* devices) {
  size_t slot = targets_.Find(sighting.name());
  const bool known = slot != Targets::kNone;
  if (!known) {
    if (sighting.handle == nullptr) return;
    slot = targets_.Occupy(library_, sighting);
    if (slot == Targets::kNone) return;
  }
  const bool other_handle = known && targets_.Note(slot, sighting) && !sighting.assumed;
  const DeviceIdentity* const before = known ? FindSlot(devices_, slot) : nullptr;
  DeviceIdentity identity;
  if (before == nullptr || other_handle) identity = Describe(sighting, *devices);
  // One that does not even tell its name is what it was.
  if (before != nullptr && identity.name.empty()) identity = *before;
  identity.slot = slot;
  identity.index = sighting.index;
  identity.mig_enabled = sighting.mig_enabled;
  if (!known) {
    Target& target = targets_[slot];
    target.unified_memory = identity.unified_memory;
    target.gpu_instance_id = identity.gpu_instance_id.value_or(Target::kNoInstance);
    if (options_.low_power) {
      WriteRuntimeStatusPath(identity.pci_bus_id.value_or(""), target.runtime_status_path);
    }
    if (!target.is_mig) events_.Add(target, slot);
  }
  devices->push_back(std::move(identity));
}

// `above`: the devices listed before it, its GPU among them.
DeviceIdentity NvmlSource::Describe(const Sighting& sighting,
                                    const std::vector<DeviceIdentity>& above) const {
  DeviceIdentity identity = ReadDeviceIdentity(library_, sighting.handle);
  identity.uuid = sighting.name();
  if (!sighting.is_mig) return identity;
  const auto gpu = std::ranges::find_if(above, [&sighting](const DeviceIdentity& device) {
    return device.index == sighting.index && device.parent_uuid.empty();
  });
  if (gpu != above.end()) ReadInstance(library_, sighting.handle, *gpu, &identity);
  return identity;
}

std::vector<TopologyCell> NvmlSource::Topology() const {
  std::vector<nvmlDevice_t> gpus;
  for (const DeviceIdentity& device : devices_) {
    const bool instance = !device.parent_uuid.empty();
    const size_t slot = instance ? targets_.Find(device.parent_uuid) : device.slot;
    gpus.push_back(slot == Targets::kNone ? nullptr : targets_.Seen(slot));
  }
  return ReadTopology(library_, gpus);
}

// Ok: the target may be asked.
Status NvmlSource::Prepare(Target* target, size_t slot) {
  if (!target->present) return Status::Error(StatusCode::kDeviceLost, "");
  if (IsAsleep(target->runtime_status_path.data())) {
    return Status::Error(StatusCode::kDeviceAsleep, "");
  }
  if (!target->stale) return Status::Ok();
  const nvmlReturn_t result = Renew(library_, target);
  if (IsLibraryDead(result)) return ToBareStatus(result);
  // Says nothing about this device: a container without its devices hears it from all of them.
  if (result == NVML_ERROR_UNKNOWN) return ToBareStatus(result);
  if (result != NVML_SUCCESS) {
    return Status::Error(StatusCode::kDeviceLost, "").WithDriverReturn(result);
  }
  if (!target->is_mig) events_.Add(*target, slot);
  return Status::Ok();
}

Status NvmlSource::Poll(size_t slot, Tier tier, Sample* sample) {
  const Targets::Visit visit(&targets_, slot);
  if (Status status = Prepare(&visit.target(), slot); !status.ok()) return status;
  return PollTarget(library_, tier, &visit.target(), sample);
}

Status NvmlSource::Drain(size_t slot, size_t series, int64_t after_us, std::span<SeriesPoint> out,
                         size_t* count) {
  const Targets::Visit visit(&targets_, slot);
  *count = 0;
  if (Status status = Prepare(&visit.target(), slot); !status.ok()) return status;
  const SeriesRequest request{.series = series, .after_us = after_us, .out = out};
  return DrainTarget(library_, visit.target(), request, count);
}

Status NvmlSource::ReadDetail(size_t slot, DeviceDetail* detail) {
  const Targets::Visit visit(&targets_, slot);
  if (Status status = Prepare(&visit.target(), slot); !status.ok()) return status;
  return ReadTargetDetail(library_, &visit.target(), detail);
}

Status NvmlSource::WaitEvent(int64_t timeout_ns, SourceEvent* event) {
  return events_.Wait(timeout_ns, event);
}

bool NvmlSource::OpenWouldWake() { return options_.low_power && AllGpusAsleep(); }

bool NvmlSource::AnyAsleep() const {
  return std::ranges::any_of(devices_, [this](const DeviceIdentity& device) {
    return IsAsleep(targets_[device.slot].runtime_status_path.data());
  });
}

Status ProbeDriver(const NvmlOptions& options) {
  // On the heap: callers' threads have small stacks, and it is large.
  const auto source = std::make_unique<NvmlSource>(options);
  if (Status status = source->Connect(); !status.ok()) return status;
  unsigned int count = 0;
  return source->Count(&count);
}

}  // namespace gpuring
