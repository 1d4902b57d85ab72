// The libraries of test/native/fixtures, as the NVML tests use them.
#pragma once

#include <string>

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

// A value that the sample must hold.
inline int64_t ValueOf(const Sample& sample, MetricId metric) {
  CHECK(sample.Knows(metric));
  return sample.values[static_cast<size_t>(metric)];
}

}  // namespace gpuring
