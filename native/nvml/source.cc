#include "nvml/source.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>

#include "nvml/identity.h"
#include "nvml/reading_call.h"
#include "nvml/return_code.h"

namespace gpuring {
namespace {

constexpr const char* kNoDeviceHint =
    "Check nvidia-smi -L; in a container, give it the GPUs (docker run --gpus all, or "
    "NVIDIA_VISIBLE_DEVICES).";

std::string LibraryPath(const NvmlOptions& options) {
  return DriverLibraryPath(options.library_path);
}

constexpr const char* kDriverName = "libnvidia-ml.so.1";

Status NoDevice() {
  return Status::Error(StatusCode::kNoDevice, "the driver answers but shows no GPU", kNoDeviceHint);
}

bool IsDead(nvmlReturn_t result) { return IsDeviceDead(result) || IsLibraryDead(result); }

// Which of two failures tells more: the first one, but any other before "not supported".
nvmlReturn_t MoreTelling(nvmlReturn_t first, nvmlReturn_t second) {
  const bool plain = first == NVML_SUCCESS || ToStatusCode(first) == StatusCode::kNotSupported;
  return plain && second != NVML_SUCCESS ? second : first;
}

// A poll that came to nothing else than this is no reason to doubt the handle.
bool LeavesHandleGood(nvmlReturn_t result) {
  const StatusCode code = ToStatusCode(result);
  return code == StatusCode::kOk || code == StatusCode::kNotSupported ||
         code == StatusCode::kTryAgain;
}

}  // namespace

std::string DriverLibraryPath(const std::string& named) {
  if (!named.empty()) return named;
  // secure_: a set-uid program must not load what its caller's environment names.
  const char* const set = secure_getenv("GPURING_NVML_PATH");
  return set == nullptr || *set == '\0' ? kDriverName : set;
}

std::string DriverKey(const NvmlOptions& options) {
  return LibraryPath(options) + '\n' + options.scenario;
}

Status NvmlSource::Open() {
  Close();
  Status status = Connect();
  unsigned int count = 0;
  if (status.ok()) status = Count(&count);
  if (status.ok()) {
    identity_ = ReadSourceIdentity(library_);
    identity_.library_path = LibraryPath(options_);
    status = Enumerate(count);
  }
  if (!status.ok()) Close();
  return status;
}

void NvmlSource::Close() {
  const NvmlFunctions& nvml = library_.functions();
  if (initialised_ && nvml.shutdown != nullptr) nvml.shutdown();
  initialised_ = false;
  devices_.clear();
  targets_.clear();
  identity_ = SourceIdentity();
  library_.Close();
}

Status NvmlSource::Connect() {
  if (Status status = library_.Open(LibraryPath(options_)); !status.ok()) return status;
  if (Status status = RefuseUnasked(); !status.ok()) return status;
  if (Status status = LoadScenario(); !status.ok()) return status;
  return Initialise();
}

// The loader answers a search with a library of that soname that is already there, and the
// simulated driver stays loaded. Once opened by its path it must not pass for the host's driver.
Status NvmlSource::RefuseUnasked() const {
  static std::atomic<bool> opened_by_path{false};
  if (library_.functions().simulator_describe == nullptr) return Status::Ok();
  const bool searched = LibraryPath(options_).find('/') == std::string::npos;
  if (!searched && library_.AnswersTo(kDriverName)) opened_by_path = true;
  if (!searched || !opened_by_path) return Status::Ok();
  return Status::Error(StatusCode::kLibraryNotFound,
                       "a simulated driver that this process opened by its path answers in place "
                       "of the driver that was searched for",
                       "Name the driver's library by its path, or use a process of its own.");
}

Status NvmlSource::LoadScenario() const {
  if (options_.scenario.empty()) return Status::Ok();
  const auto control = library_.functions().simulator_control;
  if (control == nullptr) {
    return Status::Error(
        StatusCode::kScenarioInvalid,
        "a scenario was named, but \"" + LibraryPath(options_) + "\" is not the simulated driver",
        "Leave the scenario out, or name the simulated driver's library.");
  }
  std::array<char, 1024> reply{};
  const unsigned int result =
      control("load", options_.scenario.c_str(), reply.data(), reply.size());
  if (result == NVML_SUCCESS) return Status::Ok();
  reply.back() = '\0';
  const bool readable = reply[0] != '\0' && IsUtf8(reply.data());
  return Status::Error(StatusCode::kScenarioInvalid,
                       readable ? reply.data() : "the simulated driver refused the scenario",
                       "Correct the scenario, or name another one.")
      .WithDriverReturn(result);
}

Status NvmlSource::Initialise() {
  const NvmlFunctions& nvml = library_.functions();
  nvmlReturn_t result = NVML_ERROR_FUNCTION_NOT_FOUND;
  if (nvml.init_with_flags != nullptr) result = nvml.init_with_flags(0);
  if (result == NVML_ERROR_FUNCTION_NOT_FOUND && nvml.init != nullptr) result = nvml.init();
  if (result == NVML_ERROR_NOT_FOUND || result == NVML_ERROR_GPU_NOT_FOUND) {
    return NoDevice().WithDriverReturn(result);
  }
  initialised_ = result == NVML_SUCCESS || result == NVML_ERROR_ALREADY_INITIALIZED;
  return initialised_ ? Status::Ok() : ToStatus(result, "nvmlInit");
}

Status NvmlSource::Count(unsigned int* count) const {
  const NvmlFunctions& nvml = library_.functions();
  if (nvml.count == nullptr) {
    return Status::Error(StatusCode::kLibraryInvalid,
                         "the driver library counts its devices but hands out none",
                         "Reinstall the NVIDIA driver.");
  }
  const nvmlReturn_t result = nvml.count(count);
  if (result != NVML_SUCCESS) return ToStatus(result, "nvmlDeviceGetCount");
  return *count == 0 ? NoDevice() : Status::Ok();
}

// A device that cannot be had hides none of the others, nor does one that repeats an earlier UUID.
Status NvmlSource::Enumerate(unsigned int count) {
  const NvmlFunctions& nvml = library_.functions();
  nvmlReturn_t failure = NVML_SUCCESS;
  for (unsigned int index = 0; index < count; ++index) {
    nvmlDevice_t handle = nullptr;
    const nvmlReturn_t result = nvml.handle_by_index(index, &handle);
    failure = MoreTelling(failure, result);
    if (IsLibraryDead(result)) return ToStatus(result, "nvmlDeviceGetHandleByIndex");
    if (result != NVML_SUCCESS) continue;
    std::optional<DeviceIdentity> identity = ReadDeviceIdentity(library_, handle);
    if (!identity || std::ranges::count(devices_, identity->uuid, &DeviceIdentity::uuid) > 0) {
      continue;
    }
    identity->index = index;
    devices_.push_back(std::move(*identity));
    targets_.push_back({.handle = handle});
  }
  identity_.skipped_devices = count - static_cast<unsigned int>(devices_.size());
  if (!devices_.empty()) return Status::Ok();
  if (failure != NVML_SUCCESS) return ToStatus(failure, "nvmlDeviceGetHandleByIndex");
  return Status::Error(
      StatusCode::kDriverError,
      "the driver counts " + std::to_string(count) + " devices and gives a UUID for none of them",
      kNoDeviceHint);
}

Status NvmlSource::Poll(size_t device, Sample* sample) {
  sample->known = {};
  Target& target = targets_[device];
  if (target.stale) {
    if (const nvmlReturn_t result = Renew(device); result != NVML_SUCCESS) {
      if (IsLibraryDead(result)) return ToBareStatus(result);
      return Status::Error(StatusCode::kDeviceLost, "").WithDriverReturn(result);
    }
  }
  nvmlReturn_t failure = NVML_SUCCESS;
  // One step more than readings: the last one asks for the fields.
  for (size_t step = 0; step <= kReadings.size(); ++step) {
    const nvmlReturn_t result =
        step < kReadings.size() ? PollReading(step, &target, sample) : PollFields(&target, sample);
    if (IsDead(result)) {
      target.stale = IsDeviceDead(result);
      return ToBareStatus(result);
    }
    failure = MoreTelling(failure, result);
  }
  if (sample->KnowsAnything()) return Status::Ok();
  target.stale = !LeavesHandleGood(failure);
  return ToBareStatus(failure);
}

// Handles of a device that was away can be stale, and its index may be another one's by now.
nvmlReturn_t NvmlSource::Renew(size_t device) {
  Target& target = targets_[device];
  if (const auto find = library_.functions().handle_by_uuid; find != nullptr) {
    nvmlDevice_t handle = nullptr;
    const nvmlReturn_t result = find(devices_[device].uuid.c_str(), &handle);
    if (result != NVML_SUCCESS) return result;
    target.handle = handle;
  }
  target.stale = false;
  return NVML_SUCCESS;
}

// NOT_SUPPORTED is asked again each time: it may change with MIG mode or the driver's state.
nvmlReturn_t NvmlSource::PollReading(size_t reading, Target* target, Sample* sample) {
  const ReadingCalls& calls = library_.reading_calls(reading);
  nvmlReturn_t result = NVML_ERROR_FUNCTION_NOT_FOUND;
  uint8_t& first = target->first_call[reading];
  for (size_t version = first; version < calls.size(); ++version) {
    if (calls[version] != nullptr) {
      result = AskReading({kReadings[reading], version, calls[version]}, target->handle, sample);
      const bool silent = IsPermanent(result) || result == NVML_ERROR_NOT_SUPPORTED;
      if (!silent) return result;
    }
    const bool never = calls[version] == nullptr || IsPermanent(result);
    if (never && version == first) ++first;
  }
  return result;
}

nvmlReturn_t NvmlSource::PollFields(Target* target, Sample* sample) {
  const auto ask = library_.functions().field_values;
  if (ask == nullptr || !target->answers_fields) return NVML_ERROR_FUNCTION_NOT_FOUND;
  std::array<nvmlFieldValue_t, kFieldReadings.size()> fields{};
  for (size_t field = 0; field < fields.size(); ++field) {
    fields[field].fieldId = kFieldReadings[field].field_id;
    fields[field].nvmlReturn = NVML_ERROR_UNKNOWN;  // in case the driver skips it
  }
  nvmlReturn_t result = ask(target->handle, static_cast<int>(fields.size()), fields.data());
  if (result != NVML_SUCCESS) {
    target->answers_fields = !IsPermanent(result);
    return result;
  }
  for (size_t field = 0; field < fields.size(); ++field) {
    const nvmlReturn_t own = fields[field].nvmlReturn;
    if (IsDead(own)) return own;
    result = MoreTelling(result, own);
    if (own != NVML_SUCCESS) continue;
    if (const auto value = DecodeField(fields[field])) {
      sample->Set(kFieldReadings[field].metric, *value);
    }
  }
  return result;
}

Status ProbeDriver(const NvmlOptions& options) {
  NvmlSource source(options);
  if (Status status = source.Connect(); !status.ok()) return status;
  unsigned int count = 0;
  return source.Count(&count);
}

Status ListSymbols(const NvmlOptions& options, std::vector<SymbolState>* symbols) {
  NvmlLibrary library;
  if (Status status = library.Open(LibraryPath(options)); !status.ok()) return status;
  *symbols = library.Symbols();
  return Status::Ok();
}

}  // namespace gpuring
