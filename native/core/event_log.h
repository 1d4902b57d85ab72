// What happened to devices and driver: a bounded log that every reader reads at its own pace.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>

#include "core/cell_array.h"
#include "core/ring.h"

namespace gpuring {

// lib/telemetry/cluster-events.ts has the names, in this order (checked by a test).
enum class EventKind : uint8_t {
  kDeviceLost,      // code: nvmlReturn_t; 0: vanished from the driver's count
  kDeviceReturned,  // code: 1 when the driver says it was reset meanwhile
  kDeviceHung,
  kDeviceAnswered,  // the call that hung came back
  kDeviceAdded,
  kDeviceRemoved,  // for good: a MIG instance that was destroyed
  kDriverLost,     // code: nvmlReturn_t
  kDriverRestored,
  kSuspended,
  kResumed,
  // As the driver reports them; code: its event data.
  kXid,
  kEccSingleBit,
  kEccDoubleBit,
  kPerformanceState,
  kClock,
  kPowerSource,
  kMigConfiguration,
  kEccStorm,
  kDramRetirement,
  kRetirementFailure,
  kPoison,
  kFatalPoison,
  kUnavailable,
  kRecoveryAction,
  kEventsDropped,  // count: events of the driver that found no room
  kOther,          // code: the driver's event bit
};
inline constexpr size_t kEventKindCount = static_cast<size_t>(EventKind::kOther) + 1;

inline constexpr int64_t kNoDevice = -1;

// 64-bit words only.
struct EventRecord {
  uint64_t sequence = 0;  // from 1; the log gives it
  int64_t monotonic_ns = 0;
  int64_t wall_us = 0;
  uint64_t kind = 0;           // EventKind
  int64_t device = kNoDevice;  // its number (DeviceEntry); kNoDevice: about the driver as a whole
  uint64_t code = 0;
  uint64_t count = 1;  // equal ones that became this one
};
inline constexpr size_t kEventWords = sizeof(EventRecord) / sizeof(uint64_t);
static_assert(sizeof(EventRecord) % sizeof(uint64_t) == 0);

// Thread rules: any thread may add, under a lock of its own, and read, without one.
class EventLog {
 public:
  static constexpr uint64_t kCapacity = 4096;

  // Null: there is no such memory.
  [[nodiscard]] static std::shared_ptr<EventLog> Allocate();

  // Gives the event its sequence. Allocates nothing.
  uint64_t Add(EventRecord event);
  [[nodiscard]] uint64_t Newest() const { return ring_.Newest(); }
  // Copies events from `from_sequence` on that are still there, oldest first.
  [[nodiscard]] RingRead Read(uint64_t from_sequence, std::span<EventRecord> out) const;

 private:
  explicit EventLog(CellArray cells);

  CellArray cells_;
  Ring<StdAtomics> ring_;
  std::mutex mutex_;
};

}  // namespace gpuring
