// What NVLinks are and count, link by link.
#include <array>

#include "nvml/abi_extended.h"
#include "simulator/call.h"
#include "simulator/field_table.h"

namespace gpuring::simulator {
namespace {

constexpr unsigned int kMostCapabilities = 6;  // bits of what a link can do
constexpr unsigned int kSystemMemory = 1;
constexpr unsigned int kSystemAtomics = 3;
constexpr unsigned int kBridge = 4;

// By NVML's number of the error: replays, recoveries, CRC errors of flow control and of data, ECC
// errors. Fields of the first and second are by link; CRC errors are one number.
constexpr std::array<unsigned int, 5> kErrorFields = {161, 162, 163, 163, 160};

nvmlReturn_t CheckLink(const DeviceCall& call, unsigned int link) {
  if (!call.ok()) return call.result();
  if (link >= NVML_NVLINK_MAX_LINKS) return NVML_ERROR_INVALID_ARGUMENT;
  return link < call.board().nvlink_count ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
}

template <typename Number>
nvmlReturn_t TellOfLink(const DeviceCall& call, const FieldQuery& query, Number* out) {
  const nvmlReturn_t checked = CheckLink(call, query.scope);
  if (checked != NVML_SUCCESS) return checked;
  return World::Get().Ask(call.device(), [query, out](Device& there) {
    const Answer answer = ReadField(&there, query).answer;
    if (answer.result == NVML_SUCCESS) *out = static_cast<Number>(answer.value);
    return answer.result;
  });
}

}  // namespace

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetNvLinkVersion(nvmlDevice_t device, unsigned int link,
                                                       unsigned int* version) {
  return TellOfLink(DeviceCall(__func__, device, version), {NVML_FI_DEV_NVLINK_GET_VERSION, link},
                    version);
}

// To other boards alone: the processors here have no NVLink, and nothing is bridged.
GPURING_EXPORT nvmlReturn_t nvmlDeviceGetNvLinkCapability(nvmlDevice_t device, unsigned int link,
                                                          unsigned int capability,
                                                          unsigned int* can) {
  const DeviceCall call(__func__, device, can);
  const nvmlReturn_t checked = CheckLink(call, link);
  if (checked != NVML_SUCCESS) return checked;
  if (capability >= kMostCapabilities) return NVML_ERROR_INVALID_ARGUMENT;
  const bool lacks =
      capability == kSystemMemory || capability == kSystemAtomics || capability == kBridge;
  *can = lacks ? 0 : 1;
  return NVML_SUCCESS;
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetNvLinkErrorCounter(nvmlDevice_t device, unsigned int link,
                                                            unsigned int counter,
                                                            unsigned long long* count) {
  const DeviceCall call(__func__, device, count);
  const nvmlReturn_t checked = CheckLink(call, link);
  if (checked != NVML_SUCCESS) return checked;
  if (counter >= kErrorFields.size()) return NVML_ERROR_INVALID_ARGUMENT;
  return TellOfLink(call, {kErrorFields[counter], link}, count);
}

}  // namespace gpuring::simulator
