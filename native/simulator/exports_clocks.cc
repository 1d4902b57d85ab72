// Clocks, performance states and the reasons for them.
#include <algorithm>
#include <array>
#include <vector>

#include "nvml/abi_extended.h"
#include "simulator/call.h"
#include "simulator/field_table.h"

namespace gpuring::simulator {
namespace {

// Step between two graphics clocks that a board can be set to.
constexpr unsigned int kGraphicsStepMhz = 15;
constexpr unsigned long long kAllReasons = 0x1ff;

constexpr std::array<Column, NVML_CLOCK_COUNT> kClockColumns = {
    Column::kClockGraphics, Column::kClockSm, Column::kClockMemory, Column::kClockVideo};

unsigned int MaxClock(const Board& board, nvmlClockType_t type) {
  const BoardClocks& clocks = board.max_clocks;
  const std::array<uint32_t, NVML_CLOCK_COUNT> by_type = {clocks.graphics, clocks.sm, clocks.memory,
                                                          clocks.video};
  return by_type[type];
}

nvmlReturn_t TellMaxClock(const DeviceCall& call, nvmlClockType_t type, unsigned int* mhz) {
  if (!call.ok()) return call.result();
  if (type >= NVML_CLOCK_COUNT) return NVML_ERROR_INVALID_ARGUMENT;
  *mhz = MaxClock(call.board(), type);
  return NVML_SUCCESS;
}

nvmlReturn_t ReadClock(const DeviceCall& call, nvmlClockType_t type, unsigned int* mhz) {
  if (!call.ok()) return call.result();
  if (type >= NVML_CLOCK_COUNT) return NVML_ERROR_INVALID_ARGUMENT;
  return call.Read(kClockColumns[type], mhz);
}

// Nobody has set any, so that they stand at the highest.
nvmlReturn_t TellApplicationClock(const DeviceCall& call, nvmlClockType_t type, unsigned int* mhz) {
  if (call.ok() && !IsProfessional(call.board())) return NVML_ERROR_NOT_SUPPORTED;
  return TellMaxClock(call, type, mhz);
}

// Highest first, each once.
std::vector<unsigned int> MemoryClocks(const Board& board) {
  std::vector<unsigned int> clocks = {board.max_clocks.memory};
  if (board.idle_clocks.memory != board.max_clocks.memory) {
    clocks.push_back(board.idle_clocks.memory);
  }
  return clocks;
}

std::vector<unsigned int> GraphicsClocks(const Board& board) {
  std::vector<unsigned int> clocks;
  for (unsigned int mhz = board.max_clocks.graphics;
       mhz >= board.idle_clocks.graphics && mhz >= kGraphicsStepMhz; mhz -= kGraphicsStepMhz) {
    clocks.push_back(mhz);
  }
  return clocks;
}

}  // namespace

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetClockInfo(nvmlDevice_t device, nvmlClockType_t type,
                                                   unsigned int* mhz) {
  return ReadClock(DeviceCall(__func__, device, mhz), type, mhz);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetMaxClockInfo(nvmlDevice_t device, nvmlClockType_t type,
                                                      unsigned int* mhz) {
  return TellMaxClock(DeviceCall(__func__, device, mhz), type, mhz);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetMaxCustomerBoostClock(nvmlDevice_t device,
                                                               nvmlClockType_t type,
                                                               unsigned int* mhz) {
  return TellMaxClock(DeviceCall(__func__, device, mhz), type, mhz);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetApplicationsClock(nvmlDevice_t device,
                                                           nvmlClockType_t type,
                                                           unsigned int* mhz) {
  return TellApplicationClock(DeviceCall(__func__, device, mhz), type, mhz);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetDefaultApplicationsClock(nvmlDevice_t device,
                                                                  nvmlClockType_t type,
                                                                  unsigned int* mhz) {
  return TellApplicationClock(DeviceCall(__func__, device, mhz), type, mhz);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetClock(nvmlDevice_t device, nvmlClockType_t type,
                                               nvmlClockId_t id, unsigned int* mhz) {
  const DeviceCall call(__func__, device, mhz);
  switch (id) {
    case NVML_CLOCK_ID_CURRENT:
      return ReadClock(call, type, mhz);
    case NVML_CLOCK_ID_APP_CLOCK_TARGET:
    case NVML_CLOCK_ID_APP_CLOCK_DEFAULT:
      return TellApplicationClock(call, type, mhz);
    case NVML_CLOCK_ID_CUSTOMER_BOOST_MAX:
      return TellMaxClock(call, type, mhz);
  }
  return call.ok() ? NVML_ERROR_INVALID_ARGUMENT : call.result();
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetSupportedMemoryClocks(nvmlDevice_t device,
                                                               unsigned int* count,
                                                               unsigned int* mhz) {
  const DeviceCall call(__func__, device, count);
  return call.ok() ? CopyList(MemoryClocks(call.board()), count, mhz) : call.result();
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetSupportedGraphicsClocks(nvmlDevice_t device,
                                                                 unsigned int memory_mhz,
                                                                 unsigned int* count,
                                                                 unsigned int* mhz) {
  const DeviceCall call(__func__, device, count);
  if (!call.ok()) return call.result();
  const std::vector<unsigned int> known = MemoryClocks(call.board());
  if (std::find(known.begin(), known.end(), memory_mhz) == known.end()) {
    return NVML_ERROR_NOT_FOUND;
  }
  return CopyList(GraphicsClocks(call.board()), count, mhz);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetAdaptiveClockInfoStatus(nvmlDevice_t device,
                                                                 unsigned int* status) {
  return DeviceCall(__func__, device, status)
      .TellConstant(NVML_ADAPTIVE_CLOCKING_INFO_STATUS_ENABLED, status);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetPerformanceState(nvmlDevice_t device,
                                                          nvmlPstates_t* state) {
  return DeviceCall(__func__, device, state).Read(Column::kPstate, state);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetPowerState(nvmlDevice_t device, nvmlPstates_t* state) {
  return DeviceCall(__func__, device, state).Read(Column::kPstate, state);
}

// `size` counts bytes. Elements beyond the last state are filled with the unknown one.
GPURING_EXPORT nvmlReturn_t nvmlDeviceGetSupportedPerformanceStates(nvmlDevice_t device,
                                                                    nvmlPstates_t* states,
                                                                    unsigned int size) {
  const DeviceCall call(__func__, device, states);
  if (!call.ok()) return call.result();
  std::vector<uint32_t> known = {call.board().compute_pstate};
  if (call.board().idle_pstate != known.front()) known.push_back(call.board().idle_pstate);
  const size_t room = size / sizeof(nvmlPstates_t);
  if (room < known.size()) return NVML_ERROR_INSUFFICIENT_SIZE;
  for (size_t i = 0; i < std::min<size_t>(room, NVML_MAX_GPU_PERF_PSTATES); ++i) {
    states[i] = i < known.size() ? static_cast<nvmlPstates_t>(known[i]) : NVML_PSTATE_UNKNOWN;
  }
  return NVML_SUCCESS;
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetCurrentClocksEventReasons(nvmlDevice_t device,
                                                                   unsigned long long* reasons) {
  return DeviceCall(__func__, device, reasons).Read(Column::kClockEventReasons, reasons);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetCurrentClocksThrottleReasons(nvmlDevice_t device,
                                                                      unsigned long long* reasons) {
  return DeviceCall(__func__, device, reasons).Read(Column::kClockEventReasons, reasons);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetSupportedClocksEventReasons(nvmlDevice_t device,
                                                                     unsigned long long* reasons) {
  return DeviceCall(__func__, device, reasons).TellConstant(kAllReasons, reasons);
}

GPURING_EXPORT nvmlReturn_t
nvmlDeviceGetSupportedClocksThrottleReasons(nvmlDevice_t device, unsigned long long* reasons) {
  return DeviceCall(__func__, device, reasons).TellConstant(kAllReasons, reasons);
}

// The policies are numbered 0 to 5, 10 and 11; the fields of the same times go on from 74.
GPURING_EXPORT nvmlReturn_t nvmlDeviceGetViolationStatus(nvmlDevice_t device, unsigned int policy,
                                                         nvmlViolationTime_t* violation) {
  constexpr unsigned int kFirstField = 74;
  constexpr unsigned int kTotals = 10;
  const DeviceCall call(__func__, device, violation);
  if (!call.ok()) return call.result();
  if ((policy > 5 && policy < kTotals) || policy > kTotals + 1) return NVML_ERROR_INVALID_ARGUMENT;
  const unsigned int field = kFirstField + (policy < kTotals ? policy : policy - kTotals + 6);
  return World::Get().Ask(call.device(), [=](Device& there) {
    const Answer held_back = ReadField(&there, {field}).answer;
    if (held_back.result != NVML_SUCCESS) return held_back.result;
    violation->referenceTime = static_cast<unsigned long long>(there.DriverTimeUs(there.time_ns()));
    violation->violationTime = static_cast<unsigned long long>(held_back.value);
    return NVML_SUCCESS;
  });
}

}  // namespace gpuring::simulator
