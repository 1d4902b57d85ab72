#include "nvml/simulator_control.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "nvml/abi.h"
#include "nvml/driver_library.h"
#include "nvml/elf_header.h"
#include "nvml/identity.h"
#include "nvml/shared_library.h"

namespace gpuring {
namespace {

// The longest reply lists 64 boards, all of them split.
constexpr size_t kReplyBytes = size_t{1} << 17;

constexpr const char* kControlSymbol = "gpuringSimulatorControl";
constexpr size_t kPieceBytes = size_t{1} << 16;

// Whether the file holds the text anywhere. REQUIRES: a regular file.
bool Holds(const std::string& path, std::string_view text) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  std::string window;
  bool found = false;
  for (ssize_t got = 1; got > 0 && !found;) {
    // What the last piece ended in may be how the text begins.
    window.erase(0, window.size() - std::min(window.size(), text.size() - 1));
    const size_t kept = window.size();
    window.resize(kept + kPieceBytes);
    got = read(file, window.data() + kept, kPieceBytes);
    window.resize(kept + static_cast<size_t>(std::max<ssize_t>(got, 0)));
    found = window.find(text) != std::string::npos;
  }
  close(file);
  return found;
}

Status NotTheSimulator(const std::string& path) {
  return Status::Error(StatusCode::kScenarioInvalid, "\"" + path + "\" is not the simulated driver",
                       "Only the simulated driver can be steered: open it with simulate.");
}

// A driver's library is not even loaded: its constructors are none of our business here.
Status LoadSimulator(const std::string& path, SharedLibrary* library) {
  if (path.find('/') == std::string::npos) return NotTheSimulator(path);
  if (Status status = CheckElfFile(path); !status.ok()) return status;
  if (!Holds(path, kControlSymbol)) return NotTheSimulator(path);
  if (Status status = library->Open(path); !status.ok()) return status;
  NoteSimulatorByPath(*library);
  return Status::Ok();
}

}  // namespace

Status ControlSimulator(const std::string& library_path, const SimulatorCommand& command,
                        std::string* reply) {
  SharedLibrary library;
  if (Status status = LoadSimulator(library_path, &library); !status.ok()) return status;
  const auto control =
      reinterpret_cast<decltype(&gpuringSimulatorControl)>(library.Find(kControlSymbol));
  if (control == nullptr) return NotTheSimulator(library_path);
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
