// Which library is the driver, and how it is met: found, loaded, told its scenario.
#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <string>

#include "nvml/library.h"

namespace gpuring {

struct NvmlOptions {
  // "": the environment's GPURING_NVML_PATH (ignored in set-uid programs), else
  // "libnvidia-ml.so.1".
  std::string library_path;
  // A scenario file or inline JSON for the simulated driver; "": none named.
  std::string scenario;
  // Shared by copies, which sources that follow each other are made with: a scenario is told once.
  // What has changed on the simulated host since then stays when the driver is opened again.
  std::shared_ptr<std::atomic<bool>> scenario_told = std::make_shared<std::atomic<bool>>(false);
  // GPUs that sleep are left asleep.
  bool low_power = false;
};

// The library to load where `named` is what a caller named. Reads the environment: for threads that
// may do that.
[[nodiscard]] std::string DriverLibraryPath(const std::string& named);

// Equal for options that open the same driver with the same scenario. Reads the environment, also
// for where the host's files are (nvml/host_files.h).
[[nodiscard]] std::string DriverKey(const NvmlOptions& options);

// Loads the first of the candidates that is there; `opened`: which. An error lists them all.
Status OpenFirst(std::span<const std::string> candidates, NvmlLibrary* library,
                 std::string* opened);

// A simulated driver was loaded by its path: from now on a search must not be answered with it.
void NoteSimulatorByPath(const SharedLibrary& simulator);

// Loads the library and its scenario; initialises nothing. `opened`: what was loaded.
Status MeetDriver(const NvmlOptions& options, NvmlLibrary* library, std::string* opened);

// Loads the library without initialising it and says which symbols it has.
Status ListSymbols(const NvmlOptions& options, std::vector<SymbolState>* symbols);

}  // namespace gpuring
