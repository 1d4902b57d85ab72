// What is fixed about each kind of board: data only, approximate, plausible rather than exact.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace gpuring::simulator {

// MHz.
struct BoardClocks {
  uint32_t graphics;
  uint32_t sm;
  uint32_t memory;
  uint32_t video;
};

// Milliwatts.
struct BoardPower {
  uint32_t limit_min;
  uint32_t limit_default;
  uint32_t limit_max;
  uint32_t idle;
};

// °C.
struct BoardTemperatures {
  int32_t shutdown;
  int32_t slowdown;
  int32_t max_operating;
  int32_t memory_max;  // 0: no threshold known
  int32_t idle;
};

struct Board {
  const char* key;        // name in scenarios: "h100"
  const char* name;       // nvmlDeviceGetName
  uint32_t brand;         // nvmlBrandType_t
  uint32_t architecture;  // nvmlDeviceArchitecture_t
  int compute_major;
  int compute_minor;
  uint32_t core_count;
  uint32_t multiprocessor_count;
  uint32_t bus_width_bits;
  uint64_t memory_total_bytes;
  uint64_t memory_reserved_bytes;
  BoardPower power;
  BoardTemperatures temperatures;
  BoardClocks max_clocks;
  BoardClocks idle_clocks;
  uint32_t compute_pstate;  // under load
  uint32_t idle_pstate;
  uint32_t pcie_generation_max;
  uint32_t pcie_generation_idle;
  uint32_t pcie_width_max;
  uint32_t fan_count;  // 0: passive, fan calls answer NOT_SUPPORTED
  uint32_t max_mig_devices;
  uint32_t nvlink_count;
  uint32_t device_id;  // PCI device << 16 | vendor
  uint32_t subsystem_id;
  const char* vbios_version;
  const char* part_number;
  uint32_t power_refresh_ms;  // how often the driver measures anew
  uint32_t utilization_refresh_ms;
  bool has_ecc;
  bool has_serial;
  bool has_energy_counter;  // Volta and newer
  bool has_instant_power_field;
  bool has_average_power_field;  // Ampere except GA100, and newer
  bool power_usage_is_average;   // as above: nvmlDeviceGetPowerUsage is a one-second mean
  bool has_memory_temperature;
  bool has_unified_memory = false;  // the processor's: NVML tells no size of it
};

// Every board a scenario can name, newest first.
[[nodiscard]] std::span<const Board> Boards();
// Null when there is no such board.
[[nodiscard]] const Board* FindBoard(std::string_view key);
// "h100, h200, a100, ...": for error messages.
[[nodiscard]] std::string BoardKeys();

}  // namespace gpuring::simulator
