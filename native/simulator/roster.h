// Which devices the host has at this moment, and under which of NVML's indices.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace gpuring::simulator {

enum class Presence : uint8_t {
  kPresent,
  kLost,     // counted, and answers nothing any more
  kRemoved,  // fallen off the bus: not counted either
};

// Devices by position, which never changes. Not thread-safe.
class Roster {
 public:
  // So many devices, all present, each at the index of its position.
  void Begin(size_t count);
  void Add();

  [[nodiscard]] size_t positions() const { return devices_.size(); }
  [[nodiscard]] bool Has(int position) const {
    return position >= 0 && static_cast<size_t>(position) < devices_.size();
  }
  // What NVML counts.
  [[nodiscard]] size_t count() const { return order_.size(); }
  // -1 where there is none.
  [[nodiscard]] int PositionAt(unsigned int index) const;
  [[nodiscard]] int IndexOf(int position) const;

  // REQUIRES, here and below: Has(position).
  [[nodiscard]] Presence presence(int position) const { return At(position).presence; }
  // Grows whenever the device comes back: what tells its handles from those of before.
  [[nodiscard]] uint32_t serial(int position) const { return At(position).serial; }

  void Remove(int position);
  void Lose(int position) { At(position).presence = Presence::kLost; }
  // Present again; handles of before are stale. A removed one gets an index by its position.
  void Restore(int position);
  // False, and nothing done: the positions are not those of the counted devices, each once.
  [[nodiscard]] bool Order(std::span<const int> positions);

 private:
  struct Entry {
    Presence presence = Presence::kPresent;
    uint32_t serial = 0;
  };
  [[nodiscard]] const Entry& At(int position) const {
    return devices_[static_cast<size_t>(position)];
  }
  Entry& At(int position) { return devices_[static_cast<size_t>(position)]; }

  std::vector<Entry> devices_;
  std::vector<int> order_;  // positions by NVML's index
};

}  // namespace gpuring::simulator
