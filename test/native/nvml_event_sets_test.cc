// Whose events come: registrations, and the sets they are made in.
#include <atomic>
#include <thread>

#include "core/clock.h"
#include "nvml/events.h"
#include "nvml_event_host.h"
#include "nvml_hooked.h"

namespace gpuring {

TEST("nvml events: only what a board supports is registered, and a board without any harms none") {
  const NoMisuse clean;
  EventHost host(OnSimulator(
      R"({"name":"two","devices":[{"board":"rtx4090"},{"board":"h100"},{"board":"k40m"}],
          "faults":[{"function":"nvmlDeviceGetSupportedEventTypes","device":2,"return":3}]})"));
  PostXid(0, 13);
  CHECK_EQ(host.NextXid(0), 13u);
  PostXid(1, 14);
  CHECK_EQ(host.NextXid(1), 14u);
  Post(R"({"device":0,"type":"migConfiguration"})");  // not registered
  PostXid(2, 15);
  CHECK_EQ(host.Wait(), StatusCode::kTimeout);
}

TEST("nvml events: no events in the driver is said once and for all") {
  for (const char* missing : {"nvmlEventSetCreate"}) {
    const NoMisuse clean;
    for (const int result : {3, 13}) {
      EventHost host(OnSimulator(R"({"name":"none","devices":[{"board":"h100"}],"faults":[)" +
                                 Fault(missing, result) + "]}"));
      CHECK_EQ(host.Wait(), StatusCode::kNotSupported);
    }
  }
  // Nobody is in the set: nothing is waited for, but somebody may come.
  EventHost host(OnHost("wsl"));
  const int64_t start_ns = MonotonicNowNs();
  CHECK_EQ(host.Wait(3'600'000 * kMs), StatusCode::kTryAgain);
  CHECK(MonotonicNowNs() - start_ns < 60'000 * kMs);
  CHECK_EQ(CallsOf("nvmlEventSetWait_v2"), 0);
  ScriptedDriver scripted;  // has none of the functions
  CHECK_EQ(EventHost(Scripted()).Wait(), StatusCode::kNotSupported);
}

TEST("nvml events: what fails for a while is done by a later survey") {
  for (const char* function :
       {"nvmlEventSetCreate", "nvmlDeviceGetSupportedEventTypes", "nvmlDeviceRegisterEvents"}) {
    const NoMisuse clean;
    EventHost host(
        OnSimulator(R"({"name":"later","devices":[{"board":"h100","count":3}],"faults":[)" +
                    Fault(function, 19, R"(,"calls":5)") + "]}"));
    for (int survey = 0; survey < 5; ++survey) CHECK(!Changed(&host.source()));
    PostXid(0, 62);
    PostXid(2, 63);
    CHECK_EQ(host.NextXid(0), 62u);
    CHECK_EQ(host.NextXid(2), 63u);
    CHECK_EQ(check::Control("misuse", "reset").result, NVML_SUCCESS);
    CHECK(!Changed(&host.source()));
    CHECK_EQ(CallsOf("nvmlDeviceRegisterEvents"), 0);
  }
}

TEST("nvml events: trying to register ends some time, and ends at once where it is of no use") {
  struct Refusal {
    int result;
    bool tried_again;
  };
  for (const Refusal& refusal : {Refusal{3, false}, {13, false}, {4, true}}) {
    const NoMisuse clean;
    EventHost host(OnSimulator(R"({"name":"never","devices":[{"board":"h100"}],"faults":[)" +
                               Fault("nvmlDeviceRegisterEvents", refusal.result) + "]}"));
    CHECK_EQ(CallsOf("nvmlDeviceRegisterEvents"), 1);
    for (int survey = 0; survey < 50; ++survey) CHECK(!Changed(&host.source()));
    CHECK_EQ(CallsOf("nvmlDeviceRegisterEvents") > 1, refusal.tried_again);
    CHECK(CallsOf("nvmlDeviceRegisterEvents") < 25);
    CHECK_EQ(host.Wait(), StatusCode::kTryAgain);
  }
}

TEST("nvml events: a set that a registration spoiled is replaced, and the others are in the next") {
  const NoMisuse clean;
  EventHost host(
      OnSimulator(R"({"name":"spoilt","devices":[{"board":"h100","count":3}],"faults":[)" +
                  Fault("nvmlDeviceRegisterEvents", 999, R"(,"device":1)") + "]}"));
  CHECK_EQ(CallsOf("nvmlEventSetCreate"), 2);
  CHECK(!Changed(&host.source()));
  CHECK_EQ(CallsOf("nvmlEventSetCreate"), 2);
  PostXid(0, 62);
  PostXid(2, 63);
  CHECK_EQ(host.NextXid(0), 62u);
  CHECK_EQ(host.NextXid(2), 63u);
}

TEST("nvml events: a driver that spoils every set is left in peace") {
  HookedDriver driver;
  {
    EventHost host(Hooked());
    CHECK_EQ(driver->sets_made, 1);
  }
  CHECK_EQ(driver->sets_open, 0);
  driver->register_events = [](unsigned int, unsigned long long) { return NVML_ERROR_UNKNOWN; };
  driver->sets_made = 0;
  {
    EventHost host(Hooked());
    for (int survey = 0; survey < 30; ++survey) CHECK(!Changed(&host.source()));
    CHECK_EQ(driver->sets_made, static_cast<int>(kHookedDevices) + 1);
    CHECK_EQ(host.Wait(), StatusCode::kTryAgain);
    const int calls = driver->calls;
    CHECK(!Changed(&host.source()));
    CHECK_EQ(driver->calls, calls);
  }
  CHECK_EQ(driver->sets_open, 0);
}

TEST("nvml events: a device that comes back under another handle is the same device") {
  const NoMisuse clean;
  EventHost host(OnSimulator(kThree));
  const size_t slot = host.source().devices()[1].slot;
  CHECK_EQ(check::Control("devices", R"({"reset":1})").text, "");
  Sample sample;
  (void)host.source().Poll(slot, Tier::kFast, &sample);
  CHECK_EQ(host.source().Poll(slot, Tier::kFast, &sample).code(), StatusCode::kOk);
  PostXid(1, 79);
  CHECK_EQ(host.NextXid(1), 79u);
}

TEST("nvml events: of a device that vanished, and of one that was added") {
  const NoMisuse clean;
  EventHost host(OnSimulator(kThree));
  PostXid(1, 79);
  CHECK_EQ(check::Control("devices", R"({"remove":1})").text, "");
  CHECK(Changed(&host.source()));
  CHECK_EQ(host.Wait(), StatusCode::kOk);
  CHECK_EQ(host.event.slot, SIZE_MAX);
  CHECK_EQ(check::Control("devices", R"({"add":{"board":"l4"}})").text, "3");
  CHECK(Changed(&host.source()));
  PostXid(3, 45);
  CHECK_EQ(host.NextXid(2), 45u);
}

TEST("nvml events: an instance's events are its GPU's") {
  EventHost host(OnHost("mig"));
  Post(R"({"device":0,"type":"xid","data":43,"gpuInstanceId":1,"computeInstanceId":0})");
  CHECK_EQ(host.NextXid(0), 43u);
}

TEST("nvml events: waiting goes on beside polls, surveys and registrations") {
  const NoMisuse clean;
  EventHost host(OnSimulator(kThree));
  std::atomic<bool> done{false};
  std::atomic<int> events{0};
  std::thread waiter([&] {
    SourceEvent event;
    while (!done) {
      if (host.source().WaitEvent(kMs, &event).ok()) ++events;
    }
  });
  for (int round = 0; round < 50; ++round) {
    PostXid(round % 2, 31);
    CHECK_EQ(check::Control("devices", R"({"reset":2})").text, "");
    bool changed = false;
    CHECK(host.source().Survey(&changed).ok());
    for (const DeviceIdentity& device : host.source().devices()) {
      Sample sample;
      (void)host.source().Poll(device.slot, Tier::kFast, &sample);
    }
  }
  for (int i = 0; i < 20'000 && events < 50; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  done = true;
  waiter.join();
  CHECK_EQ(events, 50);
}

}  // namespace gpuring
