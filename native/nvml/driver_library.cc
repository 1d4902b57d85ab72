#include "nvml/driver_library.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <vector>

#include "nvml/host_files.h"
#include "nvml/identity.h"

namespace gpuring {
namespace {

constexpr const char* kDriverName = "libnvidia-ml.so.1";
constexpr const char* kDevelopmentName = "libnvidia-ml.so";
constexpr const char* kSubsystemPath = "/usr/lib/wsl/lib/libnvidia-ml.so.1";  // WSL2

// The other places are for those who named none.
std::vector<std::string> Candidates(const NvmlOptions& options) {
  std::string path = DriverLibraryPath(options.library_path);
  if (path != kDriverName) return {std::move(path)};
  return {kDriverName, kSubsystemPath, kDevelopmentName};
}

std::atomic<bool> simulator_would_answer{false};

// The loader answers a search with a library of that soname that is already there, and the
// simulated driver stays loaded. Once opened by its path it must not pass for the host's driver.
Status RefuseUnasked(const NvmlLibrary& library, const std::string& opened) {
  if (library.functions().simulator_describe == nullptr) return Status::Ok();
  const bool searched = opened.find('/') == std::string::npos;
  if (!searched) NoteSimulatorByPath(library.loaded());
  if (!searched || !simulator_would_answer) return Status::Ok();
  return Status::Error(StatusCode::kLibraryNotFound,
                       "a simulated driver that this process opened by its path answers in place "
                       "of the driver that was searched for",
                       "Name the driver's library by its path, or use a process of its own.");
}

Status LoadScenario(const NvmlLibrary& library, const NvmlOptions& options,
                    const std::string& opened) {
  if (options.scenario.empty() || *options.scenario_told) return Status::Ok();
  const auto control = library.functions().simulator_control;
  if (control == nullptr) {
    return Status::Error(StatusCode::kScenarioInvalid,
                         "a scenario was named, but \"" + opened + "\" is not the simulated driver",
                         "Leave the scenario out, or name the simulated driver's library.");
  }
  std::array<char, 1024> reply{};
  const unsigned int result = control("load", options.scenario.c_str(), reply.data(), reply.size());
  if (result == NVML_SUCCESS) {
    *options.scenario_told = true;
    return Status::Ok();
  }
  reply.back() = '\0';
  const bool readable = reply[0] != '\0' && IsUtf8(reply.data());
  return Status::Error(StatusCode::kScenarioInvalid,
                       readable ? reply.data() : "the simulated driver refused the scenario",
                       "Correct the scenario, or name another one.")
      .WithDriverReturn(result);
}

}  // namespace

void NoteSimulatorByPath(const SharedLibrary& simulator) {
  if (simulator.AnswersTo(kDriverName) || simulator.AnswersTo(kDevelopmentName)) {
    simulator_would_answer = true;
  }
}

std::string DriverLibraryPath(const std::string& named) {
  if (!named.empty()) return named;
  // secure_: a set-uid program must not load what its caller's environment names.
  const char* const set = secure_getenv("GPURING_NVML_PATH");
  return set == nullptr || *set == '\0' ? kDriverName : set;
}

std::string DriverKey(const NvmlOptions& options) {
  FindHostRoot();
  return DriverLibraryPath(options.library_path) + '\n' + options.scenario;
}

Status OpenFirst(std::span<const std::string> candidates, NvmlLibrary* library,
                 std::string* opened) {
  Status failure = Status::Ok();
  std::string others;
  for (const std::string& candidate : candidates) {
    Status status = library->Open(candidate);
    if (status.ok()) {
      *opened = candidate;
      return status;
    }
    // A library that is there and cannot be used is the one to tell about.
    if (status.code() != StatusCode::kLibraryNotFound) return status;
    if (failure.ok()) {
      failure = std::move(status);
    } else {
      others += (others.empty() ? "; nor was \"" : " or \"") + candidate + "\"";
    }
  }
  return Status::Error(failure.code(), failure.message() + others, failure.hint());
}

Status MeetDriver(const NvmlOptions& options, NvmlLibrary* library, std::string* opened) {
  if (Status status = OpenFirst(Candidates(options), library, opened); !status.ok()) return status;
  if (Status status = RefuseUnasked(*library, *opened); !status.ok()) return status;
  return LoadScenario(*library, options, *opened);
}

Status ListSymbols(const NvmlOptions& options, std::vector<SymbolState>* symbols) {
  NvmlLibrary library;
  std::string opened;
  if (Status status = OpenFirst(Candidates(options), &library, &opened); !status.ok()) {
    return status;
  }
  *symbols = library.Symbols();
  return Status::Ok();
}

}  // namespace gpuring
