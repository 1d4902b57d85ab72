// hooked_driver.so, as the NVML tests use it.
#pragma once

#include "fixtures/hooked_driver.h"
#include "nvml_fixture.h"

namespace gpuring {

// Holds hooked_driver.so open, without hooks at first.
class HookedDriver {
 public:
  HookedDriver() {
    CHECK(library_.Open(path()).ok());
    hooks_ = reinterpret_cast<DriverHooks* (*)()>(library_.Find("TestHooks"))();
    *hooks_ = DriverHooks();
  }
  ~HookedDriver() { *hooks_ = DriverHooks(); }
  HookedDriver(const HookedDriver&) = delete;
  HookedDriver& operator=(const HookedDriver&) = delete;

  static std::string path() { return FixturePath("hooked_driver"); }
  nvmlDevice_t Handle(unsigned int index) const {
    return reinterpret_cast<nvmlDevice_t (*)(unsigned int)>(library_.Find("TestHandle"))(index);
  }
  DriverHooks* operator->() const { return hooks_; }

 private:
  SharedLibrary library_;
  DriverHooks* hooks_ = nullptr;
};

inline NvmlOptions Hooked() { return {.library_path = HookedDriver::path(), .scenario = ""}; }

}  // namespace gpuring
