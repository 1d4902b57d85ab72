#include "nvml/survey.h"

#include <algorithm>
#include <cstring>

#include "nvml/abi_extended.h"
#include "nvml/identity.h"
#include "nvml/return_code.h"

namespace gpuring {
namespace {

// Boards have at most 7; a driver's nonsense must not keep us asking.
constexpr unsigned int kMostInstances = 64;

// Which of two failures tells more: the first one, but any other before "not supported".
nvmlReturn_t MoreTelling(nvmlReturn_t first, nvmlReturn_t second) {
  const bool plain = first == NVML_SUCCESS || ToStatusCode(first) == StatusCode::kNotSupported;
  return plain && second != NVML_SUCCESS ? second : first;
}

// Nothing is there, as against "it is not to be had".
bool IsEmptyPlace(nvmlReturn_t result) {
  return result == NVML_ERROR_NOT_FOUND || result == NVML_ERROR_INVALID_ARGUMENT ||
         result == NVML_ERROR_NOT_SUPPORTED;
}

// Whether the GPU has instances. Other results than NVML_SUCCESS: it does not say.
nvmlReturn_t ReadMigMode(const NvmlFunctions& nvml, nvmlDevice_t device, bool* enabled) {
  *enabled = false;
  if (nvml.mig_mode == nullptr) return NVML_SUCCESS;
  unsigned int current = NVML_DEVICE_MIG_DISABLE;
  unsigned int pending = NVML_DEVICE_MIG_DISABLE;
  const nvmlReturn_t result = nvml.mig_mode(device, &current, &pending);
  if (result == NVML_ERROR_NOT_SUPPORTED || IsPermanent(result)) return NVML_SUCCESS;
  *enabled = result == NVML_SUCCESS && current == NVML_DEVICE_MIG_ENABLE;
  return result;
}

// The UUID, or else that of who was seen in this place before. Death of the library is returned.
nvmlReturn_t Identify(const NvmlLibrary& library, const Sighting* known, Sighting* sighting) {
  const nvmlReturn_t result = ReadUuid(library, sighting->handle, &sighting->uuid);
  if (sighting->uuid[0] == '\0' && known != nullptr) {
    sighting->uuid = known->uuid;
    sighting->assumed = true;
  }
  return IsLibraryDead(result) ? result : NVML_SUCCESS;
}

}  // namespace

bool SameSighting(const Sighting& one, const Sighting& other) {
  return one.handle == other.handle && one.parent == other.parent && one.index == other.index &&
         one.mig_index == other.mig_index && one.is_mig == other.is_mig &&
         one.mig_enabled == other.mig_enabled && one.assumed == other.assumed &&
         one.name() == other.name();
}

nvmlReturn_t ReadUuid(const NvmlLibrary& library, nvmlDevice_t device, DeviceUuid* uuid) {
  const auto ask = library.functions().uuid;
  *uuid = {};
  if (ask == nullptr) return NVML_ERROR_FUNCTION_NOT_FOUND;
  const nvmlReturn_t result = ask(device, uuid->data(), static_cast<unsigned int>(uuid->size()));
  const size_t length = strnlen(uuid->data(), uuid->size());
  const bool good = result == NVML_SUCCESS && length < uuid->size() &&
                    IsUtf8(std::string_view(uuid->data(), length));
  if (!good) *uuid = {};
  return result;
}

nvmlReturn_t DeviceSurvey::Take(const NvmlLibrary& library, const DeviceSurvey& before) {
  size_ = 0;
  failure_ = NVML_SUCCESS;
  unsigned int count = 0;
  if (const nvmlReturn_t result = library.functions().count(&count); result != NVML_SUCCESS) {
    return result;
  }
  // Whatever the driver counts, no more places than there are slots.
  count = std::min(count, static_cast<unsigned int>(Source::kSlots));
  for (unsigned int index = 0; index < count; ++index) {
    if (const nvmlReturn_t result = TakeGpu(library, index, before); result != NVML_SUCCESS) {
      return result;
    }
  }
  return NVML_SUCCESS;
}

nvmlReturn_t DeviceSurvey::TakeGpu(const NvmlLibrary& library, unsigned int index,
                                   const DeviceSurvey& before) {
  const NvmlFunctions& nvml = library.functions();
  const Sighting* const known = before.GpuAt(index);
  Sighting gpu{.index = index};
  nvmlReturn_t result = nvml.handle_by_index(index, &gpu.handle);
  if (IsLibraryDead(result)) return result;
  failure_ = MoreTelling(failure_, result);
  if (result != NVML_SUCCESS) {
    // The count may be a moment older than this answer.
    if (known == nullptr && result == NVML_ERROR_INVALID_ARGUMENT) return NVML_SUCCESS;
    gpu.handle = nullptr;
    gpu.assumed = known != nullptr;
    if (known != nullptr) gpu.uuid = known->uuid;
  } else {
    result = Identify(library, known, &gpu);
    if (result != NVML_SUCCESS) return result;
    result = ReadMigMode(nvml, gpu.handle, &gpu.mig_enabled);
    if (IsLibraryDead(result)) return result;
  }
  if (result == NVML_SUCCESS) {
    Add(gpu);
    // Instances of nobody could not be told from GPUs.
    const bool split = gpu.mig_enabled && !gpu.name().empty();
    return split ? TakeInstances(library, gpu, before) : NVML_SUCCESS;
  }
  const bool same = known != nullptr && known->name() == gpu.name();
  gpu.mig_enabled = same && known->mig_enabled;
  Add(gpu);
  if (same) CarryOver(gpu, before);
  return NVML_SUCCESS;
}

// Handles of instances are used again for others, so that each is asked who it is.
nvmlReturn_t DeviceSurvey::TakeInstances(const NvmlLibrary& library, const Sighting& gpu,
                                         const DeviceSurvey& before) {
  const NvmlFunctions& nvml = library.functions();
  if (nvml.most_mig_devices == nullptr || nvml.mig_handle_by_index == nullptr) return NVML_SUCCESS;
  unsigned int most = 0;
  if (const nvmlReturn_t result = nvml.most_mig_devices(gpu.handle, &most);
      result != NVML_SUCCESS) {
    if (IsLibraryDead(result)) return result;
    CarryOver(gpu, before);
    return NVML_SUCCESS;
  }
  for (unsigned int at = 0; at < std::min(most, kMostInstances); ++at) {
    const Sighting* known = before.InstanceAt(gpu.index, at);
    if (known != nullptr && known->parent != gpu.handle) known = nullptr;
    Sighting instance{.parent = gpu.handle, .index = gpu.index, .mig_index = at, .is_mig = true};
    nvmlReturn_t result = nvml.mig_handle_by_index(gpu.handle, at, &instance.handle);
    if (IsLibraryDead(result)) return result;
    if (IsEmptyPlace(result)) continue;
    if (result == NVML_SUCCESS) {
      result = Identify(library, known, &instance);
      if (result != NVML_SUCCESS) return result;
      Add(instance);
    } else if (known != nullptr) {
      Add(*known);
    }
  }
  return NVML_SUCCESS;
}

// A GPU that does not say what its instances are still has those that it had.
void DeviceSurvey::CarryOver(const Sighting& gpu, const DeviceSurvey& before) {
  for (const Sighting& instance : before.sightings()) {
    if (instance.is_mig && instance.index == gpu.index) Add(instance);
  }
}

void DeviceSurvey::Add(const Sighting& sighting) {
  if (size_ == sightings_.size()) return;
  sightings_[size_] = sighting;
  sightings_[size_++].accepted = false;
}

const Sighting* DeviceSurvey::GpuAt(unsigned int index) const {
  const auto found = std::ranges::find_if(sightings(), [index](const Sighting& sighting) {
    return !sighting.is_mig && sighting.index == index;
  });
  return found == sightings().end() ? nullptr : &*found;
}

const Sighting* DeviceSurvey::InstanceAt(unsigned int index, unsigned int mig_index) const {
  const auto found = std::ranges::find_if(sightings(), [=](const Sighting& sighting) {
    return sighting.is_mig && sighting.index == index && sighting.mig_index == mig_index;
  });
  return found == sightings().end() ? nullptr : &*found;
}

}  // namespace gpuring
