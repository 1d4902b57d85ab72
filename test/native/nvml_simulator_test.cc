// The NVML source against the project's simulated driver, met through the loader as a driver is.
#include <dlfcn.h>

#include <cstdlib>
#include <fstream>
#include <memory>

#include "check.h"
#include "nvml/simulator_control.h"
#include "nvml_fixture.h"

namespace gpuring {
namespace {

NvmlOptions Simulated(std::string scenario) {
  return {.library_path = GPURING_SIMULATOR_PATH, .scenario = std::move(scenario)};
}

bool Mentions(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// A trace of three rows, in a folder that is gone when the test is.
class TraceFolder {
 public:
  TraceFolder() {
    CHECK(mkdtemp(path_) != nullptr);
    std::ofstream(file()) << "timestamp, utilization.gpu [%], memory.used [MiB], power.draw [W]\n"
                             "2024/01/01 00:00:00.000, 10 %, 100 MiB, 50.00 W\n"
                             "2024/01/01 00:00:00.100, 20 %, 200 MiB, 60.00 W\n"
                             "2024/01/01 00:00:00.200, 30 %, 300 MiB, [Unknown Error]\n";
  }
  ~TraceFolder() {
    std::remove(file().c_str());
    std::remove(path_);
  }
  std::string path() const { return path_; }

 private:
  std::string file() const { return path() + "/trace.csv"; }

  char path_[32] = "/tmp/gpuring-trace-XXXXXX";
};

}  // namespace

TEST("nvml on the simulated driver: structs that are longer than declared spoil nothing") {
  constexpr const char* kHost = R"({"name":"odd","step":"manual","devices":[{"board":"rtx3090"},
      {"board":"h100"},{"board":"h100","mig":["1g.10gb"]}]})";
  NvmlSource first(Simulated(kHost));
  CHECK_EQ(first.Open().message(), "");
  std::string reply;
  const SimulatorCommand inject = {"inject", R"([{"function":"nvml*","overrun":64}])"};
  CHECK_EQ(ControlSimulator(GPURING_SIMULATOR_PATH, inject, &reply).message(), "");
  NvmlSource source(Simulated(""));
  CHECK_EQ(source.Open().message(), "");
  CHECK_EQ(source.devices().size(), first.devices().size());
  bool changed = true;
  CHECK(source.Survey(&changed).ok());
  CHECK(!changed);
  const auto detail = std::make_unique<DeviceDetail>();
  std::array<SeriesPoint, 4> points;
  for (size_t at = 0; at < source.devices().size(); ++at) {
    const DeviceIdentity device = source.devices()[at];
    CHECK_EQ(device.uuid, first.devices()[at].uuid);
    CHECK(device.memory_bytes == first.devices()[at].memory_bytes);
    CHECK(device.pci_bus_id == first.devices()[at].pci_bus_id);
    CHECK(device.mig_profile == first.devices()[at].mig_profile);
    Sample sample;
    Sample before;
    PollAll(&source, device.slot, &sample);
    PollAll(&first, first.devices()[at].slot, &before);
    CHECK(sample.states == before.states);
    size_t count = 0;
    (void)source.Drain(device.slot, {0, 0, points}, &count);
    CHECK(source.ReadDetail(device.slot, detail.get()).ok());
  }
}

TEST("nvml on the simulated driver: devices, identity and values are there and say simulated") {
  NvmlSource source(Simulated(R"({"name": "two boards", "seed": 3, "devices": [
      {"board": "h100", "load": {"shape": "sine", "periodSeconds": 5, "minPercent": 5,
                                 "maxPercent": 95}},
      {"board": "t4", "load": {"shape": "sine", "periodSeconds": 5, "minPercent": 5,
                               "maxPercent": 95}}]})"));
  const Status opened = source.Open();
  CHECK_EQ(opened.message(), "");
  CHECK_EQ(source.devices().size(), 2u);
  CHECK(Mentions(source.identity().simulation, "two boards"));
  CHECK(!source.identity().driver_version.empty());
  for (size_t device = 0; device < source.devices().size(); ++device) {
    const DeviceIdentity identity = source.devices()[device];
    CHECK(Mentions(identity.uuid, "GPU-"));
    CHECK(!identity.name.empty());
    CHECK(identity.pci_bus_id && identity.architecture && identity.multiprocessor_count);
    CHECK(identity.max_sm_clock_mhz && identity.power_limit_max_milliwatts);
    Sample sample;
    for (const Tier tier : {Tier::kFast, Tier::kMedium, Tier::kSlow}) {
      CHECK(source.Poll(identity.slot, tier, &sample).ok());
    }
    CHECK_EQ(ValueOf(sample, MetricId::kMemoryTotalBytes),
             static_cast<int64_t>(identity.memory_bytes.value_or(0)));
    for (const MetricId metric :
         {MetricId::kComputeUtilizationPercent, MetricId::kPowerWatts, MetricId::kEnergyJoules,
          MetricId::kPowerInstantWatts, MetricId::kTemperatureCelsius, MetricId::kClockRateMhz}) {
      CHECK(sample.Knows(metric));
    }
  }
}

TEST("nvml on the simulated driver: a replay by rounds gives each row to one poll, in order") {
  const TraceFolder folder;
  NvmlSource source(Simulated(R"({"name": "rows", "step": "round", "baseDirectory": ")" +
                              folder.path() +
                              R"(", "devices": [{"board": "h100", "trace": "trace.csv",
                                                 "atEnd": "end"}]})"));
  const Status opened = source.Open();
  CHECK_EQ(opened.message(), "");
  if (!opened.ok()) return;
  for (int row = 1; row <= 3; ++row) {
    Sample sample;
    CHECK(source.Poll(0, Tier::kFast, &sample).ok());
    CHECK_EQ(ValueOf(sample, MetricId::kComputeUtilizationPercent), row * 10);
    CHECK_EQ(ValueOf(sample, MetricId::kMemoryUsedBytes), row * 100 * 1024 * 1024);
    if (row < 3) {
      CHECK_EQ(ValueOf(sample, MetricId::kPowerWatts), 40'000 + row * 10'000);
    } else {
      CHECK(!sample.Knows(MetricId::kPowerWatts));
    }
  }
  Sample after;
  CHECK(source.Poll(0, Tier::kFast, &after).ok() || !after.KnowsAnything());
  CHECK(!after.Knows(MetricId::kComputeUtilizationPercent));
}

TEST("nvml on the simulated driver: a scenario that does not parse is refused with its reason") {
  for (const char* scenario : {"{\"devices\": 7}", "{", "/nowhere/scenario.json"}) {
    NvmlSource source(Simulated(scenario));
    const Status status = source.Open();
    CHECK_EQ(status.code(), StatusCode::kScenarioInvalid);
    CHECK(!status.message().empty() && !status.hint().empty());
  }
}

TEST("nvml on the simulated driver: a scripted fault hits its device and no other") {
  NvmlSource source(Simulated(R"({"name": "lost", "devices": [{"board": "l4", "count": 2}],
      "faults": [{"function": "nvmlDeviceGetUtilizationRates", "device": 1, "return": 15,
                  "afterCalls": 1, "calls": 1}]})"));
  const Status opened = source.Open();
  CHECK_EQ(opened.message(), "");
  if (!opened.ok()) return;
  Sample sample;
  CHECK(source.Poll(1, Tier::kFast, &sample).ok());
  CHECK_EQ(source.Poll(1, Tier::kFast, &sample).code(), StatusCode::kDeviceLost);
  CHECK(source.Poll(0, Tier::kFast, &sample).ok());
  CHECK(source.Poll(1, Tier::kFast, &sample).ok());  // back, by its UUID
}

TEST("nvml on the simulated driver: commands reach it by its path, and nothing else is loaded") {
  std::string reply;
  CHECK_EQ(ControlSimulator(GPURING_SIMULATOR_PATH, {"misuse", "reset"}, &reply).message(), "");
  CHECK(Mentions(reply, "{"));
  const Status refused = ControlSimulator(GPURING_SIMULATOR_PATH, {"sing", ""}, &reply);
  CHECK_EQ(refused.code(), StatusCode::kScenarioInvalid);
  CHECK(Mentions(refused.message(), "sing"));
  const std::string legacy = GPURING_FIXTURES_DIR "/legacy_driver.so";
  for (const std::string& other : {legacy, std::string("libnvidia-ml.so.1"), std::string("")}) {
    const Status status = ControlSimulator(other, {"misuse", ""}, &reply);
    CHECK_EQ(status.code(), StatusCode::kScenarioInvalid);
    CHECK(Mentions(status.message(), "is not the simulated driver"));
  }
  CHECK_EQ(dlopen(legacy.c_str(), RTLD_LAZY | RTLD_NOLOAD), nullptr);
  CHECK_EQ(ControlSimulator("/nowhere/driver.so", {"misuse", ""}, &reply).code(),
           StatusCode::kLibraryNotFound);
}

}  // namespace gpuring
