// What was recorded comes out as it went in: every row once, in order, none invented. The traces
// are read here by a few lines that share nothing with the simulator's reader.
#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "simulator_columns.h"
#include "simulator_folder.h"

namespace gpuring {
namespace {

using check::Control;
using check::Driver;
using check::Folder;
using check::ReadColumn;
using check::Reading;

struct Recording {
  std::vector<std::string> columns;            // without units
  std::vector<std::vector<std::string>> rows;  // cells without blanks around
};

std::vector<std::string> Split(const std::string& line) {
  std::vector<std::string> cells;
  std::stringstream stream(line);
  for (std::string cell; std::getline(stream, cell, ',');) {
    cell.erase(0, cell.find_first_not_of(' '));
    cells.push_back(cell);
  }
  return cells;
}

Recording ReadRecording(const std::string& path) {
  Recording recording;
  std::ifstream file(std::string(GPURING_TRACES_DIR "/") + path);
  std::string line;
  std::getline(file, line);
  recording.columns = Split(line);
  for (std::string& column : recording.columns) column = column.substr(0, column.find(" ["));
  while (std::getline(file, line)) recording.rows.push_back(Split(line));
  return recording;
}

// "126.89 W" of a power column: 126890. Works on the digits, never on a double.
Reading Expected(const std::string& column, const std::string& cell) {
  if (cell == "[Unknown Error]") return {NVML_ERROR_UNKNOWN, 0};
  std::string number = cell.substr(cell.starts_with('P') ? 1 : 0);
  number = number.substr(0, number.find(' '));
  const bool power = column.starts_with("power.");
  if (power) {
    const size_t point = number.find('.');
    const size_t decimals = point == std::string::npos ? 0 : number.size() - point - 1;
    if (point != std::string::npos) number.erase(point, 1);
    number.append(3 - decimals, '0');
  }
  const long long factor = column.starts_with("memory.") ? 1 << 20 : 1;
  return {NVML_SUCCESS, std::stoll(number) * factor};
}

bool IsQuantity(const std::string& column) {
  return column != "timestamp" && column != "index" && column != "name" && column != "gpu";
}

struct Replayed {
  const char* trace;
  const char* board;
  size_t rows;
};

std::string ScenarioOf(const Replayed& replayed, const std::string& rest) {
  return R"({"name":"replay","baseDirectory":")" GPURING_TRACES_DIR R"(","devices":[{"board":")" +
         std::string(replayed.board) + R"(","trace":")" + replayed.trace + "\"" + rest;
}

// Each utilisation or memory call answers several columns at once, so it may be made only once a
// round: a second call for the same structure would begin the next row.
class Round {
 public:
  explicit Round(nvmlDevice_t device) : device_(device) {}

  Reading Read(const std::string& column) {
    if (column.starts_with("utilization.")) {
      if (!has_rates_) {
        rates_result_ = Driver::Call("nvmlDeviceGetUtilizationRates", device_, &rates_);
      }
      has_rates_ = true;
      const bool gpu = column == "utilization.gpu";
      return {rates_result_, rates_result_ != NVML_SUCCESS ? 0 : gpu ? rates_.gpu : rates_.memory};
    }
    if (column.starts_with("memory.")) {
      if (!has_memory_) memory_ = check::ReadMemory(device_, &memory_result_);
      has_memory_ = true;
      const bool used = column == "memory.used";
      return {memory_result_, static_cast<int64_t>(used ? memory_.used : memory_.total)};
    }
    return ReadColumn(column, device_);
  }

 private:
  nvmlDevice_t device_;
  bool has_rates_ = false;
  bool has_memory_ = false;
  nvmlReturn_t rates_result_ = NVML_SUCCESS;
  nvmlReturn_t memory_result_ = NVML_SUCCESS;
  nvmlUtilization_t rates_{};
  nvmlMemory_v2_t memory_{};
};

// What is worked out from columns, or tells them once more, begins no row.
void AskBesides(nvmlDevice_t device) {
  nvmlMarginTemperature_v1_t margin{};
  margin.version = VersionWord<nvmlMarginTemperature_v1_t>(1);
  (void)Driver::Call("nvmlDeviceGetMarginTemperature", device, &margin);
  unsigned int number = 0;
  (void)Driver::Call("nvmlDeviceGetFanSpeed_v2", device, 0U, &number);
  (void)Driver::Call("nvmlDeviceGetPcieSpeed", device, &number);
  for (const unsigned int field : {83U, 190U, 191U, 192U}) (void)check::ReadField(field, device);
}

void CheckRow(const Recording& recording, size_t row, nvmlDevice_t device) {
  Round round(device);
  const size_t count = recording.columns.size();
  for (size_t i = 0; i < count; ++i) {
    // Another order in each round.
    const size_t at = (i + row) % count;
    if (i % 4 == 3) AskBesides(device);
    const std::string& column = recording.columns[at];
    if (!IsQuantity(column)) continue;
    const Reading expected = Expected(column, recording.rows[row][at]);
    const Reading actual = round.Read(column);
    if (!(actual == expected)) {
      CHECK_EQ(column + " of row " + std::to_string(row), "as recorded");
      CHECK_EQ(actual, expected);
    }
  }
}

void CheckRounds(const Replayed& replayed) {
  const Recording recording = ReadRecording(replayed.trace);
  CHECK_EQ(recording.rows.size(), replayed.rows);
  Driver driver(ScenarioOf(replayed, R"(,"atEnd":"end"}],"step":"round"})"));
  const nvmlDevice_t device = driver.Device(0);
  for (size_t row = 0; row < recording.rows.size(); ++row) CheckRow(recording, row, device);
  for (const std::string& column : recording.columns) {
    if (IsQuantity(column)) CHECK_EQ(ReadColumn(column, device).result, NVML_ERROR_NO_DATA);
  }
}

}  // namespace

TEST("replay by rounds: set A, no instant and no average power") {
  CheckRounds({"gpu-power-benchmark/transient_K40m.csv", "k40m", 2110});
}
TEST("replay by rounds: set B, instant power") {
  CheckRounds({"gpu-power-benchmark/transient_A100.csv", "a100", 1245});
}
TEST("replay by rounds: set C, instant and average power") {
  CheckRounds({"gpu-power-benchmark/transient_3090.csv", "rtx3090", 2308});
}
TEST("replay by rounds: set D, an [Unknown Error] stays an error") {
  CheckRounds({"gpu-power-benchmark/mlperf_data.csv", "rtxa5000", 12792});
}
TEST("replay by rounds: set E, units in the cells, memory and PCIe link") {
  CheckRounds({"qwen3-asr/gpu_log.csv", "l40s", 652});
}
TEST("replay by rounds: a file without a newline at its end keeps its last row") {
  CheckRounds({"qwen3-asr/stt_gpu_result_0331_10.csv", "l40s", 86});
}
TEST("replay by rounds: set F, memory allocated and released") {
  CheckRounds({"v100s-miris/gpu_log.csv", "v100s", 107});
}

TEST("replay by rounds: set G, one board out of a file of eight") {
  const Recording recording = ReadRecording("h100-gpu-glasses/nvidia_smi.csv");
  CHECK_EQ(recording.rows.size(), 43u);
  for (const char* gpu : {"0", "2", "7"}) {
    Recording own = recording;
    std::erase_if(own.rows, [gpu](const auto& row) { return row[1] != gpu; });
    CHECK_EQ(own.rows.size(), std::string(gpu) == "7" ? 5u : 6u);
    const Replayed replayed{"h100-gpu-glasses/nvidia_smi.csv", "h100", own.rows.size()};
    Driver driver(ScenarioOf(replayed, R"(,"atEnd":"end","select":{"gpu":")" + std::string(gpu) +
                                           R"("}}],"step":"round"})"));
    const nvmlDevice_t device = driver.Device(0);
    for (size_t row = 0; row < own.rows.size(); ++row) CheckRow(own, row, device);
    CHECK_EQ(ReadColumn("power.draw", device).result, NVML_ERROR_NO_DATA);
  }
}

TEST("replay by rounds: taking stock of the memory first costs no row") {
  const Recording recording = ReadRecording("v100s-miris/gpu_log.csv");
  Driver driver(
      ScenarioOf({"v100s-miris/gpu_log.csv", "v100s", 107}, R"(,"atEnd":"end"}],"step":"round"})"));
  const nvmlDevice_t device = driver.Device(0);
  char name[96];
  unsigned int generation = 0;
  CHECK_EQ(Driver::Call("nvmlDeviceGetName", device, name, 96u), NVML_SUCCESS);
  CHECK_EQ(ReadColumn("memory.total", device).value, int64_t{32768} << 20);
  CHECK_EQ(Driver::Call("nvmlDeviceGetMaxPcieLinkGeneration", device, &generation), NVML_SUCCESS);
  for (size_t row = 0; row < recording.rows.size(); ++row) CheckRow(recording, row, device);
  CHECK_EQ(ReadColumn("utilization.gpu", device).result, NVML_ERROR_NO_DATA);
}

TEST("replay by rounds: the power limit may be asked in every way and as often as one likes") {
  Folder folder;
  std::string with = "timestamp, temperature.gpu, enforced.power.limit\n";
  std::string without = "timestamp, temperature.gpu\n";
  for (int row = 0; row < 20; ++row) {
    const std::string cells =
        "2024/01/01 00:00:" + std::to_string(10 + row) + ", " + std::to_string(row);
    with += cells + ", " + std::to_string(200 + row) + " W\n";
    without += cells + "\n";
  }
  folder.Write("with.csv", with);
  folder.Write("without.csv", without);
  Driver driver(folder.Write("s.json", R"({"step":"round","devices":[
      {"board":"h100","trace":"with.csv"},{"board":"h100","trace":"without.csv"}]})"));
  for (unsigned int index = 0; index < 2; ++index) {
    const nvmlDevice_t device = driver.Device(index);
    for (int64_t row = 0; row < 20; ++row) {
      CHECK_EQ(ReadColumn("temperature.gpu", device).value, row);
      const int64_t limit = index == 0 ? (200 + row) * 1000 : 700'000;
      for (int again = 0; again < 2; ++again) {
        CHECK_EQ(check::ReadNumber("nvmlDeviceGetEnforcedPowerLimit", device).value, limit);
        CHECK_EQ(check::ReadNumber("nvmlDeviceGetPowerManagementLimit", device).value, limit);
        CHECK_EQ(check::ReadField(190, device).value, limit);
        CHECK_EQ(check::ReadField(192, device).value, limit);
      }
    }
  }
}

TEST("replay by rounds: what one call answers is of one row") {
  Folder folder;
  std::string text = "timestamp, memory.total, memory.reserved, memory.used\n";
  for (int row = 0; row < 20; ++row) {
    text += "2024/01/01 00:00:" + std::to_string(10 + row) + ", " +
            std::to_string(1000 + 100 * row) + ", " + std::to_string(10 * row) + ", " +
            std::to_string(30 * row) + "\n";
  }
  folder.Write("t.csv", text);
  Driver driver(
      folder.Write("s.json", R"({"step":"round","devices":[{"board":"h100","trace":"t.csv"}]})"));
  const nvmlDevice_t device = driver.Device(0);
  for (unsigned long long row = 0; row < 20; ++row) {
    nvmlReturn_t result = NVML_ERROR_UNKNOWN;
    const nvmlMemory_v2_t memory = check::ReadMemory(device, &result);
    CHECK_EQ(memory.total >> 20, 1000 + 100 * row);
    CHECK_EQ(memory.reserved >> 20, 10 * row);
    CHECK_EQ(memory.used >> 20, 30 * row);
    CHECK_EQ(memory.free >> 20, 1000 + 60 * row);
  }
}

TEST("replay by rounds: devices have rows of their own, and a loop begins again") {
  const Recording recording = ReadRecording("qwen3-asr/stt_gpu_result_0331_10.csv");
  Driver driver(ScenarioOf({"qwen3-asr/stt_gpu_result_0331_10.csv", "l40s", 86},
                           R"(,"count":2}],"step":"round"})"));
  const nvmlDevice_t first = driver.Device(0);
  const nvmlDevice_t second = driver.Device(1);
  for (size_t round = 0; round < 200; ++round) {
    CheckRow(recording, round % recording.rows.size(), first);
    if (round % 3 == 0) CheckRow(recording, round / 3 % recording.rows.size(), second);
  }
}

TEST("replay by hand: only the command step moves, and a hold stays at the last row") {
  const Recording recording = ReadRecording("v100s-miris/gpu_log.csv");
  Driver driver(ScenarioOf({"v100s-miris/gpu_log.csv", "v100s", 107},
                           R"(,"atEnd":"hold"}],"step":"manual"})"));
  const nvmlDevice_t device = driver.Device(0);
  for (int again = 0; again < 3; ++again) CheckRow(recording, 0, device);
  CHECK_EQ(Control("step", "1").result, NVML_SUCCESS);
  CheckRow(recording, 1, device);
  CHECK_EQ(Control("step", "24").result, NVML_SUCCESS);
  CheckRow(recording, 25, device);
  CHECK_EQ(Control("step", "1000000").result, NVML_SUCCESS);
  CheckRow(recording, 106, device);
  for (const char* wrong : {"", "0", "-1", "1x", "1000001", "99999999999999999999999"}) {
    CHECK_EQ(Control("step", wrong).result, NVML_ERROR_INVALID_ARGUMENT);
  }
  CHECK_EQ(Driver::Call("nvmlShutdown"), NVML_SUCCESS);
  CHECK_EQ(Control("step", "1").result, NVML_ERROR_UNINITIALIZED);
  CHECK_EQ(Driver::Call("nvmlInit_v2"), NVML_SUCCESS);
  CheckRow(recording, 0, driver.Device(0));  // a new life begins at the first row
}

TEST("replay by hand: energy is the integral of the recorded power, row by row") {
  const Recording recording = ReadRecording("gpu-power-benchmark/transient_3090.csv");
  Driver driver(ScenarioOf({"gpu-power-benchmark/transient_3090.csv", "rtx3090", 2308},
                           R"(}],"step":"manual"})"));
  const nvmlDevice_t device = driver.Device(0);
  const auto milliseconds = [&](size_t row) {
    const std::string& time = recording.rows[row][0];
    return (std::stoll(time.substr(14, 2)) * 60 + std::stoll(time.substr(17, 2))) * 1000 +
           std::stoll(time.substr(20, 3));
  };
  long long microjoules = 0;
  for (size_t row = 0; row < recording.rows.size(); ++row) {
    const int64_t energy = ReadColumn("total_energy", device).value;
    CHECK(std::llabs(energy - microjoules / 1000) <= 1);
    if (row + 1 == recording.rows.size()) break;
    const long long gap = milliseconds(row + 1) - milliseconds(row);
    microjoules += Expected("power.draw.instant", recording.rows[row][7]).value * gap;
    CHECK_EQ(Control("step", "1").result, NVML_SUCCESS);
  }
  CHECK(microjoules > 16 * 127'000'000LL);  // some 16 s at no less than 127 W
}

TEST("replay by the clock: asking moves nothing, and the mode refuses steps") {
  Driver driver(
      ScenarioOf({"qwen3-asr/stt_gpu_result_0331_10.csv", "l40s", 86}, R"(,"atEnd":"hold"}]})"));
  CHECK_EQ(ReadColumn("power.draw", driver.Device(0)).value, 21410);
  CHECK_EQ(ReadColumn("power.draw", driver.Device(0)).value, 21410);
  CHECK_EQ(Control("step", "1").result, NVML_ERROR_INVALID_STATE);
}

}  // namespace gpuring
