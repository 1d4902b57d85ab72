#include "core/source.h"

namespace gpuring {

Status Source::Open() {
  Status status = Connect();
  size_t places = 0;
  bool changed = false;
  if (status.ok()) status = Count(&places);
  if (status.ok()) status = SurveyPlaces(places, &changed);
  if (!status.ok()) Close();
  return status;
}

// A driver that cannot count now has not lost its devices; each of them says what it has to.
Status Source::Survey(bool* changed) {
  *changed = false;
  size_t places = 0;
  Status status = Count(&places);
  if (status.ok()) status = SurveyPlaces(places, changed);
  return IsLibraryFailure(status.code()) ? status : Status::Ok();
}

Status Source::SurveyPlaces(size_t places, bool* changed) {
  for (size_t place = 0; place < places; place++) {
    if (Status looked = Look(place); !looked.ok()) return looked;
  }
  Status settled = Settle(changed);
  if (*changed) {
    surveyed_slots_.clear();
    for (const DeviceIdentity& device : devices()) surveyed_slots_.push_back(device.slot);
  }
  for (const size_t slot : surveyed_slots_) {
    if (Status said = Subscribe(slot); !said.ok()) return said;
  }
  return settled;
}

}  // namespace gpuring
