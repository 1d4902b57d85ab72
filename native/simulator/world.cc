#include "simulator/world.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "simulator/device_number.h"
#include "simulator/function_names.h"
#include "simulator/json.h"
#include "simulator/random.h"

namespace gpuring::simulator {
namespace {

constexpr int64_t kHangSliceNs = 50'000'000;

// Questions whose answers never change, by what their names begin with: a client asks them while
// it takes stock.
constexpr std::array<std::string_view, 16> kInventoryCalls = {
    "nvmlDeviceGetName",
    "nvmlDeviceGetUUID",
    "nvmlDeviceGetSerial",
    "nvmlDeviceGetPciInfo",
    "nvmlDeviceGetBoardPartNumber",
    "nvmlDeviceGetVbiosVersion",
    "nvmlDeviceGetBrand",
    "nvmlDeviceGetMinorNumber",
    "nvmlDeviceGetArchitecture",
    "nvmlDeviceGetCudaComputeCapability",
    "nvmlDeviceGetNumGpuCores",
    "nvmlDeviceGetMemoryBusWidth",
    "nvmlDeviceGetMaxClockInfo",
    "nvmlDeviceGetPowerManagementDefaultLimit",
    "nvmlDeviceGetPowerManagementLimitConstraints",
    "nvmlDeviceGetMaxPcieLink",
};

// By index in kFunctionNames: every call about a device is looked up here.
constexpr auto kIsInventoryCall = [] {
  std::array<bool, kFunctionNames.size() + 1> is_one{};
  for (size_t i = 0; i < kFunctionNames.size(); ++i) {
    for (const std::string_view begin : kInventoryCalls) {
      is_one[i] = is_one[i] || kFunctionNames[i].starts_with(begin);
    }
  }
  return is_one;
}();

}  // namespace

World& World::Get() {
  static auto* world = new World;
  return *world;
}

nvmlReturn_t World::Enter(std::string_view function, int device) {
  const nvmlReturn_t suffered = Suffer(function, PositionOf(device));
  if (suffered != NVML_SUCCESS) return suffered;
  const std::lock_guard lock(mutex_);
  if (driver_ != NVML_SUCCESS) return driver_;
  if (init_count_ == 0 || orphaned_) return NVML_ERROR_UNINITIALIZED;
  return Admit(function, device);
}

// What the state of the device forbids. REQUIRES: mutex_ held.
nvmlReturn_t World::Admit(std::string_view function, int device) {
  const int position = PositionOf(device);
  if (!roster_.Has(position)) return NVML_SUCCESS;  // whoever takes handles refuses this one
  if (roster_.presence(position) != Presence::kPresent) return NVML_ERROR_GPU_IS_LOST;
  if (IsInstance(device)) {
    return IsAnsweredByInstances(function) ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
  }
  const auto at = static_cast<size_t>(position);
  if (mig_[at].enabled() && IsDeclinedWhileMigIsOn(function)) return NVML_ERROR_NOT_SUPPORTED;
  if (kIsInventoryCall[FunctionIndexOf(function)]) devices_[at].NoteInventory();
  return NVML_SUCCESS;
}

nvmlReturn_t World::EnterUninitialized(std::string_view function) { return Suffer(function, -1); }

nvmlReturn_t World::Suffer(std::string_view function, int device) {
  BeginSpoiling({});
  Suffering suffering;
  uint64_t generation = 0;
  {
    const std::lock_guard lock(mutex_);
    // A scenario's faults hold from the very first call on, nvmlInit's included.
    if (EnsureLoaded() && Lacks(host()->scenario, function)) return NVML_ERROR_FUNCTION_NOT_FOUND;
    const uint64_t seed = hosts_.empty() ? 0 : hosts_.back()->scenario.seed;
    suffering = MeetFaults({function, device, seed}, &injected_);
    if (!hosts_.empty()) {
      const FaultedCall call = {function, device, seed};
      const Suffering scripted = MeetFaults(call, &hosts_.back()->scenario.faults);
      if (!suffering.struck) suffering = scripted;
    }
    generation = fault_generation_.load();
  }
  BeginSpoiling(suffering.spoiling);
  if (suffering.delay_ns == kDelayForEver) {
    while (fault_generation_.load() == generation) SleepNs(kHangSliceNs);
  } else {
    SleepNs(suffering.delay_ns);
  }
  return suffering.result;
}

nvmlReturn_t World::Init(uint32_t /*flags*/) {
  const std::lock_guard lock(mutex_);
  if (!EnsureLoaded()) return NVML_ERROR_INVALID_ARGUMENT;
  if (driver_ != NVML_SUCCESS) return driver_;
  if (init_count_ == 0) orphaned_ = false;
  if (init_count_++ == 0) Start();
  ever_initialized_ = true;
  return NVML_SUCCESS;
}

nvmlReturn_t World::Shutdown() {
  const std::lock_guard lock(mutex_);
  if (init_count_ > 0) --init_count_;
  return ever_initialized_ ? NVML_SUCCESS : NVML_ERROR_UNINITIALIZED;
}

bool World::IsServing() {
  const std::lock_guard lock(mutex_);
  return driver_ == NVML_SUCCESS && !orphaned_;
}

const std::string& World::driver_version() {
  static const auto* none = new std::string;
  const std::lock_guard lock(mutex_);
  return driver_version_ != nullptr ? *driver_version_ : *none;
}

const char* World::Describe() {
  const std::lock_guard lock(mutex_);
  if (!EnsureLoaded()) return failure_description_.c_str();
  std::string& description = hosts_.back()->description;
  if (description.empty()) {
    const DescribedHost described = {roster_, mig_, host()->facts, devices_};
    description = DescribeScenario(host()->scenario, described);
  }
  return description.c_str();
}

// REQUIRES: mutex_ held, as do the functions below.
bool World::EnsureLoaded() {
  if (host() != nullptr) return true;
  const char* named = secure_getenv("GPURING_SCENARIO");
  const bool given = named != nullptr && *named != '\0';
  Scenario scenario;
  std::string error;
  if (LoadScenario(given ? named : std::string(kBuiltInScenario), &scenario, &error)) {
    Adopt(std::move(scenario));
    return true;
  }
  if (error != failure_) {
    std::fprintf(stderr, "gpuring simulator: GPURING_SCENARIO: %s\n", error.c_str());
    failure_ = error;
    failure_description_ = DescribeFailure(error);
  }
  return false;
}

void World::Adopt(Scenario scenario) {
  auto host = std::make_unique<Host>();
  host->scenario = std::move(scenario);
  host->first_devices = host->scenario.devices.size();
  host->facts.reserve(kDeviceLimit);
  // Of the host before, references to the facts and the driver's version may be held.
  if (!hosts_.empty()) {
    hosts_.back()->scenario.devices.clear();
    hosts_.back()->scenario.faults.clear();
  }
  hosts_.push_back(std::move(host));
  ++fault_generation_;
  driver_ = NVML_SUCCESS;
  orphaned_ = false;
  driver_version_ = &hosts_.back()->scenario.driver_version;
  mig_.clear();
  roster_.Begin(hosts_.back()->first_devices);
  Start();
}

void World::Start() {
  devices_.clear();
  devices_.reserve(kDeviceLimit);
  begun_ns_.clear();
  start_ns_ = clock_();
  for (size_t i = 0; i < host()->scenario.devices.size(); ++i) BringUp(i, 0);
}

}  // namespace gpuring::simulator
