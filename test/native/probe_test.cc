#include "nvml/probe.h"

#include <atomic>
#include <memory>

#include "check.h"
#include "core/clock.h"
#include "nvml_fixture.h"
#include "sampler_rig.h"

namespace gpuring {
namespace {

using Outcome = Probe::Outcome;

bool AllEnd() { return Probe::WaitAllEnded(MonotonicNowNs() + kLongNs); }

TEST("probe: says whether a driver answers, and asks anew each time") {
  ScriptedDriver driver;
  for (int calls = 1; calls <= 2; ++calls) {
    const auto probe = Probe::Join(driver.path());
    CHECK(Eventually([&] { return probe->outcome() != Outcome::kTrying; }));
    CHECK_EQ(probe->outcome(), Outcome::kAvailable);
    CHECK(AllEnd());
    CHECK_EQ(driver->init_calls, calls);
    CHECK_EQ(driver->shutdown_calls, calls);
  }
  driver->init = NVML_ERROR_DRIVER_NOT_LOADED;
  const auto refused = Probe::Join(driver.path());
  CHECK(AllEnd());
  CHECK_EQ(refused->outcome(), Outcome::kUnavailable);
}

TEST("probe: a driver that hangs holds one thread, however often it is asked") {
  ScriptedDriver driver;
  std::atomic<bool> gate{false};
  driver->init_gate = &gate;
  const auto first = Probe::Join(driver.path());
  for (int again = 0; again < 20; ++again) CHECK(Probe::Join(driver.path()) == first);
  const auto other = Probe::Join(FixturePath("legacy_driver"));
  CHECK(other != first);
  CHECK(Eventually([&] { return other->outcome() != Outcome::kTrying; }));
  CHECK_EQ(other->outcome(), Outcome::kAvailable);
  CHECK(!Probe::WaitAllEnded(MonotonicNowNs() + 20 * kMs));
  CHECK_EQ(first->outcome(), Outcome::kTrying);
  gate = true;
  CHECK(AllEnd());
  CHECK_EQ(first->outcome(), Outcome::kAvailable);
  CHECK_EQ(driver->init_calls, 1);
}

}  // namespace
}  // namespace gpuring
