// What the driver measured since a client last looked.
#include <algorithm>
#include <vector>

#include "simulator/call.h"
#include "simulator/samples.h"

namespace gpuring::simulator {
namespace {

bool IsDeclinedWithMig(nvmlSamplingType_t type) {
  return type >= NVML_GPU_UTILIZATION_SAMPLES && type <= NVML_DEC_UTILIZATION_SAMPLES;
}

}  // namespace

// Without an array: how many a buffer holds. A short array gets the oldest of what is new, so that
// a client that asks on from the last of them misses none.
GPURING_EXPORT nvmlReturn_t nvmlDeviceGetSamples(nvmlDevice_t device, nvmlSamplingType_t type,
                                                 unsigned long long last_seen,
                                                 nvmlValueType_t* value_type, unsigned int* count,
                                                 nvmlSample_t* samples) {
  const DeviceCall call(__func__, device, value_type, count);
  if (!call.ok()) return call.result();
  if (type > NVML_OFA_UTILIZATION_SAMPLES || (samples != nullptr && *count == 0)) {
    return NVML_ERROR_INVALID_ARGUMENT;
  }
  if (World::Get().IsMigOn(call.device()) && IsDeclinedWithMig(type)) {
    return NVML_ERROR_NOT_SUPPORTED;
  }
  std::vector<TimedValue> found;
  const nvmlReturn_t asked = World::Get().Ask(call.device(), [&](Device& there) {
    if (!OffersSamples(there, type)) return NVML_ERROR_NOT_SUPPORTED;
    *value_type = NVML_VALUE_TYPE_UNSIGNED_INT;
    if (samples == nullptr) {
      *count = SampleCapacity(there);
      return NVML_SUCCESS;
    }
    found = SamplesSince(there, type, last_seen);
    return found.empty() ? NVML_ERROR_NOT_FOUND : NVML_SUCCESS;
  });
  if (asked != NVML_SUCCESS || samples == nullptr) return asked;
  *count = static_cast<unsigned int>(std::min<size_t>(*count, found.size()));
  for (unsigned int i = 0; i < *count; ++i) {
    samples[i] = {};
    samples[i].timeStamp = static_cast<unsigned long long>(found[i].time_us);
    samples[i].sampleValue.uiVal = static_cast<unsigned int>(found[i].value);
  }
  call.Wrote(samples, *count);
  return NVML_SUCCESS;
}

}  // namespace gpuring::simulator
