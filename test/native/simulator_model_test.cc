// What no trace records: plausible, in agreement with itself, and the same under the same seed.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "simulator_columns.h"
#include "simulator_folder.h"

namespace gpuring {
namespace {

using check::Control;
using check::Describe;
using check::Driver;
using check::ReadColumn;
using check::ReadMemory;

constexpr int64_t kMiB = 1 << 20;

void Step(int rows) { CHECK_EQ(Control("step", std::to_string(rows)).result, NVML_SUCCESS); }

std::string Manual(const std::string& devices, int seed = 1) {
  return R"({"name":"model","step":"manual","seed":)" + std::to_string(seed) + R"(,"devices":[)" +
         devices + "]}";
}

constexpr const char* kColumns[] = {
    "utilization.gpu",    "utilization.memory",   "memory.used",  "power.draw",
    "power.draw.instant", "power.draw.average",   "total_energy", "temperature.gpu",
    "temperature.memory", "clocks.current.sm",    "pstate",       "event_reasons",
    "fan.speed",          "pcie.link.gen.current"};

constexpr const char* kNoisy =
    R"({"board":"rtx4090","load":{"shape":"noise","periodSeconds":3,"maxPercent":100}},
       {"board":"h200","load":{"shape":"inference","periodSeconds":2}})";

// Every value of both devices over 200 rows, looked at only every `stride` rows.
std::vector<int64_t> Record(int seed, int stride) {
  Driver driver(Manual(kNoisy, seed));
  std::vector<int64_t> values;
  for (int row = 0; row < 200; row += stride) {
    for (unsigned int device = 0; device < 2; ++device) {
      for (const char* column : kColumns) {
        values.push_back(ReadColumn(column, driver.Device(device)).value);
      }
    }
    Step(stride);
  }
  return values;
}

}  // namespace

TEST("the same seed gives the same values, however often one looks; another seed others") {
  const std::vector<int64_t> often = Record(7, 1);
  CHECK(often == Record(7, 1));
  CHECK(often != Record(8, 1));
  const std::vector<int64_t> seldom = Record(7, 10);
  const size_t values_of_row = 2 * std::size(kColumns);
  for (size_t row = 0; row < 20; ++row) {
    for (size_t i = 0; i < values_of_row; ++i) {
      CHECK_EQ(seldom[row * values_of_row + i], often[row * 10 * values_of_row + i]);
    }
  }
}

TEST("used, free and reserved make up the total, however small and whatever was recorded of it") {
  check::Folder folder;
  const std::string scenario =
      folder.Write("s.json", R"({"step":"manual","devices":[{"board":"h100","trace":"t.csv"}]})");
  for (const char* header :
       {"memory.total [B]", "memory.total [B], memory.used [B]",
        "memory.total [B], memory.free [B]", "memory.total [B], memory.reserved [B]",
        "memory.total [B], memory.used [B], memory.free [B]",
        "memory.total [B], memory.used [B], memory.reserved [B]"}) {
    for (const int64_t total :
         {int64_t{1}, int64_t{3} << 20, int64_t{5} << 20, int64_t{1} << 30, int64_t{1} << 53}) {
      std::string row = "2024/01/01 00:00:00, 100, " + std::to_string(total);
      for (const char* at = header; (at = std::strchr(at, ',')) != nullptr; ++at) {
        row += ", " + std::to_string(total / 3);
      }
      folder.Write("t.csv", "timestamp, utilization.gpu, " + std::string(header) + "\n" + row);
      Driver driver(scenario);
      nvmlReturn_t result = NVML_ERROR_UNKNOWN;
      const nvmlMemory_v2_t memory = ReadMemory(driver.Device(0), &result);
      CHECK_EQ(static_cast<int64_t>(memory.total), total);
      CHECK(memory.used <= memory.total && memory.free <= memory.total);
      CHECK_EQ(memory.used + memory.free + memory.reserved, memory.total);
    }
  }
}

TEST("the most that a trace can say neither wraps nor overflows what is modelled from it") {
  check::Folder folder;
  folder.Write("t.csv",
               "timestamp, power.draw.instant [W], temperature.gpu, memory.used [MiB]\n"
               "2024/01/01 00:00:00, 4294967.295, -273, 8589934592\n"
               "2024/12/31 00:00:00, 4294967.295, 2147483647, 8589934592\n");
  Driver driver(folder.Write("s.json", R"({"step":"manual","devices":[
      {"board":"h100","trace":"t.csv","atEnd":"hold"}]})"));
  const nvmlDevice_t device = driver.Device(0);
  CHECK_EQ(ReadColumn("temperature.memory", device).value, 0);
  CHECK_EQ(ReadColumn("temperature.gpu", device).value, -273);
  // NVML's older function has no sign to say that with.
  unsigned int celsius = 7;
  CHECK_EQ(Driver::Call("nvmlDeviceGetTemperature", device, NVML_TEMPERATURE_GPU, &celsius),
           NVML_ERROR_UNKNOWN);
  CHECK_EQ(celsius, 7u);
  for (int step = 0; step < 3; ++step) {
    for (const char* column : {"power.draw", "power.draw.average", "power.draw.instant"}) {
      CHECK_EQ(ReadColumn(column, device).value, int64_t{UINT32_MAX});
    }
    CHECK_EQ(ReadColumn("memory.total", device).value, int64_t{1} << 53);
    CHECK(ReadColumn("total_energy", device).value >= 0);
    Step(1'000'000);
  }
  CHECK_EQ(ReadColumn("total_energy", device).value, 9'000'000'000'000'000'000);
}

TEST("identity follows the seed and is never shared") {
  Driver first(Manual(R"({"board":"t4","count":64})", 3));
  const std::string once = Describe();
  std::vector<std::string> uuids;
  std::vector<unsigned int> buses;
  for (unsigned int i = 0; i < 64; ++i) {
    char uuid[96];
    nvmlPciInfo_t pci{};
    CHECK_EQ(Driver::Call("nvmlDeviceGetUUID", first.Device(i), uuid, 96u), NVML_SUCCESS);
    CHECK_EQ(Driver::Call("nvmlDeviceGetPciInfo_v3", first.Device(i), &pci), NVML_SUCCESS);
    CHECK_EQ(std::string(uuid).size(), 40u);
    uuids.push_back(uuid);
    buses.push_back(pci.bus);
  }
  std::sort(uuids.begin(), uuids.end());
  CHECK(std::adjacent_find(uuids.begin(), uuids.end()) == uuids.end());
  CHECK(std::adjacent_find(buses.begin(), buses.end()) == buses.end());
  CHECK_EQ(Control("load", Manual(R"({"board":"t4","count":64})", 3)).result, NVML_SUCCESS);
  CHECK_EQ(Describe(), once);
  CHECK_EQ(Control("load", Manual(R"({"board":"t4","count":64})", 4)).result, NVML_SUCCESS);
  CHECK(Describe() != once);
}

TEST("a load step raises utilisation, power, then its mean, then temperature, and memory") {
  Driver driver(Manual(
      R"({"board":"h100","load":{"shape":"steps","periodSeconds":20,"percents":[0,100,0]}})"));
  const nvmlDevice_t device = driver.Device(0);
  const auto read = [device](const char* column) { return ReadColumn(column, device).value; };
  Step(190);
  const int64_t idle_power = read("power.draw.instant");
  const int64_t idle_temperature = read("temperature.gpu");
  CHECK_EQ(read("utilization.gpu"), 0);
  CHECK(idle_power < 80'000);
  CHECK_EQ(read("event_reasons"), 1);
  CHECK(read("clocks.current.sm") < 500);
  CHECK(read("memory.used") < 10 * kMiB);
  Step(13);  // 0.3 s into the load
  CHECK(read("utilization.gpu") > 20);
  CHECK(read("power.draw.instant") > 600'000);
  CHECK(read("power.draw") < 400'000);
  CHECK(read("power.draw") > idle_power + 50'000);
  CHECK_EQ(read("power.draw"), read("power.draw.average"));
  CHECK(read("temperature.gpu") < idle_temperature + 8);
  Step(12);  // 1.5 s
  CHECK(read("power.draw") > 600'000);
  CHECK_EQ(read("utilization.gpu"), 100);
  CHECK_EQ(read("event_reasons"), 4);
  const int64_t early_temperature = read("temperature.gpu");
  Step(170);
  CHECK(read("temperature.gpu") > early_temperature + 15);
  CHECK(read("temperature.gpu") < 87);
  CHECK(read("memory.used") > 20'000 * kMiB);
  CHECK(read("clocks.current.sm") > 1500);
  Step(180);  // idle again, 17.5 s
  CHECK_EQ(read("utilization.gpu"), 0);
  CHECK(read("power.draw") < 80'000);
  CHECK(read("temperature.gpu") < early_temperature + 15);
}

TEST("used, free and reserved always make up the total, recorded or not") {
  Driver driver(Manual(std::string(kNoisy) +
                       R"(,{"board":"t4","trace":")" GPURING_TRACES_DIR
                       R"(/qwen3-asr/gpu_log.csv"},{"board":"v100s","trace":")" GPURING_TRACES_DIR
                       R"(/v100s-miris/gpu_log.csv"})"));
  for (int row = 0; row < 120; ++row) {
    for (unsigned int i = 0; i < 4; ++i) {
      nvmlReturn_t result = NVML_ERROR_UNKNOWN;
      const nvmlMemory_v2_t memory = ReadMemory(driver.Device(i), &result);
      CHECK_EQ(result, NVML_SUCCESS);
      CHECK_EQ(memory.used + memory.free + memory.reserved, memory.total);
    }
    Step(1);
  }
}

TEST("energy never falls, and grows by the mean power") {
  Driver driver(Manual(kNoisy));
  for (unsigned int i = 0; i < 2; ++i) {
    const nvmlDevice_t device = driver.Device(i);
    int64_t last = ReadColumn("total_energy", device).value;
    for (int row = 0; row < 300; ++row) {
      const int64_t power = ReadColumn("power.draw.instant", device).value;
      Step(1);
      const int64_t energy = ReadColumn("total_energy", device).value;
      CHECK(std::llabs(energy - last - power / 10) <= 2);  // a row lasts 100 ms
      last = energy;
    }
  }
}

TEST("energy grows between two looks 100 ms apart at idle, on the clock") {
  Driver driver(R"({"devices":[{"board":"l4"}]})");
  const nvmlDevice_t device = driver.Device(0);
  int64_t last = ReadColumn("total_energy", device).value;
  for (int i = 0; i < 3; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    const int64_t energy = ReadColumn("total_energy", device).value;
    CHECK(energy >= last + 1'000);  // 13 W for 0.1 s are 1300 mJ
    last = energy;
  }
}

TEST("what a board lacks is not supported") {
  Driver driver(Manual(R"({"board":"k40m"},{"board":"a100"},{"board":"rtx3090"})"));
  const nvmlDevice_t old = driver.Device(0);
  for (const char* column : {"total_energy", "power.draw.average", "power.draw.instant",
                             "fan.speed", "temperature.memory"}) {
    CHECK_EQ(ReadColumn(column, old).result, NVML_ERROR_NOT_SUPPORTED);
  }
  CHECK_EQ(ReadColumn("power.draw.average", driver.Device(1)).result, NVML_ERROR_NOT_SUPPORTED);
  CHECK_EQ(ReadColumn("power.draw.instant", driver.Device(1)).result, NVML_SUCCESS);
  CHECK_EQ(ReadColumn("temperature.memory", driver.Device(1)).result, NVML_SUCCESS);
  CHECK_EQ(ReadColumn("fan.speed", driver.Device(2)).result, NVML_SUCCESS);
}

TEST("an idle link slows down in steps, and is fast again under load") {
  Driver driver(
      Manual(R"({"board":"l4","load":{"shape":"steps","periodSeconds":10,"percents":[50,0,50]}})"));
  const nvmlDevice_t device = driver.Device(0);
  std::vector<int64_t> generations;
  for (int row = 0; row < 220; ++row) {
    const int64_t generation = ReadColumn("pcie.link.gen.current", device).value;
    if (generations.empty() || generations.back() != generation) generations.push_back(generation);
    Step(1);
  }
  CHECK((generations == std::vector<int64_t>{4, 2, 1, 4}));
}

TEST("modelled power changes every 100 ms, utilisation every 200 ms") {
  // Steps of a trace a millisecond apart are not possible without one, so the clock has to serve.
  Driver driver(R"({"devices":[{"board":"h100","load":{"shape":"ramp","periodSeconds":5}}]})");
  const nvmlDevice_t device = driver.Device(0);
  const auto start = std::chrono::steady_clock::now();
  int power_changes = 0;
  int load_changes = 0;
  int64_t power = ReadColumn("power.draw.instant", device).value;
  int64_t load = ReadColumn("utilization.gpu", device).value;
  while (std::chrono::steady_clock::now() - start < std::chrono::milliseconds(1000)) {
    const int64_t new_power = ReadColumn("power.draw.instant", device).value;
    const int64_t new_load = ReadColumn("utilization.gpu", device).value;
    power_changes += new_power != power;
    load_changes += new_load != load;
    power = new_power;
    load = new_load;
  }
  CHECK(power_changes <= 12);
  CHECK(power_changes >= 2);
  CHECK(load_changes <= 7);
  CHECK(load_changes >= 1);
}

TEST("each shape stays within its bounds and moves as its name says") {
  const std::string bounds = R"("periodSeconds":4,"minPercent":20,"maxPercent":80}})";
  for (const char* shape : {"sine", "square", "ramp", "noise", "inference"}) {
    Driver driver(
        Manual(R"({"board":"a100","load":{"shape":")" + std::string(shape) + "\"," + bounds));
    const nvmlDevice_t device = driver.Device(0);
    int64_t least = 100;
    int64_t most = 0;
    for (int row = 0; row < 400; ++row) {
      const int64_t load = ReadColumn("utilization.gpu", device).value;
      least = std::min(least, load);
      most = std::max(most, load);
      Step(1);
    }
    CHECK(least >= 20 && least <= 40);
    CHECK(most <= 80 && most >= 60);
  }
  Driver driver(Manual(
      R"({"board":"a100","load":{"shape":"steps","periodSeconds":1,"percents":[10,90,50]}})"));
  std::vector<int64_t> levels;
  for (int second = 0; second < 6; ++second) {
    Step(second == 0 ? 6 : 10);
    levels.push_back(ReadColumn("utilization.gpu", driver.Device(0)).value);
  }
  CHECK((levels == std::vector<int64_t>{10, 90, 50, 10, 90, 50}));
}

TEST("a recorded device models the rest from what it has") {
  // Idle H100s: power alone says that nothing runs. The V100S: utilisation alone makes power.
  Driver driver(
      Manual(R"({"board":"h100","select":{"gpu":"3"},"trace":")" GPURING_TRACES_DIR
             R"(/h100-gpu-glasses/nvidia_smi.csv"},{"board":"v100s","trace":")" GPURING_TRACES_DIR
             R"(/v100s-miris/gpu_log.csv"})"));
  int64_t idle_power = 0;
  int64_t busy_power = 0;
  for (int row = 0; row < 107; ++row) {
    CHECK_EQ(ReadColumn("utilization.gpu", driver.Device(0)).value, 0);
    const int64_t load = ReadColumn("utilization.gpu", driver.Device(1)).value;
    const int64_t power = ReadColumn("power.draw", driver.Device(1)).value;
    if (load == 0) idle_power = power;
    if (load >= 10) busy_power = power;
    Step(1);
  }
  CHECK_EQ(idle_power, 25'000);
  CHECK(busy_power > 40'000);
}

}  // namespace gpuring
