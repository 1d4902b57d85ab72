// Steers the simulated driver that a process has loaded.
#pragma once

#include <string>

#include "core/status.h"

namespace gpuring {

struct SimulatorCommand {
  std::string name;      // "inject", "devices", ...
  std::string argument;  // JSON or plain text, as the command wants it
};

// Loads the library if nobody has yet; it stays loaded. kScenarioInvalid: it is not the simulated
// driver (which is seen before it is loaded), or refuses the command, in its own words. Any thread.
// May be called while others poll. `library_path`: of a file; no name is searched for.
Status ControlSimulator(const std::string& library_path, const SimulatorCommand& command,
                        std::string* reply);

}  // namespace gpuring
