// What the driver lists at one place: a GPU, then its MIG instances.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

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
  DeviceUuid uuid{};
  // What it is said to be, read once for each handle; no part of a comparison. Null: never read.
  std::shared_ptr<const DeviceIdentity> described{};

  [[nodiscard]] std::string_view name() const { return uuid.data(); }
};
[[nodiscard]] bool SameSighting(const Sighting& one, const Sighting& other);

// Thread rules: Look by one thread at a time, which may be left behind in it; the rest by whoever
// has the source, also beside that.
class PlaceSurvey {
 public:
  // Asks the driver; what it does not say now is taken from the latest sightings. Other results
  // than NVML_SUCCESS are the library's death. Allocates nothing where it sees what it saw.
  nvmlReturn_t Look(const NvmlLibrary& library, unsigned int index);

  // Makes what Look saw last the latest. True: it differs from what was the latest.
  bool Settle();
  // Nobody is at this place any more. False: nobody was, or a thread is in Look.
  bool Empty();
  void Clear();
  [[nodiscard]] std::span<const Sighting> latest() const { return latest_; }
  // Why the GPU could not be had, or NVML_SUCCESS.
  [[nodiscard]] nvmlReturn_t failure() const;
  [[nodiscard]] bool IsInside() const { return inside_.load(std::memory_order_acquire); }

 private:
  nvmlReturn_t TakeGpu(const NvmlLibrary& library, unsigned int index);
  nvmlReturn_t TakeInstances(const NvmlLibrary& library, const Sighting& gpu);
  nvmlReturn_t Identify(const NvmlLibrary& library, const Sighting* known, Sighting* sighting);
  void Describe(const NvmlLibrary& library, const Sighting* known, Sighting* sighting) const;
  void CarryOver();
  [[nodiscard]] const Sighting* Gpu() const;
  [[nodiscard]] const Sighting* InstanceAt(unsigned int mig_index) const;

  std::vector<Sighting> latest_;  // written while nobody is inside
  std::vector<Sighting> seen_;    // Look's while somebody is
  nvmlReturn_t failure_ = NVML_SUCCESS;
  bool fresh_ = false;  // `seen_` has not been settled
  std::atomic<bool> inside_{false};
};

// Which of two failures tells more: the first one, but any other before "not supported".
[[nodiscard]] nvmlReturn_t MoreTelling(nvmlReturn_t first, nvmlReturn_t second);

// Empty where the driver's text is none, too long or not UTF-8.
nvmlReturn_t ReadUuid(const NvmlLibrary& library, nvmlDevice_t device, DeviceUuid* uuid);

}  // namespace gpuring
