// GPUs that sleep are left asleep.
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "check.h"
#include "nvml/host_files.h"
#include "nvml/low_power.h"
#include "nvml_fixture.h"
#include "nvml_list.h"

namespace gpuring {
namespace {

// A host of files: gone when the test is, and in the environment until then.
class Host {
 public:
  Host() {
    CHECK(mkdtemp(path_) != nullptr);
    CHECK_EQ(setenv("GPURING_HOST_ROOT", path_, 1), 0);
    FindHostRoot();
  }
  ~Host() {
    unsetenv("GPURING_HOST_ROOT");
    FindHostRoot();
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  void Write(const std::string& path, const std::string& text) const {
    const std::filesystem::path whole = path_ + path;
    std::error_code ignored;
    std::filesystem::create_directories(whole.parent_path(), ignored);
    std::ofstream(whole) << text << "\n";
  }
  // A PCI device of that vendor and class.
  void Add(const std::string& bus_id, const std::string& vendor, const std::string& kind) const {
    Write(Device(bus_id) + "/vendor", vendor);
    Write(Device(bus_id) + "/class", kind);
  }
  void SetStatus(const std::string& bus_id, const std::string& status) const {
    Write(Device(bus_id) + "/power/runtime_status", status);
  }

 private:
  static std::string Device(const std::string& bus_id) { return "/sys/bus/pci/devices/" + bus_id; }

  char path_[32] = "/tmp/gpuring-host-XXXXXX";
};

NvmlOptions LowPower() {
  NvmlOptions options = Scripted();
  options.low_power = true;
  return options;
}

}  // namespace

TEST("low power: the host's memory is what the kernel says, and unknown where it says none") {
  CHECK(ReadHostMemory().has_value());
  const Host host;
  CHECK(!ReadHostMemory().has_value());
  host.Write("/proc/meminfo", "MemTotal:  1000 kB\nMemFree:  10 kB\nMemAvailable:  400 kB");
  CHECK_EQ(ReadHostMemory().value_or(HostMemory()).total_bytes, 1'024'000u);
  CHECK_EQ(ReadHostMemory().value_or(HostMemory()).available_bytes, 409'600u);
  for (const char* odd : {"MemTotal:", "MemTotal: x kB", "MemTotal: 1 kB\nMemAvailable: 2 kB"}) {
    host.Write("/proc/meminfo", odd);
    CHECK(!ReadHostMemory().has_value());
  }
}

TEST("low power: the kernel's name of a device is found from NVML's") {
  const Host host;
  const auto path = [](std::string_view bus_id) {
    std::array<char, 96> buffer{};
    WriteRuntimeStatusPath(bus_id, buffer);
    const std::string text(buffer.data());
    const size_t begin = text.find("/sys/");
    return begin == std::string::npos ? text : text.substr(begin);
  };
  const std::string expected = "/sys/bus/pci/devices/0000:65:0a.0/power/runtime_status";
  CHECK_EQ(path("00000000:65:0A.0"), expected);
  CHECK_EQ(path("0000:65:0A.0"), expected);
  CHECK_EQ(path("00010000:01:00.0"), "/sys/bus/pci/devices/10000:01:00.0/power/runtime_status");
  for (const char* odd : {"", "0000", "0000:65:0a", "../../etc/passwd"}) CHECK_EQ(path(odd), "");
}

TEST("low power: a device that sleeps is not asked, and asked again once it is awake") {
  const Host host;
  ScriptedDriver driver;
  driver->bus_id = "00000000:65:0";
  NvmlSource source(LowPower());
  CHECK(source.Open().ok());
  const size_t slot = SlotOf(source, "GPU-1");
  Sample sample;
  DeviceDetail detail;
  std::array<SeriesPoint, 4> points;
  size_t count = 0;
  for (const char* status : {"suspended", "suspending"}) {
    host.SetStatus("0000:65:01.0", status);
    driver->utilization_calls = 0;
    const int lookups = driver->handle_calls;
    CHECK_EQ(source.Poll(slot, Tier::kFast, &sample).code(), StatusCode::kDeviceAsleep);
    CHECK_EQ(source.ReadDetail(slot, &detail).code(), StatusCode::kDeviceAsleep);
    CHECK_EQ(source.Drain(slot, {0, 0, points}, &count).code(), StatusCode::kDeviceAsleep);
    CHECK(!Changed(&source));
    CHECK_EQ(driver->utilization_calls, 0);
    CHECK_EQ(driver->handle_calls, lookups);
    CHECK(source.Poll(SlotOf(source, "GPU-0"), Tier::kFast, &sample).ok());
  }
  for (const char* status : {"active", "resuming", "unsupported"}) {
    host.SetStatus("0000:65:01.0", status);
    CHECK(source.Poll(slot, Tier::kFast, &sample).ok());
  }
}

TEST("low power: without the option nobody looks whether a device sleeps") {
  const Host host;
  ScriptedDriver driver;
  driver->bus_id = "00000000:65:0";
  host.SetStatus("0000:65:01.0", "suspended");
  NvmlSource source(Scripted());
  CHECK(source.Open().ok());
  Sample sample;
  CHECK(source.Poll(SlotOf(source, "GPU-1"), Tier::kFast, &sample).ok());
  CHECK(!source.OpenWouldWake());
}

TEST("low power: opening would wake where there are GPUs of NVIDIA's and all of them sleep") {
  const Host host;
  NvmlSource source(LowPower());
  CHECK(!source.OpenWouldWake());  // no PCI at all
  host.Add("0000:00:02.0", "0x8086", "0x030000");
  host.SetStatus("0000:00:02.0", "suspended");
  host.Add("0000:01:00.1", "0x10de", "0x040300");  // its sound
  host.SetStatus("0000:01:00.1", "suspended");
  CHECK(!source.OpenWouldWake());
  host.Add("0000:01:00.0", "0x10de", "0x030200");
  CHECK(!source.OpenWouldWake());  // it does not say
  host.SetStatus("0000:01:00.0", "suspended");
  CHECK(source.OpenWouldWake());
  CHECK(!NvmlSource(Scripted()).OpenWouldWake());
  host.Add("0000:02:00.0", "0x10de", "0x030000");
  host.SetStatus("0000:02:00.0", "active");
  CHECK(!source.OpenWouldWake());
}

}  // namespace gpuring
