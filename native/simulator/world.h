// The simulated host: devices, their values at this moment, faults. The exported nvml* functions
// (exports_*.cc) check arguments and translate; everything they answer comes from here.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nvml/abi.h"
#include "simulator/answer.h"
#include "simulator/boards.h"
#include "simulator/clock.h"
#include "simulator/column.h"
#include "simulator/host.h"

namespace gpuring::simulator {

// Thread rules: every member may be called from any thread; one mutex inside.
class World {
 public:
  // The process's world: never destroyed, so late calls from foreign threads stay defined.
  static World& Get();

  // Tests bring their own clock; it is read under the world's mutex.
  using ReadClock = int64_t (*)();
  explicit World(ReadClock clock = &MonotonicNs) : clock_(clock) {}
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // First call of every export. Sleeps for injected delays, then returns the injected code, or
  // NVML_ERROR_UNINITIALIZED before init (`device` -1: not about one device), else NVML_SUCCESS.
  nvmlReturn_t Enter(std::string_view function, int device);
  // As Enter, for the few functions that work before init (init itself, error strings).
  nvmlReturn_t EnterUninitialized(std::string_view function);

  // Counted. The first init starts the world's time. NVML_ERROR_INVALID_ARGUMENT, with one line on
  // the standard error stream, when the scenario named by GPURING_SCENARIO cannot be used.
  nvmlReturn_t Init(uint32_t flags);
  // One shutdown too many is no error, as in NVML; one without any init is.
  nvmlReturn_t Shutdown();

  // Not thread-limited but meaningless before init: 0 devices then. References stay valid for
  // the life of the world, also when another scenario has been loaded since.
  int device_count();
  const DeviceFacts& facts(int device);
  const std::string& driver_version();

  // The value of a column now. NVML_ERROR_NOT_SUPPORTED where the board does not offer it; the
  // code a trace cell stands for ("[Unknown Error]" is NVML_ERROR_UNKNOWN).
  Answer Read(int device, Column column);
  // Several columns of one instant and one row, also when other threads ask. REQUIRES: spans of
  // equal size.
  void Read(int device, std::span<const Column> columns, std::span<Answer> answers);

  // gpuringSimulatorDescribe and gpuringSimulatorControl.
  const char* Describe();
  nvmlReturn_t Control(std::string_view command, std::string_view argument, std::string* reply);

 private:
  // A loaded scenario. Never freed: clients hold references into it.
  struct Host {
    Scenario scenario;
    std::vector<DeviceFacts> facts;
    std::string description;
  };

  nvmlReturn_t Suffer(std::string_view function, int device);
  bool EnsureLoaded();
  void Adopt(Scenario scenario);
  void Start();
  const Host* host() const { return hosts_.empty() ? nullptr : hosts_.back().get(); }

  nvmlReturn_t Load(std::string_view argument, std::string* reply);
  nvmlReturn_t Step(std::string_view argument, std::string* reply);
  nvmlReturn_t Inject(std::string_view argument, std::string* reply);

  const ReadClock clock_;
  std::mutex mutex_;
  // Guarded by mutex_.
  std::vector<std::unique_ptr<Host>> hosts_;  // the last one is loaded
  std::vector<Device> devices_;
  std::vector<Fault> injected_;
  std::string failure_;              // why no scenario could be loaded
  std::string failure_description_;  // the same as JSON
  int64_t start_ns_ = 0;
  int init_count_ = 0;
  bool ever_initialized_ = false;
  // Changes when faults are replaced: calls that hang for ever look at it.
  std::atomic<uint64_t> fault_generation_{0};
};

}  // namespace gpuring::simulator
