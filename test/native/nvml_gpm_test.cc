// Activity between two samples of the driver's, on the simulated boards that offer it.
#include <cmath>

#include "check.h"
#include "nvml/gpm.h"
#include "nvml/target.h"
#include "nvml_fixture.h"
#include "nvml_list.h"
#include "simulator_columns.h"

namespace gpuring {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;

// The simulated driver, initialised, with a target that a test ages by hand.
class GpmRig {
 public:
  explicit GpmRig(const std::string& devices)
      : driver_(R"({"step":"manual","devices":[)" + devices + "]}") {
    CHECK(library_.Open(GPURING_SIMULATOR_PATH).ok());
    target_.handle = driver_.Device(0);
  }
  ~GpmRig() { FreeGpm(library_, &target_); }

  // Polls as if the last sample were older by `older_ns`, on a device that has worked 500 ms.
  nvmlReturn_t Poll(int64_t older_ns = kSecondNs) {
    check::Control("step", "5");
    if (target_.gpm.newest_ns != 0) target_.gpm.newest_ns -= older_ns;
    sample = Sample();
    return PollGpm(library_, &target_, &sample);
  }
  ValueState StateOf(MetricId metric) const { return sample.StateOf(metric); }
  int64_t ValueNow(MetricId metric) const { return ValueOf(sample, metric); }
  Target& target() { return target_; }
  const NvmlLibrary& library() const { return library_; }
  const check::Driver& driver() const { return driver_; }

  Sample sample;

 private:
  check::Driver driver_;
  NvmlLibrary library_;
  Target target_;
};

constexpr const char* kHalfBusy = R"({"board":"h100","load":{"shape":"constant","percent":50}})";

void Set(const std::string& values) {
  CHECK_EQ(check::Control("set", R"({"device":0,"values":)" + values + "}").result, NVML_SUCCESS);
}

void Inject(const std::string& faults) {
  CHECK_EQ(check::Control("inject", faults).result, NVML_SUCCESS);
}

}  // namespace

TEST("gpm: known from the second poll on, each value in its own unit") {
  GpmRig rig(kHalfBusy);
  CHECK_EQ(rig.Poll(), NVML_SUCCESS);
  for (const GpmReading& row : kGpmReadings) {
    CHECK_EQ(rig.StateOf(row.metric), ValueState::kUnavailable);
  }
  for (int round = 0; round < 4; ++round) {  // the two samples take turns
    CHECK_EQ(rig.Poll(), NVML_SUCCESS);
    for (const GpmReading& row : kGpmReadings) CHECK(rig.sample.Knows(row.metric));
    const int64_t graphics = rig.ValueNow(MetricId::kGraphicsActivityPercent);
    CHECK(graphics > 49'900 && graphics < 50'100);
    CHECK(rig.ValueNow(MetricId::kNvlinkReceiveBytesPerSecond) > int64_t{10'000} << 20);
  }
  Set(R"({"gpm.5": 88})");
  CHECK_EQ(rig.Poll(), NVML_SUCCESS);
  CHECK_EQ(rig.ValueNow(MetricId::kTensorActivityPercent), 88'000);
}

TEST("gpm: samples too close together or too far apart are not compared") {
  GpmRig rig(kHalfBusy);
  CHECK_EQ(rig.Poll(), NVML_SUCCESS);
  const int64_t taken_ns = rig.target().gpm.newest_ns;
  CHECK_EQ(rig.Poll(0), NVML_SUCCESS);  // at once: the sample that is there is kept
  CHECK_EQ(rig.target().gpm.newest_ns, taken_ns);
  CHECK_EQ(rig.StateOf(MetricId::kSmActivityPercent), ValueState::kUnavailable);
  CHECK_EQ(rig.Poll(), NVML_SUCCESS);
  CHECK(rig.sample.Knows(MetricId::kSmActivityPercent));
  CHECK_EQ(rig.Poll(61 * kSecondNs), NVML_SUCCESS);
  CHECK_EQ(rig.StateOf(MetricId::kSmActivityPercent), ValueState::kUnavailable);
  CHECK_EQ(rig.Poll(), NVML_SUCCESS);
  CHECK(rig.sample.Knows(MetricId::kSmActivityPercent));
}

TEST("gpm: out of range and failing metrics hide none of the others") {
  GpmRig rig(kHalfBusy);
  Set(R"({"gpm.2": 1001})");
  CHECK_EQ(rig.Poll(), NVML_SUCCESS);
  CHECK_EQ(rig.Poll(), NVML_SUCCESS);
  CHECK_EQ(rig.StateOf(MetricId::kSmActivityPercent), ValueState::kInvalid);
  CHECK(rig.sample.Knows(MetricId::kSmOccupancyPercent));
}

TEST("gpm: a metric that is skipped or no number is not known") {
  ScriptedDriver driver;
  NvmlLibrary library;
  CHECK(library.Open(driver.path()).ok());
  Target target;
  CHECK_EQ(library.functions().handle_by_index(0, &target.handle), NVML_SUCCESS);
  Sample sample;
  CHECK_EQ(PollGpm(library, &target, &sample), NVML_SUCCESS);
  const auto poll = [&] {
    sample = Sample();
    target.gpm.newest_ns -= kSecondNs;
    CHECK_EQ(PollGpm(library, &target, &sample), NVML_SUCCESS);
  };
  driver->gpm_skipped = 3;
  poll();
  CHECK_EQ(sample.StateOf(MetricId::kSmOccupancyPercent), ValueState::kUnavailable);
  CHECK_EQ(ValueOf(sample, MetricId::kSmActivityPercent), 12'500);
  for (const double none : {std::nan(""), HUGE_VAL, -1.0, 1e300}) {
    driver->gpm_value = none;
    poll();
    CHECK_EQ(sample.StateOf(MetricId::kSmActivityPercent), ValueState::kInvalid);
  }
}

TEST("gpm: a board without it is asked for it once") {
  GpmRig rig(R"({"board":"a100"})");
  for (int round = 0; round < 3; ++round) {
    CHECK_EQ(rig.Poll(), NVML_SUCCESS);
    for (const GpmReading& row : kGpmReadings) {
      CHECK_EQ(rig.StateOf(row.metric), ValueState::kUnsupported);
    }
    Inject(R"([{"function":"nvmlGpmQueryDeviceSupport","return":15}])");
  }
  CHECK(rig.target().gpm.samples[0] == nullptr);
}

TEST("gpm: failures are the metrics' reason, deaths are told, and it goes on afterwards") {
  GpmRig rig(kHalfBusy);
  struct Case {
    const char* faults;
    ValueState state;
  };
  constexpr Case kCases[] = {
      {R"([{"function":"nvmlGpmQueryDeviceSupport","return":999}])", ValueState::kUnavailable},
      {R"([{"function":"nvmlGpmSampleAlloc","return":23}])", ValueState::kUnavailable},
      {R"([{"function":"nvmlGpmSampleGet","return":4}])", ValueState::kDenied},
  };
  for (const Case& one : kCases) {
    Inject(one.faults);
    CHECK_EQ(rig.Poll(), NVML_SUCCESS);
    CHECK_EQ(rig.StateOf(MetricId::kSmActivityPercent), one.state);
  }
  Inject(R"([{"function":"nvmlGpmMetricsGet","return":3}])");
  CHECK_EQ(rig.Poll(), NVML_SUCCESS);
  CHECK_EQ(rig.Poll(), NVML_SUCCESS);
  CHECK_EQ(rig.StateOf(MetricId::kSmActivityPercent), ValueState::kUnsupported);
  Inject(R"([{"function":"nvmlGpmSampleGet","return":15}])");
  CHECK_EQ(rig.Poll(), NVML_ERROR_GPU_IS_LOST);
  Inject(R"([{"function":"nvmlGpmMetricsGet","return":1}])");
  CHECK_EQ(rig.Poll(), NVML_ERROR_UNINITIALIZED);
  Inject("[]");
  CHECK_EQ(rig.Poll(), NVML_SUCCESS);
  CHECK(rig.sample.Knows(MetricId::kSmActivityPercent));
}

TEST("gpm: samples are given back") {
  GpmRig rig(kHalfBusy);
  CHECK_EQ(rig.Poll(), NVML_SUCCESS);
  const nvmlGpmSample_t first = rig.target().gpm.samples[0];
  CHECK(first != nullptr);
  FreeGpm(rig.library(), &rig.target());
  CHECK_EQ(check::Driver::Call("nvmlGpmSampleFree", first), NVML_ERROR_INVALID_ARGUMENT);
  CHECK(rig.target().gpm.samples[0] == nullptr && rig.target().gpm.newest_ns == 0);
}

TEST("gpm: an instance is measured through its GPU") {
  NvmlSource source(OnSimulator(R"({"step":"manual","devices":[
      {"board":"h100","mig":["3g.40gb"],"load":{"shape":"constant","percent":50}}]})"));
  CHECK_EQ(source.Open().message(), "");
  CHECK_EQ(source.devices().size(), 2u);
  const DeviceIdentity instance = source.devices()[1];
  CHECK(!instance.parent_uuid.empty());
  Inject(R"([{"function":"nvmlGpmMigSampleGet","return":4}])");
  Sample sample;
  CHECK(source.Poll(instance.slot, Tier::kMedium, &sample).ok() || !sample.KnowsAnything());
  CHECK_EQ(sample.StateOf(MetricId::kSmActivityPercent), ValueState::kDenied);
  CHECK_EQ(sample.StateOf(MetricId::kEncoderUtilizationPercent), ValueState::kUnsupported);
  Inject("[]");

  const check::Driver driver(R"({"step":"manual","devices":[
      {"board":"h100","mig":["3g.40gb"],"load":{"shape":"constant","percent":50}}]})");
  NvmlLibrary library;
  CHECK(library.Open(GPURING_SIMULATOR_PATH).ok());
  Target target;
  target.is_mig = true;
  target.parent = driver.Device(0);
  CHECK_EQ(
      check::Driver::Call("nvmlDeviceGetMigDeviceHandleByIndex", target.parent, 0u, &target.handle),
      NVML_SUCCESS);
  CHECK_EQ(PollGpm(library, &target, &sample), NVML_SUCCESS);
  CHECK(target.gpm.newest_ns == 0);  // which instance it is, is not known
  CHECK_EQ(
      check::Driver::Call("nvmlDeviceGetGpuInstanceId", target.handle, &target.gpu_instance_id),
      NVML_SUCCESS);
  for (int round = 0; round < 2; ++round) {
    check::Control("step", "5");
    if (target.gpm.newest_ns != 0) target.gpm.newest_ns -= kSecondNs;
    sample = Sample();
    CHECK_EQ(PollGpm(library, &target, &sample), NVML_SUCCESS);
  }
  CHECK(ValueOf(sample, MetricId::kSmActivityPercent) > 1'000);
  FreeGpm(library, &target);
}

}  // namespace gpuring
