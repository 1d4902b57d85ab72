#include "simulator/spoiling.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "nvml/abi_extended.h"
#include "simulator/random.h"

namespace gpuring::simulator {
namespace {

constexpr uint64_t kSignBit = uint64_t{1} << 63;
constexpr uint64_t kQuietNan = 0x7FF8000000000000;
constexpr uint64_t kQuietNanFloat = 0x7FC00000;
// How far below the largest signed number the sentinel lies, less one.
constexpr uint64_t kSentinelGap = 14;

thread_local Spoiling present;
thread_local uint64_t quantity = 0;  // 0: none was read

// The answers that stuck, by what was asked. A fault's serial is part of the key.
struct StuckAnswers {
  std::mutex mutex;
  std::unordered_map<uint64_t, std::vector<unsigned char>> bytes;
};

StuckAnswers& Stuck() {
  static auto* answers = new StuckAnswers;  // never destroyed: late callers stay defined
  return *answers;
}

struct Bytes {
  unsigned char* begin;
  size_t size;
};

// The first answer under this key is kept, and given again each time.
void Stick(uint64_t key, Bytes bytes) {
  StuckAnswers& answers = Stuck();
  const std::lock_guard lock(answers.mutex);
  const auto [entry, is_first] = answers.bytes.try_emplace(key);
  std::vector<unsigned char>& kept = entry->second;
  if (is_first) kept.assign(bytes.begin, bytes.begin + bytes.size);
  std::copy_n(kept.begin(), std::min(kept.size(), bytes.size), bytes.begin);
}

uint64_t Pattern(ValueSpoil spoil, uint32_t bytes, uint64_t random) {
  switch (spoil) {
    case ValueSpoil::kMax:
      return ~uint64_t{0};
    case ValueSpoil::kSentinel:
      return (kSignBit >> (64 - 8 * bytes)) - kSentinelGap;
    case ValueSpoil::kNan:
      return bytes == sizeof(float) ? kQuietNanFloat : kQuietNan;
    case ValueSpoil::kRandom:
      return random;
    default:
      return 0;
  }
}

bool WritesPattern(ValueSpoil spoil) {
  return spoil != ValueSpoil::kNone && spoil != ValueSpoil::kStuck &&
         spoil != ValueSpoil::kUnknownType;
}

// Little-endian, as every platform that NVML exists on.
void FillWords(Bytes bytes, uint32_t word_bytes, uint64_t seed) {
  for (size_t at = 0; at + word_bytes <= bytes.size; at += word_bytes) {
    const uint64_t word = Pattern(present.value, word_bytes, Mix(seed, at));
    std::memcpy(bytes.begin + at, &word, word_bytes);
  }
}

uint64_t KeyOf(const SpoiledCall& call, uint64_t part) {
  const uint64_t function = std::hash<std::string_view>()(call.function);
  const uint64_t whom = Mix(function, static_cast<uint64_t>(call.device));
  return Mix(Mix(present.serial, whom), part);
}

unsigned char* ElementOf(const Output& output, size_t element) {
  return static_cast<unsigned char*>(output.address) + element * output.element_bytes;
}

void SpoilWords(const SpoiledCall& call, size_t index, const Output& output) {
  const uint32_t header = output.header_bytes;
  for (size_t i = 0; i < output.count; ++i) {
    const Bytes bytes = {ElementOf(output, i) + header, output.element_bytes - header};
    if (WritesPattern(present.value)) {
      FillWords(bytes, output.word_bytes, Mix(present.random, index << 32 | i));
    } else if (present.value == ValueSpoil::kStuck && quantity != 0) {
      Stick(Mix(KeyOf(call, quantity), index << 32 | i), bytes);
    }
  }
}

uint32_t WidthOf(nvmlValueType_t type) {
  const bool narrow = type == NVML_VALUE_TYPE_UNSIGNED_INT || type == NVML_VALUE_TYPE_SIGNED_INT;
  return narrow ? 4 : 8;
}

void SpoilField(const SpoiledCall& call, nvmlFieldValue_t* field) {
  if (present.field >= 0 && field->fieldId != static_cast<unsigned int>(present.field)) return;
  if (present.field_return >= 0) {
    field->nvmlReturn = static_cast<nvmlReturn_t>(present.field_return);
  }
  if (field->nvmlReturn != NVML_SUCCESS) return;
  auto* const bytes = reinterpret_cast<unsigned char*>(&field->value);
  const uint64_t part = uint64_t{field->fieldId} << 32 | field->scopeId;
  if (present.value == ValueSpoil::kUnknownType) field->valueType = kUnknownValueType;
  if (present.value == ValueSpoil::kNan) field->valueType = NVML_VALUE_TYPE_DOUBLE;
  if (present.value == ValueSpoil::kStuck) Stick(KeyOf(call, part), {bytes, sizeof(field->value)});
  if (!WritesPattern(present.value)) return;
  const uint32_t width = WidthOf(field->valueType);
  std::memset(bytes, 0, sizeof(field->value));
  FillWords({bytes, width}, width, Mix(present.random, part));
}

void SpoilSamples(const Output& output) {
  if (!WritesPattern(present.value)) return;
  auto* const samples = static_cast<nvmlSample_t*>(output.address);
  for (size_t i = 0; i < output.count; ++i) {
    auto* const bytes = reinterpret_cast<unsigned char*>(&samples[i].sampleValue);
    FillWords({bytes, sizeof(nvmlValue_t)}, sizeof(nvmlValue_t), Mix(present.random, i));
  }
}

// The rest of the struct is the caller's: handles, and texts that the library owns.
void SpoilMetrics(const SpoiledCall& call, const Output& output) {
  auto* const request = static_cast<nvmlGpmMetricsGet_t*>(output.address);
  const unsigned int count = std::min(request->numMetrics, NVML_GPM_METRIC_MAX);
  for (unsigned int i = 0; i < count; ++i) {
    nvmlGpmMetric_t& metric = request->metrics[i];
    const Bytes bytes = {reinterpret_cast<unsigned char*>(&metric.value), sizeof(metric.value)};
    if (WritesPattern(present.value)) FillWords(bytes, bytes.size, Mix(present.random, i));
    if (present.value == ValueSpoil::kStuck) Stick(KeyOf(call, metric.metricId), bytes);
  }
}

}  // namespace

void BeginSpoiling(const Spoiling& spoiling) {
  present = spoiling;
  quantity = 0;
}

const Spoiling& PresentSpoiling() { return present; }

void NoteQuantity(uint64_t number) { quantity = Mix(quantity, number) | 1; }

void SpoilOutput(const SpoiledCall& call, size_t index, const Output& output) {
  switch (output.kind) {
    case Output::Kind::kWords:
      SpoilWords(call, index, output);
      break;
    case Output::Kind::kFields:
      for (size_t i = 0; i < output.count; ++i) {
        SpoilField(call, static_cast<nvmlFieldValue_t*>(output.address) + i);
      }
      break;
    case Output::Kind::kSamples:
      SpoilSamples(output);
      break;
    case Output::Kind::kMetrics:
      SpoilMetrics(call, output);
      break;
    case Output::Kind::kValueType:
      if (present.value == ValueSpoil::kUnknownType) {
        *static_cast<nvmlValueType_t*>(output.address) = kUnknownValueType;
      }
      break;
  }
  if (!output.record) return;
  std::memset(ElementOf(output, output.count), kOverrunByte, present.overrun_bytes);
}

void ForgetStuckAnswers() {
  StuckAnswers& answers = Stuck();
  const std::lock_guard lock(answers.mutex);
  answers.bytes.clear();
}

bool AnswersList(std::string_view function) {
  constexpr auto kLists = std::to_array<std::string_view>({
      "nvmlDeviceGetComputeRunningProcesses",
      "nvmlDeviceGetComputeRunningProcesses_v2",
      "nvmlDeviceGetComputeRunningProcesses_v3",
      "nvmlDeviceGetGraphicsRunningProcesses",
      "nvmlDeviceGetGraphicsRunningProcesses_v2",
      "nvmlDeviceGetGraphicsRunningProcesses_v3",
      "nvmlDeviceGetMPSComputeRunningProcesses",
      "nvmlDeviceGetMPSComputeRunningProcesses_v2",
      "nvmlDeviceGetMPSComputeRunningProcesses_v3",
      "nvmlDeviceGetRunningProcessDetailList",
      "nvmlDeviceGetProcessUtilization",
      "nvmlDeviceGetProcessesUtilizationInfo",
      "nvmlDeviceGetSamples",
      "nvmlDeviceGetRetiredPages",
      "nvmlDeviceGetRetiredPages_v2",
      "nvmlDeviceGetSupportedMemoryClocks",
      "nvmlDeviceGetSupportedGraphicsClocks",
      "nvmlDeviceGetTopologyNearestGpus",
  });
  return std::find(kLists.begin(), kLists.end(), function) != kLists.end();
}

}  // namespace gpuring::simulator
