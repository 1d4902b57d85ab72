// Processes. NVML's protocol around the lists: the caller first asks the length.
#include <algorithm>
#include <cstring>
#include <vector>

#include "nvml/abi_extended.h"
#include "simulator/call.h"
#include "simulator/device_number.h"

namespace gpuring::simulator {
namespace {

constexpr int64_t kMillisecondNs = 1'000'000;
constexpr unsigned int kAllModes = 3;

struct ProcessReading {
  nvmlReturn_t result = NVML_SUCCESS;
  std::vector<Process> processes;
  bool memory_hidden = false;
  int64_t time_us = 0;    // of the last utilisation window
  bool gone_dry = false;  // none since
};

// An instance lists its own processes, the board all of them.
bool Concerns(const Process& process, int device) {
  if (!IsInstance(device)) return true;
  return process.gpu_instance == World::Get().InstanceOf(device).gpu_instance_id;
}

ProcessReading ReadProcesses(const DeviceCall& call) {
  ProcessReading reading;
  std::vector<Process> all;
  reading.result = World::Get().Ask(call.device(), [&](Device& device) {
    all = device.processes();
    const int64_t now = device.time_ns();
    const int64_t window = device.board().utilization_refresh_ms * kMillisecondNs;
    reading.time_us = device.DriverTimeUs(now - now % window);
    const ValueKey dry = KeyOf(ValueGroup::kSampleDry, NVML_GPU_UTILIZATION_SAMPLES);
    reading.gone_dry = device.overrides().ValueOr(dry, now, 0) != 0;
    reading.memory_hidden =
        device.overrides().ValueOr(KeyOf(Setting::kProcessMemoryHidden), now, 0) != 0;
    return NVML_SUCCESS;
  });
  for (const Process& process : all) {
    if (Concerns(process, call.device())) reading.processes.push_back(process);
  }
  return reading;
}

unsigned long long MemoryOf(const ProcessReading& reading, const Process& process) {
  return reading.memory_hidden ? NVML_VALUE_NOT_AVAILABLE_U64
                               : static_cast<unsigned long long>(process.memory_bytes);
}

// The list's elements lie `stride` bytes apart, whatever the caller believes.
struct ListCall {
  unsigned int mode;
  size_t stride;
};

template <typename Element>
nvmlReturn_t ListProcesses(const DeviceCall& call, const ListCall& list, unsigned int* count,
                           Element* out) {
  if (!call.ok()) return call.result();
  if (*count > 0 && out == nullptr) return NVML_ERROR_INVALID_ARGUMENT;
  const ProcessReading reading = ReadProcesses(call);
  if (reading.result != NVML_SUCCESS) return reading.result;
  std::vector<nvmlProcessDetail_v1_t> found;
  for (const Process& process : reading.processes) {
    if (list.mode != kAllModes && static_cast<unsigned int>(process.kind) != list.mode) continue;
    found.push_back({process.pid, MemoryOf(reading, process), process.gpu_instance,
                     process.compute_instance, 0});
  }
  const unsigned int room = *count;
  *count = static_cast<unsigned int>(found.size());
  if (room < found.size()) return NVML_ERROR_INSUFFICIENT_SIZE;
  // All layouts of an element begin alike.
  for (size_t i = 0; i < found.size(); ++i) {
    std::memcpy(reinterpret_cast<char*>(out) + i * list.stride, &found[i], list.stride);
  }
  call.Wrote(out, found.size());
  return NVML_SUCCESS;
}

template <typename Sample>
Sample SampleOf(const Process& process, int64_t time_us) {
  Sample sample{};
  sample.pid = process.pid;
  sample.timeStamp = static_cast<unsigned long long>(time_us);
  sample.smUtil = process.sm_percent;
  sample.memUtil = process.memory_percent;
  sample.encUtil = process.encoder_percent;
  sample.decUtil = process.decoder_percent;
  if constexpr (requires { sample.jpgUtil; }) {
    sample.jpgUtil = process.jpeg_percent;
    sample.ofaUtil = process.ofa_percent;
  }
  return sample;
}

// Only processes with some load, and none that the caller has seen.
template <typename Sample>
std::vector<Sample> BusySince(const ProcessReading& reading, unsigned long long last_seen) {
  std::vector<Sample> samples;
  if (reading.gone_dry || static_cast<unsigned long long>(reading.time_us) <= last_seen) return {};
  for (const Process& process : reading.processes) {
    if (process.busy()) samples.push_back(SampleOf<Sample>(process, reading.time_us));
  }
  return samples;
}

}  // namespace

// The newest name has the element of v2, which some drivers make longer without saying so.
#define GPURING_PROCESS_LIST(name, mode, Element, stride)                                          \
  GPURING_EXPORT nvmlReturn_t name(nvmlDevice_t device, unsigned int* count, Element* processes) { \
    return ListProcesses(DeviceCall(__func__, device, count), {mode, stride}, count, processes);   \
  }
#define GPURING_PROCESS_LISTS(name, mode)                                                   \
  GPURING_PROCESS_LIST(name, mode, nvmlProcessInfo_v1_t, sizeof(nvmlProcessInfo_v1_t))      \
  GPURING_PROCESS_LIST(name##_v2, mode, nvmlProcessInfo_v2_t, sizeof(nvmlProcessInfo_v2_t)) \
  GPURING_PROCESS_LIST(name##_v3, mode, nvmlProcessInfo_v2_t, World::Get().process_record_bytes())

GPURING_PROCESS_LISTS(nvmlDeviceGetComputeRunningProcesses, 0)
GPURING_PROCESS_LISTS(nvmlDeviceGetGraphicsRunningProcesses, 1)
GPURING_PROCESS_LISTS(nvmlDeviceGetMPSComputeRunningProcesses, 2)

#undef GPURING_PROCESS_LISTS
#undef GPURING_PROCESS_LIST

GPURING_EXPORT nvmlReturn_t
nvmlDeviceGetRunningProcessDetailList(nvmlDevice_t device, nvmlProcessDetailList_v1_t* list) {
  const DeviceCall call(__func__, device, list);
  if (!call.ok()) return call.result();
  if (list->version != VersionWord<nvmlProcessDetailList_v1_t>(1)) {
    return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
  }
  if (list->mode > kAllModes) return NVML_ERROR_INVALID_ARGUMENT;
  if (call.board().architecture < NVML_DEVICE_ARCH_HOPPER) return NVML_ERROR_NOT_SUPPORTED;
  return ListProcesses(call, {list->mode, sizeof(nvmlProcessDetail_v1_t)},
                       &list->numProcArrayEntries, list->procArray);
}

// Without an array: the room that all processes would need.
GPURING_EXPORT nvmlReturn_t nvmlDeviceGetProcessUtilization(nvmlDevice_t device,
                                                            nvmlProcessUtilizationSample_t* samples,
                                                            unsigned int* count,
                                                            unsigned long long last_seen) {
  const DeviceCall call(__func__, device, count);
  if (!call.ok()) return call.result();
  const ProcessReading reading = ReadProcesses(call);
  if (reading.result != NVML_SUCCESS) return reading.result;
  if (samples == nullptr) {
    *count = static_cast<unsigned int>(reading.processes.size());
    return *count > 0 ? NVML_ERROR_INSUFFICIENT_SIZE : NVML_SUCCESS;
  }
  const auto found = BusySince<nvmlProcessUtilizationSample_t>(reading, last_seen);
  const unsigned int room = *count;
  *count = static_cast<unsigned int>(found.size());
  if (found.empty()) return NVML_ERROR_NOT_FOUND;
  if (found.size() > room) return NVML_ERROR_INSUFFICIENT_SIZE;
  std::copy(found.begin(), found.end(), samples);
  call.Wrote(samples, found.size());
  return NVML_SUCCESS;
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetProcessesUtilizationInfo(
    nvmlDevice_t device, nvmlProcessesUtilizationInfo_v1_t* info) {
  const DeviceCall call(__func__, device, info);
  if (!call.ok()) return call.result();
  if (info->version != VersionWord<nvmlProcessesUtilizationInfo_v1_t>(1)) {
    return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
  }
  const ProcessReading reading = ReadProcesses(call);
  if (reading.result != NVML_SUCCESS) return reading.result;
  const auto found = BusySince<nvmlProcessUtilizationInfo_v1_t>(reading, info->lastSeenTimeStamp);
  if (found.empty()) return NVML_ERROR_NOT_FOUND;
  const unsigned int room = info->procUtilArray == nullptr ? 0 : info->processSamplesCount;
  info->processSamplesCount = static_cast<unsigned int>(found.size());
  if (found.size() > room) return NVML_ERROR_INSUFFICIENT_SIZE;
  std::copy(found.begin(), found.end(), info->procUtilArray);
  return NVML_SUCCESS;
}

}  // namespace gpuring::simulator
