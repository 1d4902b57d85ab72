// How one group of metrics is asked for. The rows stand in readings.generated.h.
#pragma once

#include <array>
#include <cstdint>

#include "core/metrics.generated.h"

namespace gpuring {

// The result type of an NVML call, and with it what each output slot takes from it.
enum class ReadingShape : uint8_t {
  kU32,          // (device, [argument,] unsigned int*): slot 0
  kU64,          // (device, unsigned long long*): slot 0
  kUtilization,  // gpu, memory
  kMemory,       // total, used, free, reserved; the unversioned call has no `reserved`
  kTemperature,  // the versioned struct call, else (device, sensor, unsigned int*): slot 0
};

inline constexpr MetricId kNoMetric = static_cast<MetricId>(kMetricCount);

struct Reading {
  ReadingShape shape;
  uint32_t argument;  // 0: the call takes none. No call here takes 0 as an argument.
  std::array<const char*, 2> symbols;  // newest first; null: no older name
  std::array<MetricId, 4> outputs;
};

struct FieldReading {
  uint32_t field_id;
  MetricId metric;
};

}  // namespace gpuring
