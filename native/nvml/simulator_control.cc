#include "nvml/simulator_control.h"

#include "nvml/abi.h"
#include "nvml/identity.h"
#include "nvml/shared_library.h"

namespace gpuring {
namespace {

// The longest reply lists 64 boards, all of them split.
constexpr size_t kReplyBytes = size_t{1} << 17;

}  // namespace

Status ControlSimulator(const std::string& library_path, const SimulatorCommand& command,
                        std::string* reply) {
  SharedLibrary library;
  if (Status status = library.Open(library_path); !status.ok()) return status;
  const auto control =
      reinterpret_cast<decltype(&gpuringSimulatorControl)>(library.Find("gpuringSimulatorControl"));
  if (control == nullptr) {
    return Status::Error(StatusCode::kScenarioInvalid,
                         "\"" + library_path + "\" is not the simulated driver",
                         "Only the simulated driver can be steered: open it with simulate.");
  }
  reply->assign(kReplyBytes, '\0');
  const unsigned int result = control(command.name.c_str(), command.argument.c_str(), reply->data(),
                                      static_cast<unsigned int>(reply->size()));
  reply->resize(reply->find('\0'));
  if (result == NVML_SUCCESS) return Status::Ok();
  const bool readable = !reply->empty() && IsUtf8(reply->data());
  return Status::Error(
             StatusCode::kScenarioInvalid,
             readable ? *reply : "the simulated driver refused the command " + command.name,
             "Correct the command's argument.")
      .WithDriverReturn(result);
}

}  // namespace gpuring
