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
  kSampled,      // (device, unsigned int* value, unsigned int* period): slot 0
  kUtilization,  // gpu, memory
  kMemory,       // total, used, free, reserved; the unversioned call has no `reserved`
  kTemperature,  // the versioned struct call, else (device, sensor, unsigned int*): slot 0
  kMargin,       // versioned struct with a signed number: slot 0
  kBar1,         // total, free, used
  kRemapped,     // four unsigned int*: correctable, uncorrectable, pending, failure
  kSram,         // seven of nvmlEccSramErrorStatus, as scripts/generate-metrics.mjs lists them
};

inline constexpr MetricId kNoMetric = static_cast<MetricId>(kMetricCount);
inline constexpr int32_t kNoArgument = -1;
inline constexpr uint32_t kAllScopes = UINT32_MAX;

struct Reading {
  Tier tier;
  ReadingShape shape;
  int32_t argument;                    // or kNoArgument
  int64_t scale;                       // raw value = the driver's answer times this
  MetricId unless;                     // asked only while that metric is unsupported; or kNoMetric
  bool fallback;                       // asked after the fields, for what they did not tell
  std::array<const char*, 2> symbols;  // newest first; null: no older name
  std::array<MetricId, 7> outputs;
};

struct FieldReading {
  Tier tier;
  uint32_t field_id;
  uint32_t scope;
  int64_t scale;
  MetricId metric;
};

struct GpmReading {
  uint32_t gpm_id;
  double scale;
  MetricId metric;
};

}  // namespace gpuring
