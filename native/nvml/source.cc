#include "nvml/source.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "nvml/identity.h"
#include "nvml/low_power.h"
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
std::vector<const Sighting*> Accept(std::vector<const Sighting*> sightings) {
  std::vector<bool> accepted(sightings.size());
  for (const bool assumed : {false, true}) {
    for (size_t at = 0; at < sightings.size(); ++at) {
      const Sighting& one = *sightings[at];
      if (one.assumed != assumed || one.name().empty()) continue;
      bool taken = false;
      for (size_t other = 0; other < sightings.size(); ++other) {
        taken = taken || (accepted[other] && sightings[other]->uuid == one.uuid);
      }
      accepted[at] = !taken;
    }
  }
  std::erase_if(sightings,
                [&, at = size_t{0}](const Sighting*) mutable { return !accepted[at++]; });
  return sightings;
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

Status NvmlSource::Connect() {
  Close();
  std::string path;
  Status status = MeetDriver(options_, &library_, &path);
  if (status.ok()) status = Initialise();
  if (!status.ok()) {
    Close();
    return status;
  }
  identity_ = ReadSourceIdentity(library_);
  identity_.library_path = std::move(path);
  events_.Open(library_);
  return status;
}

void NvmlSource::Close() {
  if (initialised_) {
    events_.Close();
    targets_.Clear(library_);
    if (library_.functions().shutdown != nullptr) library_.functions().shutdown();
  }
  initialised_ = false;
  settled_ = false;
  devices_.clear();
  for (PlaceSurvey& place : places_) place.Clear();
  places_counted_ = places_settled_ = places_used_ = 0;
  identity_ = SourceIdentity();
  library_.Close();
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

// With words for who opens; surveys of a driver that serves allocate nothing.
Status NvmlSource::Failure(nvmlReturn_t result, std::string_view function) const {
  return settled_ ? ToBareStatus(result) : ToStatus(result, function);
}

Status NvmlSource::Count(size_t* places) {
  *places = 0;
  const NvmlFunctions& nvml = library_.functions();
  if (nvml.count == nullptr) {
    return Status::Error(StatusCode::kLibraryInvalid,
                         "the driver library counts its devices but hands out none",
                         "Reinstall the NVIDIA driver.");
  }
  if (AnyAsleep()) return Status::Error(StatusCode::kDeviceAsleep, "");
  unsigned int count = 0;
  const nvmlReturn_t result = nvml.count(&count);
  if (result != NVML_SUCCESS) return Failure(result, "nvmlDeviceGetCount");
  if (!settled_ && count == 0) return NoDevice();
  // Whatever the driver counts, no more places than there are slots.
  *places = places_counted_ = std::min<size_t>(count, kSlots);
  return Status::Ok();
}

// A device that cannot be had hides none of the others.
Status NvmlSource::Look(size_t place) {
  const nvmlReturn_t result = places_[place].Look(library_, static_cast<unsigned int>(place));
  return result == NVML_SUCCESS ? Status::Ok() : Failure(result, "nvmlDeviceGetHandleByIndex");
}

Status NvmlSource::Settle(bool* changed) {
  bool differs = !settled_ || places_counted_ != places_settled_;
  places_used_ = std::max(places_used_, places_counted_);
  for (size_t place = 0; place < places_used_; ++place) {
    PlaceSurvey& one = places_[place];
    if (place < places_counted_ ? one.Settle() : one.Empty()) differs = true;
  }
  settled_ = true;
  places_settled_ = places_counted_;
  *changed = false;
  if (!differs) return devices_.empty() ? NothingSeen() : Status::Ok();
  std::vector<const Sighting*> seen;
  for (size_t place = 0; place < places_settled_; ++place) {
    for (const Sighting& sighting : places_[place].latest()) seen.push_back(&sighting);
  }
  std::vector<DeviceIdentity> devices;
  devices.reserve(seen.size());
  for (const Sighting* sighting : Accept(seen)) Admit(*sighting, &devices);
  for (const DeviceIdentity& device : devices_) {
    if (FindSlot(devices, device.slot) != nullptr) continue;
    events_.Remove(device.slot);
    targets_.Vacate(library_, device.slot);
  }
  *changed = !std::ranges::equal(devices, devices_, SameDevice);
  devices_ = std::move(devices);
  // At a place where nobody says what is there is one device.
  size_t there = seen.size();
  for (size_t place = 0; place < places_settled_; ++place) {
    if (places_[place].IsInside() && places_[place].latest().empty()) ++there;
  }
  identity_.skipped_devices = static_cast<uint32_t>(there - devices_.size());
  return devices_.empty() ? NothingSeen() : Status::Ok();
}

Status NvmlSource::NothingSeen() const {
  nvmlReturn_t failure = NVML_SUCCESS;
  for (size_t place = 0; place < places_settled_; ++place) {
    failure = MoreTelling(failure, places_[place].failure());
  }
  if (failure != NVML_SUCCESS) return ToStatus(failure, "nvmlDeviceGetHandleByIndex");
  return Status::Error(StatusCode::kDriverError,
                       "the driver counts " + std::to_string(places_settled_) +
                           " devices and gives a UUID for none of them",
                       kNoDeviceHint);
}

// REQUIRES: it has a name.
void NvmlSource::Admit(const Sighting& sighting, std::vector<DeviceIdentity>* devices) {
  size_t slot = targets_.Find(sighting.name());
  const bool known = slot != Targets::kNone;
  if (!known) {
    if (sighting.handle == nullptr) return;
    slot = targets_.Occupy(library_, sighting);
    if (slot == Targets::kNone) return;
  } else {
    targets_.Note(slot, sighting);
  }
  const DeviceIdentity* const before = known ? FindSlot(devices_, slot) : nullptr;
  DeviceIdentity identity;
  if (sighting.described != nullptr) identity = *sighting.described;
  // One that does not even tell its name is what it was.
  if (before != nullptr && identity.name.empty()) identity = *before;
  identity.uuid = sighting.name();
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
  }
  devices->push_back(std::move(identity));
}

// Nobody is asked in whom a thread was left behind.
std::vector<TopologyCell> NvmlSource::TopologyOf(std::span<const DeviceIdentity> devices) const {
  std::vector<nvmlDevice_t> gpus;
  for (const DeviceIdentity& device : devices) {
    const std::string& uuid = device.parent_uuid.empty() ? device.uuid : device.parent_uuid;
    const auto gpu = std::ranges::find(devices, uuid, &DeviceIdentity::uuid);
    const bool free =
        gpu != devices.end() && !targets_.IsVisited(gpu->slot) && !places_[gpu->index].IsInside();
    gpus.push_back(free ? targets_.Seen(gpu->slot) : nullptr);
  }
  return ReadTopology(library_, gpus);
}

// One that needs another handle gets it when it is polled, and its events with it.
Status NvmlSource::Subscribe(size_t slot) {
  const Targets::Visit visit(&targets_, slot);
  Target& target = visit.target();
  if (!target.present || target.stale || target.is_mig) return Status::Ok();
  if (IsAsleep(target.runtime_status_path.data())) return Status::Ok();
  if (!std::exchange(target.subscribed, true)) {
    events_.Add(target, slot);
  } else if (events_.Lacks(slot)) {
    events_.Register(slot);
  }
  return Status::Ok();
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
  target->subscribed = true;
  return Status::Ok();
}

Status NvmlSource::Poll(size_t slot, Tier tier, Sample* sample) {
  const Targets::Visit visit(&targets_, slot);
  if (Status status = Prepare(&visit.target(), slot); !status.ok()) return status;
  return PollTarget(library_, tier, &visit.target(), sample);
}

Status NvmlSource::Drain(size_t slot, const SeriesRequest& request, size_t* count) {
  const Targets::Visit visit(&targets_, slot);
  *count = 0;
  if (Status status = Prepare(&visit.target(), slot); !status.ok()) return status;
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
  size_t places = 0;
  return source->Count(&places);
}

}  // namespace gpuring
