// GPM: activity of parts of the GPU between two samples. Hopper and newer.
#pragma once

#include <array>
#include <cstdint>

#include "core/sample.h"
#include "nvml/library.h"

namespace gpuring {

struct Target;

inline constexpr Tier kGpmTier = Tier::kMedium;  // that of all its metrics

// Two samples of the driver's that take turns; the driver's memory, so they need FreeGpm.
struct GpmSamples {
  enum class Support : uint8_t { kUnknown, kYes, kNo };
  Support support = Support::kUnknown;
  std::array<nvmlGpmSample_t, 2> samples{};
  uint8_t newest = 0;
  int64_t newest_ns = 0;  // when it was taken; 0: none yet
};

// Sets the GPM metrics of `sample`: known from the second call on, if the last one is more than
// 100 ms ago and not more than a minute. The return code is the device's or library's death, else
// NVML_SUCCESS.
nvmlReturn_t PollGpm(const NvmlLibrary& library, Target* target, Sample* sample);
void FreeGpm(const NvmlLibrary& library, Target* target);

}  // namespace gpuring
