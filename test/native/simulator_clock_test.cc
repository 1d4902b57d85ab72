// Traces replayed by the clock: which row holds when, at every end, and that looking changes
// nothing. The simulated host is linked here without its exports, to give it a clock that the test
// turns.
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "simulator/world.h"
#include "simulator_columns.h"
#include "simulator_folder.h"

namespace gpuring {
namespace {

using check::Folder;
using simulator::Answer;
using simulator::Column;
using simulator::World;

constexpr int64_t kMillisecondNs = 1'000'000;
constexpr int64_t kBootNs = 123'456'789'012'345;

int64_t now_ns = 0;
int64_t Now() { return now_ns; }

struct Row {
  int64_t start_ms;
  int64_t celsius;
  int64_t watts;
};
// Gaps of 100, 50, 150, 100 and 100 ms: the last row lasts as long as the median one.
constexpr Row kRows[] = {{0, 30, 100},   {100, 31, 300}, {150, 32, 50},
                         {300, 33, 200}, {400, 34, 400}, {500, 35, 60}};
constexpr int64_t kLengthMs = 600;
constexpr size_t kLastRow = std::size(kRows) - 1;

std::string TraceText() {
  std::string text = "timestamp, temperature.gpu, power.draw.instant [W]\n";
  for (const Row& row : kRows) {
    text += "2024/01/01 00:00:00." + std::to_string(1000 + row.start_ms).substr(1) + ", " +
            std::to_string(row.celsius) + ", " + std::to_string(row.watts) + "\n";
  }
  return text;
}

// A world of its own per test: one board that replays the trace.
class Replayed {
 public:
  explicit Replayed(const std::string& at_end) {
    folder_.Write("t.csv", TraceText());
    const std::string scenario = folder_.Write(
        "s.json", R"({"devices":[{"board":"h100","trace":"t.csv","atEnd":")" + at_end + "\"}]}");
    std::string reply;
    now_ns = kBootNs - 77;  // only init starts the world's time
    CHECK_EQ(world_.Control("load", scenario, &reply), NVML_SUCCESS);
    now_ns = kBootNs;
    CHECK_EQ(world_.Init(0), NVML_SUCCESS);
  }

  Answer At(int64_t elapsed_ns, Column column) {
    now_ns = kBootNs + elapsed_ns;
    return world_.Read(0, column);
  }
  void ExpectRow(int64_t elapsed_ns, size_t row) {
    const Answer answer = At(elapsed_ns, Column::kTemperatureGpu);
    CHECK_EQ(answer.result, NVML_SUCCESS);
    CHECK_EQ(answer.value, kRows[row].celsius);
    CHECK_EQ(At(elapsed_ns, Column::kPowerDrawInstant).value, kRows[row].watts * 1000);
  }
  // From its first nanosecond to its last, `lap_ms` after the start.
  void ExpectLap(int64_t lap_ms) {
    for (size_t row = 0; row <= kLastRow; ++row) {
      const int64_t end_ms = row == kLastRow ? kLengthMs : kRows[row + 1].start_ms;
      const int64_t first_ns = (lap_ms + kRows[row].start_ms) * kMillisecondNs;
      const int64_t last_ns = (lap_ms + end_ms) * kMillisecondNs - 1;
      for (const int64_t ns : {first_ns, (first_ns + last_ns) / 2, last_ns}) ExpectRow(ns, row);
    }
  }

 private:
  Folder folder_;
  World world_{&Now};
};

constexpr int64_t kYearMs = int64_t{366} * 86'400'000;

// All columns every so often for fifty laps; what is seen each 15 s.
std::vector<int64_t> Look(const std::string& at_end, int64_t every_ms) {
  Replayed replayed(at_end);
  std::vector<int64_t> seen;
  for (int64_t ms = 0; ms <= 30'000; ms += every_ms) {
    for (size_t i = 0; i < simulator::kColumnCount; ++i) {
      const Answer answer = replayed.At(ms * kMillisecondNs, static_cast<Column>(i));
      if (ms % 15'000 != 0) continue;
      seen.push_back(answer.result);
      seen.push_back(answer.value);
    }
  }
  return seen;
}

}  // namespace

TEST("by the clock: each row holds from its time to the next one's") {
  for (const char* at_end : {"loop", "hold", "end"}) Replayed(at_end).ExpectLap(0);
}

TEST("by the clock: a loop begins again, for years") {
  Replayed replayed("loop");
  for (const int64_t lap : {int64_t{1}, int64_t{2}, int64_t{7}, kYearMs / kLengthMs}) {
    replayed.ExpectLap(lap * kLengthMs);
  }
}

TEST("by the clock: a hold stays at the last row") {
  Replayed replayed("hold");
  for (const int64_t ms : {kLengthMs, kLengthMs + 1, 2 * kLengthMs, kYearMs}) {
    replayed.ExpectRow(ms * kMillisecondNs, kLastRow);
  }
}

TEST("by the clock: at the end there is no data any more, neither recorded nor modelled") {
  Replayed replayed("end");
  replayed.ExpectRow(kLengthMs * kMillisecondNs - 1, kLastRow);
  for (const int64_t ms : {kLengthMs, 2 * kLengthMs, kYearMs}) {
    for (const Column column : {Column::kTemperatureGpu, Column::kMemoryUsed, Column::kMemoryTotal,
                                Column::kTotalEnergy, Column::kPowerLimit}) {
      CHECK_EQ(replayed.At(ms * kMillisecondNs, column).result, NVML_ERROR_NO_DATA);
    }
  }
}

TEST("by the clock: what holds at a time does not depend on how often one looked before") {
  for (const char* at_end : {"loop", "hold", "end"}) {
    const std::vector<int64_t> seldom = Look(at_end, 15'000);
    CHECK_EQ(seldom.size(), 3 * 2 * simulator::kColumnCount);
    CHECK(seldom == Look(at_end, 250));
    CHECK(seldom == Look(at_end, 4));
  }
}

TEST("by the clock: energy is the recorded power over time, through laps and holds") {
  // 100 ms of 100 W, 50 of 300, 150 of 50, 100 of 200, 100 of 400, 100 of 60: 98.5 J a lap.
  Replayed loop("loop");
  CHECK_EQ(loop.At(120 * kMillisecondNs, Column::kTotalEnergy).value, 16'000);
  CHECK_EQ(loop.At(600 * kMillisecondNs, Column::kTotalEnergy).value, 98'500);
  CHECK_EQ(loop.At(1'320 * kMillisecondNs, Column::kTotalEnergy).value, 2 * 98'500 + 16'000);
  Replayed hold("hold");
  CHECK_EQ(hold.At(1'600 * kMillisecondNs, Column::kTotalEnergy).value, 98'500 + 60'000);
}

// Whatever the machine does in between, a value was read after the time before the call and before
// the time after it.
TEST("by the real clock: rows come when their time has come") {
  using Clock = std::chrono::steady_clock;
  constexpr int64_t kGapMs = 25;
  constexpr int64_t kRowCount = 20;
  Folder folder;
  std::string text = "timestamp, temperature.gpu\n";
  for (int64_t row = 0; row < kRowCount; ++row) {
    text += "2024/01/01 00:00:00." + std::to_string(1000 + row * kGapMs).substr(1) + ", " +
            std::to_string(row) + "\n";
  }
  folder.Write("t.csv", text);
  const std::string scenario =
      folder.Write("s.json", R"({"devices":[{"board":"h100","trace":"t.csv","atEnd":"hold"}]})");
  const auto earliest = Clock::now();
  check::Driver driver(scenario);
  const nvmlDevice_t device = driver.Device(0);
  const auto latest = Clock::now();
  const auto row_at = [](Clock::duration since_start) {
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(since_start).count();
    return std::min(int64_t{ms} / kGapMs, kRowCount - 1);
  };
  int64_t row = 0;
  while (row < kRowCount - 1 && Clock::now() - earliest < std::chrono::seconds(20)) {
    const auto before = Clock::now();
    row = check::ReadColumn("temperature.gpu", device).value;
    const auto after = Clock::now();
    CHECK(row >= row_at(before - latest) && row <= row_at(after - earliest));
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
  }
  CHECK_EQ(row, kRowCount - 1);
}

}  // namespace gpuring
