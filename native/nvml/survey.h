// What the driver lists at one moment: GPUs, each before its MIG instances.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "core/source.h"
#include "nvml/library.h"

namespace gpuring {

// With its terminator; empty: not known.
using DeviceUuid = std::array<char, NVML_DEVICE_UUID_V2_BUFFER_SIZE>;

struct Sighting {
  nvmlDevice_t handle = nullptr;  // null: the driver gives none
  nvmlDevice_t parent = nullptr;  // an instance: its GPU
  unsigned int index = 0;         // the driver's, of the GPU
  unsigned int mig_index = 0;     // an instance: the driver's, within its GPU
  bool is_mig = false;
  bool mig_enabled = false;  // a GPU
  bool assumed = false;      // it does not say who it is: taken for who was in its place
  bool accepted = false;     // it has become a device; the caller's, and no part of a comparison
  DeviceUuid uuid{};

  [[nodiscard]] std::string_view name() const { return uuid.data(); }
};
[[nodiscard]] bool SameSighting(const Sighting& one, const Sighting& other);

class DeviceSurvey {
 public:
  // Asks the driver; what it does not say now is taken from `before`. Other results than
  // NVML_SUCCESS: nothing could be asked. Allocates nothing.
  nvmlReturn_t Take(const NvmlLibrary& library, const DeviceSurvey& before);
  void Clear() { size_ = 0; }

  [[nodiscard]] std::span<Sighting> sightings() { return {sightings_.data(), size_}; }
  [[nodiscard]] std::span<const Sighting> sightings() const { return {sightings_.data(), size_}; }
  // Why a GPU could not be had, or NVML_SUCCESS.
  [[nodiscard]] nvmlReturn_t failure() const { return failure_; }

  // Null: nobody was there.
  [[nodiscard]] const Sighting* GpuAt(unsigned int index) const;
  [[nodiscard]] const Sighting* InstanceAt(unsigned int index, unsigned int mig_index) const;

 private:
  void Add(const Sighting& sighting);
  nvmlReturn_t TakeGpu(const NvmlLibrary& library, unsigned int index, const DeviceSurvey& before);
  nvmlReturn_t TakeInstances(const NvmlLibrary& library, const Sighting& gpu,
                             const DeviceSurvey& before);
  void CarryOver(const Sighting& gpu, const DeviceSurvey& before);

  std::array<Sighting, Source::kSlots> sightings_;
  size_t size_ = 0;
  nvmlReturn_t failure_ = NVML_SUCCESS;
};

// Empty where the driver's text is none, too long or not UTF-8.
nvmlReturn_t ReadUuid(const NvmlLibrary& library, nvmlDevice_t device, DeviceUuid* uuid);

}  // namespace gpuring
