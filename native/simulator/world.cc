#include "simulator/world.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "simulator/json.h"
#include "simulator/random.h"

namespace gpuring::simulator {
namespace {

constexpr int64_t kMillisecondNs = 1'000'000;
constexpr int64_t kHangSliceNs = 50 * kMillisecondNs;
constexpr uint64_t kMostRowsAtOnce = 1'000'000;
constexpr Answer kNoSuchDevice = {NVML_ERROR_INVALID_ARGUMENT, 0};

// Questions whose answers never change: a client asks them while it takes stock.
constexpr std::array<std::string_view, 16> kInventoryCalls = {
    "nvmlDeviceGetName*",
    "nvmlDeviceGetUUID*",
    "nvmlDeviceGetSerial*",
    "nvmlDeviceGetPciInfo*",
    "nvmlDeviceGetBoardPartNumber*",
    "nvmlDeviceGetVbiosVersion*",
    "nvmlDeviceGetBrand*",
    "nvmlDeviceGetMinorNumber*",
    "nvmlDeviceGetArchitecture*",
    "nvmlDeviceGetCudaComputeCapability*",
    "nvmlDeviceGetNumGpuCores*",
    "nvmlDeviceGetMemoryBusWidth*",
    "nvmlDeviceGetMaxClockInfo*",
    "nvmlDeviceGetPowerManagementDefaultLimit*",
    "nvmlDeviceGetPowerManagementLimitConstraints*",
    "nvmlDeviceGetMaxPcieLink*",
};

bool IsInventoryCall(std::string_view function) {
  for (const std::string_view pattern : kInventoryCalls) {
    if (MatchesGlob(pattern, function)) return true;
  }
  return false;
}

// 0: not a decimal number between 1 and kMostRowsAtOnce.
uint64_t ParseRowCount(std::string_view text) {
  uint64_t rows = 0;
  for (const char c : text) {
    if (c < '0' || c > '9' || rows > kMostRowsAtOnce) return 0;
    rows = rows * 10 + static_cast<uint64_t>(c - '0');
  }
  return rows <= kMostRowsAtOnce ? rows : 0;
}

const DeviceFacts& NoFacts() {
  static const auto* facts = new DeviceFacts(MakeFacts(Boards().front(), 0, 0));
  return *facts;
}

}  // namespace

World& World::Get() {
  static auto* world = new World;
  return *world;
}

nvmlReturn_t World::Enter(std::string_view function, int device) {
  const nvmlReturn_t suffered = Suffer(function, device);
  if (suffered != NVML_SUCCESS) return suffered;
  const std::lock_guard lock(mutex_);
  if (init_count_ == 0) return NVML_ERROR_UNINITIALIZED;
  const bool known = device >= 0 && static_cast<size_t>(device) < devices_.size();
  if (known && IsInventoryCall(function)) devices_[static_cast<size_t>(device)].NoteInventory();
  return NVML_SUCCESS;
}

nvmlReturn_t World::EnterUninitialized(std::string_view function) { return Suffer(function, -1); }

nvmlReturn_t World::Suffer(std::string_view function, int device) {
  Suffering suffering;
  uint64_t generation = 0;
  {
    const std::lock_guard lock(mutex_);
    // A scenario's faults hold from the very first call on, nvmlInit's included.
    EnsureLoaded();
    suffering = MeetFaults(function, device, &injected_);
    if (!hosts_.empty()) {
      const Suffering scripted = MeetFaults(function, device, &hosts_.back()->scenario.faults);
      const bool injected = suffering.result != NVML_SUCCESS || suffering.delay_ms != 0;
      if (!injected) suffering = scripted;
    }
    generation = fault_generation_.load();
  }
  if (suffering.delay_ms == kDelayForEver) {
    while (fault_generation_.load() == generation) SleepNs(kHangSliceNs);
  } else {
    SleepNs(suffering.delay_ms * kMillisecondNs);
  }
  return suffering.result;
}

nvmlReturn_t World::Init(uint32_t /*flags*/) {
  const std::lock_guard lock(mutex_);
  if (!EnsureLoaded()) return NVML_ERROR_INVALID_ARGUMENT;
  if (init_count_++ == 0) Start();
  ever_initialized_ = true;
  return NVML_SUCCESS;
}

nvmlReturn_t World::Shutdown() {
  const std::lock_guard lock(mutex_);
  if (init_count_ > 0) --init_count_;
  return ever_initialized_ ? NVML_SUCCESS : NVML_ERROR_UNINITIALIZED;
}

int World::device_count() {
  const std::lock_guard lock(mutex_);
  return init_count_ > 0 ? static_cast<int>(devices_.size()) : 0;
}

const DeviceFacts& World::facts(int device) {
  const std::lock_guard lock(mutex_);
  // A load may have shrunk the host since the caller looked.
  const bool known =
      host() != nullptr && device >= 0 && static_cast<size_t>(device) < host()->facts.size();
  return known ? host()->facts[static_cast<size_t>(device)] : NoFacts();
}

const std::string& World::driver_version() {
  static const auto* none = new std::string;
  const std::lock_guard lock(mutex_);
  return host() != nullptr ? host()->scenario.driver_version : *none;
}

Answer World::Read(int device, Column column) {
  Answer answer;
  Read(device, {&column, 1}, {&answer, 1});
  return answer;
}

void World::Read(int device, std::span<const Column> columns, std::span<Answer> answers) {
  const std::lock_guard lock(mutex_);
  const bool known = device >= 0 && static_cast<size_t>(device) < devices_.size();
  if (!known) return std::fill(answers.begin(), answers.end(), kNoSuchDevice);
  devices_[static_cast<size_t>(device)].Read(columns, clock_() - start_ns_, answers);
}

const char* World::Describe() {
  const std::lock_guard lock(mutex_);
  return EnsureLoaded() ? host()->description.c_str() : failure_description_.c_str();
}

nvmlReturn_t World::Control(std::string_view command, std::string_view argument,
                            std::string* reply) {
  reply->clear();
  if (command == "load") return Load(argument, reply);
  if (command == "step") return Step(argument, reply);
  if (command == "inject") return Inject(argument, reply);
  *reply = "expected the command load, step or inject, got " + QuoteJson(command);
  return NVML_ERROR_INVALID_ARGUMENT;
}

nvmlReturn_t World::Load(std::string_view argument, std::string* reply) {
  Scenario scenario;
  if (!LoadScenario(std::string(argument), &scenario, reply)) return NVML_ERROR_INVALID_ARGUMENT;
  *reply = scenario.name;
  const std::lock_guard lock(mutex_);
  injected_.clear();
  Adopt(std::move(scenario));
  return NVML_SUCCESS;
}

nvmlReturn_t World::Step(std::string_view argument, std::string* reply) {
  const uint64_t rows = ParseRowCount(argument);
  if (rows == 0) {
    *reply = "expected a number of rows from 1 to " + std::to_string(kMostRowsAtOnce) + ", got " +
             QuoteJson(argument);
    return NVML_ERROR_INVALID_ARGUMENT;
  }
  const std::lock_guard lock(mutex_);
  if (init_count_ == 0) {
    *reply = "expected nvmlInit before the command step: it starts the world's time";
    return NVML_ERROR_UNINITIALIZED;
  }
  if (host()->scenario.step != StepMode::kManual) {
    *reply = "expected a scenario whose \"step\" is \"manual\"";
    return NVML_ERROR_INVALID_STATE;
  }
  for (Device& device : devices_) device.Step(rows);
  return NVML_SUCCESS;
}

nvmlReturn_t World::Inject(std::string_view argument, std::string* reply) {
  const std::lock_guard lock(mutex_);
  if (!EnsureLoaded()) {
    *reply = failure_;
    return NVML_ERROR_INVALID_ARGUMENT;
  }
  std::vector<Fault> faults;
  if (!ParseFaults(argument, devices_.size(), &faults, reply)) return NVML_ERROR_INVALID_ARGUMENT;
  injected_ = std::move(faults);
  ++fault_generation_;
  return NVML_SUCCESS;
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
  const std::vector<DevicePlan>& plans = host->scenario.devices;
  for (size_t i = 0; i < plans.size(); ++i) {
    host->facts.push_back(
        MakeFacts(*plans[i].board, host->scenario.seed, static_cast<uint32_t>(i)));
  }
  // Of the host before, references to the facts and the driver's version may be held.
  if (!hosts_.empty()) {
    hosts_.back()->scenario.devices.clear();
    hosts_.back()->scenario.faults.clear();
  }
  hosts_.push_back(std::move(host));
  ++fault_generation_;
  Start();
  hosts_.back()->description =
      DescribeScenario(hosts_.back()->scenario, hosts_.back()->facts, devices_);
}

void World::Start() {
  const Scenario& scenario = host()->scenario;
  devices_.clear();
  devices_.reserve(scenario.devices.size());
  for (size_t i = 0; i < scenario.devices.size(); ++i) {
    devices_.emplace_back(scenario.devices[i], scenario.step, Mix(scenario.seed, i));
  }
  start_ns_ = clock_();
}

}  // namespace gpuring::simulator
