#include "nvml/gpm.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/clock.h"
#include "nvml/reading_call.h"
#include "nvml/return_code.h"
#include "nvml/roomy.h"
#include "nvml/target.h"

namespace gpuring {
namespace {

// The driver refreshes what is behind a sample ten times a second.
constexpr int64_t kLeastGapNs = 100'000'000;
// What was measured over a longer time says nothing about now.
constexpr int64_t kMostGapNs = 60'000'000'000;

constexpr MetricRange kTier = kTierMetrics[static_cast<size_t>(kGpmTier)];
static_assert(std::ranges::all_of(kGpmReadings, [](const GpmReading& reading) {
  const auto metric = static_cast<size_t>(reading.metric);
  return metric >= kTier.begin && metric < kTier.end;
}));

bool IsDead(nvmlReturn_t result) { return IsDeviceDead(result) || IsLibraryDead(result); }

bool HasGpm(const NvmlFunctions& nvml) {
  return nvml.gpm_support != nullptr && nvml.gpm_sample_alloc != nullptr &&
         nvml.gpm_sample_free != nullptr && nvml.gpm_sample_get != nullptr &&
         nvml.gpm_metrics_get != nullptr;
}

nvmlReturn_t FindSupport(const NvmlFunctions& nvml, Target* target) {
  GpmSamples::Support& known = target->gpm.support;
  if (known == GpmSamples::Support::kYes) return NVML_SUCCESS;
  if (known == GpmSamples::Support::kNo || !HasGpm(nvml)) return NVML_ERROR_NOT_SUPPORTED;
  Roomy<nvmlGpmSupport_t> support;
  support->version = NVML_GPM_SUPPORT_VERSION;
  nvmlDevice_t const board = target->is_mig ? target->parent : target->handle;
  const nvmlReturn_t result = nvml.gpm_support(board, &support.value);
  const bool never = IsPermanent(result) || result == NVML_ERROR_NOT_SUPPORTED;
  if (result != NVML_SUCCESS && !never) return result;
  const bool yes = result == NVML_SUCCESS && support->isSupportedDevice != 0;
  known = yes ? GpmSamples::Support::kYes : GpmSamples::Support::kNo;
  return yes ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
}

nvmlReturn_t Allocate(const NvmlFunctions& nvml, GpmSamples* gpm) {
  for (nvmlGpmSample_t& sample : gpm->samples) {
    if (sample != nullptr) continue;
    const nvmlReturn_t result = nvml.gpm_sample_alloc(&sample);
    if (result != NVML_SUCCESS) {
      sample = nullptr;
      return result;
    }
  }
  return NVML_SUCCESS;
}

nvmlReturn_t Fill(const NvmlFunctions& nvml, const Target& target, nvmlGpmSample_t sample) {
  if (!target.is_mig) return nvml.gpm_sample_get(target.handle, sample);
  if (nvml.gpm_mig_sample_get == nullptr || target.gpu_instance_id == Target::kNoInstance) {
    return NVML_ERROR_NOT_SUPPORTED;
  }
  return nvml.gpm_mig_sample_get(target.parent, target.gpu_instance_id, sample);
}

// NVML_ERROR_NO_DATA: there is no other sample to compare it with, or the newest is too young.
nvmlReturn_t Take(const NvmlFunctions& nvml, Target* target) {
  GpmSamples& gpm = target->gpm;
  const int64_t gap_ns = MonotonicNowNs() - gpm.newest_ns;
  const bool first = gpm.newest_ns == 0 || gap_ns > kMostGapNs;
  if (!first && gap_ns <= kLeastGapNs) return NVML_ERROR_NO_DATA;
  const uint8_t older = 1 - gpm.newest;
  const nvmlReturn_t result = Fill(nvml, *target, gpm.samples[older]);
  if (result != NVML_SUCCESS) return result;
  gpm.newest = older;
  gpm.newest_ns = MonotonicNowNs();
  return first ? NVML_ERROR_NO_DATA : NVML_SUCCESS;
}

nvmlReturn_t Compare(const NvmlFunctions& nvml, const GpmSamples& gpm, nvmlGpmMetricsGet_t* get) {
  get->version = NVML_GPM_METRICS_GET_VERSION;
  get->numMetrics = kGpmReadings.size();
  get->sample1 = gpm.samples[1 - gpm.newest];
  get->sample2 = gpm.samples[gpm.newest];
  for (size_t at = 0; at < kGpmReadings.size(); ++at) {
    get->metrics[at] = {};
    get->metrics[at].metricId = kGpmReadings[at].gpm_id;
    get->metrics[at].nvmlReturn = NVML_ERROR_UNKNOWN;  // in case the driver skips it
    get->metrics[at].value = std::numeric_limits<double>::quiet_NaN();
  }
  return nvml.gpm_metrics_get(get);
}

}  // namespace

nvmlReturn_t PollGpm(const NvmlLibrary& library, Target* target, Sample* sample) {
  const NvmlFunctions& nvml = library.functions();
  struct {  // 13 KiB, of which only the first metrics are ever touched
    nvmlGpmMetricsGet_t get;
    std::array<std::byte, kRoomBehind> room;
  } answer;
  nvmlGpmMetricsGet_t& get = answer.get;
  nvmlReturn_t result = FindSupport(nvml, target);
  if (result == NVML_SUCCESS) result = Allocate(nvml, &target->gpm);
  if (result == NVML_SUCCESS) result = Take(nvml, target);
  if (result == NVML_SUCCESS) result = Compare(nvml, target->gpm, &get);
  for (size_t at = 0; at < kGpmReadings.size(); ++at) {
    const GpmReading& row = kGpmReadings[at];
    const nvmlReturn_t own = result == NVML_SUCCESS ? get.metrics[at].nvmlReturn : result;
    if (IsDead(own)) return own;
    if (own != NVML_SUCCESS) {
      Explain(row.metric, ToValueState(own), sample);
      continue;
    }
    const nvmlValue_t value = {.dVal = get.metrics[at].value * row.scale};
    StoreRaw(row.metric, {DecodeValue(NVML_VALUE_TYPE_DOUBLE, value)}, sample);
  }
  return NVML_SUCCESS;
}

void FreeGpm(const NvmlLibrary& library, Target* target) {
  const auto free_sample = library.functions().gpm_sample_free;
  for (const nvmlGpmSample_t sample : target->gpm.samples) {
    if (sample != nullptr && free_sample != nullptr) free_sample(sample);
  }
  target->gpm = GpmSamples();
}

}  // namespace gpuring
