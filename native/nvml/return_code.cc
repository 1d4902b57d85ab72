#include "nvml/return_code.h"

#include <array>

namespace gpuring {
namespace {

struct ReturnRow {
  nvmlReturn_t result;
  StatusCode code;
  std::string_view name;
  std::string_view meaning;
};

constexpr std::array<ReturnRow, 31> kRows = {{
    {NVML_ERROR_UNINITIALIZED, StatusCode::kDriverGone, "NVML_ERROR_UNINITIALIZED",
     "the driver library is not initialised"},
    {NVML_ERROR_INVALID_ARGUMENT, StatusCode::kDriverError, "NVML_ERROR_INVALID_ARGUMENT",
     "the driver refused an argument"},
    {NVML_ERROR_NOT_SUPPORTED, StatusCode::kNotSupported, "NVML_ERROR_NOT_SUPPORTED",
     "this device does not offer it"},
    {NVML_ERROR_NO_PERMISSION, StatusCode::kNoPermission, "NVML_ERROR_NO_PERMISSION",
     "this process may not ask for it"},
    {NVML_ERROR_ALREADY_INITIALIZED, StatusCode::kDriverError, "NVML_ERROR_ALREADY_INITIALIZED",
     "the driver library was initialised before"},
    {NVML_ERROR_NOT_FOUND, StatusCode::kTryAgain, "NVML_ERROR_NOT_FOUND", "nothing to report now"},
    {NVML_ERROR_INSUFFICIENT_SIZE, StatusCode::kDriverError, "NVML_ERROR_INSUFFICIENT_SIZE",
     "the answer is longer than its buffer"},
    {NVML_ERROR_INSUFFICIENT_POWER, StatusCode::kDeviceLost, "NVML_ERROR_INSUFFICIENT_POWER",
     "the external power cables of the device are not properly attached"},
    {NVML_ERROR_DRIVER_NOT_LOADED, StatusCode::kDriverNotLoaded, "NVML_ERROR_DRIVER_NOT_LOADED",
     "the NVIDIA kernel driver is not loaded"},
    {NVML_ERROR_TIMEOUT, StatusCode::kTimeout, "NVML_ERROR_TIMEOUT",
     "the driver gave no answer in time"},
    {NVML_ERROR_IRQ_ISSUE, StatusCode::kDeviceLost, "NVML_ERROR_IRQ_ISSUE",
     "the kernel found an interrupt problem with the device"},
    {NVML_ERROR_LIBRARY_NOT_FOUND, StatusCode::kLibraryNotFound, "NVML_ERROR_LIBRARY_NOT_FOUND",
     "the driver library misses a library of its own"},
    {NVML_ERROR_FUNCTION_NOT_FOUND, StatusCode::kNotSupported, "NVML_ERROR_FUNCTION_NOT_FOUND",
     "the installed driver does not have this function"},
    {NVML_ERROR_CORRUPTED_INFOROM, StatusCode::kDriverError, "NVML_ERROR_CORRUPTED_INFOROM",
     "the board's information ROM is damaged"},
    {NVML_ERROR_GPU_IS_LOST, StatusCode::kDeviceLost, "NVML_ERROR_GPU_IS_LOST",
     "the device fell off the bus or is otherwise out of reach"},
    {NVML_ERROR_RESET_REQUIRED, StatusCode::kDeviceLost, "NVML_ERROR_RESET_REQUIRED",
     "the device needs a reset before it answers again"},
    {NVML_ERROR_OPERATING_SYSTEM, StatusCode::kNoPermission, "NVML_ERROR_OPERATING_SYSTEM",
     "the operating system or its control group blocks the device"},
    {NVML_ERROR_LIB_RM_VERSION_MISMATCH, StatusCode::kDriverMismatch,
     "NVML_ERROR_LIB_RM_VERSION_MISMATCH",
     "the driver library and the loaded kernel driver are of different versions"},
    {NVML_ERROR_IN_USE, StatusCode::kTryAgain, "NVML_ERROR_IN_USE", "the device is in use"},
    {NVML_ERROR_MEMORY, StatusCode::kTryAgain, "NVML_ERROR_MEMORY",
     "the driver ran short of memory"},
    {NVML_ERROR_NO_DATA, StatusCode::kTryAgain, "NVML_ERROR_NO_DATA", "no data at this moment"},
    {NVML_ERROR_VGPU_ECC_NOT_SUPPORTED, StatusCode::kNotSupported,
     "NVML_ERROR_VGPU_ECC_NOT_SUPPORTED", "not available while ECC is on"},
    {NVML_ERROR_INSUFFICIENT_RESOURCES, StatusCode::kTryAgain, "NVML_ERROR_INSUFFICIENT_RESOURCES",
     "the driver ran short of resources other than memory"},
    {NVML_ERROR_FREQ_NOT_SUPPORTED, StatusCode::kNotSupported, "NVML_ERROR_FREQ_NOT_SUPPORTED",
     "this device does not offer the clock rate"},
    {NVML_ERROR_ARGUMENT_VERSION_MISMATCH, StatusCode::kNotSupported,
     "NVML_ERROR_ARGUMENT_VERSION_MISMATCH",
     "the installed driver does not know this version of the call"},
    {NVML_ERROR_DEPRECATED, StatusCode::kNotSupported, "NVML_ERROR_DEPRECATED",
     "the installed driver no longer offers this function"},
    {NVML_ERROR_NOT_READY, StatusCode::kTryAgain, "NVML_ERROR_NOT_READY",
     "the device is not ready yet"},
    {NVML_ERROR_GPU_NOT_FOUND, StatusCode::kDeviceLost, "NVML_ERROR_GPU_NOT_FOUND",
     "the driver knows no such device"},
    {NVML_ERROR_INVALID_STATE, StatusCode::kTryAgain, "NVML_ERROR_INVALID_STATE",
     "the device cannot answer in its present state"},
    {NVML_ERROR_RESET_TYPE_NOT_SUPPORTED, StatusCode::kNotSupported,
     "NVML_ERROR_RESET_TYPE_NOT_SUPPORTED", "this device does not offer that kind of reset"},
    {NVML_ERROR_UNKNOWN, StatusCode::kDriverError, "NVML_ERROR_UNKNOWN",
     "the driver failed without saying why"},
}};

const ReturnRow* FindRow(nvmlReturn_t result) {
  for (const ReturnRow& row : kRows) {
    if (row.result == result) return &row;
  }
  return nullptr;
}

std::string_view Hint(nvmlReturn_t result) {
  switch (result) {
    case NVML_ERROR_DRIVER_NOT_LOADED:
      return "Load the kernel driver (modprobe nvidia) and check it with nvidia-smi; in a "
             "container, give it the GPUs (docker run --gpus all).";
    case NVML_ERROR_LIB_RM_VERSION_MISMATCH:
      return "The driver was updated while the old one kept running: reboot, or unload and reload "
             "the nvidia kernel modules; inside a container, restart the container.";
    case NVML_ERROR_NO_PERMISSION:
      return "Give this user access to /dev/nvidia* (owner, group or the container's device "
             "rules); MIG devices need /dev/nvidia-caps as well.";
    case NVML_ERROR_OPERATING_SYSTEM:
      return "A control group or security module keeps this process from /dev/nvidia*: restart "
             "the container, or allow the devices for it.";
    case NVML_ERROR_LIBRARY_NOT_FOUND:
      return "The driver's installation is incomplete: reinstall the NVIDIA driver; in a "
             "container, update the NVIDIA container toolkit.";
    case NVML_ERROR_UNKNOWN:
      return "Check nvidia-smi and the kernel log (dmesg). A container can lose its GPUs when the "
             "host reloads systemd: restart the container.";
    default:
      break;
  }
  if (IsDeviceDead(result)) {
    return "Look for Xid messages in the kernel log (dmesg); the device needs a reset "
           "(nvidia-smi --gpu-reset) or the host a reboot.";
  }
  return "";
}

}  // namespace

StatusCode ToStatusCode(nvmlReturn_t result) {
  if (result == NVML_SUCCESS) return StatusCode::kOk;
  const ReturnRow* row = FindRow(result);
  return row == nullptr ? StatusCode::kDriverError : row->code;
}

ValueState ToValueState(nvmlReturn_t result) {
  switch (ToStatusCode(result)) {
    case StatusCode::kNotSupported:
      return ValueState::kUnsupported;
    case StatusCode::kNoPermission:
      return ValueState::kDenied;
    default:
      return ValueState::kUnavailable;
  }
}

std::string_view ReturnName(nvmlReturn_t result) {
  if (result == NVML_SUCCESS) return "NVML_SUCCESS";
  const ReturnRow* row = FindRow(result);
  return row == nullptr ? "" : row->name;
}

Status ToStatus(nvmlReturn_t result, std::string_view function) {
  if (result == NVML_SUCCESS) return Status::Ok();
  const ReturnRow* row = FindRow(result);
  std::string message(function);
  message += ": ";
  message +=
      row == nullptr ? "the driver answered with a code this version does not know" : row->meaning;
  message += " (";
  if (row != nullptr) message += std::string(row->name) + ", ";
  message += "code " + std::to_string(static_cast<unsigned int>(result)) + ")";
  return Status::Error(ToStatusCode(result), std::move(message), std::string(Hint(result)))
      .WithDriverReturn(result);
}

Status ToBareStatus(nvmlReturn_t result) {
  if (result == NVML_SUCCESS) return Status::Ok();
  return Status::Error(ToStatusCode(result), "").WithDriverReturn(result);
}

}  // namespace gpuring
