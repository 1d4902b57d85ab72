// What the simulated driver notices about its clients, and the events that it is told to post.
#include <string>
#include <thread>

#include "nvml/abi_extended.h"
#include "simulator_columns.h"

namespace gpuring {
namespace {

using check::Control;
using check::Driver;

constexpr const char* kTwo = R"({"devices":[{"board":"h100","count":2}]})";

bool Mentions(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

void CheckNoted(const std::string& part) {
  const std::string noted = Control("misuse", "").text;
  if (!Mentions(noted, part)) check::Fail(__FILE__, __LINE__, part + " is not in " + noted);
}

nvmlReturn_t AskPower(nvmlDevice_t device) {
  return check::ReadNumber("nvmlDeviceGetPowerUsage", device).result;
}

class EventSet {
 public:
  EventSet(const Driver& driver, unsigned long long types) {
    CHECK_EQ(Driver::Call("nvmlEventSetCreate", &set_), NVML_SUCCESS);
    CHECK_EQ(Driver::Call("nvmlDeviceRegisterEvents", driver.Device(0), types, set_), NVML_SUCCESS);
  }
  ~EventSet() { Driver::Call("nvmlEventSetFree", set_); }
  EventSet(const EventSet&) = delete;
  EventSet& operator=(const EventSet&) = delete;

  nvmlReturn_t Wait(nvmlEventData_t* event) {
    return Driver::Call("nvmlEventSetWait_v2", set_, event, 0u);
  }

 private:
  nvmlEventSet_t set_ = nullptr;
};

}  // namespace

TEST("a client that keeps the rules has nothing noted, and its calls are counted") {
  Control("misuse", "reset");
  {
    Driver driver(kTwo);
    CHECK_EQ(AskPower(driver.Device(0)), NVML_SUCCESS);
    CHECK_EQ(AskPower(driver.Device(1)), NVML_SUCCESS);
    CheckNoted(R"("openInits":1)");
  }
  CHECK_EQ(Control("calls", "").text,
           R"({"nvmlDeviceGetHandleByIndex_v2":2,"nvmlDeviceGetPowerUsage":2,)"
           R"("nvmlInit_v2":1,"nvmlShutdown":1})");
  CHECK_EQ(Control("misuse", "").text,
           R"({"useAfterShutdown":0,"unbalancedShutdown":0,"concurrentHandle":0,)"
           R"("concurrentCalls":0,"staleHandle":0,"openEventSets":0,"openGpmSamples":0,)"
           R"("openInits":0,"calls":6,"last":""})");
}

TEST("use after the shutdown, a shutdown too many and old handles are noted") {
  Control("misuse", "reset");
  nvmlDevice_t device = nullptr;
  {
    Driver driver(kTwo);
    device = driver.Device(0);
  }
  CHECK_EQ(AskPower(device), NVML_ERROR_UNINITIALIZED);
  CheckNoted(R"("useAfterShutdown":1)");
  CheckNoted(R"("last":"nvmlDeviceGetPowerUsage: useAfterShutdown")");
  CHECK_EQ(Driver::Call("nvmlShutdown"), NVML_SUCCESS);
  CheckNoted(R"("unbalancedShutdown":1)");
  {
    Driver driver(kTwo);
    CHECK_EQ(AskPower(device), NVML_ERROR_INVALID_ARGUMENT);
    CheckNoted(R"("staleHandle":1)");
  }
  CHECK(Mentions(Control("misuse", "reset").text, R"("useAfterShutdown":1)"));
  CheckNoted(R"("useAfterShutdown":0)");
}

TEST("two threads in one device at once are noted, and told from two in the library") {
  Driver driver(kTwo);
  const nvmlDevice_t first = driver.Device(0), second = driver.Device(1);
  CHECK_EQ(Control("inject", R"([{"function":"*PowerUsage","device":0,"delayMs":-1}])").text, "");
  Control("misuse", "reset");
  std::thread inside([first] { CHECK_EQ(AskPower(first), NVML_SUCCESS); });
  while (!Mentions(Control("calls", "").text, "PowerUsage")) std::this_thread::yield();
  CHECK_EQ(AskPower(second), NVML_SUCCESS);
  CheckNoted(R"("concurrentHandle":0,"concurrentCalls":1)");
  CHECK_EQ(check::ReadNumber("nvmlDeviceGetFanSpeed", first).result, NVML_ERROR_NOT_SUPPORTED);
  CheckNoted(R"("concurrentHandle":1)");
  CheckNoted(R"("last":"nvmlDeviceGetFanSpeed: concurrentHandle")");
  CHECK_EQ(Control("inject", "[]").text, "");
  inside.join();
}

TEST("event sets and counter samples that outlive the library are noted") {
  Control("misuse", "reset");
  {
    Driver driver(kTwo);
    nvmlEventSet_t set = nullptr;
    nvmlGpmSample_t kept = nullptr, freed = nullptr;
    CHECK_EQ(Driver::Call("nvmlEventSetCreate", &set), NVML_SUCCESS);
    CHECK_EQ(Driver::Call("nvmlGpmSampleAlloc", &kept), NVML_SUCCESS);
    CHECK_EQ(Driver::Call("nvmlGpmSampleAlloc", &freed), NVML_SUCCESS);
    CHECK_EQ(Driver::Call("nvmlGpmSampleFree", freed), NVML_SUCCESS);
  }
  CheckNoted(R"("openEventSets":1,"openGpmSamples":1)");
}

TEST("what cannot be freed because the driver is gone is nobody's fault") {
  Control("misuse", "reset");
  {
    Driver driver(kTwo);
    nvmlEventSet_t set = nullptr;
    CHECK_EQ(Driver::Call("nvmlEventSetCreate", &set), NVML_SUCCESS);
    CHECK_EQ(Control("driver", R"({"state":"unloaded"})").text, "");
    CHECK_EQ(Driver::Call("nvmlEventSetFree", set), NVML_ERROR_DRIVER_NOT_LOADED);
  }
  CHECK_EQ(Control("driver", R"({"state":"loaded"})").text, "");
  CheckNoted(R"("openEventSets":0)");
}

TEST("a posted event comes once, to who registered for it") {
  Driver driver(kTwo);
  EventSet set(driver, nvmlEventTypeXidCriticalError);
  nvmlEventData_t event{};
  CHECK_EQ(Control("event", R"({"device":0,"type":"xid","data":79})").text, "");
  CHECK_EQ(Control("event", R"({"device":1,"type":"xid","data":31})").text, "");
  CHECK_EQ(Control("event", R"({"device":0,"type":"clock"})").text, "");
  CHECK_EQ(set.Wait(&event), NVML_SUCCESS);
  CHECK_EQ(event.eventType, nvmlEventTypeXidCriticalError);
  CHECK_EQ(event.eventData, 79ull);
  CHECK(event.device == driver.Device(0));
  CHECK_EQ(set.Wait(&event), NVML_ERROR_TIMEOUT);
}

TEST("a storm of events arrives whole, up to what a queue holds") {
  Driver driver(kTwo);
  EventSet set(driver, nvmlEventTypeSingleBitEccError);
  for (int i = 0; i < 2; ++i) {
    CHECK_EQ(Control("event", R"({"device":0,"type":"eccSingleBit","count":600000})").text, "");
  }
  nvmlEventData_t event{};
  int received = 0;
  while (set.Wait(&event) == NVML_SUCCESS) received++;
  CHECK_EQ(received, 1'000'000);
}

TEST("a wait for events that fails fails alone") {
  Driver driver(kTwo);
  EventSet set(driver, nvmlEventTypeXidCriticalError);
  CHECK_EQ(Control("inject", R"([{"function":"nvmlEventSetWait*","return":999}])").text, "");
  nvmlEventData_t event{};
  CHECK_EQ(set.Wait(&event), NVML_ERROR_UNKNOWN);
  CHECK_EQ(AskPower(driver.Device(0)), NVML_SUCCESS);
}

TEST("an event that cannot be is refused") {
  Driver driver(kTwo);
  CHECK_EQ(Control("event", R"({"device":2,"type":"xid"})").text,
           "event:1:11: device: expected an integer from 0 to 1, got 2");
  CHECK_EQ(Control("event", R"({"device":0})").text,
           "event:1:1: expected the members \"device\" and \"type\"");
  CHECK(Control("event", R"({"device":0,"type":"Xid"})")
            .text.starts_with("event:1:20: type: expected one of xid, eccSingleBit"));
}

TEST("the list tells who is where, and what is split") {
  Driver driver(R"({"devices":[{"board":"h100","mig":["3g.40gb"]},{"board":"l4"}]})");
  Control("devices", R"({"order":[1,0]})");
  Control("devices", R"({"remove":1})");
  const std::string list = Control("list", "").text;
  CHECK(Mentions(list, R"("board":"h100","position":0,"index":0,"presence":"present",)"
                       R"("mig":[{"index":0,"profile":"3g.40gb","uuid":"MIG-)"));
  CHECK(
      Mentions(list, R"("board":"l4","position":1,"index":null,"presence":"removed","mig":null})"));
  CHECK_EQ(Control("list", "x").text, "expected no argument, got \"x\"");
}

}  // namespace gpuring
