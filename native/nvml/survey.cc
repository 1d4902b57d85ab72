#include "nvml/survey.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

#include "nvml/abi_extended.h"
#include "nvml/identity.h"
#include "nvml/mig.h"
#include "nvml/return_code.h"

namespace gpuring {
namespace {

// Boards have at most 7; a driver's nonsense must not keep us asking.
constexpr unsigned int kMostInstances = 64;

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

nvmlReturn_t MoreTelling(nvmlReturn_t first, nvmlReturn_t second) {
  const bool plain = first == NVML_SUCCESS || ToStatusCode(first) == StatusCode::kNotSupported;
  return plain && second != NVML_SUCCESS ? second : first;
}

nvmlReturn_t PlaceSurvey::Look(const NvmlLibrary& library, unsigned int index) {
  inside_.store(true, std::memory_order_relaxed);
  seen_.clear();
  failure_ = NVML_SUCCESS;
  const nvmlReturn_t result = TakeGpu(library, index);
  fresh_ = result == NVML_SUCCESS;
  // Release: who finds nobody inside finds what was seen.
  inside_.store(false, std::memory_order_release);
  return result;
}

nvmlReturn_t PlaceSurvey::TakeGpu(const NvmlLibrary& library, unsigned int index) {
  const NvmlFunctions& nvml = library.functions();
  const Sighting* const known = Gpu();
  Sighting gpu{.index = index};
  nvmlReturn_t result = nvml.handle_by_index(index, &gpu.handle);
  if (IsLibraryDead(result)) return result;
  failure_ = result;
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
  const bool same = known != nullptr && known->name() == gpu.name();
  if (result != NVML_SUCCESS) gpu.mig_enabled = same && known->mig_enabled;
  Describe(library, known, &gpu);
  seen_.push_back(gpu);
  if (result != NVML_SUCCESS) {
    if (same) CarryOver();
    return NVML_SUCCESS;
  }
  // Instances of nobody could not be told from GPUs.
  const bool split = gpu.mig_enabled && !gpu.name().empty();
  return split ? TakeInstances(library, gpu) : NVML_SUCCESS;
}

// Handles of instances are used again for others, so that each is asked who it is.
nvmlReturn_t PlaceSurvey::TakeInstances(const NvmlLibrary& library, const Sighting& gpu) {
  const NvmlFunctions& nvml = library.functions();
  if (nvml.most_mig_devices == nullptr || nvml.mig_handle_by_index == nullptr) return NVML_SUCCESS;
  unsigned int most = 0;
  if (const nvmlReturn_t result = nvml.most_mig_devices(gpu.handle, &most);
      result != NVML_SUCCESS) {
    if (IsLibraryDead(result)) return result;
    CarryOver();
    return NVML_SUCCESS;
  }
  for (unsigned int at = 0; at < std::min(most, kMostInstances); ++at) {
    const Sighting* known = InstanceAt(at);
    if (known != nullptr && known->parent != gpu.handle) known = nullptr;
    Sighting instance{.parent = gpu.handle, .index = gpu.index, .mig_index = at, .is_mig = true};
    nvmlReturn_t result = nvml.mig_handle_by_index(gpu.handle, at, &instance.handle);
    if (IsLibraryDead(result)) return result;
    if (IsEmptyPlace(result)) continue;
    if (result == NVML_SUCCESS) {
      result = Identify(library, known, &instance);
      if (result != NVML_SUCCESS) return result;
      Describe(library, known, &instance);
      seen_.push_back(instance);
    } else if (known != nullptr) {
      seen_.push_back(*known);
    }
  }
  return NVML_SUCCESS;
}

// The UUID, or else that of who was seen in this place before. Death of the library is returned.
nvmlReturn_t PlaceSurvey::Identify(const NvmlLibrary& library, const Sighting* known,
                                   Sighting* sighting) {
  const nvmlReturn_t result = ReadUuid(library, sighting->handle, &sighting->uuid);
  if (sighting->uuid[0] == '\0' && known != nullptr) {
    sighting->uuid = known->uuid;
    sighting->assumed = true;
  }
  return IsLibraryDead(result) ? result : NVML_SUCCESS;
}

void PlaceSurvey::Describe(const NvmlLibrary& library, const Sighting* known,
                           Sighting* sighting) const {
  const bool same = known != nullptr && known->name() == sighting->name() &&
                    (sighting->assumed || known->handle == sighting->handle);
  if (same) sighting->described = known->described;
  if (sighting->described != nullptr || sighting->handle == nullptr || sighting->name().empty()) {
    return;
  }
  auto identity = std::make_shared<DeviceIdentity>(ReadDeviceIdentity(library, sighting->handle));
  identity->uuid = sighting->name();
  if (sighting->is_mig) {
    DeviceIdentity gpu;
    if (seen_.front().described != nullptr) gpu = *seen_.front().described;
    gpu.uuid = seen_.front().name();
    ReadInstance(library, sighting->handle, gpu, identity.get());
  }
  sighting->described = std::move(identity);
}

// A GPU that does not say what its instances are still has those that it had.
void PlaceSurvey::CarryOver() {
  std::ranges::copy_if(latest_, std::back_inserter(seen_), &Sighting::is_mig);
}

bool PlaceSurvey::Settle() {
  if (IsInside() || !std::exchange(fresh_, false)) return false;
  if (std::ranges::equal(seen_, latest_, SameSighting)) return false;
  latest_.swap(seen_);
  seen_.reserve(latest_.size());  // the next look allocates nothing
  return true;
}

bool PlaceSurvey::Empty() {
  if (IsInside()) return false;
  fresh_ = false;
  const bool emptied = !latest_.empty();
  latest_.clear();
  return emptied;
}

void PlaceSurvey::Clear() {
  latest_.clear();
  seen_.clear();
  fresh_ = false;
}

nvmlReturn_t PlaceSurvey::failure() const { return IsInside() ? NVML_SUCCESS : failure_; }

const Sighting* PlaceSurvey::Gpu() const { return latest_.empty() ? nullptr : &latest_.front(); }

const Sighting* PlaceSurvey::InstanceAt(unsigned int mig_index) const {
  const auto found = std::ranges::find_if(latest_, [mig_index](const Sighting& sighting) {
    return sighting.is_mig && sighting.mig_index == mig_index;
  });
  return found == latest_.end() ? nullptr : &*found;
}

}  // namespace gpuring
