// What the simulated driver keeps for clients that look rarely: buffered samples, counters between
// two looks, and processes.
#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "check.h"
#include "nvml/abi_extended.h"
#include "simulator_columns.h"
#include "simulator_driver.h"

namespace gpuring {
namespace {

using check::Control;
using check::Driver;

constexpr uint64_t kEpochUs = 1'767'225'600'000'000;

struct Drained {
  nvmlReturn_t result;
  std::vector<nvmlSample_t> samples;
};

Drained Drain(nvmlDevice_t device, unsigned int type, unsigned long long last_seen,
              unsigned int room = 200) {
  std::vector<nvmlSample_t> samples(room);
  unsigned int value_type = 99;
  const nvmlReturn_t result = Driver::Call("nvmlDeviceGetSamples", device, type, last_seen,
                                           &value_type, &room, samples.data());
  samples.resize(result == NVML_SUCCESS ? room : 0);
  if (result == NVML_SUCCESS) CHECK_EQ(value_type, unsigned{NVML_VALUE_TYPE_UNSIGNED_INT});
  return {result, samples};
}

void Set(const std::string& values) {
  CHECK_EQ(Control("set", R"({"device":0,"values":)" + values + "}").result, NVML_SUCCESS);
}

TEST("a client that drains by the last stamp gets each sample once, in order") {
  Driver driver(R"({"step":"manual","devices":[{"board":"h100","values":{"samplePeriodMs":20},
      "load":{"shape":"noise","periodSeconds":2,"maxPercent":90}}]})");
  const nvmlDevice_t device = driver.Device(0);
  uint64_t last = Drain(device, 0, 0).samples.back().timeStamp;
  CHECK_EQ(last, kEpochUs);
  size_t seen = 0;
  for (int poll = 0; poll < 20; ++poll) {
    Control("step", "5");  // 500 ms
    for (const nvmlSample_t& sample : Drain(device, 0, last).samples) {
      CHECK_EQ(uint64_t{sample.timeStamp}, last + 20'000);
      last = sample.timeStamp;
      ++seen;
    }
  }
  CHECK_EQ(seen, size_t{20 * 500 / 20});
  CHECK_EQ(Drain(device, 0, last).result, NVML_ERROR_NOT_FOUND);
}

TEST("samples are what the single calls would have told at that time") {
  Driver driver(R"({"step":"manual","devices":[{"board":"v100s",
      "load":{"shape":"sine","periodSeconds":5,"maxPercent":90}}]})");
  const nvmlDevice_t device = driver.Device(0);
  std::vector<unsigned int> power, load;
  for (int row = 0; row < 40; ++row) {
    power.push_back(
        static_cast<unsigned int>(check::ReadNumber("nvmlDeviceGetPowerUsage", device).value));
    Control("step", "1");
  }
  for (const nvmlSample_t& sample : Drain(device, 0, 0).samples) {
    const uint64_t us = sample.timeStamp - kEpochUs;
    if (us % 100'000 != 0 || us / 100'000 >= power.size()) continue;
    CHECK_EQ(sample.sampleValue.uiVal, power[us / 100'000]);
    load.push_back(sample.sampleValue.uiVal);
  }
  CHECK(load.size() > 10);
  const Drained busy = Drain(device, 1, 0);
  CHECK(busy.samples.size() > 10);
  for (const nvmlSample_t& sample : busy.samples) CHECK(sample.sampleValue.uiVal <= 90);
}

TEST("samples of a recording are its rows") {
  Driver driver(std::string(R"({"step":"manual","devices":[{"board":"rtx3090","trace":")") +
                GPURING_TRACES_DIR + R"(/gpu-power-benchmark/transient_3090.csv"}]})");
  const nvmlDevice_t device = driver.Device(0);
  Control("step", "400");
  const auto now = check::ReadNumber("nvmlDeviceGetPowerUsage", device).value;
  const Drained power = Drain(device, 0, 0);
  CHECK(power.samples.size() > 5);
  CHECK(power.samples.back().sampleValue.uiVal > 20'000 && now > 20'000);
}

TEST("the buffer has a capacity, and a short array gets the oldest of what is new") {
  Driver driver(R"({"step":"manual","devices":[{"board":"h100"}]})");
  const nvmlDevice_t device = driver.Device(0);
  unsigned int count = 0, value_type = 0;
  CHECK_EQ(Driver::Call("nvmlDeviceGetSamples", device, 0u, 0ull, &value_type, &count, nullptr),
           NVML_SUCCESS);
  CHECK_EQ(count, 120u);
  Control("step", "300");
  CHECK_EQ(Drain(device, 0, 0).samples.size(), size_t{120});
  const Drained few = Drain(device, 0, 0, 3);
  CHECK_EQ(few.samples.size(), size_t{3});
  CHECK_EQ(few.samples[0].timeStamp, Drain(device, 0, 0).samples[0].timeStamp);
  std::array<nvmlSample_t, 1> none{};
  count = 0;
  CHECK_EQ(Driver::Call("nvmlDeviceGetSamples", device, 0u, 0ull, &value_type, &count, none.data()),
           NVML_ERROR_INVALID_ARGUMENT);
  CHECK_EQ(Drain(device, 10, 0).result, NVML_ERROR_INVALID_ARGUMENT);
  CHECK_EQ(Drain(device, 7, 0).result, NVML_ERROR_NOT_SUPPORTED);
}

TEST("a kind of sample can be missing or run dry, and values change from their moment on") {
  Driver driver(R"({"step":"manual","devices":[{"board":"h100"}]})");
  const nvmlDevice_t device = driver.Device(0);
  Control("step", "10");
  Set(R"({"utilization.gpu": 55, "samplesSupported.memory": 0})");
  CHECK_EQ(Drain(device, 2, 0).result, NVML_ERROR_NOT_SUPPORTED);
  Control("step", "10");
  const Drained load = Drain(device, 1, 0);
  CHECK_EQ(load.samples.front().sampleValue.uiVal, 0u);
  CHECK_EQ(load.samples.back().sampleValue.uiVal, 55u);
  Set(R"({"samplesDry.gpu": 1})");
  const unsigned long long last = load.samples.back().timeStamp;
  Control("step", "20");
  CHECK_EQ(Drain(device, 1, last).result, NVML_ERROR_NOT_FOUND);
  CHECK_EQ(Drain(device, 0, last).result, NVML_SUCCESS);
  Set(R"({"samplesDry.gpu": null})");
  Control("step", "4");
  CHECK(Drain(device, 1, last).samples.size() >= 1);
}

TEST("a driver's clock that is set back hides samples until it has caught up") {
  Driver driver(R"({"step":"manual","devices":[{"board":"h100"}]})");
  const nvmlDevice_t device = driver.Device(0);
  Control("step", "50");
  const unsigned long long last = Drain(device, 0, 0).samples.back().timeStamp;
  Set(R"({"sampleClockStepUs": -2000000})");
  Control("step", "10");
  CHECK_EQ(Drain(device, 0, last).result, NVML_ERROR_NOT_FOUND);
  Control("step", "11");
  const Drained later = Drain(device, 0, last);
  CHECK_EQ(later.samples.size(), size_t{1});
  CHECK_EQ(later.samples[0].timeStamp, last + 100'000);
}

TEST("MIG ends samples of utilisation, not of power") {
  Driver driver(R"({"step":"manual","devices":[{"board":"h100","mig":[]}]})");
  CHECK_EQ(Drain(driver.Device(0), 0, 0).result, NVML_SUCCESS);
  CHECK_EQ(Drain(driver.Device(0), 1, 0).result, NVML_ERROR_NOT_SUPPORTED);
}

class GpmPair {
 public:
  GpmPair() {
    CHECK_EQ(Driver::Call("nvmlGpmSampleAlloc", &get_.sample1), NVML_SUCCESS);
    CHECK_EQ(Driver::Call("nvmlGpmSampleAlloc", &get_.sample2), NVML_SUCCESS);
    get_.version = NVML_GPM_METRICS_GET_VERSION;
  }
  ~GpmPair() {
    CHECK_EQ(Driver::Call("nvmlGpmSampleFree", get_.sample1), NVML_SUCCESS);
    CHECK_EQ(Driver::Call("nvmlGpmSampleFree", get_.sample2), NVML_SUCCESS);
    CHECK_EQ(Driver::Call("nvmlGpmSampleFree", get_.sample2), NVML_ERROR_INVALID_ARGUMENT);
  }
  nvmlReturn_t Take(nvmlDevice_t device, const char* rows) {
    const nvmlReturn_t first = Driver::Call("nvmlGpmSampleGet", device, get_.sample1);
    Control("step", rows);
    CHECK_EQ(Driver::Call("nvmlGpmSampleGet", device, get_.sample2), first);
    return first;
  }
  nvmlReturn_t Ask(std::initializer_list<unsigned int> ids) {
    get_.numMetrics = 0;
    for (const unsigned int id : ids) get_.metrics[get_.numMetrics++].metricId = id;
    get_.metrics[get_.numMetrics].nvmlReturn = static_cast<nvmlReturn_t>(77);
    const nvmlReturn_t result = Driver::Call("nvmlGpmMetricsGet", &get_);
    CHECK_EQ(unsigned{get_.metrics[get_.numMetrics].nvmlReturn}, 77u);
    return result;
  }
  const nvmlGpmMetric_t& metric(size_t index) const { return get_.metrics[index]; }

 private:
  nvmlGpmMetricsGet_t get_{};
};

TEST("metrics between two samples follow the load, and each says whether it is known") {
  Driver driver(R"({"step":"manual","devices":[
      {"board":"h100","load":{"shape":"constant","percent":50}},{"board":"a100"}]})");
  GpmPair pair;
  CHECK_EQ(pair.Ask({1}), NVML_ERROR_INVALID_ARGUMENT);  // nothing taken yet
  CHECK_EQ(pair.Take(driver.Device(1), "5"), NVML_ERROR_NOT_SUPPORTED);
  CHECK_EQ(pair.Take(driver.Device(0), "5"), NVML_SUCCESS);
  CHECK_EQ(pair.Ask({1, 2, 21, 60, 333}), NVML_SUCCESS);
  CHECK(pair.metric(0).value > 49.9 && pair.metric(0).value < 50.1);
  CHECK(pair.metric(1).value > 40 && pair.metric(1).value < pair.metric(0).value);
  CHECK(pair.metric(2).value > 1000 && pair.metric(3).value > 10'000);
  CHECK_EQ(std::string(pair.metric(2).metricInfo.unit), "MiB/s");
  CHECK_EQ(pair.metric(4).nvmlReturn, NVML_ERROR_NOT_SUPPORTED);
  CHECK_EQ(pair.Take(driver.Device(0), "1"), NVML_SUCCESS);  // 100 ms apart, not more
  CHECK_EQ(pair.Ask({1, 333}), NVML_SUCCESS);
  CHECK_EQ(pair.metric(0).nvmlReturn, NVML_ERROR_NO_DATA);
  CHECK_EQ(pair.metric(1).nvmlReturn, NVML_ERROR_NOT_SUPPORTED);
  Set(R"({"gpm.5": 88})");
  CHECK_EQ(pair.Take(driver.Device(0), "2"), NVML_SUCCESS);
  CHECK_EQ(pair.Ask({5}), NVML_SUCCESS);
  CHECK_EQ(pair.metric(0).value, 88.0);
  nvmlGpmSupport_t support{NVML_GPM_SUPPORT_VERSION, 9};
  CHECK_EQ(Driver::Call("nvmlGpmQueryDeviceSupport", driver.Device(1), &support), NVML_SUCCESS);
  CHECK_EQ(support.isSupportedDevice, 0u);
}

TEST("an instance has metrics of its own by its id, an unknown id has none") {
  Driver driver(R"({"step":"manual","devices":[{"board":"h100","mig":["3g.40gb"]}]})");
  nvmlGpmSample_t sample = nullptr;
  Driver::Call("nvmlGpmSampleAlloc", &sample);
  constexpr const char* kGet = "nvmlGpmMigSampleGet";
  CHECK_EQ(Driver::Call(kGet, driver.Device(0), 1u, sample), NVML_SUCCESS);
  CHECK_EQ(Driver::Call(kGet, driver.Device(0), 5u, sample), NVML_ERROR_INVALID_ARGUMENT);
  CHECK_EQ(Driver::Call("nvmlGpmSampleFree", sample), NVML_SUCCESS);
}

constexpr const char* kTwoProcesses = R"({"step":"manual","devices":[{"board":"h100","processes":[
    {"pid":100,"memoryMiB":1024,"smPercent":40,"jpegPercent":3},
    {"pid":200,"memoryMiB":512},{"pid":300,"kind":"graphics","memoryMiB":1}]}]})";

TEST("processes come with each list's own element, and only where they fit") {
  Driver driver(kTwoProcesses);
  const nvmlDevice_t device = driver.Device(0);
  unsigned int count = 0;
  CHECK_EQ(Driver::Call("nvmlDeviceGetComputeRunningProcesses_v3", device, &count, nullptr),
           NVML_ERROR_INSUFFICIENT_SIZE);
  CHECK_EQ(count, 2u);
  std::array<nvmlProcessInfo_v1_t, 3> plain{};
  CHECK_EQ(Driver::Call("nvmlDeviceGetComputeRunningProcesses", device, &count, plain.data()),
           NVML_SUCCESS);
  CHECK(plain[0].pid == 100 && plain[1].pid == 200 && plain[2].pid == 0);
  CHECK_EQ(plain[0].usedGpuMemory, 1024ull << 20);
  std::array<nvmlProcessInfo_v2_t, 2> newer{};
  CHECK_EQ(Driver::Call("nvmlDeviceGetComputeRunningProcesses_v3", device, &count, newer.data()),
           NVML_SUCCESS);
  CHECK_EQ(newer[1].gpuInstanceId, NVML_VALUE_NOT_AVAILABLE_U32);
  CHECK_EQ(newer[1].usedGpuMemory, 512ull << 20);
  CHECK_EQ(Driver::Call("nvmlDeviceGetGraphicsRunningProcesses_v2", device, &count, newer.data()),
           NVML_SUCCESS);
  CHECK(count == 1 && newer[0].pid == 300);
  nvmlProcessDetailList_v1_t list{VersionWord<nvmlProcessDetailList_v1_t>(1), 3, 0, nullptr};
  CHECK_EQ(Driver::Call("nvmlDeviceGetRunningProcessDetailList", device, &list),
           NVML_ERROR_INSUFFICIENT_SIZE);
  CHECK_EQ(list.numProcArrayEntries, 3u);
}

TEST("a driver with the long record writes 32 bytes through the newest name alone") {
  std::string scenario = kTwoProcesses;
  scenario.insert(1, R"("processRecordBytes":32,)");
  Driver driver(scenario);
  std::array<unsigned char, 128> memory;
  memory.fill(0xAA);
  unsigned int count = 2;
  CHECK_EQ(Driver::Call("nvmlDeviceGetComputeRunningProcesses_v3", driver.Device(0), &count,
                        static_cast<void*>(memory.data())),
           NVML_SUCCESS);
  unsigned int pid = 0;
  std::memcpy(&pid, &memory[32], sizeof(pid));
  CHECK_EQ(pid, 200u);
  CHECK(memory[63] == 0 && memory[64] == 0xAA);
}

TEST("processes use memory, and those with load have samples of their own") {
  Driver driver(kTwoProcesses);
  const nvmlDevice_t device = driver.Device(0);
  Control("step", "10");
  nvmlReturn_t result = NVML_SUCCESS;
  const auto used = check::ReadMemory(device, &result).used;
  nvmlBAR1Memory_t bar1{};
  CHECK_EQ(Driver::Call("nvmlDeviceGetBAR1MemoryInfo", device, &bar1), NVML_SUCCESS);
  CHECK_EQ(bar1.bar1Used + bar1.bar1Free, bar1.bar1Total);
  std::array<nvmlProcessUtilizationSample_t, 4> samples{};
  unsigned int count = 4;
  constexpr const char* kUtilization = "nvmlDeviceGetProcessUtilization";
  CHECK_EQ(Driver::Call(kUtilization, device, samples.data(), &count, 0ull), NVML_SUCCESS);
  CHECK_EQ(count, 1u);
  CHECK(samples[0].pid == 100 && samples[0].smUtil == 40);
  CHECK_EQ(Driver::Call(kUtilization, device, samples.data(), &count, samples[0].timeStamp),
           NVML_ERROR_NOT_FOUND);
  std::array<nvmlProcessUtilizationInfo_v1_t, 2> wide{};
  nvmlProcessesUtilizationInfo_v1_t info{VersionWord<nvmlProcessesUtilizationInfo_v1_t>(1), 0, 0,
                                         nullptr};
  constexpr const char* kInfo = "nvmlDeviceGetProcessesUtilizationInfo";
  CHECK_EQ(Driver::Call(kInfo, device, &info), NVML_ERROR_INSUFFICIENT_SIZE);
  CHECK_EQ(info.processSamplesCount, 1u);
  info.procUtilArray = wide.data();
  CHECK_EQ(Driver::Call(kInfo, device, &info), NVML_SUCCESS);
  CHECK(wide[0].pid == 100 && wide[0].jpgUtil == 3);
  CHECK_EQ(Control("processes", R"({"device":0,"processes":[]})").result, NVML_SUCCESS);
  CHECK_EQ(used - check::ReadMemory(device, &result).used, (1024ull + 512 + 1) << 20);
  Set(R"({"processMemoryHidden": 1})");
  CHECK_EQ(Control("processes", R"({"device":0,"processes":[{"pid":5}]})").result, NVML_SUCCESS);
  std::array<nvmlProcessInfo_v2_t, 1> one{};
  count = 1;
  CHECK_EQ(Driver::Call("nvmlDeviceGetComputeRunningProcesses_v3", device, &count, one.data()),
           NVML_SUCCESS);
  CHECK_EQ(one[0].usedGpuMemory, NVML_VALUE_NOT_AVAILABLE_U64);
}

TEST("a process that is none is refused") {
  Driver driver(kTwoProcesses);
  for (const char* bad : {R"([{"memoryMiB":1}])", R"([{"pid":1,"smPercent":101}])",
                          R"([{"pid":1,"kind":"game"}])", R"({})"}) {
    const check::Reply reply =
        Control("processes", std::string(R"({"device":0,"processes":)") + bad + "}");
    CHECK_EQ(reply.result, NVML_ERROR_INVALID_ARGUMENT);
    CHECK(reply.text.find("expected") != std::string::npos);
  }
}

}  // namespace
}  // namespace gpuring
