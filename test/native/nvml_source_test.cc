#include <cstdlib>

#include "check.h"
#include "nvml/identity.h"
#include "nvml/source.h"
#include "nvml_fixture.h"

namespace gpuring {

TEST("nvml: a legacy driver works through its unversioned names") {
  NvmlSource source({.library_path = FixturePath("legacy_driver"), .scenario = ""});
  CHECK(source.Open().ok());
  CHECK_EQ(source.devices().size(), 2u);
  CHECK_EQ(source.identity().driver_version, "331.62");
  CHECK_EQ(source.identity().nvml_version, "");
  CHECK(!source.identity().cuda_driver_version.has_value());
  CHECK_EQ(source.identity().simulation, "");
  const DeviceIdentity device = source.devices()[1];
  CHECK_EQ(device.uuid, "GPU-1");
  CHECK_EQ(device.index, 1u);
  CHECK_EQ(device.name, "Tesla K40m");
  CHECK_EQ(device.pci_bus_id.value_or(""), "0000:04:00.0");
  CHECK_EQ(device.memory_bytes.value_or(0), 1000u);
  CHECK(!device.architecture && !device.core_count && !device.max_sm_clock_mhz);

  Sample sample;
  for (const Tier tier : {Tier::kFast, Tier::kMedium, Tier::kSlow}) {
    CHECK(source.Poll(device.slot, tier, &sample).ok());
  }
  CHECK_EQ(ValueOf(sample, MetricId::kMemoryUsedBytes), 601);
  CHECK_EQ(ValueOf(sample, MetricId::kMemoryFreeBytes), 400);
  CHECK_EQ(ValueOf(sample, MetricId::kTemperatureCelsius), 44);
  CHECK_EQ(ValueOf(sample, MetricId::kClockEventReasons), 1);
  CHECK(!sample.Knows(MetricId::kMemoryReservedBytes));
  CHECK(!sample.Knows(MetricId::kPerformanceState));  // 32: unknown, with NVML_SUCCESS
  CHECK(!sample.Knows(MetricId::kPowerWatts));
}

TEST("nvml: each failure of init has its own code and hint") {
  ScriptedDriver driver;
  struct Expectation {
    nvmlReturn_t result;
    StatusCode code;
  };
  constexpr Expectation kExpectations[] = {
      {NVML_ERROR_DRIVER_NOT_LOADED, StatusCode::kDriverNotLoaded},
      {NVML_ERROR_LIB_RM_VERSION_MISMATCH, StatusCode::kDriverMismatch},
      {NVML_ERROR_NO_PERMISSION, StatusCode::kNoPermission},
      {NVML_ERROR_UNKNOWN, StatusCode::kDriverError},
      {NVML_ERROR_GPU_NOT_FOUND, StatusCode::kNoDevice},
  };
  std::string hints;
  for (const Expectation& expectation : kExpectations) {
    driver->init = expectation.result;
    NvmlSource source(Scripted());
    const Status status = source.Open();
    CHECK_EQ(status.code(), expectation.code);
    CHECK_EQ(status.driver_return(), static_cast<uint32_t>(expectation.result));
    CHECK(!status.hint().empty() && hints.find(status.hint()) == std::string::npos);
    hints += status.hint();
    CHECK_EQ(ProbeDriver(Scripted()).code(), expectation.code);
  }
  CHECK_EQ(driver->shutdown_calls, 0);  // what was not initialised is not shut down
}

TEST("nvml: open and probe pair every init with one shutdown, also when they fail later") {
  ScriptedDriver driver;
  CHECK(ProbeDriver(Scripted()).ok());
  {
    NvmlSource source(Scripted());
    CHECK(source.Open().ok());
    CHECK(source.Open().ok());
    source.Close();
    source.Close();
    CHECK_EQ(source.devices().size(), 0u);
  }
  driver->count = 0;
  CHECK_EQ(NvmlSource(Scripted()).Open().code(), StatusCode::kNoDevice);
  CHECK_EQ(ProbeDriver(Scripted()).code(), StatusCode::kNoDevice);
  driver->count = kScriptedDevices;
  driver->count_result = NVML_ERROR_UNKNOWN;
  CHECK_EQ(NvmlSource(Scripted()).Open().code(), StatusCode::kDriverError);
  CHECK_EQ(driver->init_calls, 6);
  CHECK_EQ(driver->shutdown_calls, 6);
}

TEST("nvml: a device that cannot be had hides none of the others") {
  ScriptedDriver driver;
  driver->handle = {NVML_SUCCESS, NVML_ERROR_NO_PERMISSION, NVML_SUCCESS};
  NvmlSource source(Scripted());
  CHECK(source.Open().ok());
  CHECK_EQ(source.devices().size(), 2u);
  CHECK_EQ(source.devices()[1].uuid, "GPU-2");
  CHECK_EQ(source.devices()[1].index, 2u);
  CHECK_EQ(source.identity().skipped_devices, 1u);
  driver->handle.fill(NVML_ERROR_NO_PERMISSION);
  CHECK_EQ(source.Open().code(), StatusCode::kNoPermission);
  driver->handle.fill(NVML_SUCCESS);
  driver->uuid_prefix = "\xff";
  CHECK_EQ(source.Open().code(), StatusCode::kDriverError);
}

TEST("nvml: of devices with the same UUID the first is kept, the others are counted") {
  ScriptedDriver driver;
  NvmlSource source(Scripted());
  CHECK(source.Open().ok());
  CHECK_EQ(source.devices().size(), size_t{kScriptedDevices});
  CHECK_EQ(source.identity().skipped_devices, 0u);
  driver->uuid = "GPU-twin";
  CHECK(source.Open().ok());
  CHECK_EQ(source.devices().size(), 1u);
  CHECK_EQ(source.devices()[0].index, 0u);
  CHECK_EQ(source.identity().skipped_devices, kScriptedDevices - 1);
}

TEST("nvml: identity leaves out what is odd, unknown or a sentinel") {
  ScriptedDriver driver;
  const std::string endless(200, 'x');
  driver->name = endless.c_str();
  driver->memory_v2.total = NVML_VALUE_NOT_AVAILABLE_U64;
  NvmlSource source(Scripted());
  CHECK(source.Open().ok());
  const DeviceIdentity device = source.devices()[0];
  CHECK_EQ(device.name, "");                       // longer than its buffer
  CHECK_EQ(source.identity().driver_version, "");  // not UTF-8
  CHECK_EQ(source.identity().cuda_driver_version.value_or(0), 12080);
  CHECK_EQ(device.core_count.value_or(0), 16896u);
  CHECK_EQ(device.multiprocessor_count.value_or(0), 132u);
  CHECK_EQ(device.architecture.value_or(""), "Hopper");
  CHECK(!device.serial && !device.memory_bytes && !device.power_limit_default_milliwatts);
  CHECK(!device.unified_memory);

  driver->name = "\xc0\xaf";
  driver->architecture = 99;
  driver->cores = 16897;
  CHECK(source.Open().ok());
  CHECK_EQ(source.devices()[0].name, "");
  CHECK(!source.devices()[0].architecture && !source.devices()[0].multiprocessor_count);
}

TEST("nvml: memory that is the system's is flagged; one that is refused or absurd is not") {
  ScriptedDriver driver;
  const auto open = [](NvmlSource* source) {
    CHECK(source->Open().ok());
    return source->devices()[0];
  };
  NvmlSource source(Scripted());
  for (const nvmlReturn_t result : {NVML_SUCCESS, NVML_ERROR_NOT_SUPPORTED}) {
    driver->memory_v2_result = result;  // both with a total of 0
    driver->memory_result = result;
    CHECK(open(&source).unified_memory);
    CHECK(open(&source).memory_bytes.value_or(0) > uint64_t{1} << 26);
  }
  driver->memory = {1'000'000, 0, 0};
  driver->memory_result = NVML_SUCCESS;
  CHECK(!open(&source).unified_memory);
  CHECK_EQ(open(&source).memory_bytes.value_or(0), 1'000'000u);
  driver->memory_result = NVML_ERROR_NO_PERMISSION;
  CHECK(!open(&source).unified_memory && !open(&source).memory_bytes);
}

TEST("nvml: of several places to look for the driver, the first that has it is taken") {
  ScriptedDriver driver;
  const std::string nowhere = "/nowhere/libnvidia-ml.so.1";
  const std::string unknown = "libgpuring-there-is-none.so";
  NvmlLibrary library;
  std::string opened;
  CHECK(OpenFirst(std::array{unknown, nowhere, driver.path()}, &library, &opened).ok());
  CHECK_EQ(opened, driver.path());
  const Status missing = OpenFirst(std::array{unknown, nowhere}, &library, &opened);
  CHECK_EQ(missing.code(), StatusCode::kLibraryNotFound);
  CHECK(missing.message().find(unknown) != std::string::npos);
  CHECK(missing.message().find(nowhere) != std::string::npos);
  // One that is there and is no driver is told about; the search ends.
  const std::string other = FixturePath("not_nvml");
  const Status wrong = OpenFirst(std::array{nowhere, other, driver.path()}, &library, &opened);
  CHECK_EQ(wrong.code(), StatusCode::kLibraryInvalid);
}

TEST("nvml: the environment names the library where no option does") {
  ScriptedDriver driver;
  CHECK_EQ(setenv("GPURING_NVML_PATH", driver.path().c_str(), 1), 0);
  NvmlSource source({});
  CHECK(source.Open().ok());
  CHECK_EQ(source.identity().library_path, driver.path());
  NvmlSource named({.library_path = FixturePath("legacy_driver"), .scenario = ""});
  CHECK(named.Open().ok());
  CHECK_EQ(named.identity().library_path, FixturePath("legacy_driver"));
  CHECK_EQ(unsetenv("GPURING_NVML_PATH"), 0);
}

TEST("nvml: the key of a driver is the library that is loaded, however it was named") {
  const auto key = [](const char* path, const char* scenario) {
    return DriverKey({.library_path = path, .scenario = scenario});
  };
  CHECK_EQ(unsetenv("GPURING_NVML_PATH"), 0);
  CHECK_EQ(key("", ""), key("libnvidia-ml.so.1", ""));
  CHECK_EQ(setenv("GPURING_NVML_PATH", "/opt/libnvidia-ml.so.1", 1), 0);
  CHECK_EQ(key("", ""), key("/opt/libnvidia-ml.so.1", ""));
  CHECK(key("", "") != key("libnvidia-ml.so.1", ""));
  CHECK(key("", "a") != key("", "b"));
  CHECK_EQ(unsetenv("GPURING_NVML_PATH"), 0);
}

TEST("nvml: a scenario is refused by a library that is not the simulated driver") {
  ScriptedDriver driver;
  NvmlSource source({.library_path = driver.path(), .scenario = "{}"});
  const Status status = source.Open();
  CHECK_EQ(status.code(), StatusCode::kScenarioInvalid);
  CHECK(status.message().find("simulated driver") != std::string::npos);
  CHECK_EQ(driver->init_calls, 0);
}

TEST("nvml: the symbols of a library can be listed without a driver") {
  ScriptedDriver driver;
  std::vector<SymbolState> symbols;
  CHECK(ListSymbols(Scripted(), &symbols).ok());
  CHECK(symbols.size() > 30);
  CHECK_EQ(driver->init_calls, 0);
  CHECK(!ListSymbols({.library_path = FixturePath("not_nvml"), .scenario = ""}, &symbols).ok());
}

TEST("nvml: cores of a multiprocessor are known for what is listed, and for nothing else") {
  CHECK_EQ(CoresPerMultiprocessor(8, 0).value_or(0), 64u);
  CHECK_EQ(CoresPerMultiprocessor(11, 0).value_or(0), 128u);
  CHECK(!CoresPerMultiprocessor(11, 9) && !CoresPerMultiprocessor(0, 0));
}

TEST("nvml: UTF-8 is told from what is not") {
  for (const char* good : {"", "NVIDIA H100 80GB HBM3", "\xc3\xa9", "\xe2\x82\xac",
                           "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf"}) {
    CHECK(IsUtf8(good));
  }
  for (const char* bad : {"\x80", "\xc3", "\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80", "\xe2\x82",
                          "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "a\xff"}) {
    CHECK(!IsUtf8(bad));
  }
}

}  // namespace gpuring
