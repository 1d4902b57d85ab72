// Which row is whose.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/event_log.h"
#include "core/source.h"

namespace gpuring {

// A device that is or was there.
struct DeviceEntry {
  DeviceIdentity identity;
  // The device's own, for as long as it is remembered, and never another's. It is the row, too,
  // until a row is given away.
  uint64_t number = 0;
  // Where it is in memory. Once all rows are used, that of an instance that went goes to a device
  // that comes: the one that went longest ago.
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
  // Takes what the driver lists now: the same UUID gets the same row and number, unless its row was
  // given away meanwhile. `changes` says what became of devices, in the order of rows within the
  // list. A row that this very list frees goes to nobody in it: who reads by the list before may
  // still believe that it is the old device's.
  [[nodiscard]] std::shared_ptr<const DeviceList> Update(const Found& found,
                                                         std::vector<DeviceChange>* changes);

  [[nodiscard]] size_t rows_in_use() const { return known_.size(); }
  // Devices of the latest list for which there was no row.
  [[nodiscard]] uint32_t left_out() const { return left_out_; }

 private:
  struct Known {
    DeviceIdentity identity;
    uint64_t number = 0;
    bool listed = false;
    bool present = false;
    uint64_t gone = 0;  // the generation of the list that it was no longer in
  };

  [[nodiscard]] size_t RowOf(const DeviceIdentity& identity);
  [[nodiscard]] size_t RowToGiveAway() const;
  void MarkGone(const std::vector<bool>& found, std::vector<DeviceChange>* changes);

  const size_t rows_;
  std::vector<Known> known_;  // by row
  uint64_t numbers_ = 0;      // given so far
  uint64_t generation_ = 0;
  uint32_t left_out_ = 0;
};

}  // namespace gpuring
