#include "simulator/counters.h"

#include <algorithm>

namespace gpuring::simulator {
namespace {

constexpr uint64_t kIdle = nvmlClocksEventReasonGpuIdle;
constexpr uint64_t kPowerCap = nvmlClocksEventReasonSwPowerCap;
constexpr uint64_t kSlowdown = nvmlClocksThrottleReasonHwSlowdown;
constexpr uint64_t kSync = nvmlClocksEventReasonSyncBoost;
constexpr uint64_t kSoftHeat = nvmlClocksEventReasonSwThermalSlowdown;
constexpr uint64_t kHardHeat = nvmlClocksThrottleReasonHwThermalSlowdown;
constexpr uint64_t kBrake = nvmlClocksThrottleReasonHwPowerBrakeSlowdown;

// The reasons that each policy counts the time of, by Policy. NVML names none for reliability.
constexpr std::array<uint64_t, kPolicyCount> kReasonsOf = {
    kPowerCap,
    kSoftHeat | kHardHeat,
    kSync,
    kBrake,
    kIdle,
    0,
    kPowerCap | kSlowdown | kSync | kSoftHeat | kHardHeat | kBrake,
    kSlowdown | kHardHeat | kBrake,
    kSoftHeat,
    kHardHeat,
    kBrake,
};

// Of what the link carries: under full load, and what an idle driver exchanges with its board.
constexpr double kPcieReceiveShare = 0.04;
constexpr double kPcieTransmitShare = 0.01;
constexpr double kPcieIdleShare = 0.00002;
constexpr double kNvLinkShare = 0.22;
constexpr double kNvLinkRawOverhead = 0.07;

constexpr std::array<unsigned int, 7> kLaneMbps = {0, 2500, 5000, 8000, 16000, 32000, 64000};

}  // namespace

void Counters::Add(const Activity& activity, int64_t duration_ns) {
  const double seconds = static_cast<double>(duration_ns) * 1e-9;
  seconds_ += seconds;
  load_seconds_ += activity.load * seconds;
  for (size_t policy = 0; policy < kPolicyCount; ++policy) {
    if ((activity.reasons & kReasonsOf[policy]) != 0) held_back_ns_[policy] += duration_ns;
  }
}

int64_t PcieBytes(const Board& board, const Counters& counters, Direction direction) {
  const double link = PcieLaneMbps(board.pcie_generation_max) * 1e6 / 8 * board.pcie_width_max;
  const double share = direction == Direction::kReceive ? kPcieReceiveShare : kPcieTransmitShare;
  return static_cast<int64_t>(
      link * (share * counters.load_seconds() + kPcieIdleShare * counters.seconds()));
}

// Links differ a little, as rings over them do, and all are still without load.
int64_t NvLinkDataKib(const Board& board, const Counters& counters, Direction direction,
                      unsigned int link) {
  const double kib_per_second = NvLinkMegabytesPerSecond(board) * 1e6 / 1024;
  const double unevenness = 1 - 0.01 * (link % 5) - (direction == Direction::kReceive ? 0.005 : 0);
  return static_cast<int64_t>(kib_per_second * kNvLinkShare * unevenness * counters.load_seconds());
}

int64_t NvLinkRawKib(int64_t data_kib) {
  return data_kib + static_cast<int64_t>(static_cast<double>(data_kib) * kNvLinkRawOverhead);
}

unsigned int PcieLaneMbps(unsigned int generation) {
  return kLaneMbps[std::min<size_t>(generation, kLaneMbps.size() - 1)];
}

unsigned int NvLinkMegabytesPerSecond(const Board& board) {
  if (board.architecture >= NVML_DEVICE_ARCH_BLACKWELL) return 53125;
  return board.architecture >= NVML_DEVICE_ARCH_HOPPER ? 26562 : 25781;
}

}  // namespace gpuring::simulator
