// The slots of a source: which device is asked through which.
#pragma once

#include <array>
#include <atomic>
#include <string_view>

#include "core/source.h"
#include "nvml/survey.h"
#include "nvml/target.h"

namespace gpuring {

// Thread rules: as Source.
class Targets {
  struct Place {
    Target target;
    // The handle at the latest survey; read beside that by who was left behind in a topology.
    std::atomic<nvmlDevice_t> seen{nullptr};
    std::atomic<bool> superseded{false};  // a survey saw another handle
    std::atomic<bool> inside{false};
  };

 public:
  static constexpr size_t kNone = SIZE_MAX;

  // A slot for what was seen, the one that has been out of use longest and that no thread is in;
  // kNone: there is no such slot.
  size_t Occupy(const NvmlLibrary& library, const Sighting& sighting);
  // The device has vanished.
  void Vacate(const NvmlLibrary& library, size_t slot);
  // It was seen again: perhaps with another handle.
  void Note(size_t slot, const Sighting& sighting);
  // Empties every slot. REQUIRES: no thread is in one.
  void Clear(const NvmlLibrary& library);

  [[nodiscard]] size_t Find(std::string_view uuid) const;  // or kNone
  // Its handle at the latest survey; null: the driver gave none.
  [[nodiscard]] nvmlDevice_t Seen(size_t slot) const { return places_[slot].seen; }
  // A thread is in a call about it.
  [[nodiscard]] bool IsVisited(size_t slot) const {
    return places_[slot].inside.load(std::memory_order_relaxed);
  }
  [[nodiscard]] Target& operator[](size_t slot) { return places_[slot].target; }
  [[nodiscard]] const Target& operator[](size_t slot) const { return places_[slot].target; }

  // A call about a slot, from its beginning to its end: nobody else gets the slot meanwhile.
  class Visit {
   public:
    Visit(Targets* targets, size_t slot);
    ~Visit() { place_.inside.store(false, std::memory_order_release); }
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;

    [[nodiscard]] Target& target() const { return place_.target; }

   private:
    Place& place_;
  };

 private:
  std::array<Place, Source::kSlots> places_;
  size_t next_ = 0;  // where to look for an empty one
};

// Gives a stale target a handle that is good. Results other than NVML_SUCCESS: it has none now.
nvmlReturn_t Renew(const NvmlLibrary& library, Target* target);

}  // namespace gpuring
