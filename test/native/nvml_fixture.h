// The libraries of test/native/fixtures, as the NVML tests use them.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>

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

// A value that the sample must hold.
inline int64_t ValueOf(const Sample& sample, MetricId metric) {
  CHECK(sample.Knows(metric));
  return sample.values[static_cast<size_t>(metric)];
}

}  // namespace gpuring
