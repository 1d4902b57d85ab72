// Errors of the native layers are values. No exceptions are thrown below binding/.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace gpuring {

enum class StatusCode : uint8_t {
  kOk,
  kOutOfRange,       // an argument the native side alone can judge (memory bound)
  kClosed,           // the session was shut down
  kAlreadyOpen,      // another library or scenario is open in this process
  kLibraryNotFound,  // no file of that name
  kLibraryInvalid,   // a file, but no ELF library, no NVML, or of another architecture
  kDriverNotLoaded,  // NVML_ERROR_DRIVER_NOT_LOADED
  kDriverMismatch,   // NVML_ERROR_LIB_RM_VERSION_MISMATCH
  kNoPermission,     // NVML_ERROR_NO_PERMISSION
  kNoDevice,         // the driver answers and has no GPU
  kDeviceLost,       // this GPU answers no more
  kNotSupported,     // this board or driver does not offer the value
  kTryAgain,         // no value at this moment
  kTimeout,          // no answer in time
  kScenarioInvalid,  // the simulated driver refused its scenario
  kDriverError,      // any other failure the driver reported
  kDriverGone,       // the driver was initialised and is so no more
  kDeviceHung,       // a call about this GPU does not come back
  kDeviceAsleep,     // this GPU sleeps and is left alone
  kSuspended,        // the driver was let go of on request
};
inline constexpr size_t kStatusCodeCount = static_cast<size_t>(StatusCode::kSuspended) + 1;

// "ERR_GPU_NO_PERMISSION"; the same text in lib/errors.ts (checked by a test). "" for kOk.
[[nodiscard]] std::string_view CodeName(StatusCode code);

// A code, what happened, what to do about it, and the driver's own return code where there is one.
class [[nodiscard]] Status {
 public:
  Status() = default;

  static Status Ok() { return Status(); }
  static Status Error(StatusCode code, std::string message, std::string hint = "") {
    Status status;
    status.code_ = code;
    status.message_ = std::move(message);
    status.hint_ = std::move(hint);
    return status;
  }

  Status&& WithDriverReturn(uint32_t value) && {
    driver_return_ = value;
    return std::move(*this);
  }

  bool ok() const { return code_ == StatusCode::kOk; }
  StatusCode code() const { return code_; }
  const std::string& message() const { return message_; }
  const std::string& hint() const { return hint_; }
  uint32_t driver_return() const { return driver_return_; }  // 0: not from the driver

 private:
  StatusCode code_ = StatusCode::kOk;
  uint32_t driver_return_ = 0;
  std::string message_;
  std::string hint_;
};

}  // namespace gpuring
