// Where samples come from. The NVML source is one implementation, MemorySource (memory_source.h)
// the in-memory twin that tests use.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/device_detail.h"
#include "core/event_log.h"
#include "core/sample.h"
#include "core/status.h"

namespace gpuring {

// What does not change while a device is there. An absent member is unknown.
struct DeviceIdentity {
  std::string uuid;  // never empty; the key of the device
  size_t slot = 0;   // the number under which its source is asked about it
  std::string name;
  uint32_t index = 0;  // the driver's index, a label only: it may change across reboots
  std::optional<std::string> pci_bus_id;
  std::optional<std::string> serial;
  std::optional<uint64_t> memory_bytes;
  std::optional<uint32_t> core_count;            // CUDA cores
  std::optional<uint32_t> multiprocessor_count;  // SMs
  std::optional<uint32_t> memory_bus_width_bits;
  std::optional<uint32_t> compute_capability_major;
  std::optional<uint32_t> compute_capability_minor;
  std::optional<std::string> architecture;
  std::optional<uint32_t> max_sm_clock_mhz;
  std::optional<uint32_t> max_memory_clock_mhz;
  std::optional<uint32_t> power_limit_default_milliwatts;
  std::optional<uint32_t> power_limit_min_milliwatts;
  std::optional<uint32_t> power_limit_max_milliwatts;
  std::optional<uint32_t> max_pcie_link_generation;
  std::optional<uint32_t> max_pcie_link_width;
  std::optional<uint32_t> numa_node;
  // System memory serves as device memory: the driver knows no size of its own.
  bool unified_memory = false;
  // A GPU: MIG mode is on, its instances are devices of their own.
  bool mig_enabled = false;
  // A MIG instance; empty and absent otherwise.
  std::string parent_uuid;
  std::optional<std::string> mig_profile;  // "1g.10gb"
  std::optional<uint32_t> gpu_instance_id;
  std::optional<uint32_t> compute_instance_id;
};

// How two devices hang together. Worse is larger, except that kUnknown is 0.
enum class Link : uint8_t {
  kUnknown,
  kNvLink,
  kInternal,      // on one board
  kSingleSwitch,  // one PCIe switch
  kMultiSwitch,
  kHostBridge,
  kNumaNode,
  kSystem,  // across sockets
};
inline constexpr size_t kLinkCount = static_cast<size_t>(Link::kSystem) + 1;
enum class PeerAccess : uint8_t { kUnknown, kYes, kNo };

struct TopologyCell {
  Link link = Link::kUnknown;
  // Active links between the two. 0 with kNvLink: the driver does not say how many.
  uint32_t nvlink_count = 0;
  PeerAccess peer_access = PeerAccess::kUnknown;  // read and write
};

struct SourceIdentity {
  std::string library_path;  // as it was opened
  std::string driver_version;
  std::string nvml_version;
  std::optional<int> cuda_driver_version;  // 1000 major + 10 minor
  uint32_t skipped_devices = 0;            // counted by the driver, and not in devices()
  std::string simulation;                  // the simulator's description (JSON); "" for a driver
};

// One measurement out of the driver's own buffer.
struct SeriesPoint {
  int64_t driver_us = 0;  // in the driver's clock
  int64_t value = 0;      // the metric's raw unit; not checked against its range
};

// What is wanted of it: measurements newer than `after_us`.
struct SeriesRequest {
  size_t series = 0;  // index into kSeriesMetrics
  int64_t after_us = 0;
  std::span<SeriesPoint> out;
};

// One event of the driver.
struct SourceEvent {
  EventKind kind = EventKind::kOther;
  size_t slot = SIZE_MAX;  // SIZE_MAX: of no device that this source has
  uint64_t code = 0;
};

// A device is asked about by its slot: a number below kSlots, its own for as long as it is there.
// The driver lists GPUs at places, from 0 on; a place is a GPU and its MIG instances.
//
// Thread rules: one thread at a time, except that
//  - WaitEvent is called by a thread of its own, beside any other call;
//  - threads may be left behind in calls about slots, in Looks and in one TopologyOf. Others may
//    then call everything but Connect and Close, except about that slot or place until it has come
//    back.
// Nothing allocates but Connect, Close, TopologyOf, and a survey that finds a change.
class Source {
 public:
  static constexpr size_t kSlots = 256;

  virtual ~Source() = default;

  // Opens the library; no device is listed yet. May block for seconds. After an error the source is
  // closed and may be opened again.
  virtual Status Connect() = 0;
  // REQUIRES: connected, for this and all that follow.
  [[nodiscard]] virtual const SourceIdentity& identity() const = 0;
  // The devices that are there, as the latest Settle made them out; in the driver's order, a GPU
  // before its MIG instances. A GPU that was there and has vanished is not listed any more.
  [[nodiscard]] virtual std::vector<DeviceIdentity> devices() const = 0;

  // A survey finds out whether devices came, went or changed places: Count, a Look at each place
  // that can be looked at, Settle. A place that was not looked at is as it was.
  // How many places there are, at most kSlots. kDeviceAsleep: no survey now, it would wake a
  // device.
  virtual Status Count(size_t* places) = 0;
  // Errors are the library's.
  virtual Status Look(size_t place) = 0;
  // Makes what was seen the devices; no driver call. An error: there are none, and why.
  virtual Status Settle(bool* changed) = 0;
  // How devices() hang together, row by row in their order. Not for sampling.
  [[nodiscard]] virtual std::vector<TopologyCell> TopologyOf(
      std::span<const DeviceIdentity> devices) const = 0;
  // Has the driver report the device's events, unless it does. Errors are the library's.
  virtual Status Subscribe(size_t slot) = 0;

  // Fills states and values of the tier's metrics; leaves the rest of `sample` alone. Ok with
  // nothing known is legal. kDeviceLost: the device answers no more; ask again later, the driver
  // may have it back. kDeviceAsleep: not asked, so that it sleeps on. The library's failures:
  // IsLibraryFailure(). A Status from here has a code and the driver's return, no texts.
  virtual Status Poll(size_t slot, Tier tier, Sample* sample) = 0;
  // Fills `request.out`, oldest first.
  // kNotSupported: this device has no such buffer. kTryAgain: nothing newer.
  virtual Status Drain(size_t slot, const SeriesRequest& request, size_t* count) = 0;
  // Fans, links and processes; what cannot be had stays as it is in a new DeviceDetail.
  virtual Status ReadDetail(size_t slot, DeviceDetail* detail) = 0;

  // One event. kTimeout: none came within the time. kNotSupported: this driver has no events.
  virtual Status WaitEvent(int64_t timeout_ns, SourceEvent* event) = 0;

  // Low power only. REQUIRES: not connected. True: opening it would wake a device that sleeps.
  [[nodiscard]] virtual bool OpenWouldWake() { return false; }

  virtual void Close() = 0;

  // For who has no other device to protect: connects, and surveys whole.
  Status Open();
  Status Survey(bool* changed);
  [[nodiscard]] std::vector<TopologyCell> Topology() const { return TopologyOf(devices()); }

 private:
  Status SurveyPlaces(size_t places, bool* changed);

  std::vector<size_t> surveyed_slots_;
};

// The driver as a whole has gone: the source is to be closed, and opened again later.
[[nodiscard]] constexpr bool IsLibraryFailure(StatusCode code) {
  return code == StatusCode::kDriverNotLoaded || code == StatusCode::kDriverMismatch ||
         code == StatusCode::kLibraryNotFound || code == StatusCode::kLibraryInvalid ||
         code == StatusCode::kDriverGone;
}

}  // namespace gpuring
