#include "core/device_table.h"

#include <algorithm>

namespace gpuring {
namespace {

// Cells between devices that the driver lists; unknown where one of the two is gone.
std::vector<TopologyCell> Matrix(const std::vector<TopologyCell>& cells, size_t found,
                                 const std::vector<size_t>& places) {
  const size_t listed = places.size();
  std::vector<TopologyCell> matrix(listed * listed);
  if (cells.size() != found * found) return matrix;
  for (size_t a = 0; a < listed; a++) {
    for (size_t b = 0; b < listed; b++) {
      if (places[a] >= found || places[b] >= found) continue;
      matrix[a * listed + b] = cells[places[a] * found + places[b]];
    }
  }
  return matrix;
}

}  // namespace

// SIZE_MAX: no row is left.
size_t DeviceTable::RowOf(const DeviceIdentity& identity) {
  const auto same = [&](const Known& one) { return one.identity.uuid == identity.uuid; };
  const auto known = std::ranges::find_if(known_, same);
  if (known != known_.end()) return static_cast<size_t>(known - known_.begin());
  size_t row = known_.size();
  if (row == rows_) {
    row = RowToGiveAway();
    if (row == SIZE_MAX) return row;
  } else {
    known_.emplace_back();
  }
  known_[row] = {.identity = identity, .number = numbers_++};
  return row;
}

size_t DeviceTable::RowToGiveAway() const {
  size_t oldest = SIZE_MAX;
  for (size_t row = 0; row < known_.size(); row++) {
    if (known_[row].listed) continue;
    if (oldest == SIZE_MAX || known_[row].gone < known_[oldest].gone) oldest = row;
  }
  return oldest;
}

void DeviceTable::MarkGone(const std::vector<bool>& found, std::vector<DeviceChange>* changes) {
  for (size_t row = 0; row < known_.size(); row++) {
    Known& known = known_[row];
    if (!known.present || (row < found.size() && found[row])) continue;
    known.present = false;
    const bool instance = !known.identity.parent_uuid.empty();
    if (instance) {
      known.listed = false;
      known.gone = generation_;
    }
    changes->push_back({row, instance ? EventKind::kDeviceRemoved : EventKind::kDeviceLost});
  }
}

std::shared_ptr<const DeviceList> DeviceTable::Update(const Found& found,
                                                      std::vector<DeviceChange>* changes) {
  auto list = std::make_shared<DeviceList>();
  std::vector<bool> seen(rows_);
  std::vector<size_t> places;  // in `found`; SIZE_MAX: gone
  left_out_ = 0;
  for (size_t place = 0; place < found.devices.size(); place++) {
    const size_t row = RowOf(found.devices[place]);
    if (row == SIZE_MAX || seen[row]) {
      left_out_++;
      continue;
    }
    seen[row] = true;
    Known& known = known_[row];
    const bool back = known.listed && !known.present;
    if (!known.listed) changes->push_back({row, EventKind::kDeviceAdded});
    if (back) changes->push_back({row, EventKind::kDeviceReturned});
    known.identity = found.devices[place];
    known.listed = known.present = true;
    list->devices.push_back({known.identity, known.number, row, true});
    places.push_back(place);
  }
  MarkGone(seen, changes);
  for (size_t row = 0; row < known_.size(); row++) {
    if (seen[row] || !known_[row].listed) continue;
    list->devices.push_back({known_[row].identity, known_[row].number, row, false});
    places.push_back(SIZE_MAX);
  }
  list->topology = Matrix(found.topology, found.devices.size(), places);
  list->generation = ++generation_;
  return list;
}

}  // namespace gpuring
