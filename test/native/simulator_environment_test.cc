// GPURING_SCENARIO: how a program that knows nothing of the simulator's commands names a scenario.
// The library reads it once, so each test opens a copy of the file: a library of its own.
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "check.h"
#include "nvml/abi.h"

namespace gpuring {
namespace {

class FreshLibrary {
 public:
  explicit FreshLibrary(const char* scenario) {
    if (scenario == nullptr) {
      unsetenv("GPURING_SCENARIO");
    } else {
      setenv("GPURING_SCENARIO", scenario, 1);
    }
    CHECK(mkdtemp(folder_) != nullptr);
    std::ofstream(path(), std::ios::binary)
        << std::ifstream(GPURING_SIMULATOR_PATH, std::ios::binary).rdbuf();
    library_ = dlopen(path().c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library_ == nullptr) check::Fail(__FILE__, __LINE__, dlerror());
  }
  ~FreshLibrary() {
    unsetenv("GPURING_SCENARIO");
    std::remove(path().c_str());
    std::remove(folder_);
  }
  FreshLibrary(const FreshLibrary&) = delete;
  FreshLibrary& operator=(const FreshLibrary&) = delete;

  nvmlReturn_t Init() { return Symbol<nvmlReturn_t()>("nvmlInit_v2")(); }
  unsigned int Count() {
    unsigned int count = 0;
    Symbol<nvmlReturn_t(unsigned int*)>("nvmlDeviceGetCount_v2")(&count);
    return count;
  }
  std::string Describe() { return Symbol<const char*()>("gpuringSimulatorDescribe")(); }

 private:
  template <typename Function>
  Function* Symbol(const char* name) {
    return reinterpret_cast<Function*>(dlsym(library_, name));
  }
  std::string path() const { return std::string(folder_) + "/libnvidia-ml.so.1"; }

  char folder_[40] = "/tmp/gpuring-environment-XXXXXX";
  void* library_ = nullptr;
};

// What is written to the standard error stream while it exists.
class CapturedErrors {
 public:
  CapturedErrors() {
    const int file = mkstemp(path_);
    saved_ = dup(STDERR_FILENO);
    dup2(file, STDERR_FILENO);
    close(file);
  }
  ~CapturedErrors() {
    Restore();
    std::remove(path_);
  }
  std::string Take() {
    Restore();
    std::stringstream text;
    text << std::ifstream(path_).rdbuf();
    return text.str();
  }

 private:
  void Restore() {
    if (saved_ >= 0) {
      dup2(saved_, STDERR_FILENO);
      close(saved_);
    }
    saved_ = -1;
  }

  char path_[32] = "/tmp/gpuring-errors-XXXXXX";
  int saved_ = -1;
};

}  // namespace

TEST("without a name, eight modelled boards that old programs know") {
  FreshLibrary library(nullptr);
  CHECK_EQ(library.Init(), NVML_SUCCESS);
  CHECK_EQ(library.Count(), 8u);
  CHECK(library.Describe().find("\"scenario\":\"built-in\"") != std::string::npos);
  CHECK(library.Describe().find("\"board\":\"v100s\"") != std::string::npos);
}

TEST("GPURING_SCENARIO names a file or is the scenario itself") {
  FreshLibrary file(GPURING_SCENARIOS_DIR "/inference.json");
  CHECK_EQ(file.Init(), NVML_SUCCESS);
  CHECK(file.Describe().find("\"scenario\":\"inference\"") != std::string::npos);
  FreshLibrary text(R"({"devices":[{"board":"t4","count":3}]})");
  CHECK_EQ(text.Init(), NVML_SUCCESS);
  CHECK_EQ(text.Count(), 3u);
  FreshLibrary empty("");
  CHECK_EQ(empty.Init(), NVML_SUCCESS);
  CHECK_EQ(empty.Count(), 8u);
}

TEST("an unusable GPURING_SCENARIO fails init, with one line that names the place") {
  CapturedErrors errors;
  FreshLibrary library(R"({"devices":[{"board":"z80"}]})");
  CHECK_EQ(library.Init(), NVML_ERROR_INVALID_ARGUMENT);
  CHECK_EQ(library.Init(), NVML_ERROR_INVALID_ARGUMENT);
  const std::string description = library.Describe();
  const std::string printed = errors.Take();
  CHECK(printed.starts_with(
      "gpuring simulator: GPURING_SCENARIO: scenario:1:22: devices[0].board: expected one of "));
  CHECK_EQ(printed.find('\n'), printed.size() - 1);
  CHECK(description.find("\"devices\":[],\"error\":\"scenario:1:22: ") != std::string::npos);
}

}  // namespace gpuring
