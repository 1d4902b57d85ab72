// Hosts on which much is missing: every metric has a state, and that state is the right one.
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <initializer_list>
#include <set>

#include "check.h"
#include "nvml/host_files.h"
#include "nvml_fixture.h"
#include "simulator_columns.h"

namespace gpuring {
namespace {

// Those that are asked only where another metric is unsupported.
std::set<MetricId> Conditional() {
  std::set<MetricId> found;
  for (const Reading& reading : kReadings) {
    if (reading.unless != kNoMetric) found.insert(reading.outputs[0]);
  }
  return found;
}

void ExpectStates(const Sample& sample) {
  const std::set<MetricId> conditional = Conditional();
  for (size_t at = 0; at < kMetricCount; ++at) {
    const auto metric = static_cast<MetricId>(at);
    if (sample.StateOf(metric) != ValueState::kNotSampled) continue;
    if (!conditional.contains(metric)) {
      check::Fail(__FILE__, __LINE__, std::string(kMetrics[at].key) + " has no state");
    }
  }
}

void ExpectUnsupported(const Sample& sample, std::initializer_list<MetricId> metrics) {
  for (const MetricId metric : metrics) {
    if (sample.StateOf(metric) == ValueState::kUnsupported) continue;
    check::Fail(__FILE__, __LINE__,
                std::string(kMetrics[static_cast<size_t>(metric)].key) + " is not unsupported");
  }
}

class Host {
 public:
  explicit Host(const NvmlOptions& options) : source_(options) {
    CHECK_EQ(source_.Open().message(), "");
  }
  // All tiers, each as often as it takes for what needs two polls.
  const Sample& Poll(size_t device) {
    sample_ = Sample();
    PollAll(&source_, source_.devices()[device].slot, &sample_);
    ExpectStates(sample_);
    return sample_;
  }
  NvmlSource& source() { return source_; }

 private:
  NvmlSource source_;
  Sample sample_;
};

// What /proc/meminfo says, in a folder that stands for the host's root.
class Meminfo {
 public:
  explicit Meminfo(const std::string& text) {
    CHECK(mkdtemp(path_) != nullptr);
    CHECK_EQ(mkdir((root() + "/proc").c_str(), 0700), 0);
    std::ofstream(root() + "/proc/meminfo") << text;
    CHECK_EQ(setenv("GPURING_HOST_ROOT", path_, 1), 0);
    FindHostRoot();
  }
  ~Meminfo() {
    unsetenv("GPURING_HOST_ROOT");
    FindHostRoot();
    std::remove((root() + "/proc/meminfo").c_str());
    rmdir((root() + "/proc").c_str());
    rmdir(path_);
  }

 private:
  std::string root() const { return path_; }

  char path_[32] = "/tmp/gpuring-meminfo-XXXXXX";
};

constexpr const char* kMeminfo =
    "MemTotal:       125829120 kB\nMemFree:        10485760 kB\nMemAvailable:   83886080 kB\n";

}  // namespace

TEST("hosts: on whole boards of today all that they offer is known") {
  Host host(OnSimulator(R"({"devices":[{"board":"h100"}]})"));
  const Sample& sample = host.Poll(0);
  for (const MetricId metric : Conditional()) {
    CHECK_EQ(sample.StateOf(metric), ValueState::kNotSampled);
  }
  for (size_t at = 0; at < kMetricCount; ++at) CHECK(sample.states[at] != ValueState::kInvalid);
  ExpectUnsupported(sample, {MetricId::kFanSpeedPercent});
  for (const MetricId metric :
       {MetricId::kMemoryReservedBytes, MetricId::kThermalMarginCelsius,
        MetricId::kPcieTransmitBytes, MetricId::kNvlinkReceiveBytes, MetricId::kRecoveryAction,
        MetricId::kBar1UsedBytes, MetricId::kEccSramVolatileParityCount,
        MetricId::kRemappedRowsPending, MetricId::kPowerLimitRequestedWatts}) {
    CHECK(sample.Knows(metric));
  }
}

TEST("hosts: a driver of 2018 knows the old half of the table") {
  Host host(OnHost("pre-2019"));
  for (size_t device = 0; device < host.source().devices().size(); ++device) {
    const Sample& sample = host.Poll(device);
    for (const MetricId metric : {MetricId::kMemoryUsedBytes, MetricId::kTemperatureCelsius,
                                  MetricId::kClockEventReasons, MetricId::kClockRateMhz}) {
      CHECK(sample.Knows(metric));
    }
    ExpectUnsupported(sample, {MetricId::kMemoryReservedBytes, MetricId::kThermalMarginCelsius,
                               MetricId::kPowerInstantWatts, MetricId::kJpegUtilizationPercent,
                               MetricId::kSmActivityPercent, MetricId::kEccSramThresholdExceeded});
  }
}

TEST("hosts: behind Windows most questions have no answer, and say so") {
  Host host(OnHost("wsl"));
  const Sample& sample = host.Poll(0);
  CHECK(sample.Knows(MetricId::kMemoryUsedBytes) && sample.Knows(MetricId::kPowerWatts));
  for (const FieldReading& field : kFieldReadings) {
    if (!sample.Knows(field.metric)) ExpectUnsupported(sample, {field.metric});
  }
  ExpectUnsupported(sample, {MetricId::kEnergyJoules, MetricId::kPcieTransmitBytesPerSecond,
                             MetricId::kThermalMarginCelsius, MetricId::kSmActivityPercent});
}

TEST("hosts: of instances of MIG what is theirs is known, the rest is unsupported") {
  Host host(OnHost("mig"));
  size_t instances = 0;
  for (size_t device = 0; device < host.source().devices().size(); ++device) {
    const DeviceIdentity identity = host.source().devices()[device];
    const Sample& sample = host.Poll(device);
    CHECK(sample.Knows(MetricId::kMemoryTotalBytes));
    if (identity.parent_uuid.empty()) continue;
    instances++;
    CHECK_EQ(ValueOf(sample, MetricId::kMemoryTotalBytes),
             static_cast<int64_t>(identity.memory_bytes.value_or(0)));
    ExpectUnsupported(sample, {MetricId::kComputeUtilizationPercent, MetricId::kPowerWatts,
                               MetricId::kFanSpeedPercent, MetricId::kEncoderUtilizationPercent});
  }
  CHECK_EQ(instances, size_t{10});
}

TEST("hosts: memory that is the system's is what the system says, and says so") {
  const Meminfo meminfo(kMeminfo);
  Host host(OnHost("unified-memory"));
  CHECK(host.source().devices()[0].unified_memory);
  const Sample& sample = host.Poll(0);
  CHECK_EQ(ValueOf(sample, MetricId::kMemoryTotalBytes), int64_t{120} << 30);
  CHECK_EQ(ValueOf(sample, MetricId::kMemoryUsedBytes), int64_t{40} << 30);
  CHECK_EQ(ValueOf(sample, MetricId::kMemoryFreeBytes), int64_t{80} << 30);
  for (const MetricId metric :
       {MetricId::kMemoryTotalBytes, MetricId::kMemoryUsedBytes, MetricId::kMemoryFreeBytes}) {
    CHECK_EQ(sample.StateOf(metric), ValueState::kEstimated);
  }
  ExpectUnsupported(sample, {MetricId::kMemoryReservedBytes});
  CHECK_EQ(sample.StateOf(MetricId::kPowerWatts), ValueState::kKnown);
}

TEST("hosts: the system's memory does not speak for a device that is silent") {
  const Meminfo meminfo(kMeminfo);
  Host host(OnHost("unified-memory"));
  CHECK_EQ(check::Control("inject", R"([{"function":"nvmlDevice*","return":999}])").result,
           NVML_SUCCESS);
  for (int again = 0; again < 3; ++again) {
    Sample sample;
    CHECK_EQ(host.source().Poll(0, Tier::kFast, &sample).code(), StatusCode::kDriverError);
    CHECK(!sample.KnowsAnything());
  }
  CHECK_EQ(check::Control("inject", "[]").result, NVML_SUCCESS);
  host.Poll(0);
}

TEST("hosts: a size of 0 is the system's memory too, and no part of it is 0") {
  const Meminfo meminfo(kMeminfo);
  ScriptedDriver driver;  // answers 0 for each part
  Host host(Scripted());
  const Sample& sample = host.Poll(0);
  CHECK_EQ(ValueOf(sample, MetricId::kMemoryUsedBytes), int64_t{40} << 30);
  ExpectUnsupported(sample, {MetricId::kMemoryReservedBytes});
  driver->memory_v2 = {0, 1'000, 0, 600, 400};  // and once it tells a size, that is believed
  CHECK_EQ(ValueOf(host.Poll(0), MetricId::kMemoryUsedBytes), 400);
}

TEST("hosts: where the system does not say either, memory is unsupported") {
  const Meminfo meminfo("MemTotal: 100 kB\n");
  Host host(OnHost("unified-memory"));
  ExpectUnsupported(host.Poll(0), {MetricId::kMemoryTotalBytes, MetricId::kMemoryUsedBytes});
}

}  // namespace gpuring
