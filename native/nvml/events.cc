#include "nvml/events.h"

#include <algorithm>

#include "core/clock.h"
#include "nvml/return_code.h"
#include "nvml/roomy.h"
#include "nvml/target.h"

namespace gpuring {
namespace {

constexpr int64_t kMillisecondNs = 1'000'000;
constexpr int64_t kLongestWaitMs = 3'600'000;
constexpr int kMostAttempts = 20;
// Timeouts in a row that came much too early: an interrupt may end a wait, but not every one.
constexpr int kMostHastyTimeouts = 16;

struct KindOfBit {
  unsigned long long bit;
  EventKind kind;
};
constexpr auto kKinds = std::to_array<KindOfBit>({
    {nvmlEventTypeSingleBitEccError, EventKind::kEccSingleBit},
    {nvmlEventTypeDoubleBitEccError, EventKind::kEccDoubleBit},
    {nvmlEventTypePState, EventKind::kPerformanceState},
    {nvmlEventTypeXidCriticalError, EventKind::kXid},
    {nvmlEventTypeClock, EventKind::kClock},
    {nvmlEventTypePowerSourceChange, EventKind::kPowerSource},
    {nvmlEventMigConfigChange, EventKind::kMigConfiguration},
    {nvmlEventTypeSingleBitEccErrorStorm, EventKind::kEccStorm},
    {nvmlEventTypeDramRetirementEvent, EventKind::kDramRetirement},
    {nvmlEventTypeDramRetirementFailure, EventKind::kRetirementFailure},
    {nvmlEventTypeNonFatalPoisonError, EventKind::kPoison},
    {nvmlEventTypeFatalPoisonError, EventKind::kFatalPoison},
    {nvmlEventTypeGpuUnavailableError, EventKind::kUnavailable},
    {nvmlEventTypeGpuRecoveryAction, EventKind::kRecoveryAction},
});

// An Xid has far fewer bits than the data; what has more is none.
bool MakesSense(EventKind kind, unsigned long long data) {
  return kind != EventKind::kXid || data <= UINT32_MAX;
}

SourceEvent Translate(const nvmlEventData_t& data, size_t slot) {
  for (const KindOfBit& known : kKinds) {
    if (data.eventType != known.bit || !MakesSense(known.kind, data.eventData)) continue;
    return {known.kind, slot, data.eventData};
  }
  return {EventKind::kOther, slot, data.eventType};
}

// Asking this driver about this device once more is of no use.
bool IsFinal(nvmlReturn_t result) {
  return result == NVML_ERROR_NOT_SUPPORTED || IsPermanent(result);
}

Status TryAgain() { return Status::Error(StatusCode::kTryAgain, ""); }

}  // namespace

void DriverEvents::Open(const NvmlLibrary& library) {
  library_ = &library;
  (void)PresentSet();
}

void DriverEvents::Close() {
  if (library_ == nullptr) return;
  const auto release = [this](std::atomic<nvmlEventSet_t>* set) {
    const nvmlEventSet_t held = set->exchange(nullptr);
    if (held != nullptr) library_->functions().event_set_free(held);
  };
  release(&set_);
  for (std::atomic<nvmlEventSet_t>& set : spoiled_) release(&set);
  for (size_t slot = 0; slot < places_.size(); ++slot) Remove(slot);
  sets_made_ = 0;
  spoiled_count_ = 0;
  old_wait_ = false;
  hasty_timeouts_ = 0;
  library_ = nullptr;
}

bool DriverEvents::CanMakeSets() const {
  const NvmlFunctions& nvml = library_->functions();
  return nvml.event_set_create != nullptr && nvml.event_set_free != nullptr &&
         nvml.event_types != nullptr && nvml.register_events != nullptr &&
         (nvml.event_wait_v2 != nullptr || nvml.event_wait != nullptr) && sets_made_ < kMostSets;
}

// Null: the driver gives none.
nvmlEventSet_t DriverEvents::MakeSet() {
  if (!CanMakeSets() || sets_made_.fetch_add(1) >= kMostSets) return nullptr;
  nvmlEventSet_t set = nullptr;
  const nvmlReturn_t result = library_->functions().event_set_create(&set);
  if (result == NVML_SUCCESS) return set;
  if (IsFinal(result)) {
    sets_made_ = kMostSets;
  } else {
    --sets_made_;
  }
  return nullptr;
}

nvmlEventSet_t DriverEvents::PresentSet() {
  nvmlEventSet_t set = set_;
  if (set != nullptr) return set;
  const nvmlEventSet_t fresh = MakeSet();
  if (fresh == nullptr || set_.compare_exchange_strong(set, fresh)) return fresh;
  library_->functions().event_set_free(fresh);
  return set;
}

// Everybody lacks a registration then.
void DriverEvents::Replace(nvmlEventSet_t spoiled) {
  if (!set_.compare_exchange_strong(spoiled, nullptr)) return;
  spoiled_[spoiled_count_.fetch_add(1) % kMostSets] = spoiled;
  (void)PresentSet();
}

void DriverEvents::Add(const Target& target, size_t slot) {
  Place& place = places_[slot];
  place.set = nullptr;
  place.handle = target.handle;
  place.attempts_left = kMostAttempts;
  Register(slot);
}

void DriverEvents::Remove(size_t slot) {
  places_[slot].handle = nullptr;
  places_[slot].set = nullptr;
}

bool DriverEvents::Lacks(size_t slot) const {
  const Place& place = places_[slot];
  if (library_ == nullptr || place.handle.load() == nullptr || place.attempts_left <= 0) {
    return false;
  }
  const nvmlEventSet_t present = set_;
  return present == nullptr ? CanMakeSets() : place.set != present;
}

void DriverEvents::Register(size_t slot) {
  Place& place = places_[slot];
  const nvmlEventSet_t set = library_ == nullptr ? nullptr : PresentSet();
  if (set == nullptr || place.handle.load() == nullptr) return;
  const NvmlFunctions& nvml = library_->functions();
  unsigned long long types = 0;
  const nvmlReturn_t told = nvml.event_types(place.handle, &types);
  if (told != NVML_SUCCESS || types == 0) {
    place.attempts_left = told == NVML_SUCCESS || IsFinal(told) ? 0 : place.attempts_left - 1;
    return;
  }
  const nvmlReturn_t result = nvml.register_events(place.handle, types, set);
  if (result == NVML_SUCCESS) {
    place.set = set;
    return;
  }
  const bool spoiled = result == NVML_ERROR_UNKNOWN;
  place.attempts_left = spoiled || IsFinal(result) ? 0 : place.attempts_left - 1;
  if (spoiled) Replace(set);
}

nvmlReturn_t DriverEvents::Ask(nvmlEventSet_t set, unsigned int timeout_ms, nvmlEventData_t* data) {
  const NvmlFunctions& nvml = library_->functions();
  nvmlReturn_t result = NVML_ERROR_FUNCTION_NOT_FOUND;
  if (!old_wait_ && nvml.event_wait_v2 != nullptr) {
    result = nvml.event_wait_v2(set, data, timeout_ms);
  }
  old_wait_ = IsFinal(result);
  return old_wait_ && nvml.event_wait != nullptr ? nvml.event_wait(set, data, timeout_ms) : result;
}

// Of a wait that brought no event.
Status DriverEvents::Judge(nvmlReturn_t result, int64_t waited_ns, int64_t timeout_ns) {
  if (result != NVML_ERROR_TIMEOUT) {
    hasty_timeouts_ = 0;
    return result == NVML_ERROR_NOT_SUPPORTED ? TryAgain() : ToBareStatus(result);
  }
  hasty_timeouts_ = waited_ns < timeout_ns / 2 ? hasty_timeouts_ + 1 : 0;
  return hasty_timeouts_ > kMostHastyTimeouts ? TryAgain() : ToBareStatus(result);
}

Status DriverEvents::Wait(int64_t timeout_ns, SourceEvent* event) {
  const nvmlEventSet_t set = set_;
  if (set == nullptr) {
    const bool never = library_ == nullptr || !CanMakeSets();
    return never ? Status::Error(StatusCode::kNotSupported, "") : TryAgain();
  }
  // Not every driver waits in a set that nobody is in.
  if (std::ranges::none_of(places_, [set](const Place& place) { return place.set == set; })) {
    return TryAgain();
  }
  const int64_t milliseconds = (timeout_ns + kMillisecondNs - 1) / kMillisecondNs;
  const auto timeout =
      static_cast<unsigned int>(std::clamp<int64_t>(milliseconds, 0, kLongestWaitMs));
  Roomy<nvmlEventData_t> data;
  const int64_t start_ns = MonotonicNowNs();
  const nvmlReturn_t result = Ask(set, timeout, &data.value);
  if (result != NVML_SUCCESS) return Judge(result, MonotonicNowNs() - start_ns, timeout_ns);
  if (data->eventType == 0) return TryAgain();
  hasty_timeouts_ = 0;
  *event = Translate(data.value, SlotOf(data->device));
  return Status::Ok();
}

// SIZE_MAX: nobody's here.
size_t DriverEvents::SlotOf(nvmlDevice_t handle) const {
  for (size_t slot = 0; handle != nullptr && slot < places_.size(); ++slot) {
    if (places_[slot].handle == handle) return slot;
  }
  return SIZE_MAX;
}

}  // namespace gpuring
