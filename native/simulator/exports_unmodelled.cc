// Functions that are checked and then declined: see unmodelled.inc.
#include <array>
#include <cstdint>
#include <string_view>

#include "simulator/call.h"

namespace gpuring::simulator {
namespace {

// NVML passes integers and pointers only, at most six: on x86-64 and AArch64 each comes in a
// register of its own, whatever its width. A narrow value leaves the upper bits undefined, which is
// why values are never looked at.
using Parameters = std::array<uintptr_t, 6>;

nvmlReturn_t CheckPointers(std::string_view shape, const Parameters& parameters) {
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 'n') return NVML_ERROR_INVALID_ARGUMENT;
    if (shape[i] == 'p' && parameters[i] == 0) return NVML_ERROR_INVALID_ARGUMENT;
  }
  return NVML_SUCCESS;
}

nvmlReturn_t Check(const char* function, std::string_view shape, const Parameters& parameters) {
  // NVML puts the device first wherever there is one.
  const nvmlReturn_t entered =
      shape.starts_with('d')
          ? DeviceCall(function, reinterpret_cast<nvmlDevice_t>(parameters[0])).result()
          : HostCall(function).result();
  return entered == NVML_SUCCESS ? CheckPointers(shape, parameters) : entered;
}

nvmlReturn_t Decline(nvmlReturn_t checked, nvmlReturn_t answer) {
  return checked == NVML_SUCCESS ? answer : checked;
}

}  // namespace

#define GPURING_DECLINED(name, shape, answer)                                          \
  GPURING_EXPORT nvmlReturn_t name(uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d, \
                                   uintptr_t e, uintptr_t f) {                         \
    return Decline(Check(__func__, shape, {a, b, c, d, e, f}), answer);                \
  }
#define GPURING_UNMODELLED(name, shape) GPURING_DECLINED(name, shape, NVML_ERROR_NOT_SUPPORTED)
#define GPURING_REFUSED(name, shape) GPURING_DECLINED(name, shape, NVML_ERROR_NO_PERMISSION)

#include "simulator/unmodelled.inc"

}  // namespace gpuring::simulator
