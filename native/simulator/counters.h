// What a device has counted since its driver began: work done, and time held back by reason.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "nvml/abi_numbers.h"
#include "simulator/boards.h"

namespace gpuring::simulator {

// The device's state over a stretch of time.
struct Activity {
  double load = 0;       // 0..1
  uint64_t reasons = 0;  // nvmlClocksEventReason_t
};

// Performance policies in NVML's order of fields 74 to 81, then those of fields 269 to 271.
enum class Policy : uint32_t {
  kPower,
  kThermal,
  kSyncBoost,
  kBoardLimit,
  kLowUtilization,
  kReliability,
  kTotalApplicationClocks,
  kTotalBaseClocks,
  kSwThermal,
  kHwThermal,
  kHwPowerBrake,
};
inline constexpr size_t kPolicyCount = static_cast<size_t>(Policy::kHwPowerBrake) + 1;

class Counters {
 public:
  void Add(const Activity& activity, int64_t duration_ns);

  double load_seconds() const { return load_seconds_; }
  double seconds() const { return seconds_; }
  int64_t held_back_ns(Policy policy) const { return held_back_ns_[static_cast<size_t>(policy)]; }

 private:
  double load_seconds_ = 0;
  double seconds_ = 0;
  std::array<int64_t, kPolicyCount> held_back_ns_{};
};

enum class Direction : uint8_t { kTransmit, kReceive };  // as the GPU sees it

// Bytes that have passed, as of a job that feeds its GPU: more towards the device than back.
[[nodiscard]] int64_t PcieBytes(const Board& board, const Counters& counters, Direction direction);
// KiB of user data on one link; the raw count adds the protocol's own.
[[nodiscard]] int64_t NvLinkDataKib(const Board& board, const Counters& counters,
                                    Direction direction, unsigned int link);
[[nodiscard]] int64_t NvLinkRawKib(int64_t data_kib);

// Mbit/s a lane of PCIe. MB/s a link of NVLink, by its generation.
[[nodiscard]] unsigned int PcieLaneMbps(unsigned int generation);
[[nodiscard]] unsigned int NvLinkMegabytesPerSecond(const Board& board);

}  // namespace gpuring::simulator
