// The simulated host: devices, their values at this moment, faults. The exported nvml* functions
// (exports_*.cc) check arguments and translate; everything they answer comes from here.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
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
#include "simulator/mig.h"
#include "simulator/roster.h"

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
  // NVML_ERROR_UNINITIALIZED before init (`device` -1: not about one device), what the state of the
  // driver or the device forbids, else NVML_SUCCESS. A device is named as in device_number.h.
  nvmlReturn_t Enter(std::string_view function, int device);
  // As Enter, for the few functions that work before init (init itself, error strings).
  nvmlReturn_t EnterUninitialized(std::string_view function);

  // Counted. The first init starts the world's time. NVML_ERROR_INVALID_ARGUMENT, with one line on
  // the standard error stream, when the scenario named by GPURING_SCENARIO cannot be used.
  nvmlReturn_t Init(uint32_t flags);
  // One shutdown too many is no error, as in NVML; one without any init is.
  nvmlReturn_t Shutdown();
  // Whether the driver that served the present inits is still there.
  bool IsServing();

  // Not thread-limited but meaningless before init: 0 devices then. References stay valid for
  // the life of the world, also when another scenario has been loaded since.
  int device_count();
  // The device at NVML's index, and back; -1 where there is none.
  int DeviceAt(unsigned int index);
  int IndexOf(int device);
  const DeviceFacts& facts(int device);
  const std::string& driver_version();

  // Handles carry a serial number, which changes whenever a device or an instance comes back.
  uint32_t SerialOf(int device);
  // Whether a handle with this serial is good, or was until its device went away: then every call
  // about it is NVML_ERROR_GPU_IS_LOST.
  bool HasHandle(int device, uint32_t serial);
  bool IsAway(int device);

  bool IsMigOn(int device);
  // The instance at NVML's index of MIG devices, -1 in a hole.
  int InstanceAt(int device, unsigned int index);
  // Empty for a board, and for an instance that is gone.
  MigInstance InstanceOf(int device);

  // 0 or 1. Of two, the first holds the first half of the scenario's devices.
  int NumaNodeOf(int device);
  int numa_node_count();
  // Number of the PCIe switch above a device, in its node; two devices share one.
  int PciSwitchOf(int device);
  // Bytes of an element that the lists of processes are filled with: 24, or 32 as some drivers do.
  uint32_t process_record_bytes();

  // The value of a column now. NVML_ERROR_NOT_SUPPORTED where the board does not offer it; the
  // code a trace cell stands for ("[Unknown Error]" is NVML_ERROR_UNKNOWN).
  Answer Read(int device, Column column);
  // Several columns of one instant and one row, also when other threads ask. REQUIRES: spans of
  // equal size.
  void Read(int device, std::span<const Column> columns, std::span<Answer> answers);

  // Runs `question(Device&)`, which answers an nvmlReturn_t, on the device at this moment, under
  // the mutex. An instance is asked by its board. Counts as a question only where it calls
  // Device::Ask.
  template <typename Question>
  nvmlReturn_t Ask(int device, Question question) {
    const std::lock_guard lock(mutex_);
    nvmlReturn_t missing = NVML_SUCCESS;
    Device* const asked = Attend(device, &missing);
    return asked != nullptr ? question(*asked) : missing;
  }

  // gpuringSimulatorDescribe and gpuringSimulatorControl.
  const char* Describe();
  nvmlReturn_t Control(std::string_view command, std::string_view argument, std::string* reply);

 private:
  // A loaded scenario. Never freed: clients hold references into it.
  struct Host {
    Scenario scenario;
    size_t first_devices = 0;        // the scenario's own, before any was added
    std::vector<DeviceFacts> facts;  // room for all that may be added: references stay valid
    std::map<std::string, std::unique_ptr<InstanceFacts>> instances;  // by UUID and profile
    std::string description;                                          // "": to be made
  };

  nvmlReturn_t Suffer(std::string_view function, int device);
  nvmlReturn_t Admit(std::string_view function, int device);
  bool EnsureLoaded();
  void Adopt(Scenario scenario);
  void Start();
  const Host* host() const { return hosts_.empty() ? nullptr : hosts_.back().get(); }
  void BringUp(size_t position, int64_t begun_ns);
  int64_t ElapsedNs(int position) const;
  Device* Attend(int device, nvmlReturn_t* missing);
  void ReadInstance(int device, std::span<const Column> columns, std::span<Answer> answers);
  const MigInstance& Instance(int device) const;
  uint32_t Serial(int device) const;
  const DeviceFacts& FactsOf(int device);

  nvmlReturn_t Load(std::string_view argument, std::string* reply);
  nvmlReturn_t Step(std::string_view argument, std::string* reply);
  nvmlReturn_t Inject(std::string_view argument, std::string* reply);
  nvmlReturn_t PostDeviceEvent(std::string_view argument, std::string* reply);
  nvmlReturn_t TellMisuse(std::string_view argument, std::string* reply);
  nvmlReturn_t TellCalls(std::string_view argument, std::string* reply);
  nvmlReturn_t TellFaults(std::string_view argument, std::string* reply);
  nvmlReturn_t ListDevices(std::string_view argument, std::string* reply);
  nvmlReturn_t ChangeDevices(std::string_view argument, std::string* reply);
  nvmlReturn_t ChangeMig(std::string_view argument, std::string* reply);
  nvmlReturn_t ChangeDriver(std::string_view argument, std::string* reply);
  nvmlReturn_t SetValues(std::string_view argument, std::string* reply);
  nvmlReturn_t SetProcesses(std::string_view argument, std::string* reply);
  void ChangePresence(const JsonMember& change, Refusals* refusals);
  void AddDevices(const JsonValue& entry, Refusals* refusals, std::string* reply);
  void OrderDevices(const JsonValue& order, Refusals* refusals);
  int ChangeLayout(const JsonValue& change, Refusals* refusals);

  const ReadClock clock_;
  std::mutex mutex_;
  // Guarded by mutex_.
  std::vector<std::unique_ptr<Host>> hosts_;  // the last one is loaded
  std::vector<Device> devices_;               // by position, as the two below
  std::vector<int64_t> begun_ns_;             // when each began anew, after start_ns_
  std::vector<MigLayout> mig_;
  Roster roster_;
  std::vector<Fault> injected_;
  std::string failure_;              // why no scenario could be loaded
  std::string failure_description_;  // the same as JSON
  int64_t start_ns_ = 0;
  int init_count_ = 0;
  bool ever_initialized_ = false;
  nvmlReturn_t driver_ = NVML_SUCCESS;     // what calls answer while no driver serves them
  bool orphaned_ = false;                  // the driver that served the present inits is gone
  std::set<std::string> driver_versions_;  // never shrinks: clients hold references
  const std::string* driver_version_ = nullptr;
  // Changes when faults are replaced: calls that hang for ever look at it.
  std::atomic<uint64_t> fault_generation_{0};
};

}  // namespace gpuring::simulator
