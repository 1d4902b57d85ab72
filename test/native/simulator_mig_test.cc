// Boards split into MIG instances, and what is asked of the parts and of the whole.
#include <array>
#include <atomic>
#include <string>
#include <thread>

#include "check.h"
#include "nvml/abi_extended.h"
#include "simulator_columns.h"
#include "simulator_driver.h"

namespace gpuring {
namespace {

using check::Control;
using check::Describe;
using check::Driver;

constexpr const char* kByIndex = "nvmlDeviceGetMigDeviceHandleByIndex";
constexpr const char* kSplit =
    R"({"devices":[{"board":"h100","mig":["1g.10gb","3g.40gb"]},{"board":"h100"},{"board":"t4"}]})";

void Arrange(const std::string& argument) { CHECK_EQ(Control("mig", argument).text, ""); }

nvmlDevice_t Instance(nvmlDevice_t device, unsigned int index) {
  nvmlDevice_t instance = nullptr;
  CHECK_EQ(Driver::Call(kByIndex, device, index, &instance), NVML_SUCCESS);
  return instance;
}

std::string Text(const char* function, nvmlDevice_t device) {
  char text[96] = "";
  CHECK_EQ(Driver::Call(function, device, text, 96u), NVML_SUCCESS);
  return text;
}

unsigned int Number(const char* function, nvmlDevice_t device) {
  unsigned int number = 99;
  CHECK_EQ(Driver::Call(function, device, &number), NVML_SUCCESS);
  return number;
}

TEST("a split board tells its mode and how many instances there could be") {
  Driver driver(kSplit);
  unsigned int current = 99, pending = 99;
  constexpr const char* kMode = "nvmlDeviceGetMigMode";
  constexpr const char* kMost = "nvmlDeviceGetMaxMigDeviceCount";
  CHECK_EQ(Driver::Call(kMode, driver.Device(0), &current, &pending), NVML_SUCCESS);
  CHECK(current == 1 && pending == 1);
  CHECK_EQ(Driver::Call(kMode, driver.Device(1), &current, &pending), NVML_SUCCESS);
  CHECK(current == 0 && pending == 0);
  CHECK_EQ(Driver::Call(kMode, driver.Device(2), &current, &pending), NVML_ERROR_NOT_SUPPORTED);
  CHECK_EQ(Number(kMost, driver.Device(0)), 7u);
  CHECK_EQ(Number(kMost, driver.Device(1)), 0u);
  nvmlDevice_t instance = nullptr;
  CHECK_EQ(Driver::Call(kByIndex, driver.Device(0), 2u, &instance), NVML_ERROR_NOT_FOUND);
  CHECK_EQ(Driver::Call(kByIndex, driver.Device(0), 7u, &instance), NVML_ERROR_INVALID_ARGUMENT);
  CHECK_EQ(Driver::Call(kByIndex, driver.Device(1), 0u, &instance), NVML_ERROR_NOT_FOUND);
  CHECK_EQ(Driver::Call(kByIndex, driver.Device(2), 0u, &instance), NVML_ERROR_NOT_SUPPORTED);
}

TEST("an instance is a device with a name, a UUID, a parent and numbers of its own") {
  Driver driver(kSplit);
  const nvmlDevice_t parent = driver.Device(0);
  const nvmlDevice_t small = Instance(parent, 0);
  const nvmlDevice_t large = Instance(parent, 1);
  CHECK_EQ(Text("nvmlDeviceGetName", small), "NVIDIA H100 80GB HBM3 MIG 1g.10gb");
  const std::string uuid = Text("nvmlDeviceGetUUID", small);
  CHECK(uuid.starts_with("MIG-"));
  CHECK_EQ(uuid.size(), 40u);
  CHECK(uuid != Text("nvmlDeviceGetUUID", large));
  nvmlDevice_t found = nullptr;
  CHECK_EQ(Driver::Call("nvmlDeviceGetHandleByUUID", uuid.c_str(), &found), NVML_SUCCESS);
  CHECK(found == small);
  CHECK_EQ(Driver::Call("nvmlDeviceGetDeviceHandleFromMigDeviceHandle", large, &found),
           NVML_SUCCESS);
  CHECK(found == parent);
  CHECK_EQ(Driver::Call("nvmlDeviceGetDeviceHandleFromMigDeviceHandle", parent, &found),
           NVML_ERROR_NOT_SUPPORTED);
  CHECK_EQ(Number("nvmlDeviceIsMigDeviceHandle", small), 1u);
  CHECK_EQ(Number("nvmlDeviceIsMigDeviceHandle", parent), 0u);
  CHECK_EQ(Number("nvmlDeviceGetIndex", large), 1u);
  CHECK_EQ(Number("nvmlDeviceGetGpuInstanceId", small), 7u);
  CHECK_EQ(Number("nvmlDeviceGetGpuInstanceId", large), 1u);
  CHECK_EQ(Number("nvmlDeviceGetComputeInstanceId", large), 0u);
  nvmlDeviceAttributes_t attributes{};
  for (const char* name : {"nvmlDeviceGetAttributes", "nvmlDeviceGetAttributes_v2"}) {
    CHECK_EQ(Driver::Call(name, large, &attributes), NVML_SUCCESS);
    CHECK_EQ(attributes.multiprocessorCount, 60u);
    CHECK_EQ(attributes.gpuInstanceSliceCount, 3u);
    CHECK_EQ(attributes.memorySizeMB, 40448ull);
    CHECK_EQ(Driver::Call(name, parent, &attributes), NVML_ERROR_NOT_SUPPORTED);
  }
}

TEST("an instance's memory is its own, and adds up") {
  Driver driver(kSplit);
  const nvmlDevice_t instance = Instance(driver.Device(0), 0);
  nvmlMemory_v2_t split{};
  split.version = VersionWord<nvmlMemory_v2_t>(2);
  CHECK_EQ(Driver::Call("nvmlDeviceGetMemoryInfo_v2", instance, &split), NVML_SUCCESS);
  CHECK_EQ(split.total, 9984ull << 20);
  CHECK_EQ(split.total, split.reserved + split.used + split.free);
  nvmlMemory_t plain{};
  CHECK_EQ(Driver::Call("nvmlDeviceGetMemoryInfo", instance, &plain), NVML_SUCCESS);
  CHECK_EQ(plain.total, split.total);
  CHECK_EQ(plain.total, plain.used + plain.free);
}

TEST("while MIG is on neither board nor instance tells what nobody measures") {
  Driver driver(kSplit);
  const nvmlDevice_t parent = driver.Device(0);
  const nvmlDevice_t instance = Instance(parent, 0);
  nvmlUtilization_t rates{};
  unsigned int percent = 0, period = 0;
  for (const nvmlDevice_t device : {parent, instance}) {
    CHECK_EQ(Driver::Call("nvmlDeviceGetUtilizationRates", device, &rates),
             NVML_ERROR_NOT_SUPPORTED);
    CHECK_EQ(Driver::Call("nvmlDeviceGetEncoderUtilization", device, &percent, &period),
             NVML_ERROR_NOT_SUPPORTED);
  }
  CHECK_EQ(Driver::Call("nvmlDeviceGetPowerUsage", parent, &percent), NVML_SUCCESS);
  CHECK_EQ(Driver::Call("nvmlDeviceGetPowerUsage", instance, &percent), NVML_ERROR_NOT_SUPPORTED);
  CHECK_EQ(Driver::Call("nvmlDeviceGetTemperature", instance, 0u, &percent),
           NVML_ERROR_NOT_SUPPORTED);
  Arrange(R"({"device":0,"enabled":false})");
  CHECK_EQ(Driver::Call("nvmlDeviceGetUtilizationRates", parent, &rates), NVML_SUCCESS);
}

TEST("destroying leaves a hole, what stays keeps its handle, and what comes back its UUID") {
  Driver driver(kSplit);
  const nvmlDevice_t parent = driver.Device(0);
  const nvmlDevice_t gone = Instance(parent, 0);
  const nvmlDevice_t kept = Instance(parent, 1);
  const std::string uuid = Text("nvmlDeviceGetUUID", gone);
  Arrange(R"({"device":0,"instances":["3g.40gb"]})");
  nvmlDevice_t found = nullptr;
  CHECK_EQ(Driver::Call(kByIndex, parent, 0u, &found), NVML_ERROR_NOT_FOUND);
  CHECK(Instance(parent, 1) == kept);
  char text[96];
  CHECK_EQ(Driver::Call("nvmlDeviceGetName", gone, text, 96u), NVML_ERROR_INVALID_ARGUMENT);
  CHECK_EQ(Driver::Call("nvmlDeviceGetHandleByUUID", uuid.c_str(), &found), NVML_ERROR_NOT_FOUND);
  CHECK_EQ(Text("nvmlDeviceGetName", kept), "NVIDIA H100 80GB HBM3 MIG 3g.40gb");
  Arrange(R"({"device":0,"instances":["3g.40gb","2g.20gb","1g.10gb"]})");
  CHECK_EQ(Text("nvmlDeviceGetName", Instance(parent, 0)), "NVIDIA H100 80GB HBM3 MIG 2g.20gb");
  CHECK_EQ(Text("nvmlDeviceGetUUID", Instance(parent, 2)), uuid);
  CHECK_EQ(Driver::Call("nvmlDeviceGetName", gone, text, 96u), NVML_ERROR_INVALID_ARGUMENT);
  Arrange(R"({"device":0,"enabled":false})");
  CHECK_EQ(Driver::Call("nvmlDeviceGetName", kept, text, 96u), NVML_ERROR_INVALID_ARGUMENT);
}

TEST("instances go with their board, and come back with it under new handles") {
  Driver driver(kSplit);
  const nvmlDevice_t instance = Instance(driver.Device(0), 0);
  const std::string uuid = Text("nvmlDeviceGetUUID", instance);
  char text[96];
  Control("devices", R"({"lose":0})");
  CHECK_EQ(Driver::Call("nvmlDeviceGetName", instance, text, 96u), NVML_ERROR_GPU_IS_LOST);
  Control("devices", R"({"restore":0})");
  CHECK_EQ(Driver::Call("nvmlDeviceGetName", instance, text, 96u), NVML_ERROR_INVALID_ARGUMENT);
  CHECK_EQ(Text("nvmlDeviceGetUUID", Instance(driver.Device(0), 0)), uuid);
}

TEST("every instance of a full board is told apart from the others") {
  Driver driver(GPURING_SCENARIOS_DIR "/mig.json");
  std::array<std::string, 7> uuids;
  for (unsigned int i = 0; i < 7; ++i) {
    uuids[i] = Text("nvmlDeviceGetUUID", Instance(driver.Device(2), i));
    CHECK_EQ(Number("nvmlDeviceGetGpuInstanceId", Instance(driver.Device(2), i)), 7 + i);
    for (unsigned int j = 0; j < i; ++j) CHECK(uuids[i] != uuids[j]);
  }
  CHECK_EQ(Text("nvmlDeviceGetName", Instance(driver.Device(2), 6)),
           "NVIDIA A100-SXM4-40GB MIG 1g.5gb");
  const std::string text = Describe();
  CHECK(text.find(R"("mig":[{"index":0,"profile":"1g.10gb","uuid":"MIG-)") != std::string::npos);
  CHECK(text.find(R"("presence":"present","mig":[])") != std::string::npos);
  CHECK(text.find(R"("presence":"present","mig":null)") != std::string::npos);
}

TEST("a layout that cannot be is refused and changes nothing") {
  Driver driver(kSplit);
  const std::string before = Describe();
  for (const char* argument :
       {"", "{}", R"({"device":0})", R"({"instances":[]})", R"({"device":9,"instances":[]})",
        R"({"device":0,"enabled":true})", R"({"device":0,"instances":["9g.10gb"]})",
        R"({"device":0,"instances":["4g.40gb","4g.40gb"]})",
        R"({"device":0,"instances":["3g.40gb","3g.40gb","1g.10gb"]})",
        R"({"device":2,"instances":["1g.5gb"]})",
        R"({"device":0,"instances":[],"enabled":false})"}) {
    const check::Reply reply = Control("mig", argument);
    CHECK_EQ(reply.result, NVML_ERROR_INVALID_ARGUMENT);
    CHECK(reply.text.starts_with("mig:1:"));
  }
  CHECK_EQ(Describe(), before);
  CHECK_EQ(Control("load", R"({"devices":[{"board":"t4","mig":[]}]})").text,
           "scenario:1:33: devices[0].mig: expected a board with MIG, got \"t4\"");
}

TEST("a change of the instances is an event of their board") {
  Driver driver(kSplit);
  nvmlEventSet_t set = nullptr;
  CHECK_EQ(Driver::Call("nvmlEventSetCreate", &set), NVML_SUCCESS);
  CHECK_EQ(
      Driver::Call("nvmlDeviceRegisterEvents", driver.Device(0), nvmlEventMigConfigChange, set),
      NVML_SUCCESS);
  nvmlEventData_t event{};
  Arrange(R"({"device":0,"instances":["1g.10gb","3g.40gb"]})");  // as it was
  CHECK_EQ(Driver::Call("nvmlEventSetWait_v2", set, &event, 0u), NVML_ERROR_TIMEOUT);
  Arrange(R"({"device":0,"instances":["1g.10gb"]})");
  CHECK_EQ(Driver::Call("nvmlEventSetWait_v2", set, &event, 1000u), NVML_SUCCESS);
  CHECK_EQ(event.eventType, nvmlEventMigConfigChange);
  CHECK(event.device == driver.Device(0));
  CHECK_EQ(Driver::Call("nvmlEventSetFree", set), NVML_SUCCESS);
}

// What a call may say while devices and instances come and go under it.
bool IsHonest(nvmlReturn_t result) {
  switch (result) {
    case NVML_SUCCESS:
    case NVML_ERROR_INVALID_ARGUMENT:
    case NVML_ERROR_NOT_SUPPORTED:
    case NVML_ERROR_NOT_FOUND:
    case NVML_ERROR_GPU_IS_LOST:
      return true;
    default:
      return false;
  }
}

void AskUntil(const std::atomic<bool>& done) {
  char text[96];
  nvmlMemory_t memory{};
  while (!done.load()) {
    nvmlDevice_t device = nullptr, instance = nullptr, found = nullptr;
    CHECK(IsHonest(Driver::Call("nvmlDeviceGetHandleByIndex_v2", 0u, &device)));
    CHECK(IsHonest(Driver::Call(kByIndex, device, 0u, &instance)));
    for (const nvmlDevice_t asked : {device, instance}) {
      CHECK(IsHonest(Driver::Call("nvmlDeviceGetMemoryInfo", asked, &memory)));
      if (Driver::Call("nvmlDeviceGetUUID", asked, text, 96u) != NVML_SUCCESS) continue;
      CHECK(IsHonest(Driver::Call("nvmlDeviceGetHandleByUUID", text, &found)));
    }
  }
}

TEST("devices and instances may go while they are asked") {
  Driver driver(kSplit);
  std::atomic<bool> done{false};
  std::array<std::thread, 2> askers;
  for (std::thread& asker : askers) asker = std::thread([&done] { AskUntil(done); });
  for (int round = 0; round < 200; ++round) {
    Arrange(R"({"device":0,"instances":["2g.20gb"]})");
    Control("devices", R"({"remove":0})");
    Control("devices", R"({"restore":0})");
    Arrange(R"({"device":0,"enabled":false})");
    Control("devices", R"({"reset":0})");
    Control("devices", R"({"order":[1,2,0]})");
    Control("devices", R"({"order":[0,1,2]})");
  }
  done.store(true);
  for (std::thread& asker : askers) asker.join();
}

}  // namespace
}  // namespace gpuring
