// Processes that a scenario or the command "processes" puts on a device.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nvml/abi_numbers.h"
#include "simulator/fields.h"

namespace gpuring::simulator {

enum class ProcessKind : uint8_t { kCompute, kGraphics, kMps };  // NVML's modes 0 to 2

// As NVML_VALUE_NOT_AVAILABLE_U64, once it is unsigned: a driver behind a Windows host.
inline constexpr int64_t kMemoryNotAvailable = -1;

struct Process {
  uint32_t pid = 0;
  int64_t memory_bytes = 0;
  ProcessKind kind = ProcessKind::kCompute;
  uint32_t sm_percent = 0;
  uint32_t memory_percent = 0;
  uint32_t encoder_percent = 0;
  uint32_t decoder_percent = 0;
  uint32_t jpeg_percent = 0;
  uint32_t ofa_percent = 0;
  uint32_t gpu_instance = NVML_VALUE_NOT_AVAILABLE_U32;
  uint32_t compute_instance = NVML_VALUE_NOT_AVAILABLE_U32;

  bool busy() const {
    return (sm_percent | memory_percent | encoder_percent | decoder_percent | jpeg_percent |
            ofa_percent) != 0;
  }
};

// An array of objects: pid, memoryMiB (null: not available), kind (compute, graphics, mps),
// smPercent, memoryPercent, encoderPercent, decoderPercent, jpegPercent, ofaPercent, gpuInstanceId,
// computeInstanceId.
void ReadProcesses(const JsonValue& array, const std::string& path, Refusals* refusals,
                   std::vector<Process>* processes);

}  // namespace gpuring::simulator
