#include "nvml/process_load.h"

#include <algorithm>
#include <array>
#include <span>

#include "core/clock.h"
#include "nvml/return_code.h"
#include "nvml/roomy.h"
#include "nvml/target.h"

namespace gpuring {
namespace {

constexpr unsigned int kRoom = 512;
constexpr int kMostAttempts = 2;

int64_t PercentIn(unsigned int value) { return value <= 100 ? int64_t{value} : kUnknownNumber; }

// Takes over the latest sample of each process that is listed.
class Sifter {
 public:
  Sifter(uint64_t after_us, DeviceDetail* detail) : latest_us_(after_us), detail_(*detail) {
    sampled_us_.fill(after_us);
  }

  template <typename Sample>
  void Take(std::span<const Sample> samples) {
    for (const Sample& sample : samples) {
      if (sample.timeStamp > INT64_MAX) continue;
      latest_us_ = std::max<uint64_t>(latest_us_, sample.timeStamp);
      for (size_t at = 0; at < static_cast<size_t>(detail_.process_count); ++at) {
        if (detail_.processes[at].pid == sample.pid) Note(sample, at);
      }
    }
  }
  [[nodiscard]] uint64_t latest_us() const { return latest_us_; }

 private:
  template <typename Sample>
  void Note(const Sample& sample, size_t at) {
    if (sample.timeStamp <= sampled_us_[at]) return;
    sampled_us_[at] = sample.timeStamp;
    ProcessDetail& process = detail_.processes[at];
    process.sm_percent = PercentIn(sample.smUtil);
    process.memory_percent = PercentIn(sample.memUtil);
    process.encoder_percent = PercentIn(sample.encUtil);
    process.decoder_percent = PercentIn(sample.decUtil);
  }

  uint64_t latest_us_;
  DeviceDetail& detail_;
  std::array<uint64_t, kMostProcesses> sampled_us_;
};

nvmlReturn_t AskNew(const NvmlFunctions& nvml, nvmlDevice_t device, Sifter* sifter) {
  if (nvml.processes_utilization == nullptr) return NVML_ERROR_FUNCTION_NOT_FOUND;
  Roomy<std::array<nvmlProcessUtilizationInfo_v1_t, kRoom>> answer;  // unwritten ones have no pid
  std::array<nvmlProcessUtilizationInfo_v1_t, kRoom>& samples = answer.value;
  Roomy<nvmlProcessesUtilizationInfo_v1_t> info;
  nvmlReturn_t result = NVML_ERROR_INSUFFICIENT_SIZE;
  for (int i = 0; i < kMostAttempts && result == NVML_ERROR_INSUFFICIENT_SIZE; ++i) {
    info->version = VersionWord<nvmlProcessesUtilizationInfo_v1_t>(1);
    info->processSamplesCount = kRoom;
    info->lastSeenTimeStamp = sifter->latest_us();
    info->procUtilArray = samples.data();
    result = nvml.processes_utilization(device, &info.value);
  }
  const unsigned int count = info->processSamplesCount;
  if (result != NVML_SUCCESS || count > kRoom) return result;
  sifter->Take(std::span<const nvmlProcessUtilizationInfo_v1_t>(samples.data(), count));
  return result;
}

nvmlReturn_t AskOld(const NvmlFunctions& nvml, nvmlDevice_t device, Sifter* sifter) {
  if (nvml.process_utilization == nullptr) return NVML_ERROR_FUNCTION_NOT_FOUND;
  Roomy<std::array<nvmlProcessUtilizationSample_t, kRoom>> answer;
  std::array<nvmlProcessUtilizationSample_t, kRoom>& samples = answer.value;
  unsigned int count = 0;
  nvmlReturn_t result = NVML_ERROR_INSUFFICIENT_SIZE;
  for (int i = 0; i < kMostAttempts && result == NVML_ERROR_INSUFFICIENT_SIZE; ++i) {
    count = kRoom;
    result = nvml.process_utilization(device, samples.data(), &count, sifter->latest_us());
  }
  if (result != NVML_SUCCESS || count > kRoom) return result;
  sifter->Take(std::span<const nvmlProcessUtilizationSample_t>(samples.data(), count));
  return result;
}

}  // namespace

nvmlReturn_t ReadProcessLoad(const NvmlLibrary& library, Target* target, DeviceDetail* detail) {
  if (detail->process_count <= 0) return NVML_SUCCESS;
  ProcessMemory& memory = target->detail.processes;
  // The driver's stamps are wall time. One of the future, nonsense or of before the clock was set
  // back, would keep all others away.
  const auto now_us = static_cast<uint64_t>(RealClock().WallUs());
  Sifter sifter(std::min(memory.seen_us, now_us), detail);
  nvmlReturn_t result = AskNew(library.functions(), target->handle, &sifter);
  if (IsPermanent(result)) result = AskOld(library.functions(), target->handle, &sifter);
  memory.seen_us = sifter.latest_us();
  return DeathIn(result);
}

}  // namespace gpuring
