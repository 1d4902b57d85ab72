#include "simulator/processes.h"

#include <array>
#include <string_view>
#include <utility>

namespace gpuring::simulator {
namespace {

constexpr std::array<std::string_view, 3> kKindNames = {"compute", "graphics", "mps"};
constexpr size_t kMostProcesses = 4096;
constexpr double kMostMiB = 8'589'934'592;

constexpr std::array<std::pair<std::string_view, uint32_t Process::*>, 6> kPercents = {
    {{"smPercent", &Process::sm_percent},
     {"memoryPercent", &Process::memory_percent},
     {"encoderPercent", &Process::encoder_percent},
     {"decoderPercent", &Process::decoder_percent},
     {"jpegPercent", &Process::jpeg_percent},
     {"ofaPercent", &Process::ofa_percent}}};

void ReadWord(std::string_view name, Fields::Range range, Fields* fields, uint32_t* word) {
  int64_t number = *word;
  fields->Integer(name, range, &number);
  *word = static_cast<uint32_t>(number);
}

Process ReadProcess(const JsonValue& value, const std::string& path, Refusals* refusals) {
  Fields fields(value, path, refusals);
  Process process;
  ReadWord("pid", {1, UINT32_MAX}, &fields, &process.pid);
  const JsonValue* memory = fields.Take("memoryMiB");
  if (memory != nullptr && memory->kind == JsonValue::Kind::kNull) {
    process.memory_bytes = kMemoryNotAvailable;
  } else {
    double mebibytes = 0;
    fields.Number("memoryMiB", {0, kMostMiB}, &mebibytes);
    process.memory_bytes = static_cast<int64_t>(mebibytes * 1'048'576);
  }
  size_t kind = 0;
  fields.Choice("kind", kKindNames, &kind);
  process.kind = static_cast<ProcessKind>(kind);
  for (const auto& [name, percent] : kPercents) {
    ReadWord(name, {0, 100}, &fields, &(process.*percent));
  }
  ReadWord("gpuInstanceId", {0, UINT32_MAX}, &fields, &process.gpu_instance);
  ReadWord("computeInstanceId", {0, UINT32_MAX}, &fields, &process.compute_instance);
  fields.RefuseOthers();
  if (process.pid == 0) refusals->AddAt(value.place, path, "expected a member \"pid\"");
  return process;
}

}  // namespace

void ReadProcesses(const JsonValue& array, const std::string& path, Refusals* refusals,
                   std::vector<Process>* processes) {
  if (array.kind != JsonValue::Kind::kArray || array.items.size() > kMostProcesses) {
    return refusals->Add(array, path, "an array of at most 4096 processes");
  }
  for (size_t i = 0; i < array.items.size() && refusals->none(); ++i) {
    const std::string where = path + "[" + std::to_string(i) + "]";
    processes->push_back(ReadProcess(array.items[i], where, refusals));
  }
}

}  // namespace gpuring::simulator
