// The libraries of test/native/fixtures, as the NVML tests use them.
#pragma once

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "check.h"
#include "fixtures/scripted_driver.h"
#include "nvml/shared_library.h"
#include "nvml/source.h"

namespace gpuring {

inline std::string FixturePath(const std::string& name) {
  return std::string(GPURING_FIXTURES_DIR) + "/" + name + ".so";
}

// Holds scripted_driver.so open and its script at the default.
class ScriptedDriver {
 public:
  ScriptedDriver() {
    CHECK(library_.Open(path()).ok());
    script_ = reinterpret_cast<DriverScript* (*)()>(library_.Find("TestScript"))();
    *script_ = DriverScript();
  }
  static std::string path() { return FixturePath("scripted_driver"); }
  DriverScript* operator->() const { return script_; }

 private:
  SharedLibrary library_;
  DriverScript* script_ = nullptr;
};

inline NvmlOptions Scripted() { return {.library_path = ScriptedDriver::path(), .scenario = ""}; }

// `scenario`: JSON, or a file's path.
inline NvmlOptions OnSimulator(std::string scenario) {
  return {.library_path = GPURING_SIMULATOR_PATH, .scenario = std::move(scenario)};
}

// One of those that are shipped.
inline NvmlOptions OnHost(const std::string& name) {
  return OnSimulator(GPURING_SCENARIOS_DIR "/" + name + ".json");
}

// A file that is gone when the test is.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view content) {
    const int file = mkstemp(path_);
    CHECK(file >= 0);
    CHECK_EQ(write(file, content.data(), content.size()), static_cast<ssize_t>(content.size()));
    close(file);
  }
  ~TemporaryFile() { unlink(path_); }
  const char* path() const { return path_; }

 private:
  char path_[32] = "/tmp/gpuring-library-XXXXXX";
};

inline constexpr std::array kTiers = {Tier::kFast, Tier::kMedium, Tier::kSlow};

// Every tier into one sample.
inline void PollAll(NvmlSource* source, size_t slot, Sample* sample) {
  for (const Tier tier : kTiers) CHECK(source->Poll(slot, tier, sample).ok());
}

// A value that the sample must hold.
inline int64_t ValueOf(const Sample& sample, MetricId metric) {
  CHECK(sample.Knows(metric));
  return sample.values[static_cast<size_t>(metric)];
}

}  // namespace gpuring
