#include "nvml/series.h"

#include <algorithm>
#include <array>

#include "nvml/reading_call.h"
#include "nvml/return_code.h"
#include "nvml/roomy.h"
#include "nvml/target.h"

namespace gpuring {
namespace {

// Several times what drivers keep (some 120), so that the answer is all that is new: which part of
// it a short array gets is nowhere written.
constexpr size_t kRoom = 1024;
constexpr int64_t kSenseless = INT64_MIN;  // outside every metric's range

}  // namespace

Status DrainTarget(const NvmlLibrary& library, const Target& target, const SeriesRequest& request,
                   size_t* count) {
  *count = 0;
  const auto ask = library.functions().samples;
  if (ask == nullptr) return ToBareStatus(NVML_ERROR_FUNCTION_NOT_FOUND);
  Roomy<std::array<nvmlSample_t, kRoom>> answer;  // of those that the driver skips no stamp is new
  std::array<nvmlSample_t, kRoom>& samples = answer.value;
  unsigned int written = kRoom;
  auto value_type = static_cast<nvmlValueType_t>(NVML_VALUE_NOT_AVAILABLE_U32);
  const auto type = static_cast<nvmlSamplingType_t>(kSeriesTypes[request.series]);
  const nvmlReturn_t result =
      ask(target.handle, type, static_cast<unsigned long long>(request.after_us), &value_type,
          &written, samples.data());
  if (result != NVML_SUCCESS) return ToBareStatus(result);
  for (size_t at = 0; at < std::min<size_t>(written, kRoom) && *count < request.out.size(); ++at) {
    const unsigned long long stamp_us = samples[at].timeStamp;
    if (stamp_us > INT64_MAX || static_cast<int64_t>(stamp_us) <= request.after_us) continue;
    const std::optional<int64_t> value = DecodeValue(value_type, samples[at].sampleValue);
    request.out[(*count)++] = {static_cast<int64_t>(stamp_us), value.value_or(kSenseless)};
  }
  return *count == 0 ? ToBareStatus(NVML_ERROR_NOT_FOUND) : Status::Ok();
}

}  // namespace gpuring
