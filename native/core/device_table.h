// Which row is whose.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/event_log.h"
#include "core/source.h"

namespace gpuring {

// A device that is or was there. Rows are never given to another device.
struct DeviceEntry {
  DeviceIdentity identity;
  size_t row = 0;
  // False: gone, and expected back (a GPU). Instances that went are not listed.
  bool present = true;
};

// Immutable; a new one replaces it when devices come or go.
struct DeviceList {
  uint64_t generation = 0;             // the block's kBlockDevicesWord
  std::vector<DeviceEntry> devices;    // in the driver's order, a GPU before its MIG instances
  std::vector<TopologyCell> topology;  // devices.size() squared, row by row
};

struct DeviceChange {
  size_t row = 0;
  EventKind kind = EventKind::kDeviceAdded;  // Added, Removed, Lost or Returned
};

// Thread rules: the owner's.
class DeviceTable {
 public:
  explicit DeviceTable(size_t rows) : rows_(rows) {}

  struct Found {
    std::vector<DeviceIdentity> devices;
    std::vector<TopologyCell> topology;  // devices.size() squared, or empty
  };
  // Takes what the driver lists now: the same UUID gets the same row, for ever. `changes` says what
  // became of devices, in the order of rows within the list.
  [[nodiscard]] std::shared_ptr<const DeviceList> Update(const Found& found,
                                                         std::vector<DeviceChange>* changes);

  [[nodiscard]] size_t rows_in_use() const { return known_.size(); }
  // Devices of the latest list for which there was no row.
  [[nodiscard]] uint32_t left_out() const { return left_out_; }

 private:
  struct Known {
    DeviceIdentity identity;
    bool listed = false;
    bool present = false;
  };

  [[nodiscard]] size_t RowOf(const DeviceIdentity& identity);
  void MarkGone(const std::vector<bool>& found, std::vector<DeviceChange>* changes);

  const size_t rows_;
  std::vector<Known> known_;  // by row
  uint64_t generation_ = 0;
  uint32_t left_out_ = 0;
};

}  // namespace gpuring
