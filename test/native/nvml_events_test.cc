// What the driver reports, and what becomes of a wait that fails.
#include "nvml/events.h"
#include "nvml_event_host.h"
#include "nvml_hooked.h"

namespace gpuring {

TEST("nvml events: each kind, with its device and data") {
  struct Named {
    const char* name;
    EventKind kind;
  };
  constexpr auto kNames =
      std::to_array<Named>({{"xid", EventKind::kXid},
                            {"eccSingleBit", EventKind::kEccSingleBit},
                            {"eccDoubleBit", EventKind::kEccDoubleBit},
                            {"performanceState", EventKind::kPerformanceState},
                            {"clock", EventKind::kClock},
                            {"migConfiguration", EventKind::kMigConfiguration},
                            {"eccStorm", EventKind::kEccStorm},
                            {"dramRetirement", EventKind::kDramRetirement},
                            {"retirementFailure", EventKind::kRetirementFailure},
                            {"poison", EventKind::kPoison},
                            {"fatalPoison", EventKind::kFatalPoison},
                            {"unavailable", EventKind::kUnavailable},
                            {"recoveryAction", EventKind::kRecoveryAction}});
  const NoMisuse clean;
  EventHost host(OnSimulator(kThree));
  CHECK_EQ(host.Wait(), StatusCode::kTimeout);
  uint64_t data = 10;
  for (const Named& named : kNames) {
    Post(R"({"device":1,"type":")" + std::string(named.name) + R"(","data":)" +
         std::to_string(++data) + "}");
    CHECK_EQ(host.Wait(), StatusCode::kOk);
    CHECK_EQ(host.event.kind, named.kind);
    CHECK_EQ(host.event.slot, host.source().devices()[1].slot);
    CHECK_EQ(host.event.code, data);
  }
  CHECK_EQ(host.Wait(), StatusCode::kTimeout);
}

TEST("nvml events: a storm is handed over one by one") {
  EventHost host(OnSimulator(kThree));
  Post(R"({"device":0,"type":"xid","data":31,"count":5000})");
  int events = 0;
  while (host.Wait(0) == StatusCode::kOk) ++events;
  CHECK_EQ(events, 5'000);
}

TEST("nvml events: a driver of 2018 has the older wait") {
  const NoMisuse clean;
  EventHost host(OnHost("pre-2019"));
  PostXid(1, 48);
  CHECK_EQ(host.NextXid(1), 48u);
  CHECK_EQ(host.Wait(), StatusCode::kTimeout);
  CHECK_EQ(CallsOf("nvmlEventSetWait_v2"), 1);
}

TEST("nvml events: a failing wait is a code and no more, and the next one works") {
  const NoMisuse clean;
  EventHost host(OnSimulator(kThree));
  for (const int result :
       {1, 2, 4, 6, 9, 11, 12, 15, 16, 17, 18, 19, 20, 21, 23, 27, 28, 29, 999}) {
    Inject(Fault("nvmlEventSetWait*", result));
    for (int again = 0; again < 3; ++again) {
      const StatusCode code = host.Wait();
      CHECK(code != StatusCode::kOk && code != StatusCode::kTimeout);
      CHECK(code != StatusCode::kNotSupported);  // it would never be tried again
    }
    Inject("");
    PostXid(2, 79);
    CHECK_EQ(host.NextXid(2), 79u);
  }
  Inject(Fault("nvmlEventSetWait*", 3));
  CHECK_EQ(host.Wait(), StatusCode::kTryAgain);
  Inject(Fault("nvmlEventSetWait*", 13));
  CHECK_EQ(host.Wait(), StatusCode::kNotSupported);
}

TEST("nvml events: timeouts that come at once do not spin for ever") {
  EventHost host(OnSimulator(kThree));
  Inject(Fault("nvmlEventSetWait*", 10));
  int timeouts = 0;
  while (timeouts < 1'000 && host.Wait(1'000 * kMs) == StatusCode::kTimeout) ++timeouts;
  CHECK(timeouts < 100);
  Inject("");
  CHECK_EQ(host.Wait(), StatusCode::kTimeout);
  CHECK_EQ(host.Wait(0), StatusCode::kTimeout);
}

TEST("nvml events: what is not known is its bit, of nobody where the handle is nobody's") {
  HookedDriver driver;
  unsigned long long registered = 0;
  driver->register_events = [&registered](unsigned int, unsigned long long types) {
    registered = types;
    return NVML_SUCCESS;
  };
  EventHost host(Hooked());
  CHECK_EQ(registered, nvmlEventTypeXidCriticalError | 1ull << 40);
  nvmlEventData_t next{};
  driver->wait = [&next](nvmlEventData_t* event, unsigned int) {
    *event = next;
    return NVML_SUCCESS;
  };
  const auto wait = [&](nvmlDevice_t device, unsigned long long type, unsigned long long data) {
    next = {device, type, data, 0, 0};
    return host.Wait();
  };
  CHECK_EQ(wait(driver.Handle(2), 1ull << 40, 5), StatusCode::kOk);
  CHECK_EQ(host.event.kind, EventKind::kOther);
  CHECK_EQ(host.event.code, uint64_t{1} << 40);
  CHECK_EQ(host.event.slot, host.source().devices()[2].slot);
  char elsewhere = 0;
  for (char* const place : {static_cast<char*>(nullptr), &elsewhere}) {
    const auto nobody = reinterpret_cast<nvmlDevice_t>(place);
    CHECK_EQ(wait(nobody, nvmlEventTypeXidCriticalError, 5), StatusCode::kOk);
    CHECK_EQ(host.event.slot, SIZE_MAX);
    CHECK_EQ(host.event.kind, EventKind::kXid);
  }
  CHECK_EQ(wait(driver.Handle(0), nvmlEventTypeXidCriticalError, UINT64_MAX), StatusCode::kOk);
  CHECK_EQ(host.event.kind, EventKind::kOther);  // no Xid has so many bits
  CHECK_EQ(host.event.code, nvmlEventTypeXidCriticalError);
  CHECK_EQ(wait(driver.Handle(0), 0, 5), StatusCode::kTryAgain);
}

TEST("nvml events: a driver that went away under a wait leaves nothing behind") {
  const NoMisuse clean;
  {
    EventHost host(OnSimulator(kThree));
    CHECK_EQ(check::Control("driver", R"({"state":"unloaded"})").text, "");
    CHECK_EQ(host.Wait(), StatusCode::kDriverNotLoaded);
    CHECK_EQ(check::Control("driver", R"({"state":"loaded","version":"575.1"})").text, "");
    CHECK_EQ(host.Wait(), StatusCode::kDriverGone);
  }
  EventHost again({.library_path = GPURING_SIMULATOR_PATH, .scenario = ""});
  PostXid(0, 79);
  CHECK_EQ(again.NextXid(0), 79u);
}

}  // namespace gpuring
