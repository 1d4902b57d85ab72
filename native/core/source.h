// Where samples come from. The NVML source is one implementation, MemorySource (memory_source.h)
// the in-memory twin that tests use.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/sample.h"
#include "core/status.h"

namespace gpuring {

// What does not change while a device is there. An absent member is unknown.
struct DeviceIdentity {
  std::string uuid;  // never empty; the key of the device
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
};

struct SourceIdentity {
  std::string library_path;  // as it was opened
  std::string driver_version;
  std::string nvml_version;
  std::optional<int> cuda_driver_version;  // 1000 major + 10 minor
  uint32_t skipped_devices = 0;            // counted by the driver, and not in devices()
  std::string simulation;                  // the simulator's description (JSON); "" for a driver
};

// Thread rules: every call comes from one thread, the sampler's.
class Source {
 public:
  virtual ~Source() = default;

  // May block for seconds. After an error the source is closed and may be opened again.
  virtual Status Open() = 0;
  // REQUIRES: open. The order is the order of Poll's `device`.
  [[nodiscard]] virtual const std::vector<DeviceIdentity>& devices() const = 0;
  [[nodiscard]] virtual const SourceIdentity& identity() const = 0;
  // Fills `known` and `values`; leaves the rest of `sample` alone. Ok with nothing known is legal.
  // kDeviceLost: the device answers no more; ask again later, the driver may have it back.
  // REQUIRES: open, device < devices().size(). Allocates nothing.
  virtual Status Poll(size_t device, Sample* sample) = 0;
  virtual void Close() = 0;
};

}  // namespace gpuring
