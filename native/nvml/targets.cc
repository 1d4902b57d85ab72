#include "nvml/targets.h"

#include "nvml/return_code.h"

namespace gpuring {
namespace {

// For libraries that find no device by its UUID.
nvmlReturn_t FindByIndex(const NvmlLibrary& library, const Target& target, nvmlDevice_t* found) {
  const NvmlFunctions& nvml = library.functions();
  unsigned int count = 0;
  if (const nvmlReturn_t result = nvml.count(&count); result != NVML_SUCCESS) return result;
  for (unsigned int index = 0; index < count && index < Source::kSlots; ++index) {
    nvmlDevice_t handle = nullptr;
    const nvmlReturn_t result = nvml.handle_by_index(index, &handle);
    if (IsLibraryDead(result)) return result;
    DeviceUuid uuid{};
    if (result != NVML_SUCCESS || ReadUuid(library, handle, &uuid) != NVML_SUCCESS) continue;
    if (uuid != target.uuid) continue;
    *found = handle;
    return NVML_SUCCESS;
  }
  return NVML_ERROR_NOT_FOUND;
}

nvmlReturn_t FindHandle(const NvmlLibrary& library, const Target& target, nvmlDevice_t* found) {
  nvmlReturn_t result = NVML_ERROR_FUNCTION_NOT_FOUND;
  if (const auto find = library.functions().handle_by_uuid; find != nullptr) {
    result = find(target.uuid.data(), found);
  }
  return IsPermanent(result) ? FindByIndex(library, target, found) : result;
}

}  // namespace

size_t Targets::Occupy(const NvmlLibrary& library, const Sighting& sighting) {
  for (size_t step = 0; step < places_.size(); ++step) {
    const size_t slot = (next_ + step) % places_.size();
    Place& place = places_[slot];
    // acquire: what the thread that was in here wrote is overwritten below, not the other way
    // round.
    if (place.target.present || place.inside.load(std::memory_order_acquire)) continue;
    FreeGpm(library, &place.target);
    place.target = Target();
    place.target.present = true;
    place.target.handle = sighting.handle;
    place.target.uuid = sighting.uuid;
    place.target.index = sighting.index;
    place.target.is_mig = sighting.is_mig;
    place.target.parent = sighting.parent;
    place.seen = sighting.handle;
    place.superseded.store(false, std::memory_order_relaxed);
    next_ = slot + 1;
    return slot;
  }
  return kNone;
}

void Targets::Vacate(const NvmlLibrary& library, size_t slot) {
  Place& place = places_[slot];
  place.target.present = false;
  if (!place.inside.load(std::memory_order_acquire)) FreeGpm(library, &place.target);
}

void Targets::Note(size_t slot, const Sighting& sighting) {
  Place& place = places_[slot];
  if (!place.inside.load(std::memory_order_acquire)) place.target.index = sighting.index;
  if (sighting.handle == nullptr || sighting.handle == place.seen) return;
  place.seen = sighting.handle;
  place.superseded.store(true, std::memory_order_relaxed);
}

void Targets::Clear(const NvmlLibrary& library) {
  for (Place& place : places_) {
    FreeGpm(library, &place.target);
    place.target = Target();
  }
}

size_t Targets::Find(std::string_view uuid) const {
  for (size_t slot = 0; slot < places_.size(); ++slot) {
    const Target& target = places_[slot].target;
    if (target.present && uuid == target.uuid.data()) return slot;
  }
  return kNone;
}

Targets::Visit::Visit(Targets* targets, size_t slot) : place_(targets->places_[slot]) {
  place_.inside.store(true, std::memory_order_relaxed);
  if (place_.superseded.exchange(false, std::memory_order_relaxed)) place_.target.stale = true;
}

// Handles of a device that was away can be stale, and its index may be another one's by now.
nvmlReturn_t Renew(const NvmlLibrary& library, Target* target) {
  nvmlDevice_t handle = nullptr;
  if (const nvmlReturn_t result = FindHandle(library, *target, &handle); result != NVML_SUCCESS) {
    return result;
  }
  if (target->is_mig) {
    nvmlDevice_t parent = nullptr;
    const auto ask = library.functions().parent_of_mig;
    const nvmlReturn_t result =
        ask == nullptr ? NVML_ERROR_FUNCTION_NOT_FOUND : ask(handle, &parent);
    if (result == NVML_SUCCESS) target->parent = parent;
    if (result != NVML_SUCCESS && !IsPermanent(result)) return result;
  }
  target->handle = handle;
  target->gpm.newest_ns = 0;  // nothing is measured across a reset
  target->stale = false;
  return NVML_SUCCESS;
}

}  // namespace gpuring
