// Events: one for each change, and none where nothing changed.
#include <algorithm>

#include "court.h"

namespace gpuring::faults {
namespace {

constexpr size_t kMostEvents = 400;

std::string Name(const EventRecord& event) {
  return Show("event ", static_cast<long long>(event.kind)) + Show(" of device ", event.device) +
         Show(", code ", static_cast<long long>(event.code));
}

}  // namespace

void Court::JudgeEvents() {
  for (const auto& [uuid, row] : record_.rows) uuids_[static_cast<int64_t>(row.row)] = uuid;
  for (const EventRecord& event : record_.events) JudgeEvent(event);
  if (expected_.device_lost && device_losses_ == 0) Miss("the device is not lost");
  if (expected_.driver_lost && driver_losses_ == 0) Miss("the driver is not lost");
  if (record_.events.size() > kMostEvents) Miss("a storm of events");
}

void Court::JudgeEvent(const EventRecord& event) {
  const bool subject = event.device == kNoDevice || IsSubject(uuids_[event.device]);
  switch (static_cast<EventKind>(event.kind)) {
    case EventKind::kDeviceLost:
    case EventKind::kDeviceReturned:
      return JudgePresence(event, subject);
    case EventKind::kDriverLost:
    case EventKind::kDriverRestored:
      return JudgeDriver(event);
    case EventKind::kDeviceAdded:
      if (WasListedLate(uuids_[event.device])) return;
      [[fallthrough]];
    case EventKind::kDeviceRemoved:
      if (!subject || !expected_.devices_vary) Miss(Name(event) + ": it was there all the time");
      return;
    case EventKind::kDeviceHung:
    case EventKind::kDeviceAnswered:
      if (case_.kind != Kind::kHang) Miss(Name(event) + ": nothing hung");
      return;
    case EventKind::kSuspended:
    case EventKind::kResumed:
      return;
    case EventKind::kXid:
      if (!case_.plan.script.posts_event) Miss(Name(event) + ": nobody posted it");
      return;
    default:
      if (!expected_.any_value) Miss(Name(event));
  }
}

// One that hangs while it is being looked at holds up the first look at those after it.
bool Court::WasListedLate(const std::string& uuid) const {
  if (case_.kind != Kind::kHang || record_.lists.empty()) return false;
  const std::vector<DeviceEntry>& first = record_.lists.begin()->second->devices;
  return std::ranges::none_of(
      first, [&uuid](const DeviceEntry& entry) { return entry.identity.uuid == uuid; });
}

void Court::JudgePresence(const EventRecord& event, bool subject) {
  const std::string& uuid = uuids_[event.device];
  const bool is_lost = event.kind == static_cast<uint64_t>(EventKind::kDeviceLost);
  if (lost_[event.device] == is_lost) Miss(Name(event) + ": twice");
  lost_[event.device] = is_lost;
  if (is_lost && subject && !WasAway(uuid)) device_losses_++;
  const bool excused = WasAway(uuid) || expected_.driver_may_be_lost ||
                       (subject && (expected_.device_may_be_lost || expected_.devices_vary));
  if (!excused) Miss(Name(event) + ": nothing happened to it");
  const bool other_code = is_lost && event.code != 0 && event.code != case_.code &&
                          case_.kind == Kind::kReturn && !WasAway(uuid);
  if (other_code) Miss(Name(event) + ": the code is not the fault's");
}

void Court::JudgeDriver(const EventRecord& event) {
  const bool is_lost = event.kind == static_cast<uint64_t>(EventKind::kDriverLost);
  if (lost_[kNoDevice] == is_lost) Miss(Name(event) + ": twice");
  lost_[kNoDevice] = is_lost;
  if (is_lost) driver_losses_++;
  if (!expected_.driver_may_be_lost) Miss(Name(event) + ": nothing happened to the driver");
}

}  // namespace gpuring::faults
