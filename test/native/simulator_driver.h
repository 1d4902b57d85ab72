// The simulated driver as a client finds it: opened by path, each symbol looked up by name.
#pragma once

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <type_traits>

#include "check.h"
#include "nvml/abi.h"

namespace gpuring::check {

// Loads a scenario and initialises the library; shuts it down again at the end of the test.
class Driver {
 public:
  explicit Driver(const std::string& scenario) {
    char reply[512] = "";
    CHECK_EQ(Call("gpuringSimulatorControl", "load", scenario.c_str(), reply,
                  static_cast<unsigned int>(sizeof(reply))),
             NVML_SUCCESS);
    CHECK_EQ(std::string(reply).find("expected"), std::string::npos);
    CHECK_EQ(Call("nvmlInit_v2"), NVML_SUCCESS);
  }
  ~Driver() { Call("nvmlShutdown"); }
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  nvmlDevice_t Device(unsigned int index) const {
    nvmlDevice_t device = nullptr;
    CHECK_EQ(Call("nvmlDeviceGetHandleByIndex_v2", index, &device), NVML_SUCCESS);
    return device;
  }

  // Null when the library does not export it.
  template <typename Function>
  static Function* Symbol(const char* name) {
    static void* const library = Open();
    return reinterpret_cast<Function*>(dlsym(library, name));
  }

  // Arguments must have the types of NVML's parameters, as in C without a prototype.
  template <typename... Arguments>
  static nvmlReturn_t Call(const char* name, Arguments... arguments) {
    auto* function = Symbol<nvmlReturn_t(Passed<Arguments>...)>(name);
    if (function == nullptr) {
      Fail(__FILE__, __LINE__, std::string("no symbol ") + name);
      return NVML_ERROR_FUNCTION_NOT_FOUND;
    }
    return function(arguments...);
  }

 private:
  // Without the library no test can say anything, and a null handle would find the test's own.
  static void* Open() {
    void* const library = dlopen(GPURING_SIMULATOR_PATH, RTLD_NOW | RTLD_LOCAL);
    if (library != nullptr) return library;
    std::fprintf(stderr, "dlopen: %s\n", dlerror());
    std::abort();
  }

  // A null pointer literal has a type of its own.
  template <typename Argument>
  using Passed = std::conditional_t<std::is_null_pointer_v<Argument>, void*, Argument>;
};

}  // namespace gpuring::check
