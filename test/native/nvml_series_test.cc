// The driver's buffers, drained as the sampler does it.
#include <vector>

#include "check.h"
#include "core/series_reader.h"
#include "nvml_fixture.h"
#include "simulator_columns.h"

namespace gpuring {
namespace {

constexpr size_t kCompute = 0;
constexpr size_t kMemory = 1;
constexpr size_t kPower = 2;
static_assert(kSeriesMetrics[kCompute] == MetricId::kComputeUtilizationPercent);
static_assert(kSeriesMetrics[kMemory] == MetricId::kMemoryUtilizationPercent);
static_assert(kSeriesMetrics[kPower] == MetricId::kPowerWatts);

constexpr const char* kFastDriver = R"({"step":"manual","devices":[{"board":"h100",
    "values":{"samplePeriodMs":20},
    "load":{"shape":"noise","periodSeconds":2,"maxPercent":90}}]})";
constexpr const char* kDriver = R"({"step":"manual","devices":[{"board":"h100"}]})";

void Set(const std::string& values) {
  CHECK_EQ(check::Control("set", R"({"device":0,"values":)" + values + "}").result, NVML_SUCCESS);
}

// Drains the first device of a source.
class Drainer {
 public:
  explicit Drainer(const char* scenario) : source_(OnSimulator(scenario)) {
    CHECK_EQ(source_.Open().message(), "");
  }
  // What is newer than `after_us`.
  std::vector<SeriesPoint> Drain(size_t series, int64_t after_us, size_t room = kDrainPoints) {
    std::vector<SeriesPoint> points(room);
    size_t count = 99;
    const size_t slot = source_.devices()[0].slot;
    status = source_.Drain(slot, {series, after_us, points}, &count);
    CHECK(count <= room && (status.ok() || count == 0));
    points.resize(count);
    return points;
  }
  StatusCode CodeOf(size_t series) {
    Drain(series, 0);
    return status.code();
  }
  NvmlSource& source() { return source_; }

  Status status;

 private:
  NvmlSource source_;
};

}  // namespace

TEST("drain: a driver that measures every 20 ms and is asked every 500 ms loses nothing") {
  Drainer drainer(kFastDriver);
  int64_t last_us = drainer.Drain(kPower, 0).back().driver_us;
  size_t seen = 0;
  for (int poll = 0; poll < 20; ++poll) {
    check::Control("step", "5");
    for (const SeriesPoint& point : drainer.Drain(kPower, last_us)) {
      CHECK_EQ(point.driver_us, last_us + 20'000);
      CHECK(point.value > 10'000 && point.value < 1'000'000);
      last_us = point.driver_us;
      ++seen;
    }
  }
  CHECK_EQ(seen, size_t{20 * 500 / 20});
  CHECK(drainer.Drain(kPower, last_us).empty());
  CHECK_EQ(drainer.status.code(), StatusCode::kTryAgain);
  CHECK(drainer.status.message().empty() && drainer.status.hint().empty());
}

TEST("drain: with little room the oldest come first, and the rest the next time") {
  Drainer drainer(kFastDriver);
  const int64_t start_us = drainer.Drain(kCompute, 0).back().driver_us;
  check::Control("step", "10");  // 50 measurements
  const std::vector<SeriesPoint> all = drainer.Drain(kCompute, start_us);
  CHECK_EQ(all.size(), size_t{50});
  std::vector<SeriesPoint> parts;
  int64_t last_us = start_us;
  while (true) {
    const std::vector<SeriesPoint> some = drainer.Drain(kCompute, last_us, 7);
    if (some.empty()) break;
    parts.insert(parts.end(), some.begin(), some.end());
    last_us = some.back().driver_us;
  }
  CHECK_EQ(parts.size(), all.size());
  for (size_t at = 0; at < parts.size() && at < all.size(); ++at) {
    CHECK_EQ(parts[at].driver_us, all[at].driver_us);
    CHECK_EQ(parts[at].value, all[at].value);
  }
}

TEST("drain: a buffer that holds more than one call fetches is emptied oldest first") {
  Drainer drainer(kFastDriver);
  Set(R"({"sampleCapacity": 3000})");
  const int64_t start_us = drainer.Drain(kPower, 0).back().driver_us;
  check::Control("step", "500");  // 2500 measurements
  int64_t last_us = start_us;
  size_t seen = 0;
  for (auto some = drainer.Drain(kPower, last_us); !some.empty();
       some = drainer.Drain(kPower, last_us)) {
    for (const SeriesPoint& point : some) {
      CHECK_EQ(point.driver_us, last_us + 20'000);
      last_us = point.driver_us;
      ++seen;
    }
  }
  CHECK_EQ(seen, size_t{2500});
}

TEST("drain: what there is no buffer for is not supported, an empty one is asked again") {
  Drainer drainer(kDriver);
  Set(R"({"samplesSupported.memory": 0})");
  CHECK_EQ(drainer.CodeOf(kMemory), StatusCode::kNotSupported);
  CHECK_EQ(drainer.CodeOf(kPower), StatusCode::kOk);
  const int64_t last_us = drainer.Drain(kCompute, 0).back().driver_us;
  Set(R"({"samplesDry.gpu": 1})");
  check::Control("step", "20");
  CHECK(drainer.Drain(kCompute, last_us).empty());
  CHECK_EQ(drainer.status.code(), StatusCode::kTryAgain);
  CHECK(!drainer.Drain(kPower, last_us).empty());
}

TEST("drain: MIG leaves power alone; its instances have no buffers") {
  Drainer drainer(R"({"step":"manual","devices":[{"board":"h100","mig":["3g.40gb"]}]})");
  CHECK_EQ(drainer.CodeOf(kCompute), StatusCode::kNotSupported);
  CHECK_EQ(drainer.CodeOf(kPower), StatusCode::kOk);
  std::array<SeriesPoint, 4> points;
  size_t count = 0;
  const size_t instance = drainer.source().devices()[1].slot;
  CHECK_EQ(drainer.source().Drain(instance, {kPower, 0, points}, &count).code(),
           StatusCode::kNotSupported);
}

TEST("drain: the driver's return codes are the answer") {
  Drainer drainer(kDriver);
  struct Case {
    int result;
    StatusCode code;
  };
  constexpr Case kCases[] = {
      {1, StatusCode::kDriverGone},      {3, StatusCode::kNotSupported},
      {4, StatusCode::kNoPermission},    {6, StatusCode::kTryAgain},
      {13, StatusCode::kNotSupported},   {15, StatusCode::kDeviceLost},
      {18, StatusCode::kDriverMismatch}, {999, StatusCode::kDriverError},
  };
  for (const Case& one : kCases) {
    const std::string fault = R"([{"function":"nvmlDeviceGetSamples","return":)";
    CHECK_EQ(check::Control("inject", fault + std::to_string(one.result) + "}]").result,
             NVML_SUCCESS);
    CHECK_EQ(drainer.CodeOf(kPower), one.code);
    CHECK_EQ(drainer.status.driver_return(), static_cast<uint32_t>(one.result));
  }
}

TEST("drain: what the driver repeats, did not write or stamps with nonsense is left out") {
  ScriptedDriver driver;
  NvmlSource source(Scripted());
  CHECK(source.Open().ok());
  std::array<SeriesPoint, 8> points;
  size_t count = 0;
  const auto drain = [&] { return source.Drain(0, {kPower, 100, points}, &count).code(); };
  driver->samples = {{{100, {.uiVal = 1}},
                      {uint64_t{1} << 63, {.uiVal = 2}},
                      {101, {.uiVal = 3}},
                      {102, {.uiVal = 4}}}};
  driver->samples_written = 1'000'000;  // more than there was room for
  CHECK_EQ(drain(), StatusCode::kOk);
  CHECK_EQ(count, size_t{2});
  CHECK(points[0].driver_us == 101 && points[0].value == 3);
  CHECK(points[1].driver_us == 102 && points[1].value == 4);
  driver->samples_written = 0;
  CHECK_EQ(drain(), StatusCode::kTryAgain);
  driver->samples_written = 4;
  driver->samples_type = NVML_VALUE_TYPE_DOUBLE;
  for (nvmlSample_t& sample : driver->samples) sample.sampleValue.dVal = 17.6;
  CHECK_EQ(drain(), StatusCode::kOk);
  CHECK_EQ(points[0].value, 18);
  driver->samples_type = static_cast<nvmlValueType_t>(42);
  CHECK_EQ(drain(), StatusCode::kOk);
  CHECK_EQ(points[0].value, INT64_MIN);
}

TEST("drain: values that make no sense are out of every range, with their time") {
  Drainer drainer(kDriver);
  Set(R"({"power.draw": 4294967295})");
  check::Control("step", "10");
  const std::vector<SeriesPoint> points = drainer.Drain(kPower, 0);
  CHECK(!points.empty());
  CHECK_EQ(points.back().value, INT64_MIN);
}

}  // namespace gpuring
