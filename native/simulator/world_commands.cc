// The commands of gpuringSimulatorControl that steer the host as a whole.
#include <array>
#include <utility>

#include "simulator/json.h"
#include "simulator/world.h"

namespace gpuring::simulator {
namespace {

constexpr uint64_t kMostRowsAtOnce = 1'000'000;

// 0: not a decimal number between 1 and kMostRowsAtOnce.
uint64_t ParseRowCount(std::string_view text) {
  uint64_t rows = 0;
  for (const char c : text) {
    if (c < '0' || c > '9' || rows > kMostRowsAtOnce) return 0;
    rows = rows * 10 + static_cast<uint64_t>(c - '0');
  }
  return rows <= kMostRowsAtOnce ? rows : 0;
}

}  // namespace

nvmlReturn_t World::Control(std::string_view command, std::string_view argument,
                            std::string* reply) {
  struct Command {
    std::string_view name;
    nvmlReturn_t (World::*run)(std::string_view argument, std::string* reply);
  };
  // clang-format off
  static constexpr Command kCommands[] = {
      {"load", &World::Load},
      {"step", &World::Step},
      {"inject", &World::Inject},
      {"list", &World::ListDevices},
      {"devices", &World::ChangeDevices},
      {"mig", &World::ChangeMig},
      {"driver", &World::ChangeDriver},
      {"set", &World::SetValues},
      {"processes", &World::SetProcesses},
      {"event", &World::PostDeviceEvent},
      {"misuse", &World::TellMisuse},
      {"calls", &World::TellCalls},
      {"faults", &World::TellFaults},
  };
  // clang-format on
  reply->clear();
  for (const Command& known : kCommands) {
    if (known.name == command) return (this->*known.run)(argument, reply);
  }
  *reply = "expected a command, one of";
  for (const Command& known : kCommands) *reply += " " + std::string(known.name);
  *reply += ", got " + QuoteJson(command);
  return NVML_ERROR_INVALID_ARGUMENT;
}

nvmlReturn_t World::Load(std::string_view argument, std::string* reply) {
  Scenario scenario;
  if (!LoadScenario(std::string(argument), &scenario, reply)) return NVML_ERROR_INVALID_ARGUMENT;
  *reply = scenario.name;
  const std::lock_guard lock(mutex_);
  injected_.clear();
  Adopt(std::move(scenario));
  return NVML_SUCCESS;
}

nvmlReturn_t World::Step(std::string_view argument, std::string* reply) {
  const uint64_t rows = ParseRowCount(argument);
  if (rows == 0) {
    *reply = "expected a number of rows from 1 to " + std::to_string(kMostRowsAtOnce) + ", got " +
             QuoteJson(argument);
    return NVML_ERROR_INVALID_ARGUMENT;
  }
  const std::lock_guard lock(mutex_);
  if (init_count_ == 0) {
    *reply = "expected nvmlInit before the command step: it starts the world's time";
    return NVML_ERROR_UNINITIALIZED;
  }
  if (host()->scenario.step != StepMode::kManual) {
    *reply = "expected a scenario whose \"step\" is \"manual\"";
    return NVML_ERROR_INVALID_STATE;
  }
  for (Device& device : devices_) device.Step(rows);
  return NVML_SUCCESS;
}

nvmlReturn_t World::Inject(std::string_view argument, std::string* reply) {
  const std::lock_guard lock(mutex_);
  if (!EnsureLoaded()) {
    *reply = failure_;
    return NVML_ERROR_INVALID_ARGUMENT;
  }
  std::vector<Fault> faults;
  if (!ParseFaults(argument, devices_.size(), &faults, reply)) return NVML_ERROR_INVALID_ARGUMENT;
  injected_ = std::move(faults);
  ForgetStuckAnswers();
  ++fault_generation_;
  return NVML_SUCCESS;
}

}  // namespace gpuring::simulator
