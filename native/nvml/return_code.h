// What NVML's return codes mean, in words that need no driver library.
#pragma once

#include <string>
#include <string_view>

#include "core/sample.h"
#include "core/status.h"
#include "nvml/abi.h"

namespace gpuring {

[[nodiscard]] StatusCode ToStatusCode(nvmlReturn_t result);

// "NVML_ERROR_GPU_IS_LOST"; "" for a code this build does not know.
[[nodiscard]] std::string_view ReturnName(nvmlReturn_t result);

// The failure of `function` with its meaning and hint; Ok for NVML_SUCCESS.
[[nodiscard]] Status ToStatus(nvmlReturn_t result, std::string_view function);

// The same without texts, for the sampling path: it allocates nothing.
[[nodiscard]] Status ToBareStatus(nvmlReturn_t result);

// Why a value that was answered with it is not known. REQUIRES: not NVML_SUCCESS.
[[nodiscard]] ValueState ToValueState(nvmlReturn_t result);

// This driver will never answer that call: the function or the struct version is not there.
[[nodiscard]] constexpr bool IsPermanent(nvmlReturn_t result) {
  return result == NVML_ERROR_FUNCTION_NOT_FOUND ||
         result == NVML_ERROR_ARGUMENT_VERSION_MISMATCH || result == NVML_ERROR_DEPRECATED;
}

// The device answers nothing any more, whatever is asked.
[[nodiscard]] constexpr bool IsDeviceDead(nvmlReturn_t result) {
  return result == NVML_ERROR_GPU_IS_LOST || result == NVML_ERROR_RESET_REQUIRED ||
         result == NVML_ERROR_IRQ_ISSUE || result == NVML_ERROR_INSUFFICIENT_POWER ||
         result == NVML_ERROR_GPU_NOT_FOUND;
}

// The library answers nothing any more, for whatever device.
[[nodiscard]] constexpr bool IsLibraryDead(nvmlReturn_t result) {
  return result == NVML_ERROR_UNINITIALIZED || result == NVML_ERROR_DRIVER_NOT_LOADED ||
         result == NVML_ERROR_LIBRARY_NOT_FOUND || result == NVML_ERROR_LIB_RM_VERSION_MISMATCH;
}

// `result` if it is the end of device or library, else NVML_SUCCESS: other failures concern one
// value alone.
[[nodiscard]] constexpr nvmlReturn_t DeathIn(nvmlReturn_t result) {
  return IsDeviceDead(result) || IsLibraryDead(result) ? result : NVML_SUCCESS;
}

}  // namespace gpuring
