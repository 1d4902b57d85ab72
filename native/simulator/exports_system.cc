// Library life, and what is asked of the host as a whole.
#include <cstdlib>
#include <fstream>
#include <string>

#include "nvml/abi_extended.h"
#include "simulator/call.h"
#include "simulator/error_strings.h"
#include "simulator/event_sets.h"
#include "simulator/gpm_samples.h"

namespace gpuring::simulator {
namespace {

nvmlReturn_t Initialize(const char* function, unsigned int flags) {
  const CallScope scope(function, -1);
  const nvmlReturn_t faulted = World::Get().EnterUninitialized(function);
  if (faulted != NVML_SUCCESS) return faulted;
  const nvmlReturn_t result = InitializeWorld(flags);
  if (result == NVML_SUCCESS) NoteInit();
  return result;
}

int DriverMajor() { return std::atoi(World::Get().driver_version().c_str()); }

// CUDA version that a driver branch brought along: the highest row not above the branch.
int CudaVersion() {
  struct Row {
    int driver_major;
    int cuda;  // 1000 * major + 10 * minor
  };
  constexpr Row kRows[] = {{590, 13010}, {580, 13000}, {575, 12090}, {570, 12080}, {565, 12070},
                           {560, 12060}, {555, 12050}, {550, 12040}, {545, 12030}, {535, 12020},
                           {530, 12010}, {525, 12000}, {515, 11070}, {510, 11060}, {495, 11050},
                           {470, 11040}, {460, 11020}, {450, 11000}, {440, 10020}};
  const int major = DriverMajor();
  for (const Row& row : kRows) {
    if (major >= row.driver_major) return row.cuda;
  }
  return 10010;
}

nvmlReturn_t CudaDriverVersion(const char* function, int* version) {
  const HostCall call(function, version);
  if (call.ok()) *version = CudaVersion();
  return call.result();
}

nvmlReturn_t ExcludedDeviceCount(const char* function, unsigned int* count) {
  const HostCall call(function, count);
  if (call.ok()) *count = 0;
  return call.result();
}

// No device is excluded, so that no index is valid.
nvmlReturn_t ExcludedDeviceInfo(const char* function, nvmlExcludedDeviceInfo_t* info) {
  const HostCall call(function, info);
  return call.ok() ? NVML_ERROR_INVALID_ARGUMENT : call.result();
}

}  // namespace

GPURING_EXPORT nvmlReturn_t nvmlInitWithFlags(unsigned int flags) {
  return Initialize(__func__, flags);
}

GPURING_EXPORT nvmlReturn_t nvmlInit_v2() { return Initialize(__func__, 0); }

GPURING_EXPORT nvmlReturn_t nvmlInit() { return Initialize(__func__, 0); }

GPURING_EXPORT nvmlReturn_t nvmlShutdown() {
  const CallScope scope(__func__, -1);
  const nvmlReturn_t faulted = World::Get().EnterUninitialized(__func__);
  if (faulted != NVML_SUCCESS) return faulted;
  const nvmlReturn_t result = ShutdownWorld();
  NoteShutdown(__func__);
  if (Generation() != 0) return result;
  const uint64_t event_sets = EndEventSets(), gpm_samples = EndGpmSamples();
  // Nothing can be freed once the driver is gone.
  if (!World::Get().IsServing()) return result;
  NoteMisuse(Misuse::kOpenEventSets, __func__, event_sets);
  NoteMisuse(Misuse::kOpenGpmSamples, __func__, gpm_samples);
  return result;
}

// A fault's return code makes it answer null.
GPURING_EXPORT const char* nvmlErrorString(nvmlReturn_t code) {
  const CallScope scope(__func__, -1);
  const nvmlReturn_t faulted = World::Get().EnterUninitialized(__func__);
  return faulted == NVML_SUCCESS ? SpoiledText(ErrorText(code)) : nullptr;
}

GPURING_EXPORT nvmlReturn_t nvmlSystemGetDriverVersion(char* version, unsigned int length) {
  const HostCall call(__func__, version);
  if (!call.ok()) return call.result();
  return CopyText(World::Get().driver_version(), version, length);
}

GPURING_EXPORT nvmlReturn_t nvmlSystemGetNVMLVersion(char* version, unsigned int length) {
  const HostCall call(__func__, version);
  if (!call.ok()) return call.result();
  const std::string text =
      std::to_string(CudaVersion() / 1000) + "." + World::Get().driver_version();
  return CopyText(text, version, length);
}

GPURING_EXPORT nvmlReturn_t nvmlSystemGetCudaDriverVersion(int* version) {
  return CudaDriverVersion(__func__, version);
}

GPURING_EXPORT nvmlReturn_t nvmlSystemGetCudaDriverVersion_v2(int* version) {
  return CudaDriverVersion(__func__, version);
}

GPURING_EXPORT nvmlReturn_t nvmlSystemGetDriverBranch(nvmlSystemDriverBranchInfo_v1_t* info,
                                                      unsigned int length) {
  const HostCall call(__func__, info);
  if (!call.ok()) return call.result();
  if (info->version != VersionWord<nvmlSystemDriverBranchInfo_v1_t>(1)) {
    return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
  }
  const unsigned int room = length < sizeof(info->branch) ? length : sizeof(info->branch);
  return CopyText("r" + std::to_string(DriverMajor()) + "_00", info->branch, room);
}

// A name longer than the buffer is cropped, not refused: NVML says so for this one text.
GPURING_EXPORT nvmlReturn_t nvmlSystemGetProcessName(unsigned int pid, char* name,
                                                     unsigned int length) {
  const HostCall call(__func__, name);
  if (!call.ok()) return call.result();
  if (length == 0) return NVML_ERROR_INVALID_ARGUMENT;
  std::ifstream command_line("/proc/" + std::to_string(pid) + "/cmdline");
  std::string program;
  if (!std::getline(command_line, program, '\0')) return NVML_ERROR_NOT_FOUND;
  if (program.size() >= length) program.resize(length - 1);
  return CopyText(program, name, length);
}

GPURING_EXPORT nvmlReturn_t nvmlGetExcludedDeviceCount(unsigned int* count) {
  return ExcludedDeviceCount(__func__, count);
}

GPURING_EXPORT nvmlReturn_t nvmlGetBlacklistDeviceCount(unsigned int* count) {
  return ExcludedDeviceCount(__func__, count);
}

GPURING_EXPORT nvmlReturn_t nvmlGetExcludedDeviceInfoByIndex(unsigned int,
                                                             nvmlExcludedDeviceInfo_t* info) {
  return ExcludedDeviceInfo(__func__, info);
}

GPURING_EXPORT nvmlReturn_t nvmlGetBlacklistDeviceInfoByIndex(unsigned int,
                                                              nvmlExcludedDeviceInfo_t* info) {
  return ExcludedDeviceInfo(__func__, info);
}

GPURING_EXPORT nvmlReturn_t nvmlUnitGetCount(unsigned int* count) {
  const HostCall call(__func__, count);
  if (call.ok()) *count = 0;
  return call.result();
}

// S-class units do not exist on the simulated host, so that no index is valid.
GPURING_EXPORT nvmlReturn_t nvmlUnitGetHandleByIndex(unsigned int, nvmlUnit_t* unit) {
  const HostCall call(__func__, unit);
  return call.ok() ? NVML_ERROR_INVALID_ARGUMENT : call.result();
}

}  // namespace gpuring::simulator
