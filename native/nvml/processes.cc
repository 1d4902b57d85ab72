#include "nvml/processes.h"

#include <algorithm>

#include "core/sample.h"
#include "nvml/process_list.h"
#include "nvml/process_load.h"
#include "nvml/return_code.h"
#include "nvml/target.h"

namespace gpuring {
namespace {

constexpr uint64_t kMostMemory = kMetrics[static_cast<size_t>(MetricId::kMemoryUsedBytes)].maximum;

struct Kind {
  NvmlFunctions::ProcessLists NvmlFunctions::*lists;
  int64_t bit;
};
constexpr std::array<Kind, 3> kKinds = {{
    {&NvmlFunctions::compute_processes, kComputeProcess},
    {&NvmlFunctions::graphics_processes, kGraphicsProcess},
    {&NvmlFunctions::mps_processes, kComputeProcess},
}};

int64_t IdIn(unsigned int id) {
  return id == NVML_VALUE_NOT_AVAILABLE_U32 ? kUnknownNumber : int64_t{id};
}

// Asks the newest version that answers.
nvmlReturn_t AskList(const NvmlFunctions::ProcessLists& versions, nvmlDevice_t device,
                     uint8_t* first_version, ProcessList* list) {
  for (uint8_t version = *first_version; version < versions.size(); ++version) {
    if (versions[version] == nullptr) continue;
    const nvmlReturn_t result = list->Ask(versions[version], device);
    if (!IsPermanent(result)) return result;
    *first_version = version + 1;
  }
  return NVML_ERROR_FUNCTION_NOT_FOUND;
}

ProcessDetail* FindOrAdd(const ProcessDetail& process, size_t* count, DeviceDetail* detail) {
  for (size_t at = 0; at < *count; ++at) {
    ProcessDetail& known = detail->processes[at];
    if (known.pid == process.pid && known.gpu_instance_id == process.gpu_instance_id &&
        known.compute_instance_id == process.compute_instance_id) {
      return &known;
    }
  }
  if (*count == kMostProcesses) return nullptr;
  detail->processes[*count] = process;
  return &detail->processes[(*count)++];
}

void Merge(const ProcessRecord& record, int64_t kind, size_t* count, DeviceDetail* detail) {
  ProcessDetail process;
  process.pid = record.pid;
  process.gpu_instance_id = IdIn(record.gpu_instance_id);
  process.compute_instance_id = IdIn(record.compute_instance_id);
  ProcessDetail* const merged = FindOrAdd(process, count, detail);
  if (merged == nullptr) {
    ++detail->processes_left_out;
    return;
  }
  merged->kinds |= kind;
  if (merged->memory_bytes == kUnknownNumber && record.memory_bytes <= kMostMemory) {
    merged->memory_bytes = static_cast<int64_t>(record.memory_bytes);
  }
}

// Of another instance of the same GPU.
bool IsElsewhere(const ProcessRecord& record, const Target& target) {
  return target.is_mig && target.gpu_instance_id != Target::kNoInstance &&
         record.gpu_instance_id != NVML_VALUE_NOT_AVAILABLE_U32 &&
         record.gpu_instance_id != target.gpu_instance_id;
}

// An element that has another length than the last time is not to be trusted, nor is the last time.
bool Agrees(uint32_t bytes, uint32_t* known) {
  if (bytes == 0) return true;
  const bool agrees = *known == 0 || *known == bytes;
  *known = agrees ? bytes : 0;
  return agrees;
}

class Reader {
 public:
  Reader(Target* target, DeviceDetail* detail)
      : target_(*target), memory_(target->detail.processes), detail_(*detail) {}

  // Whether all lists that there are were read; `dead`: the death of device or library.
  bool ReadAll(const NvmlFunctions& nvml, nvmlReturn_t* dead);
  // As if nothing had been asked.
  void Forget();
  void Finish() { detail_.process_count = static_cast<int64_t>(count_); }

 private:
  nvmlReturn_t Add(const NvmlFunctions& nvml, size_t kind);

  Target& target_;
  ProcessMemory& memory_;
  DeviceDetail& detail_;
  ProcessList list_;
  size_t count_ = 0;
};

nvmlReturn_t Reader::Add(const NvmlFunctions& nvml, size_t kind) {
  const nvmlReturn_t result =
      AskList(nvml.*kKinds[kind].lists, target_.handle, &memory_.first_version[kind], &list_);
  if (result != NVML_SUCCESS) return result;
  if (!Agrees(list_.record_bytes(), &memory_.record_bytes[kind])) return NVML_ERROR_INVALID_STATE;
  for (size_t place = 0; place < list_.size(); ++place) {
    const ProcessRecord record = list_[place];
    if (!IsElsewhere(record, target_)) Merge(record, kKinds[kind].bit, &count_, &detail_);
  }
  detail_.processes_left_out += static_cast<int64_t>(list_.left_out());
  return NVML_SUCCESS;
}

bool Reader::ReadAll(const NvmlFunctions& nvml, nvmlReturn_t* dead) {
  bool answered = false;
  for (size_t kind = 0; kind < kKinds.size(); ++kind) {
    const nvmlReturn_t result = Add(nvml, kind);
    answered = answered || result == NVML_SUCCESS;
    if (result == NVML_SUCCESS || result == NVML_ERROR_NOT_SUPPORTED || IsPermanent(result)) {
      continue;
    }
    *dead = DeathIn(result);
    return false;
  }
  return answered;
}

void Reader::Forget() {
  std::fill_n(detail_.processes.begin(), count_, ProcessDetail{});
  detail_.processes_left_out = 0;
}

}  // namespace

nvmlReturn_t ReadProcesses(const NvmlLibrary& library, Target* target, DeviceDetail* detail) {
  Reader reader(target, detail);
  nvmlReturn_t dead = NVML_SUCCESS;
  const bool read = reader.ReadAll(library.functions(), &dead);
  for (const uint32_t bytes : target->detail.processes.record_bytes) {
    if (detail->process_record_bytes == 0) detail->process_record_bytes = bytes;
  }
  if (!read) {
    reader.Forget();
    return dead;
  }
  reader.Finish();
  return ReadProcessLoad(library, target, detail);
}

}  // namespace gpuring
