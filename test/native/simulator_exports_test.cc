// The simulated driver's exported functions, through dlopen and dlsym as a client meets them.
#include <unistd.h>

#include <array>
#include <cctype>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "check.h"
#include "nvml/abi_extended.h"
#include "simulator_driver.h"

namespace gpuring {
namespace {

using check::Driver;

constexpr const char* kThreeBoards =
    R"({"name":"three","devices":[{"board":"h100"},{"board":"rtx4090"},{"board":"t4"}]})";

nvmlReturn_t GetText(const char* function, nvmlDevice_t device, std::string* text) {
  char buffer[96] = "";
  const nvmlReturn_t result = Driver::Call(function, device, buffer, sizeof(buffer));
  *text = buffer;
  return result;
}

TEST("init is counted: the library lives until the last shutdown") {
  Driver driver(kThreeBoards);
  unsigned int count = 0;
  CHECK_EQ(Driver::Call("nvmlInit_v2"), NVML_SUCCESS);
  CHECK_EQ(Driver::Call("nvmlInitWithFlags", unsigned{NVML_INIT_FLAG_NO_GPUS}), NVML_SUCCESS);
  CHECK_EQ(Driver::Call("nvmlShutdown"), NVML_SUCCESS);
  CHECK_EQ(Driver::Call("nvmlShutdown"), NVML_SUCCESS);
  CHECK_EQ(Driver::Call("nvmlDeviceGetCount", &count), NVML_SUCCESS);
  CHECK_EQ(count, 3u);
  CHECK_EQ(Driver::Call("nvmlShutdown"), NVML_SUCCESS);
  CHECK_EQ(Driver::Call("nvmlDeviceGetCount_v2", &count), NVML_ERROR_UNINITIALIZED);
  CHECK_EQ(Driver::Call("nvmlInit"), NVML_SUCCESS);  // for the driver's own shutdown
}

TEST("every code has an error text, and the same one each time") {
  using ErrorString = const char*(nvmlReturn_t);
  auto* text = Driver::Symbol<ErrorString>("nvmlErrorString");
  for (unsigned int code = 0; code <= 1000; ++code) {
    const char* first = text(static_cast<nvmlReturn_t>(code));
    CHECK(first != nullptr && std::strlen(first) > 8);
    CHECK(first == text(static_cast<nvmlReturn_t>(code)));
  }
  CHECK(std::strcmp(text(NVML_ERROR_NOT_SUPPORTED), text(NVML_ERROR_UNKNOWN)) != 0);
}

TEST("the host tells its driver, NVML and CUDA versions") {
  Driver driver(R"({"devices":[{"board":"l4"}],"driverVersion":"550.163.01"})");
  char text[80];
  CHECK_EQ(Driver::Call("nvmlSystemGetDriverVersion", text, 80u), NVML_SUCCESS);
  CHECK_EQ(std::string(text), "550.163.01");
  CHECK_EQ(Driver::Call("nvmlSystemGetDriverVersion", text, 10u), NVML_ERROR_INSUFFICIENT_SIZE);
  CHECK_EQ(Driver::Call("nvmlSystemGetDriverVersion", text, 11u), NVML_SUCCESS);
  CHECK_EQ(Driver::Call("nvmlSystemGetNVMLVersion", text, 80u), NVML_SUCCESS);
  CHECK_EQ(std::string(text), "12.550.163.01");
  int cuda = 0;
  CHECK_EQ(Driver::Call("nvmlSystemGetCudaDriverVersion", &cuda), NVML_SUCCESS);
  CHECK_EQ(cuda, 12040);
  nvmlSystemDriverBranchInfo_v1_t branch{};
  CHECK_EQ(Driver::Call("nvmlSystemGetDriverBranch", &branch, 80u),
           NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
  branch.version = VersionWord<nvmlSystemDriverBranchInfo_v1_t>(1);
  CHECK_EQ(Driver::Call("nvmlSystemGetDriverBranch", &branch, 80u), NVML_SUCCESS);
  CHECK_EQ(std::string(branch.branch), "r550_00");
}

TEST("a process is named from the real host, cropped to the buffer") {
  Driver driver(kThreeBoards);
  char whole[256];
  const auto self = static_cast<unsigned int>(getpid());
  CHECK_EQ(Driver::Call("nvmlSystemGetProcessName", self, whole, 256u), NVML_SUCCESS);
  char cropped[4];
  CHECK_EQ(Driver::Call("nvmlSystemGetProcessName", self, cropped, 4u), NVML_SUCCESS);
  CHECK_EQ(std::string(cropped), std::string(whole).substr(0, 3));
  CHECK_EQ(Driver::Call("nvmlSystemGetProcessName", ~0u, whole, 256u), NVML_ERROR_NOT_FOUND);
}

TEST("a device is found by each of its names") {
  Driver driver(kThreeBoards);
  const nvmlDevice_t device = driver.Device(1);
  std::string uuid;
  CHECK_EQ(GetText("nvmlDeviceGetUUID", device, &uuid), NVML_SUCCESS);
  CHECK_EQ(uuid.size(), 40u);
  nvmlDevice_t found = nullptr;
  CHECK_EQ(Driver::Call("nvmlDeviceGetHandleByUUID", uuid.c_str(), &found), NVML_SUCCESS);
  CHECK(found == device);
  CHECK_EQ(Driver::Call("nvmlDeviceGetHandleByUUID", "GPU-none", &found), NVML_ERROR_NOT_FOUND);

  nvmlUUID_v1_t versioned{VersionWord<nvmlUUID_v1_t>(1), NVML_UUID_TYPE_ASCII, {}};
  std::memcpy(versioned.value.str, uuid.c_str(), uuid.size() + 1);
  found = nullptr;
  CHECK_EQ(Driver::Call("nvmlDeviceGetHandleByUUIDV", &versioned, &found), NVML_SUCCESS);
  CHECK(found == device);
  versioned.type = NVML_UUID_TYPE_BINARY;
  size_t at = 4;
  for (unsigned char& byte : versioned.value.bytes) {
    if (uuid[at] == '-') ++at;
    byte = static_cast<unsigned char>(std::stoul(uuid.substr(at, 2), nullptr, 16));
    at += 2;
  }
  found = nullptr;
  CHECK_EQ(Driver::Call("nvmlDeviceGetHandleByUUIDV", &versioned, &found), NVML_SUCCESS);
  CHECK(found == device);
  versioned.version = 0;
  CHECK_EQ(Driver::Call("nvmlDeviceGetHandleByUUIDV", &versioned, &found),
           NVML_ERROR_ARGUMENT_VERSION_MISMATCH);

  std::string serial;
  CHECK_EQ(GetText("nvmlDeviceGetSerial", device, &serial), NVML_ERROR_NOT_SUPPORTED);  // GeForce
  CHECK_EQ(GetText("nvmlDeviceGetSerial", driver.Device(0), &serial), NVML_SUCCESS);
  CHECK_EQ(Driver::Call("nvmlDeviceGetHandleBySerial", serial.c_str(), &found), NVML_SUCCESS);
  CHECK(found == driver.Device(0));
  CHECK_EQ(Driver::Call("nvmlDeviceGetHandleBySerial", "", &found), NVML_ERROR_INVALID_ARGUMENT);
  CHECK_EQ(Driver::Call("nvmlDeviceGetHandleByIndex", 3u, &found), NVML_ERROR_INVALID_ARGUMENT);
}

TEST("a PCI bus id is understood in every spelling, and nothing else is") {
  Driver driver(kThreeBoards);
  nvmlPciInfo_t pci{};
  CHECK_EQ(Driver::Call("nvmlDeviceGetPciInfo_v3", driver.Device(2), &pci), NVML_SUCCESS);
  std::string lower = pci.busId;
  for (char& letter : lower) letter = static_cast<char>(std::tolower(letter));
  const std::string domainless = std::string(pci.busId).substr(9);
  for (const std::string& id : {std::string(pci.busId), std::string(pci.busIdLegacy), lower,
                                domainless, domainless.substr(0, domainless.size() - 2)}) {
    nvmlDevice_t found = nullptr;
    CHECK_EQ(Driver::Call("nvmlDeviceGetHandleByPciBusId_v2", id.c_str(), &found), NVML_SUCCESS);
    CHECK(found == driver.Device(2));
    CHECK_EQ(Driver::Call("nvmlDeviceGetHandleByPciBusId", id.c_str(), &found), NVML_SUCCESS);
  }
  nvmlDevice_t found = nullptr;
  CHECK_EQ(Driver::Call("nvmlDeviceGetHandleByPciBusId_v2", "7fff:ff:1f.0", &found),
           NVML_ERROR_NOT_FOUND);
  for (const char* id : {"", "1b", ":::", "0000:xx:00.0", "0000:1b:00.", "0:1:2:3", "0000:1b:00.0 ",
                         "99999999999:1b:00.0", "-1:1b:00.0"}) {
    CHECK_EQ(Driver::Call("nvmlDeviceGetHandleByPciBusId_v2", id, &found),
             NVML_ERROR_INVALID_ARGUMENT);
  }
}

TEST("the older PCI calls write no further than their structs went") {
  Driver driver(kThreeBoards);
  nvmlPciInfo_t pci;
  std::memset(&pci, 0x5a, sizeof(pci));
  CHECK_EQ(Driver::Call("nvmlDeviceGetPciInfo", driver.Device(0), &pci), NVML_SUCCESS);
  CHECK_EQ(std::strlen(pci.busIdLegacy), 12u);
  CHECK_EQ(pci.pciSubSystemId, 0x5a5a5a5au);
  CHECK_EQ(pci.busId[0], '\x5a');
  CHECK_EQ(Driver::Call("nvmlDeviceGetPciInfo_v2", driver.Device(0), &pci), NVML_SUCCESS);
  CHECK(pci.pciSubSystemId != 0x5a5a5a5au);
  CHECK_EQ(pci.busId[0], '\x5a');
  CHECK_EQ(Driver::Call("nvmlDeviceGetPciInfo_v3", driver.Device(0), &pci), NVML_SUCCESS);
  CHECK_EQ(std::string(pci.busId), "0000" + std::string(pci.busIdLegacy));
}

TEST("a handle does not outlive the library's life") {
  Driver driver(kThreeBoards);
  const nvmlDevice_t stale = driver.Device(0);
  nvmlEventSet_t set = nullptr;
  CHECK_EQ(Driver::Call("nvmlEventSetCreate", &set), NVML_SUCCESS);
  Driver::Call("nvmlShutdown");
  Driver::Call("nvmlInit_v2");
  unsigned int value = 0;
  CHECK_EQ(Driver::Call("nvmlDeviceGetIndex", stale, &value), NVML_ERROR_INVALID_ARGUMENT);
  CHECK_EQ(Driver::Call("nvmlDeviceGetIndex", driver.Device(0), &value), NVML_SUCCESS);
  CHECK_EQ(Driver::Call("nvmlEventSetFree", set), NVML_ERROR_INVALID_ARGUMENT);
  CHECK_EQ(Driver::Call("nvmlDeviceGetIndex", &value, &value), NVML_ERROR_INVALID_ARGUMENT);
}

TEST("memory comes in both versions, and the older counts the reserved part as used") {
  Driver driver(kThreeBoards);
  nvmlMemory_v2_t split{};
  CHECK_EQ(Driver::Call("nvmlDeviceGetMemoryInfo_v2", driver.Device(0), &split),
           NVML_ERROR_ARGUMENT_VERSION_MISMATCH);
  split.version = VersionWord<nvmlMemory_v2_t>(2);
  CHECK_EQ(Driver::Call("nvmlDeviceGetMemoryInfo_v2", driver.Device(0), &split), NVML_SUCCESS);
  CHECK(split.reserved > 0);
  CHECK_EQ(split.total, split.reserved + split.used + split.free);
  nvmlMemory_t plain{};
  CHECK_EQ(Driver::Call("nvmlDeviceGetMemoryInfo", driver.Device(0), &plain), NVML_SUCCESS);
  CHECK_EQ(plain.total, plain.used + plain.free);
  CHECK_EQ(plain.total, split.total);
}

TEST("lists are asked for their length first") {
  Driver driver(kThreeBoards);
  const nvmlDevice_t device = driver.Device(1);
  unsigned int count = 0;
  CHECK_EQ(Driver::Call("nvmlDeviceGetSupportedMemoryClocks", device, &count, nullptr),
           NVML_ERROR_INSUFFICIENT_SIZE);
  CHECK(count >= 1);
  std::vector<unsigned int> memory(count);
  CHECK_EQ(Driver::Call("nvmlDeviceGetSupportedMemoryClocks", device, &count, memory.data()),
           NVML_SUCCESS);
  count = 1;
  unsigned int first = 0;
  CHECK_EQ(Driver::Call("nvmlDeviceGetSupportedGraphicsClocks", device, memory[0], &count, &first),
           NVML_ERROR_INSUFFICIENT_SIZE);
  CHECK(count > 1);
  CHECK_EQ(first, 0u);
  CHECK_EQ(Driver::Call("nvmlDeviceGetSupportedGraphicsClocks", device, 1u, &count, nullptr),
           NVML_ERROR_NOT_FOUND);
  count = 0;
  CHECK_EQ(Driver::Call("nvmlDeviceGetComputeRunningProcesses", device, &count, nullptr),
           NVML_SUCCESS);
  count = 5;
  CHECK_EQ(Driver::Call("nvmlDeviceGetComputeRunningProcesses_v3", device, &count, nullptr),
           NVML_ERROR_INVALID_ARGUMENT);
}

TEST("what a board lacks is not supported, on that board alone") {
  Driver driver(kThreeBoards);
  unsigned int value = 0, other = 0;
  CHECK_EQ(Driver::Call("nvmlDeviceGetNumFans", driver.Device(0), &value),
           NVML_ERROR_NOT_SUPPORTED);
  CHECK_EQ(Driver::Call("nvmlDeviceGetFanSpeed", driver.Device(0), &value),
           NVML_ERROR_NOT_SUPPORTED);
  CHECK_EQ(Driver::Call("nvmlDeviceGetNumFans", driver.Device(1), &value), NVML_SUCCESS);
  CHECK_EQ(Driver::Call("nvmlDeviceGetFanSpeed_v2", driver.Device(1), value, &other),
           NVML_ERROR_INVALID_ARGUMENT);
  CHECK_EQ(Driver::Call("nvmlDeviceGetFanSpeed_v2", driver.Device(1), value - 1, &other),
           NVML_SUCCESS);
  CHECK_EQ(Driver::Call("nvmlDeviceGetMigMode", driver.Device(0), &value, &other), NVML_SUCCESS);
  CHECK_EQ(Driver::Call("nvmlDeviceGetMigMode", driver.Device(1), &value, &other),
           NVML_ERROR_NOT_SUPPORTED);
  CHECK_EQ(Driver::Call("nvmlDeviceGetNvLinkState", driver.Device(0), 0u, &value), NVML_SUCCESS);
  CHECK_EQ(Driver::Call("nvmlDeviceGetNvLinkState", driver.Device(2), 0u, &value),
           NVML_ERROR_NOT_SUPPORTED);
  CHECK_EQ(Driver::Call("nvmlDeviceSetPowerManagementLimit", driver.Device(0), 300000u),
           NVML_ERROR_NO_PERMISSION);
}

TEST("each field says for itself whether it is known") {
  Driver driver(kThreeBoards);
  std::array<nvmlFieldValue_t, 5> fields{};
  fields[0].fieldId = NVML_FI_DEV_POWER_INSTANT;
  fields[1].fieldId = 12345;
  fields[2].fieldId = NVML_FI_DEV_TOTAL_ENERGY_CONSUMPTION;
  fields[3].fieldId = NVML_FI_DEV_POWER_INSTANT;
  fields[3].scopeId = 99;
  fields[4].fieldId = NVML_FI_DEV_TEMPERATURE_SHUTDOWN_TLIMIT;
  CHECK_EQ(Driver::Call("nvmlDeviceGetFieldValues", driver.Device(0), 5, fields.data()),
           NVML_SUCCESS);
  CHECK_EQ(fields[0].nvmlReturn, NVML_SUCCESS);
  CHECK_EQ(fields[0].valueType, NVML_VALUE_TYPE_UNSIGNED_INT);
  CHECK(fields[0].value.uiVal > 10'000 && fields[0].value.uiVal < 1'000'000);
  CHECK(fields[0].timestamp > 1'600'000'000'000'000);
  CHECK_EQ(fields[1].nvmlReturn, NVML_ERROR_NOT_SUPPORTED);
  CHECK_EQ(fields[2].valueType, NVML_VALUE_TYPE_UNSIGNED_LONG_LONG);
  CHECK_EQ(fields[3].nvmlReturn, NVML_ERROR_INVALID_ARGUMENT);
  CHECK_EQ(fields[4].nvmlReturn, NVML_SUCCESS);
  CHECK(fields[4].value.siVal < 0);
  CHECK_EQ(Driver::Call("nvmlDeviceGetFieldValues", driver.Device(0), 0, fields.data()),
           NVML_ERROR_INVALID_ARGUMENT);
}

TEST("two spellings of one quantity agree") {
  Driver driver(R"({"step":"manual","devices":[{"board":"a100"}]})");
  const nvmlDevice_t device = driver.Device(0);
  unsigned int plain = 0;
  CHECK_EQ(Driver::Call("nvmlDeviceGetTemperature", device, 0u, &plain), NVML_SUCCESS);
  nvmlTemperature_v1_t versioned{VersionWord<nvmlTemperature_v1_t>(1), NVML_TEMPERATURE_GPU, 0};
  CHECK_EQ(Driver::Call("nvmlDeviceGetTemperatureV", device, &versioned), NVML_SUCCESS);
  CHECK_EQ(versioned.temperature, static_cast<int>(plain));
  unsigned int limit = 0;
  nvmlMarginTemperature_v1_t margin{VersionWord<nvmlMarginTemperature_v1_t>(1), 0};
  CHECK_EQ(Driver::Call("nvmlDeviceGetTemperatureThreshold", device, 3u, &limit), NVML_SUCCESS);
  CHECK_EQ(Driver::Call("nvmlDeviceGetMarginTemperature", device, &margin), NVML_SUCCESS);
  CHECK_EQ(margin.marginTemperature, static_cast<int>(limit) - static_cast<int>(plain));
  unsigned long long reasons = 1, throttle = 2;
  CHECK_EQ(Driver::Call("nvmlDeviceGetCurrentClocksEventReasons", device, &reasons), NVML_SUCCESS);
  CHECK_EQ(Driver::Call("nvmlDeviceGetCurrentClocksThrottleReasons", device, &throttle),
           NVML_SUCCESS);
  CHECK_EQ(reasons, throttle);
  unsigned int by_info = 1, by_id = 2;
  CHECK_EQ(Driver::Call("nvmlDeviceGetClockInfo", device, 1u, &by_info), NVML_SUCCESS);
  CHECK_EQ(Driver::Call("nvmlDeviceGetClock", device, 1u, 0u, &by_id), NVML_SUCCESS);
  CHECK_EQ(by_info, by_id);
  CHECK_EQ(Driver::Call("nvmlDeviceGetClockInfo", device, 4u, &by_info),
           NVML_ERROR_INVALID_ARGUMENT);
}

TEST("topology is symmetric and its nearest lists agree with it") {
  Driver driver(R"({"devices":[{"board":"h100","count":6}]})");
  unsigned int there = 0, back = 0, count = 6;
  Driver::Call("nvmlDeviceGetTopologyCommonAncestor", driver.Device(1), driver.Device(5), &there);
  Driver::Call("nvmlDeviceGetTopologyCommonAncestor", driver.Device(5), driver.Device(1), &back);
  CHECK_EQ(there, unsigned{NVML_TOPOLOGY_SYSTEM});
  CHECK_EQ(back, there);
  std::array<nvmlDevice_t, 6> near{};
  constexpr const char* kNearest = "nvmlDeviceGetTopologyNearestGpus";
  CHECK_EQ(Driver::Call(kNearest, driver.Device(1), 50u, &count, near.data()), NVML_SUCCESS);
  CHECK_EQ(count, 3u);
  CHECK(near[0] == driver.Device(3) && near[1] == driver.Device(4));
  count = 0;
  CHECK_EQ(Driver::Call(kNearest, driver.Device(1), 40u, &count, nullptr), NVML_SUCCESS);
  CHECK_EQ(count, 1u);
  CHECK_EQ(Driver::Call(kNearest, driver.Device(1), 40u, &count, nullptr),
           NVML_ERROR_INVALID_ARGUMENT);
}

TEST("a wait for events keeps its timeout and ends with its set") {
  Driver driver(kThreeBoards);
  nvmlEventSet_t set = nullptr;
  CHECK_EQ(Driver::Call("nvmlEventSetCreate", &set), NVML_SUCCESS);
  unsigned long long types = 0;
  Driver::Call("nvmlDeviceGetSupportedEventTypes", driver.Device(1), &types);
  CHECK_EQ(Driver::Call("nvmlDeviceRegisterEvents", driver.Device(1), types, set), NVML_SUCCESS);
  CHECK_EQ(Driver::Call("nvmlDeviceRegisterEvents", driver.Device(1), 1ull << 40, set),
           NVML_ERROR_NOT_SUPPORTED);
  nvmlEventData_t event{};
  const auto start = std::chrono::steady_clock::now();
  CHECK_EQ(Driver::Call("nvmlEventSetWait_v2", set, &event, 50u), NVML_ERROR_TIMEOUT);
  CHECK(std::chrono::steady_clock::now() - start >= std::chrono::milliseconds(50));
  CHECK_EQ(Driver::Call("nvmlEventSetWait", set, &event, 0u), NVML_ERROR_TIMEOUT);
  std::thread waiter([set] {
    nvmlEventData_t data{};
    CHECK_EQ(Driver::Call("nvmlEventSetWait_v2", set, &data, 600'000u),
             NVML_ERROR_INVALID_ARGUMENT);
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  CHECK_EQ(Driver::Call("nvmlEventSetFree", set), NVML_SUCCESS);
  waiter.join();
  CHECK_EQ(Driver::Call("nvmlEventSetFree", set), NVML_ERROR_INVALID_ARGUMENT);
}

TEST("PCIe throughput blocks for the window in which it counts") {
  Driver driver(kThreeBoards);
  unsigned int kib_per_second = 0;
  const auto start = std::chrono::steady_clock::now();
  CHECK_EQ(Driver::Call("nvmlDeviceGetPcieThroughput", driver.Device(0), 1u, &kib_per_second),
           NVML_SUCCESS);
  CHECK(std::chrono::steady_clock::now() - start >= std::chrono::milliseconds(20));
  CHECK(kib_per_second > 0);
}

TEST("a bad command to the simulator is answered in words, cut to the buffer") {
  char reply[8];
  CHECK_EQ(
      Driver::Call("gpuringSimulatorControl", nullptr, nullptr, reply, unsigned{sizeof(reply)}),
      NVML_ERROR_INVALID_ARGUMENT);
  CHECK_EQ(std::strlen(reply), 7u);
  CHECK(Driver::Call("gpuringSimulatorControl", "dance", "", reply, 0u) != NVML_SUCCESS);
}

}  // namespace
}  // namespace gpuring
