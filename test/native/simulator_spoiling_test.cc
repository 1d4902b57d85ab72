// Faults that let a call go on and spoil what it answers, and which of many calls they strike.
#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "nvml/abi_extended.h"
#include "simulator/function_names.h"
#include "simulator_columns.h"

namespace gpuring {
namespace {

using check::Control;
using check::Driver;

constexpr const char* kOne = R"({"seed":3,"devices":[{"board":"h100","count":2,
    "load":{"shape":"constant","percent":40}}]})";
constexpr size_t kNameBytes = 96;
constexpr unsigned char kOverrun = 0xA5;

void Inject(const std::string& fault) { CHECK_EQ(Control("inject", "[" + fault + "]").text, ""); }

unsigned int Power(nvmlDevice_t device) {
  unsigned int milliwatts = 0;
  CHECK_EQ(Driver::Call("nvmlDeviceGetPowerUsage", device, &milliwatts), NVML_SUCCESS);
  return milliwatts;
}

nvmlUtilization_t Rates(nvmlDevice_t device) {
  nvmlUtilization_t rates{};
  CHECK_EQ(Driver::Call("nvmlDeviceGetUtilizationRates", device, &rates), NVML_SUCCESS);
  return rates;
}

nvmlFieldValue_t Field(nvmlDevice_t device, unsigned int id) {
  nvmlFieldValue_t field{};
  field.fieldId = id;
  CHECK_EQ(Driver::Call("nvmlDeviceGetFieldValues", device, 1, &field), NVML_SUCCESS);
  return field;
}

// 'x' where the fault strikes.
std::string Pattern(const std::string& fault, int calls) {
  Inject(fault);
  std::string pattern;
  nvmlDevice_t device = nullptr;
  CHECK_EQ(Driver::Call("nvmlDeviceGetHandleByIndex_v2", 0u, &device), NVML_SUCCESS);
  for (int i = 0; i < calls; ++i) {
    const auto reading = check::ReadNumber("nvmlDeviceGetPowerUsage", device);
    pattern += reading.result == NVML_SUCCESS ? '.' : 'x';
  }
  return pattern;
}

std::array<char, kNameBytes> Name(nvmlDevice_t device, nvmlReturn_t expected) {
  std::array<char, kNameBytes> name;
  name.fill('?');
  CHECK_EQ(Driver::Call("nvmlDeviceGetName", device, name.data(), unsigned{kNameBytes}), expected);
  return name;
}

}  // namespace

TEST("a fault strikes each n-th call, or by lot as the seed says") {
  Driver driver(kOne);
  const std::string power = R"({"function":"nvmlDeviceGetPowerUsage","return":15)";
  CHECK_EQ(Pattern(power + R"(,"everyCalls":3})", 9), "..x..x..x");
  CHECK_EQ(Pattern(power + R"(,"everyCalls":2,"afterCalls":1,"calls":2})", 8), "..x.x...");
  const std::string lot = power + R"(,"probability":0.5})";
  const std::string drawn = Pattern(lot, 400);
  const auto struck = std::count(drawn.begin(), drawn.end(), 'x');
  CHECK(struck > 140 && struck < 260);
  CHECK_EQ(Pattern(lot, 400), drawn);
  CHECK_EQ(Pattern(power + R"(,"probability":0})", 40), std::string(40, '.'));
}

TEST("a delay may be drawn between bounds, or about a mean") {
  Driver driver(kOne);
  const nvmlDevice_t device = driver.Device(0);
  const auto time = [device] {
    const auto start = std::chrono::steady_clock::now();
    Power(device);
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start);
  };
  Inject(R"({"function":"*PowerUsage","delayMs":{"uniform":[5,15]}})");
  for (int i = 0; i < 10; ++i) CHECK(time().count() >= 4.9);
  Inject(R"({"function":"*PowerUsage","delayMs":{"exponential":10}})");
  double total = 0;
  for (int i = 0; i < 30; ++i) total += time().count();
  CHECK(total > 100);
  for (const char* wrong : {R"({"uniform":[3,2]})", R"({"uniform":[1]})", R"({"normal":4})",
                            R"({"uniform":[1,2],"exponential":3})", "{}"}) {
    const std::string fault = R"([{"function":"*","delayMs":)" + std::string(wrong) + "}]";
    CHECK_EQ(Control("inject", fault).result, NVML_ERROR_INVALID_ARGUMENT);
  }
}

TEST("numbers are spoiled in every width, on that device alone") {
  Driver driver(kOne);
  const nvmlDevice_t device = driver.Device(0);
  const unsigned int honest = Power(driver.Device(1));
  const auto spoil = [](const std::string& how) {
    Inject(R"({"function":"nvmlDevice*","device":0,"value":")" + how + "\"}");
  };
  spoil("zero");
  CHECK_EQ(Power(device), 0u);
  CHECK_EQ(Power(driver.Device(1)), honest);
  spoil("max");
  CHECK_EQ(Power(device), NVML_VALUE_NOT_AVAILABLE_U32);
  CHECK_EQ(Rates(device).gpu, UINT32_MAX);
  CHECK_EQ(Rates(device).memory, UINT32_MAX);
  unsigned long long energy = 0;
  CHECK_EQ(Driver::Call("nvmlDeviceGetTotalEnergyConsumption", device, &energy), NVML_SUCCESS);
  CHECK_EQ(energy, UINT64_MAX);
  spoil("sentinel");
  CHECK_EQ(Driver::Call("nvmlDeviceGetTotalEnergyConsumption", device, &energy), NVML_SUCCESS);
  CHECK_EQ(energy, 9223372036854775794ull);
  CHECK_EQ(Power(device), 2147483634u);
  spoil("nan");
  const nvmlFieldValue_t field = Field(device, 186);
  CHECK_EQ(field.valueType, NVML_VALUE_TYPE_DOUBLE);
  CHECK(std::isnan(field.value.dVal));
}

TEST("a struct keeps its version, whatever its numbers become") {
  Driver driver(kOne);
  Inject(R"({"function":"nvmlDeviceGetMemoryInfo_v2","value":"max"})");
  nvmlReturn_t result = NVML_ERROR_UNKNOWN;
  const nvmlMemory_v2_t memory = check::ReadMemory(driver.Device(0), &result);
  CHECK_EQ(result, NVML_SUCCESS);
  CHECK_EQ(memory.version, VersionWord<nvmlMemory_v2_t>(2));
  CHECK_EQ(memory.used, UINT64_MAX);
  CHECK_EQ(memory.total, UINT64_MAX);
}

TEST("random numbers are other ones each call, and the same in the next run") {
  const std::string fault = R"({"function":"*PowerUsage","value":"random"})";
  std::array<std::vector<unsigned int>, 2> runs;
  for (auto& run : runs) {
    Driver driver(kOne);
    Inject(fault);
    for (int i = 0; i < 20; ++i) run.push_back(Power(driver.Device(0)));
  }
  CHECK(runs[0] == runs[1]);
  std::sort(runs[0].begin(), runs[0].end());
  CHECK(std::adjacent_find(runs[0].begin(), runs[0].end()) == runs[0].end());
}

TEST("a number that stuck stays, each its own, until the faults are replaced") {
  Driver driver(R"({"step":"manual","devices":[{"board":"h100",
      "load":{"shape":"ramp","periodSeconds":5}}]})");
  const nvmlDevice_t device = driver.Device(0);
  Inject(R"({"function":"nvmlDeviceGet*","value":"stuck"})");
  const unsigned int power = Power(device);
  const auto rates = Rates(device);
  const unsigned int field = Field(device, 186).value.uiVal;
  CHECK_EQ(Control("step", "20").text, "");
  CHECK_EQ(Power(device), power);
  CHECK_EQ(Rates(device).gpu, rates.gpu);
  CHECK_EQ(Field(device, 186).value.uiVal, field);
  CHECK_EQ(Control("inject", "[]").text, "");
  CHECK(Power(device) != power);
}

TEST("one field of several is spoiled, or fails by itself") {
  Driver driver(kOne);
  const auto read = [&driver] {
    std::array<nvmlFieldValue_t, 2> fields{};
    fields[0].fieldId = 185;
    fields[1].fieldId = 186;
    CHECK_EQ(Driver::Call("nvmlDeviceGetFieldValues", driver.Device(0), 2, fields.data()),
             NVML_SUCCESS);
    return fields;
  };
  Inject(R"({"function":"nvmlDeviceGetFieldValues","field":186,"fieldReturn":3})");
  CHECK_EQ(read()[0].nvmlReturn, NVML_SUCCESS);
  CHECK_EQ(read()[1].nvmlReturn, NVML_ERROR_NOT_SUPPORTED);
  Inject(R"({"function":"nvmlDeviceGetFieldValues","field":185,"value":"unknownType"})");
  CHECK(static_cast<int>(read()[0].valueType) > 6);
  CHECK(static_cast<int>(read()[1].valueType) <= 6);
  Inject(R"({"function":"nvmlDeviceGetFieldValues","fieldReturn":999})");
  for (const nvmlFieldValue_t& field : read()) CHECK_EQ(field.nvmlReturn, NVML_ERROR_UNKNOWN);
  CHECK_EQ(Control("inject", R"([{"function":"nvmlDeviceGetName","fieldReturn":3}])").text,
           "faults:1:2: faults[0]: expected nvmlDeviceGetFieldValues beside \"field\" and "
           "\"fieldReturn\"");
}

TEST("texts are empty, no UTF-8, without an end, or too long for any buffer") {
  Driver driver(kOne);
  const nvmlDevice_t device = driver.Device(0);
  const auto spoil = [](const std::string& how) {
    Inject(R"({"function":"nvmlDeviceGetName","text":")" + how + "\"}");
  };
  spoil("empty");
  CHECK_EQ(Name(device, NVML_SUCCESS)[0], '\0');
  spoil("notUtf8");
  const auto odd = Name(device, NVML_SUCCESS);
  CHECK(std::find(odd.begin(), odd.end(), '\xFF') != odd.end());
  CHECK(std::find(odd.begin(), odd.end(), '\0') != odd.end());
  spoil("unterminated");
  const auto endless = Name(device, NVML_SUCCESS);
  CHECK_EQ(std::count(endless.begin(), endless.end(), 'x'), std::ptrdiff_t{kNameBytes});
  spoil("tooLong");
  Name(device, NVML_ERROR_INSUFFICIENT_SIZE);
  Inject(R"({"function":"nvmlErrorString","text":"tooLong"})");
  CHECK_EQ(
      std::strlen(Driver::Symbol<const char*(nvmlReturn_t)>("nvmlErrorString")(NVML_ERROR_TIMEOUT)),
      size_t{65'536});
}

TEST("a list grows between two calls, thrice unless told otherwise") {
  Driver driver(R"({"devices":[{"board":"h100","processes":[{"pid":7,"memoryMiB":10}]}]})");
  const auto room = [&driver](unsigned int count) {
    std::array<nvmlProcessInfo_v2_t, 64> processes{};
    const nvmlReturn_t result = Driver::Call("nvmlDeviceGetComputeRunningProcesses_v3",
                                             driver.Device(0), &count, processes.data());
    return result == NVML_SUCCESS ? 0u : count;
  };
  Inject(R"({"function":"nvmlDeviceGetComputeRunningProcesses_v3","grow":5})");
  CHECK_EQ(room(4), 9u);
  CHECK_EQ(room(9), 14u);
  CHECK_EQ(room(14), 19u);
  CHECK_EQ(room(19), 0u);
  CHECK_EQ(Control("inject", R"([{"function":"nvmlDeviceGetName","grow":1}])").text,
           "faults:1:2: faults[0]: expected a function that answers a list beside \"grow\"");
}

TEST("a struct may be longer than declared: bytes behind it, and no more than said") {
  Driver driver(kOne);
  struct {
    nvmlUtilization_t rates;
    std::array<unsigned char, 64> behind;
  } buffer{};
  Inject(R"({"function":"nvmlDeviceGetUtilizationRates","overrun":16})");
  CHECK_EQ(Driver::Call("nvmlDeviceGetUtilizationRates", driver.Device(0), &buffer.rates),
           NVML_SUCCESS);
  CHECK_EQ(buffer.rates.gpu, 40u);
  CHECK_EQ(std::count(buffer.behind.begin(), buffer.behind.end(), kOverrun), 16);
  CHECK_EQ(std::count(buffer.behind.begin() + 16, buffer.behind.end(), 0), 48);
}

// With room for the largest struct and its overrun, no spoiling may do more than spoil.
TEST("every function of a device survives every way of being spoiled") {
  Driver driver(R"({"devices":[{"board":"h100","processes":[{"pid":7,"memoryMiB":10}]}]})");
  alignas(16) std::array<unsigned char, 32768> memory{};
  void* const there = memory.data();
  const nvmlDevice_t device = driver.Device(0);
  size_t calls = 0;
  for (const char* how :
       {R"("value":"zero")", R"("value":"max")", R"("value":"sentinel")", R"("value":"nan")",
        R"("value":"random")", R"("value":"stuck")", R"("value":"unknownType")",
        R"("text":"empty")", R"("text":"notUtf8")", R"("text":"tooLong")", R"("overrun":64)"}) {
    Inject(R"({"function":"nvmlDevice*",)" + std::string(how) + "}");
    for (const std::string_view name : simulator::kFunctionNames) {
      // What counts its elements in a number would take the pointer in that place for the number.
      if (!name.starts_with("nvmlDeviceGet") || name.find("Handle") != std::string_view::npos ||
          name.find("Affinity") != std::string_view::npos || name == "nvmlDeviceGetFieldValues" ||
          name.starts_with("nvmlDeviceGetCount") ||
          name == "nvmlDeviceGetSupportedPerformanceStates") {
        continue;
      }
      memory.fill(0);
      Driver::Call(std::string(name).c_str(), device, there, there, there, there, there);
      ++calls;
    }
  }
  CHECK(calls > 1500);
  CHECK_EQ(Control("inject", "[]").text, "");
  CHECK(Power(device) > 0);
}

}  // namespace gpuring
