// The simulated driver exports every function of NVML, each of which survives whatever it is given.
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "check.h"
#include "simulator/function_names.h"
#include "simulator_columns.h"

namespace gpuring {
namespace {

using check::Driver;

const std::vector<std::string>& Names() {
  static const std::vector<std::string> names(simulator::kFunctionNames.begin(),
                                              simulator::kFunctionNames.end());
  return names;
}

bool IsOneOf(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool IsLifeCycle(std::string_view name) {
  return name.starts_with("nvmlInit") || IsOneOf(name, {"nvmlShutdown", "nvmlErrorString"});
}

bool TakesDeviceFirst(std::string_view name) {
  return name.starts_with("nvmlDevice") && !name.starts_with("nvmlDeviceGetHandleBy") &&
         !name.starts_with("nvmlDeviceGetCount") && !name.starts_with("nvmlDeviceRemoveGpu") &&
         !IsOneOf(name, {"nvmlDeviceDiscoverGpus", "nvmlDeviceModifyDrainState",
                         "nvmlDeviceQueryDrainState"});
}

// Every parameter of NVML is an integer or a pointer and comes in a register of its own.
nvmlReturn_t CallWith(const std::string& name, const std::array<void*, 6>& parameters) {
  return Driver::Call(name.c_str(), parameters[0], parameters[1], parameters[2], parameters[3],
                      parameters[4], parameters[5]);
}

void Expect(const std::string& name, nvmlReturn_t actual, nvmlReturn_t expected) {
  if (actual == expected) return;
  check::Fail(__FILE__, __LINE__,
              name + ": got " + std::to_string(actual) + ", expected " + std::to_string(expected));
}

struct Output {
  int status;
  std::string text;
};

Output Run(const std::string& command) {
  Output output{-1, ""};
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return output;
  char buffer[4096];
  while (std::fgets(buffer, sizeof(buffer), pipe) != nullptr) output.text += buffer;
  const int status = pclose(pipe);
  output.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return output;
}

TEST("every name of NVML is exported") {
  CHECK_EQ(Names().size(), size_t{415});
  for (const std::string& name : Names()) {
    if (Driver::Symbol<void()>(name.c_str()) == nullptr) {
      check::Fail(__FILE__, __LINE__, "not exported: " + name);
    }
  }
}

TEST("no other name is exported than the simulator's own two") {
  const Output symbols = Run("nm -D --defined-only " GPURING_SIMULATOR_PATH);
  CHECK_EQ(symbols.status, 0);
  std::istringstream lines(symbols.text);
  size_t seen = 0;
  for (std::string line; std::getline(lines, line); ++seen) {
    const std::string name = line.substr(line.rfind(' ') + 1);
    const bool listed = std::find(Names().begin(), Names().end(), name) != Names().end();
    if (!listed && !IsOneOf(name, {"gpuringSimulatorDescribe", "gpuringSimulatorControl"})) {
      check::Fail(__FILE__, __LINE__, "exported without need: " + line);
    }
  }
  CHECK_EQ(seen, Names().size() + 2);
}

TEST("a fault can be set on each of them") {
  Driver driver(R"({"devices":[{"board":"h100"}]})");
  for (const std::string& name : Names()) {
    const std::string fault = R"([{"function":")" + name + R"(","return":27}])";
    CHECK_EQ(check::Control("inject", fault).text, "");
    const bool no_code = name == "nvmlErrorString" || name == "nvmlShutdown";
    if (!no_code) Expect(name, CallWith(name, {}), NVML_ERROR_NOT_READY);
  }
  CHECK_EQ(check::Control("inject", "[]").text, "");
}

TEST("before init every function says so, but those that tell of a driver that comes back") {
  for (const std::string& name : Names()) {
    if (IsLifeCycle(name)) continue;
    if (name.starts_with("nvmlSystemEvent") || name == "nvmlSystemRegisterEvents") {
      Expect(name, CallWith(name, {}), NVML_ERROR_INVALID_ARGUMENT);
      continue;
    }
    Expect(name, CallWith(name, {}), NVML_ERROR_UNINITIALIZED);
  }
}

TEST("after init null handles and null pointers are invalid arguments everywhere") {
  Driver driver(R"({"devices":[{"board":"h100"}]})");
  for (const std::string& name : Names()) {
    if (IsLifeCycle(name)) continue;
    // These take numbers only.
    const bool numbers = IsOneOf(
        name, {"nvmlSystemSetConfComputeGpusReadyState", "nvmlSystemSetNvlinkBwMode",
               "nvmlVgpuInstanceClearAccountingPids", "nvmlVgpuInstanceSetEncoderCapacity"});
    Expect(name, CallWith(name, {}),
           numbers ? NVML_ERROR_NOT_SUPPORTED : NVML_ERROR_INVALID_ARGUMENT);
  }
}

TEST("a handle that was never given out is an invalid argument everywhere") {
  Driver driver(R"({"devices":[{"board":"h100"}]})");
  alignas(16) std::array<unsigned char, 16384> memory{};
  void* const there = memory.data();
  const auto real = reinterpret_cast<uintptr_t>(driver.Device(0));
  for (const uintptr_t wrong : {uintptr_t{1}, real + 1, real ^ (uintptr_t{1} << 20),
                                reinterpret_cast<uintptr_t>(there), ~uintptr_t{0}}) {
    for (const std::string& name : Names()) {
      if (!TakesDeviceFirst(name)) continue;
      const nvmlReturn_t result =
          CallWith(name, {reinterpret_cast<void*>(wrong), there, there, there, there, there});
      Expect(name, result, NVML_ERROR_INVALID_ARGUMENT);
    }
  }
}

TEST("on a real device every function answers with one of NVML's codes, and within its buffer") {
  Driver driver(R"({"devices":[{"board":"h100"},{"board":"t4"}]})");
  alignas(16) std::array<unsigned char, 16384> memory{};
  void* const there = memory.data();
  for (const std::string& name : Names()) {
    // What counts its elements in a number would take the pointer in that place for the number.
    if (!TakesDeviceFirst(name) || name.find("Affinity") != std::string::npos ||
        IsOneOf(name, {"nvmlDeviceGetFieldValues", "nvmlDeviceGetSupportedPerformanceStates"})) {
      continue;
    }
    for (unsigned int index = 0; index < 2; ++index) {
      memory.fill(0);
      const nvmlReturn_t result =
          CallWith(name, {driver.Device(index), there, there, there, there, there});
      if (result == NVML_ERROR_UNINITIALIZED || result > NVML_ERROR_RESET_TYPE_NOT_SUPPORTED) {
        check::Fail(__FILE__, __LINE__, name + ": got " + std::to_string(result));
      }
    }
  }
}

// Built here rather than with the tests, so that nothing of ours is on its command line but what a
// sanitizer needs to be loaded first.
TEST("an independent client written against the plain names alone works") {
#if defined(__SANITIZE_ADDRESS__)
  const std::string sanitizer = "-fsanitize=address,undefined ";
#elif defined(__SANITIZE_THREAD__)
  const std::string sanitizer = "-fsanitize=thread ";
#else
  const std::string sanitizer;
#endif
  const std::string client = GPURING_FIXTURES_DIR "/legacy_client";
  const Output built =
      Run("mkdir -p " GPURING_FIXTURES_DIR " && ${CXX:-c++} " + sanitizer + "-x c -Wall -o " +
          client + " " GPURING_FIXTURE_SOURCES_DIR "/legacy_client.c -ldl");
  CHECK_EQ(built.text, "");
  const Output run = Run("env -u GPURING_SCENARIO " + client + " " GPURING_SIMULATOR_PATH);
  CHECK_EQ(run.status, 0);
  CHECK_EQ(std::count(run.text.begin(), run.text.end(), '\n'), 8);
  CHECK(run.text.find("0 | Tesla V100S-PCIE-32GB | 0000:") == 0);
}

}  // namespace
}  // namespace gpuring
