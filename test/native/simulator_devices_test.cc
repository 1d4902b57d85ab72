// Devices of the simulated host that come, go and change their index; drivers that do.
#include <array>
#include <string>
#include <vector>

#include "check.h"
#include "nvml/abi_extended.h"
#include "simulator_columns.h"
#include "simulator_driver.h"

namespace gpuring {
namespace {

using check::Control;
using check::Describe;
using check::Driver;
using check::Reply;

constexpr const char* kFour =
    R"({"devices":[{"board":"h100","count":4,"load":{"shape":"constant","percent":50}}]})";
constexpr const char* kByIndex = "nvmlDeviceGetHandleByIndex_v2";
constexpr const char* kByUuid = "nvmlDeviceGetHandleByUUID";

void Change(const char* command, const std::string& argument) {
  const Reply reply = Control(command, argument);
  CHECK_EQ(reply.text, "");
  CHECK_EQ(reply.result, NVML_SUCCESS);
}

unsigned int Count() {
  unsigned int count = 99;
  CHECK_EQ(Driver::Call("nvmlDeviceGetCount_v2", &count), NVML_SUCCESS);
  return count;
}

std::string Uuid(nvmlDevice_t device) {
  char text[96] = "";
  CHECK_EQ(Driver::Call("nvmlDeviceGetUUID", device, text, 96u), NVML_SUCCESS);
  return text;
}

nvmlReturn_t Ask(nvmlDevice_t device) {
  unsigned int milliwatts = 0;
  return Driver::Call("nvmlDeviceGetPowerUsage", device, &milliwatts);
}

nvmlReturn_t Find(const std::string& uuid, nvmlDevice_t* device) {
  return Driver::Call(kByUuid, uuid.c_str(), device);
}

unsigned long long Energy(nvmlDevice_t device) {
  unsigned long long millijoules = 0;
  CHECK_EQ(Driver::Call("nvmlDeviceGetTotalEnergyConsumption", device, &millijoules), NVML_SUCCESS);
  return millijoules;
}

TEST("a device that falls off the bus is counted no more, and comes back under its UUID") {
  Driver driver(kFour);
  const nvmlDevice_t gone = driver.Device(1);
  const nvmlDevice_t other = driver.Device(2);
  const std::string uuid = Uuid(gone);
  const std::string other_uuid = Uuid(other);
  Change("devices", R"({"remove":1})");
  CHECK_EQ(Count(), 3u);
  CHECK_EQ(Ask(gone), NVML_ERROR_GPU_IS_LOST);
  CHECK_EQ(Ask(other), NVML_SUCCESS);
  unsigned int index = 99;
  CHECK_EQ(Driver::Call("nvmlDeviceGetIndex", other, &index), NVML_SUCCESS);
  CHECK_EQ(index, 1u);
  CHECK_EQ(Uuid(driver.Device(1)), other_uuid);
  nvmlDevice_t found = nullptr;
  CHECK_EQ(Find(uuid, &found), NVML_ERROR_NOT_FOUND);
  CHECK_EQ(Driver::Call(kByIndex, 3u, &found), NVML_ERROR_INVALID_ARGUMENT);

  Change("devices", R"({"restore":1})");
  CHECK_EQ(Count(), 4u);
  CHECK_EQ(Ask(gone), NVML_ERROR_INVALID_ARGUMENT);
  CHECK_EQ(Find(uuid, &found), NVML_SUCCESS);
  CHECK(found != gone);
  CHECK_EQ(Ask(found), NVML_SUCCESS);
  CHECK(driver.Device(1) == found);
  CHECK(driver.Device(2) == other);
  CHECK_EQ(Ask(other), NVML_SUCCESS);
}

TEST("a lost device is still counted and answers nothing but that it is lost") {
  Driver driver(kFour);
  const nvmlDevice_t lost = driver.Device(3);
  const std::string uuid = Uuid(lost);
  Change("devices", R"({"lose":3})");
  CHECK_EQ(Count(), 4u);
  nvmlDevice_t found = nullptr;
  CHECK_EQ(Driver::Call(kByIndex, 3u, &found), NVML_ERROR_GPU_IS_LOST);
  CHECK_EQ(Find(uuid, &found), NVML_ERROR_GPU_IS_LOST);
  CHECK_EQ(Ask(lost), NVML_ERROR_GPU_IS_LOST);
  unsigned int level = 0;
  CHECK_EQ(Driver::Call("nvmlDeviceGetTopologyCommonAncestor", driver.Device(0), lost, &level),
           NVML_ERROR_GPU_IS_LOST);
  CHECK_EQ(Ask(driver.Device(0)), NVML_SUCCESS);
  Change("devices", R"({"restore":3})");
  CHECK_EQ(Ask(lost), NVML_ERROR_INVALID_ARGUMENT);
  CHECK_EQ(Find(uuid, &found), NVML_SUCCESS);
  CHECK_EQ(Ask(found), NVML_SUCCESS);
}

TEST("restoring keeps the counters, a reset begins them anew") {
  Driver driver(R"({"step":"manual","devices":[{"board":"h100","count":2}]})");
  CHECK_EQ(Control("step", "1000").result, NVML_SUCCESS);
  const unsigned long long before = Energy(driver.Device(0));
  const unsigned long long other = Energy(driver.Device(1));
  CHECK(before > 0);
  Change("devices", R"({"lose":0})");
  Change("devices", R"({"restore":0})");
  CHECK_EQ(Energy(driver.Device(0)), before);
  const nvmlDevice_t stale = driver.Device(0);
  Change("devices", R"({"reset":0})");
  CHECK_EQ(Ask(stale), NVML_ERROR_INVALID_ARGUMENT);
  CHECK_EQ(Energy(driver.Device(0)), 0ull);
  CHECK_EQ(Energy(driver.Device(1)), other);
}

TEST("an added device has a position and a UUID of its own, and can be taken away again") {
  Driver driver(kFour);
  const Reply reply = Control("devices", R"({"add":{"board":"l4"}})");
  CHECK_EQ(reply.result, NVML_SUCCESS);
  CHECK_EQ(reply.text, "4");
  CHECK_EQ(Count(), 5u);
  const nvmlDevice_t added = driver.Device(4);
  for (unsigned int i = 0; i < 4; ++i) CHECK(Uuid(driver.Device(i)) != Uuid(added));
  CHECK_EQ(Ask(added), NVML_SUCCESS);
  Change("devices", R"({"remove":4})");
  CHECK_EQ(Count(), 4u);
  CHECK_EQ(Ask(added), NVML_ERROR_GPU_IS_LOST);
  CHECK_EQ(Control("devices", R"({"add":{"board":"l4","count":64}})").text,
           "devices:1:8: add: expected at most 64 devices in all");
}

TEST("another order changes indices and nothing else") {
  Driver driver(kFour);
  std::vector<nvmlDevice_t> devices;
  for (unsigned int i = 0; i < 4; ++i) devices.push_back(driver.Device(i));
  Change("devices", R"({"order":[2,0,3,1]})");
  unsigned int index = 99;
  for (const unsigned int position : {2u, 0u, 3u, 1u}) {
    const nvmlDevice_t device = devices[position];
    CHECK_EQ(Driver::Call("nvmlDeviceGetIndex", device, &index), NVML_SUCCESS);
    CHECK(driver.Device(index) == device);
    unsigned int minor = 99;
    CHECK_EQ(Driver::Call("nvmlDeviceGetMinorNumber", device, &minor), NVML_SUCCESS);
    CHECK_EQ(minor, position);
  }
  // Faults and commands go by the position, not by the index.
  CHECK_EQ(Control("inject", R"([{"function":"nvmlDeviceGetPowerUsage","device":2,"return":999}])")
               .result,
           NVML_SUCCESS);
  CHECK_EQ(Ask(driver.Device(0)), NVML_ERROR_UNKNOWN);
  CHECK_EQ(Ask(driver.Device(2)), NVML_SUCCESS);
  Change("devices", R"({"remove":2})");
  CHECK(driver.Device(0) == devices[0]);
  Change("inject", "[]");
}

TEST("a change that cannot be is refused and changes nothing") {
  Driver driver(kFour);
  const std::string before = Describe();
  for (const char* argument :
       {"", "[]", "{}", R"({"remove":4})", R"({"remove":-1})", R"({"remove":"1"})",
        R"({"restore":1})", R"({"add":{"board":"x"}})", R"({"order":[0,1]})",
        R"({"order":[0,1,2,2]})", R"({"order":[0,1,2,9]})", R"({"drop":1})",
        R"({"remove":1,"lose":2})"}) {
    const Reply reply = Control("devices", argument);
    CHECK_EQ(reply.result, NVML_ERROR_INVALID_ARGUMENT);
    CHECK(reply.text.starts_with("devices:1:"));
    CHECK(reply.text.find("expected") != std::string::npos);
  }
  CHECK_EQ(Describe(), before);
  CHECK_EQ(Count(), 4u);
}

TEST("the description tells positions, indices and who is there") {
  Driver driver(R"({"devices":[{"board":"t4","count":3}]})");
  Change("devices", R"({"remove":0})");
  Change("devices", R"({"lose":2})");
  const std::string text = Describe();
  for (const char* part : {R"("position":0,"index":null,"presence":"removed","mig":null)",
                           R"("position":1,"index":0,"presence":"present")",
                           R"("position":2,"index":1,"presence":"lost")"}) {
    CHECK(text.find(part) != std::string::npos);
  }
}

TEST("a driver that is away answers so, and a new one does not know old clients") {
  Driver driver(kFour);
  const nvmlDevice_t device = driver.Device(0);
  unsigned int count = 0;
  Change("driver", R"({"state":"unloaded"})");
  CHECK_EQ(Ask(device), NVML_ERROR_DRIVER_NOT_LOADED);
  CHECK_EQ(Driver::Call("nvmlDeviceGetCount_v2", &count), NVML_ERROR_DRIVER_NOT_LOADED);
  CHECK_EQ(Driver::Call("nvmlInit_v2"), NVML_ERROR_DRIVER_NOT_LOADED);
  Change("driver", R"({"state":"mismatch"})");
  CHECK_EQ(Ask(device), NVML_ERROR_LIB_RM_VERSION_MISMATCH);
  CHECK_EQ(Driver::Call("nvmlInit_v2"), NVML_ERROR_LIB_RM_VERSION_MISMATCH);
  Change("driver", R"({"state":"loaded","version":"575.57.08"})");
  CHECK_EQ(Ask(device), NVML_ERROR_UNINITIALIZED);
  CHECK_EQ(Driver::Call("nvmlDeviceGetCount_v2", &count), NVML_ERROR_UNINITIALIZED);
  CHECK_EQ(Driver::Call("nvmlShutdown"), NVML_SUCCESS);
  CHECK_EQ(Driver::Call("nvmlInit_v2"), NVML_SUCCESS);
  CHECK_EQ(Ask(device), NVML_ERROR_INVALID_ARGUMENT);
  CHECK_EQ(Ask(driver.Device(0)), NVML_SUCCESS);
  char version[80] = "";
  CHECK_EQ(Driver::Call("nvmlSystemGetDriverVersion", version, 80u), NVML_SUCCESS);
  CHECK_EQ(std::string(version), "575.57.08");
  for (const char* argument : {"{}", R"({"state":"gone"})", R"({"state":"loaded","version":""})"}) {
    CHECK_EQ(Control("driver", argument).result, NVML_ERROR_INVALID_ARGUMENT);
  }
  CHECK_EQ(Ask(driver.Device(0)), NVML_SUCCESS);
}

TEST("a reload begins the counters anew") {
  Driver driver(R"({"step":"manual","devices":[{"board":"h100"}]})");
  CHECK_EQ(Control("step", "100").result, NVML_SUCCESS);
  CHECK(Energy(driver.Device(0)) > 0);
  Change("driver", R"({"state":"loaded"})");
  CHECK_EQ(Driver::Call("nvmlShutdown"), NVML_SUCCESS);
  CHECK_EQ(Driver::Call("nvmlInit_v2"), NVML_SUCCESS);
  CHECK_EQ(Energy(driver.Device(0)), 0ull);
}

TEST("what a driver lacks is not found, from the first call on") {
  const char* scenario = R"({"devices":[{"board":"h100"}],
      "lacks":["nvmlInitWithFlags","nvmlDeviceGetMemoryInfo_v2"],"processRecordBytes":32})";
  Driver driver(scenario);
  CHECK_EQ(Driver::Call("nvmlInitWithFlags", 0u), NVML_ERROR_FUNCTION_NOT_FOUND);
  nvmlMemory_v2_t split{};
  CHECK_EQ(Driver::Call("nvmlDeviceGetMemoryInfo_v2", driver.Device(0), &split),
           NVML_ERROR_FUNCTION_NOT_FOUND);
  nvmlMemory_t plain{};
  CHECK_EQ(Driver::Call("nvmlDeviceGetMemoryInfo", driver.Device(0), &plain), NVML_SUCCESS);
  CHECK_EQ(Control("load", R"({"devices":[],"lacks":["nvmlDeviceGetNam"]})").text,
           "scenario:1:24: lacks[0]: expected a function of NVML, such as \"nvmlDeviceGetName\", "
           "got \"nvmlDeviceGetNam\"");
  CHECK_EQ(Control("load", R"({"devices":[],"processRecordBytes":28})").text,
           "scenario:1:36: processRecordBytes: expected 24 or 32, got 28");
}

TEST("memory that is the processor's has no size, and nothing stale is left in its place") {
  Driver driver(GPURING_SCENARIOS_DIR "/unified-memory.json");
  const nvmlDevice_t device = driver.Device(0);
  nvmlMemory_t plain{7, 7, 7};
  CHECK_EQ(Driver::Call("nvmlDeviceGetMemoryInfo", device, &plain), NVML_ERROR_NOT_SUPPORTED);
  CHECK_EQ(plain.total, 0ull);
  nvmlMemory_v2_t split{VersionWord<nvmlMemory_v2_t>(2), 7, 7, 7, 7};
  CHECK_EQ(Driver::Call("nvmlDeviceGetMemoryInfo_v2", device, &split), NVML_ERROR_NOT_SUPPORTED);
  CHECK_EQ(split.total, 0ull);
  int major = 0, minor = 0;
  CHECK_EQ(Driver::Call("nvmlDeviceGetCudaComputeCapability", device, &major, &minor),
           NVML_SUCCESS);
  CHECK_EQ(major * 10 + minor, 121);
  CHECK_EQ(Ask(device), NVML_SUCCESS);
  CHECK(Describe().find("memory.total") == std::string::npos);
}

TEST("a driver of 2018 has the old calls and none of the new") {
  Driver driver(GPURING_SCENARIOS_DIR "/pre-2019.json");
  const nvmlDevice_t device = driver.Device(0);
  unsigned int number = 0;
  CHECK_EQ(Driver::Call("nvmlDeviceGetTemperature", device, 0u, &number), NVML_SUCCESS);
  number = 0;
  CHECK_EQ(Driver::Call("nvmlDeviceGetComputeRunningProcesses", device, &number, nullptr),
           NVML_SUCCESS);
  CHECK(Energy(device) < 1'000'000'000);
  for (const char* name :
       {"nvmlDeviceGetMemoryInfo_v2", "nvmlDeviceGetTemperatureV", "nvmlEventSetWait_v2",
        "nvmlDeviceGetComputeRunningProcesses_v2", "nvmlDeviceGetMigMode",
        "nvmlDeviceGetCurrentClocksEventReasons", "nvmlGpmQueryDeviceSupport"}) {
    CHECK_EQ(Driver::Call(name, device, &number, nullptr), NVML_ERROR_FUNCTION_NOT_FOUND);
  }
}

// By elements as long as the driver's.
template <typename Element>
std::array<Element, 8> ListProcesses(nvmlDevice_t device) {
  std::array<Element, 8> processes{};
  unsigned int count = 8;
  CHECK_EQ(
      Driver::Call("nvmlDeviceGetComputeRunningProcesses_v3", device, &count, processes.data()),
      NVML_SUCCESS);
  CHECK(count > 0);
  return processes;
}

TEST("a driver behind a Windows host declines most of what is rare") {
  Driver driver(GPURING_SCENARIOS_DIR "/wsl.json");
  const nvmlDevice_t device = driver.Device(0);
  CHECK_EQ(Ask(device), NVML_SUCCESS);
  unsigned long long wide = 0;
  for (const char* name :
       {"nvmlDeviceGetTotalEnergyConsumption", "nvmlDeviceGetSupportedEventTypes"}) {
    CHECK_EQ(Driver::Call(name, device, &wide), NVML_ERROR_NOT_SUPPORTED);
  }
  CHECK_EQ(ListProcesses<nvmlProcessInfo_v2_t>(device)[0].usedGpuMemory,
           NVML_VALUE_NOT_AVAILABLE_U64);
}

TEST("an early driver of branch 535 writes 32 bytes for a process where 24 are declared") {
  Driver driver(GPURING_SCENARIOS_DIR "/r535.json");
  const auto processes = ListProcesses<nvmlProcessDetail_v1_t>(driver.Device(0));
  CHECK_EQ(processes[0].pid, 4242u);
  CHECK_EQ(processes[1].pid, 4243u);
  CHECK_EQ(processes[2].pid, 4244u);
}

// The level between two devices, the same both ways.
unsigned int Level(const Driver& driver, unsigned int a, unsigned int b) {
  unsigned int there = 99, back = 98;
  constexpr const char* kAncestor = "nvmlDeviceGetTopologyCommonAncestor";
  CHECK_EQ(Driver::Call(kAncestor, driver.Device(a), driver.Device(b), &there), NVML_SUCCESS);
  CHECK_EQ(Driver::Call(kAncestor, driver.Device(b), driver.Device(a), &back), NVML_SUCCESS);
  CHECK_EQ(there, back);
  return there;
}

TEST("pairs share a switch, halves a node, and processors and memory go with the node") {
  Driver driver(R"({"devices":[{"board":"rtx4090","count":8}]})");
  for (unsigned int a = 0; a < 8; ++a) {
    unsigned int node = 99;
    CHECK_EQ(Driver::Call("nvmlDeviceGetNumaNodeId", driver.Device(a), &node), NVML_SUCCESS);
    CHECK_EQ(node, a / 4);
    std::array<unsigned long, 4> memory{};
    CHECK_EQ(Driver::Call("nvmlDeviceGetMemoryAffinity", driver.Device(a), 4u, memory.data(), 0u),
             NVML_SUCCESS);
    CHECK_EQ(memory[0], 1ul << node);
    for (unsigned int b = 0; b < 8; ++b) {
      const unsigned int expected = a == b           ? NVML_TOPOLOGY_INTERNAL
                                    : a / 4 != b / 4 ? NVML_TOPOLOGY_SYSTEM
                                    : a / 2 == b / 2 ? NVML_TOPOLOGY_SINGLE
                                                     : NVML_TOPOLOGY_NODE;
      CHECK_EQ(Level(driver, a, b), expected);
    }
  }
  std::array<unsigned long, 16> first{}, second{};
  CHECK_EQ(Driver::Call("nvmlDeviceGetCpuAffinity", driver.Device(0), 16u, first.data()),
           NVML_SUCCESS);
  CHECK_EQ(Driver::Call("nvmlDeviceGetCpuAffinity", driver.Device(7), 16u, second.data()),
           NVML_SUCCESS);
  CHECK(first[0] != 0 && (first == second || (first[0] & second[0]) == 0));
}

TEST("server boards are linked through switches, desktop boards in pairs") {
  Driver driver(R"({"devices":[{"board":"h100","count":2},{"board":"rtx3090","count":2}]})");
  const auto peers = [&driver](unsigned int a, unsigned int b) {
    unsigned int status = 99;
    CHECK_EQ(Driver::Call("nvmlDeviceGetP2PStatus", driver.Device(a), driver.Device(b),
                          unsigned{NVML_P2P_CAPS_INDEX_NVLINK}, &status),
             NVML_SUCCESS);
    return status == NVML_P2P_STATUS_OK;
  };
  CHECK(peers(0, 1) && peers(2, 3) && !peers(0, 2) && !peers(1, 3));
  unsigned int type = 99, active = 99;
  constexpr const char* kType = "nvmlDeviceGetNvLinkRemoteDeviceType";
  constexpr const char* kRemote = "nvmlDeviceGetNvLinkRemotePciInfo_v2";
  CHECK_EQ(Driver::Call(kType, driver.Device(0), 17u, &type), NVML_SUCCESS);
  CHECK_EQ(type, unsigned{NVML_NVLINK_DEVICE_TYPE_SWITCH});
  CHECK_EQ(Driver::Call(kType, driver.Device(2), 3u, &type), NVML_SUCCESS);
  CHECK_EQ(type, unsigned{NVML_NVLINK_DEVICE_TYPE_GPU});
  CHECK_EQ(Driver::Call(kType, driver.Device(2), 4u, &type), NVML_ERROR_NOT_SUPPORTED);
  nvmlPciInfo_t there{}, peer{};
  CHECK_EQ(Driver::Call(kRemote, driver.Device(2), 0u, &there), NVML_SUCCESS);
  CHECK_EQ(Driver::Call("nvmlDeviceGetPciInfo_v3", driver.Device(3), &peer), NVML_SUCCESS);
  CHECK_EQ(std::string(there.busId), std::string(peer.busId));
  Change("devices", R"({"remove":3})");
  CHECK_EQ(Driver::Call("nvmlDeviceGetNvLinkState", driver.Device(2), 0u, &active), NVML_SUCCESS);
  CHECK_EQ(active, unsigned{NVML_FEATURE_DISABLED});
  CHECK_EQ(Driver::Call(kRemote, driver.Device(2), 0u, &there), NVML_ERROR_NOT_SUPPORTED);
}

}  // namespace
}  // namespace gpuring
