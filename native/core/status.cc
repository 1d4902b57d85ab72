#include "core/status.h"

namespace gpuring {

std::string_view CodeName(StatusCode code) {
  switch (code) {
    case StatusCode::kOk:
      return "";
    case StatusCode::kOutOfRange:
      return "ERR_GPU_OUT_OF_RANGE";
    case StatusCode::kClosed:
      return "ERR_GPU_CLOSED";
    case StatusCode::kAlreadyOpen:
      return "ERR_GPU_ALREADY_OPEN";
    case StatusCode::kLibraryNotFound:
      return "ERR_GPU_LIBRARY_NOT_FOUND";
    case StatusCode::kLibraryInvalid:
      return "ERR_GPU_LIBRARY_INVALID";
    case StatusCode::kDriverNotLoaded:
      return "ERR_GPU_DRIVER_NOT_LOADED";
    case StatusCode::kDriverMismatch:
      return "ERR_GPU_DRIVER_MISMATCH";
    case StatusCode::kNoPermission:
      return "ERR_GPU_NO_PERMISSION";
    case StatusCode::kNoDevice:
      return "ERR_GPU_NO_DEVICE";
    case StatusCode::kDeviceLost:
      return "ERR_GPU_DEVICE_LOST";
    case StatusCode::kNotSupported:
      return "ERR_GPU_NOT_SUPPORTED";
    case StatusCode::kTryAgain:
      return "ERR_GPU_TRY_AGAIN";
    case StatusCode::kTimeout:
      return "ERR_GPU_TIMEOUT";
    case StatusCode::kScenarioInvalid:
      return "ERR_GPU_SCENARIO_INVALID";
    case StatusCode::kDriverError:
      return "ERR_GPU_DRIVER_ERROR";
    case StatusCode::kDriverGone:
      return "ERR_GPU_DRIVER_GONE";
    case StatusCode::kDeviceHung:
      return "ERR_GPU_DEVICE_HUNG";
    case StatusCode::kDeviceAsleep:
      return "ERR_GPU_DEVICE_ASLEEP";
    case StatusCode::kSuspended:
      return "ERR_GPU_SUSPENDED";
  }
  return "ERR_GPU_DRIVER_ERROR";
}

}  // namespace gpuring
