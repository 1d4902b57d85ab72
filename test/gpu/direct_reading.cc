// Asks NVML directly, call by call, what the metric table says. It shares the ABI's declarations
// with gpuring and not a line of what reads them there.
//
//   direct_reading LIBRARY UUID < questions
//
// A question is a line: a name, then `call SYMBOL SHAPE ARGUMENT MEMBER` (ARGUMENT -1: none),
// `field ID SCOPE` or `gpm ID`. The answer is a line: name, nvmlReturn_t, value.
#include <dlfcn.h>
#include <unistd.h>

#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <string>

#include "nvml/abi.h"

namespace gpuring {
namespace {

struct Answer {
  nvmlReturn_t result = NVML_ERROR_FUNCTION_NOT_FOUND;
  double value = 0;
};

struct Question {
  std::string symbol;
  std::string shape;
  int argument = -1;
  std::string member;
};

void* library = nullptr;

template <class... Arguments>
nvmlReturn_t Call(const std::string& name, Arguments... arguments) {
  const auto function =
      reinterpret_cast<nvmlReturn_t (*)(Arguments...)>(dlsym(library, name.c_str()));
  return function == nullptr ? NVML_ERROR_FUNCTION_NOT_FOUND : function(arguments...);
}

template <class Value>
Answer AskNumber(const Question& asked, nvmlDevice_t device) {
  Value value = 0;
  const nvmlReturn_t result =
      asked.argument < 0
          ? Call(asked.symbol, device, &value)
          : Call(asked.symbol, device, static_cast<unsigned int>(asked.argument), &value);
  return {result, static_cast<double>(value)};
}

Answer AskSampled(const Question& asked, nvmlDevice_t device) {
  unsigned int value = 0;
  unsigned int period = 0;
  return {Call(asked.symbol, device, &value, &period), static_cast<double>(value)};
}

Answer AskUtilization(const Question& asked, nvmlDevice_t device) {
  nvmlUtilization_t rates{};
  const nvmlReturn_t result = Call(asked.symbol, device, &rates);
  return {result, static_cast<double>(asked.member == "gpu" ? rates.gpu : rates.memory)};
}

template <class Memory>
Answer AskMemory(const Question& asked, nvmlDevice_t device) {
  Memory memory{};
  if constexpr (requires { memory.version; }) memory.version = VersionWord<Memory>(2);
  Answer answer{.result = Call(asked.symbol, device, &memory)};
  if (asked.member == "total") answer.value = static_cast<double>(memory.total);
  if (asked.member == "used") answer.value = static_cast<double>(memory.used);
  if (asked.member == "free") answer.value = static_cast<double>(memory.free);
  if (asked.member == "reserved") {
    if constexpr (requires { memory.reserved; }) {
      answer.value = static_cast<double>(memory.reserved);
    } else {
      answer.result = NVML_ERROR_NOT_SUPPORTED;
    }
  }
  return answer;
}

Answer AskTemperature(const Question& asked, nvmlDevice_t device) {
  if (asked.symbol == "nvmlDeviceGetTemperature") {
    unsigned int degrees = 0;
    return {Call(asked.symbol, device, 0u, &degrees), static_cast<double>(degrees)};
  }
  nvmlTemperature_v1_t temperature{};
  temperature.version = 0x0100000c;
  return {Call(asked.symbol, device, &temperature), static_cast<double>(temperature.temperature)};
}

Answer AskMargin(const Question& asked, nvmlDevice_t device) {
  struct {
    unsigned int version = 0x01000008;
    int degrees = 0;
  } margin;
  const nvmlReturn_t result = Call(asked.symbol, device, &margin);
  return {result, static_cast<double>(margin.degrees)};
}

Answer AskBar1(const Question& asked, nvmlDevice_t device) {
  nvmlBAR1Memory_t bar1{};
  const nvmlReturn_t result = Call(asked.symbol, device, &bar1);
  const std::map<std::string, unsigned long long> members = {
      {"total", bar1.bar1Total}, {"free", bar1.bar1Free}, {"used", bar1.bar1Used}};
  return {result, static_cast<double>(members.at(asked.member))};
}

Answer AskRemapped(const Question& asked, nvmlDevice_t device) {
  unsigned int correctable = 0;
  unsigned int uncorrectable = 0;
  unsigned int pending = 0;
  unsigned int failure = 0;
  const nvmlReturn_t result =
      Call(asked.symbol, device, &correctable, &uncorrectable, &pending, &failure);
  const std::map<std::string, unsigned int> members = {{"correctable", correctable},
                                                       {"uncorrectable", uncorrectable},
                                                       {"pending", pending},
                                                       {"failure", failure}};
  return {result, static_cast<double>(members.at(asked.member))};
}

Answer AskSram(const Question& asked, nvmlDevice_t device) {
  nvmlEccSramErrorStatus_v1_t sram{};
  sram.version = 0x01000068;
  const nvmlReturn_t result = Call(asked.symbol, device, &sram);
  const std::map<std::string, unsigned long long> members = {
      {"aggregateUncParity", sram.aggregateUncParity},
      {"aggregateUncSecDed", sram.aggregateUncSecDed},
      {"aggregateCor", sram.aggregateCor},
      {"volatileUncParity", sram.volatileUncParity},
      {"volatileUncSecDed", sram.volatileUncSecDed},
      {"volatileCor", sram.volatileCor},
      {"thresholdExceeded", sram.bThresholdExceeded}};
  return {result, static_cast<double>(members.at(asked.member))};
}

Answer AskCall(const Question& asked, nvmlDevice_t device) {
  const std::map<std::string, Answer (*)(const Question&, nvmlDevice_t)> shapes = {
      {"u32", AskNumber<unsigned int>},
      {"u64", AskNumber<unsigned long long>},
      {"sampled", AskSampled},
      {"utilization", AskUtilization},
      {"temperature", AskTemperature},
      {"margin", AskMargin},
      {"bar1", AskBar1},
      {"remapped", AskRemapped},
      {"sram", AskSram}};
  if (asked.shape == "memory") {
    const bool newer = asked.symbol.ends_with("_v2");
    return newer ? AskMemory<nvmlMemory_v2_t>(asked, device)
                 : AskMemory<nvmlMemory_t>(asked, device);
  }
  return shapes.at(asked.shape)(asked, device);
}

Answer AskField(unsigned int id, unsigned int scope, nvmlDevice_t device) {
  nvmlFieldValue_t field{};
  field.fieldId = id;
  field.scopeId = scope;
  const nvmlReturn_t result = Call("nvmlDeviceGetFieldValues", device, 1, &field);
  if (result != NVML_SUCCESS) return {result, 0};
  const nvmlValue_t& value = field.value;
  const double decoded[] = {value.dVal,
                            static_cast<double>(value.uiVal),
                            static_cast<double>(value.ulVal),
                            static_cast<double>(value.ullVal),
                            static_cast<double>(value.sllVal),
                            static_cast<double>(value.siVal),
                            static_cast<double>(value.usVal)};
  const auto type = static_cast<size_t>(field.valueType);
  return {field.nvmlReturn, type < std::size(decoded) ? decoded[type] : -1};
}

Answer AskGpm(unsigned int id, nvmlDevice_t device) {
  nvmlGpmSample_t samples[2] = {};
  nvmlReturn_t result = Call("nvmlGpmSampleAlloc", &samples[0]);
  if (result == NVML_SUCCESS) result = Call("nvmlGpmSampleAlloc", &samples[1]);
  if (result == NVML_SUCCESS) result = Call("nvmlGpmSampleGet", device, samples[0]);
  if (result == NVML_SUCCESS) usleep(200'000);
  if (result == NVML_SUCCESS) result = Call("nvmlGpmSampleGet", device, samples[1]);
  Answer answer{.result = result};
  if (result == NVML_SUCCESS) {
    const auto get = std::make_unique<nvmlGpmMetricsGet_t>();
    get->version = NVML_GPM_METRICS_GET_VERSION;
    get->numMetrics = 1;
    get->sample1 = samples[0];
    get->sample2 = samples[1];
    get->metrics[0].metricId = id;
    answer.result = Call("nvmlGpmMetricsGet", get.get());
    if (answer.result == NVML_SUCCESS) answer.result = get->metrics[0].nvmlReturn;
    answer.value = get->metrics[0].value;
  }
  for (const nvmlGpmSample_t sample : samples) {
    if (sample != nullptr) Call("nvmlGpmSampleFree", sample);
  }
  return answer;
}

// False: the line is no question.
bool AskLine(const char* line, nvmlDevice_t device, Answer* answer) {
  char symbol[96];
  char shape[32];
  char member[48];
  int argument = 0;
  unsigned int id = 0;
  unsigned int scope = 0;
  if (std::sscanf(line, "%*s call %95s %31s %d %47s", symbol, shape, &argument, member) == 4) {
    *answer = AskCall({symbol, shape, argument, member}, device);
  } else if (std::sscanf(line, "%*s field %u %u", &id, &scope) == 2) {
    *answer = AskField(id, scope, device);
  } else if (std::sscanf(line, "%*s gpm %u", &id) == 1) {
    *answer = AskGpm(id, device);
  } else {
    return false;
  }
  return true;
}

unsigned int Number(nvmlReturn_t result) { return result; }

int Run(const char* path, const char* uuid) {
  library = dlopen(path, RTLD_NOW);
  if (library == nullptr) return std::fprintf(stderr, "%s\n", dlerror()), 1;
  nvmlDevice_t device = nullptr;
  nvmlReturn_t result = Call("nvmlInit_v2");
  if (result == NVML_SUCCESS) result = Call("nvmlDeviceGetHandleByUUID", uuid, &device);
  if (result != NVML_SUCCESS) return std::fprintf(stderr, "nvmlReturn %u\n", Number(result)), 1;
  char line[512];
  while (std::fgets(line, sizeof(line), stdin) != nullptr) {
    Answer answer;
    if (!AskLine(line, device, &answer)) return std::fprintf(stderr, "no question: %s", line), 1;
    line[std::strcspn(line, " ")] = '\0';
    std::printf("%s %u %.17g\n", line, Number(answer.result), answer.value);
  }
  Call("nvmlShutdown");
  return 0;
}

}  // namespace
}  // namespace gpuring

int main(int count, char** arguments) {
  if (count != 3) return std::fprintf(stderr, "direct_reading LIBRARY UUID < questions\n"), 2;
  return gpuring::Run(arguments[1], arguments[2]);
}
