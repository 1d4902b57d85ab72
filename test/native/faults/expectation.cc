// From a case to what must come of it.
#include "verdict.h"

namespace gpuring::faults {
namespace {

constexpr uint32_t kAlreadyInitialized = 5;
constexpr uint32_t kFunctionNotFound = 13;
// The driver is tried again after 4 s at the latest.
constexpr int kDriverRounds = 12;
constexpr int kDeviceRounds = 4;
// What is not supported is asked for again after a second.
constexpr int kUnsupportedRounds = 5;

void ExpectOpening(const Case& one, Expectation* expected) {
  if (one.code == kAlreadyInitialized) return;
  // An older name may do.
  const bool older = one.code == kFunctionNotFound;
  const bool later = one.timing == Timing::kNth;
  expected->open_fails = !older && !later;
  expected->open_may_fail = !later;
  expected->driver_lost = !older && later;
  expected->driver_may_be_lost = later;
}

void ExpectEnumerating(const Chosen& chosen, const Case& one, Expectation* expected) {
  const bool dead = ClassOf(one.code) == CodeClass::kLibraryDead;
  const bool later = one.timing == Timing::kNth;
  const bool counts = (chosen.role.parts & kCounting) != 0;
  expected->open_fails = !later && (counts || dead);
  expected->open_may_fail = expected->open_fails;
  expected->driver_lost = later && dead;
  expected->driver_may_be_lost = dead || (counts && later);
  expected->devices_vary = !counts;
  expected->device_may_be_lost = !counts;
}

void ExpectPolled(const Chosen& chosen, const Case& one, Expectation* expected) {
  const CodeClass code_class = ClassOf(one.code);
  const bool always = one.timing == Timing::kAlways;
  // One strike can meet what else the function is for.
  const bool purely = (chosen.role.parts & ~kPolled) == 0;
  const bool must = purely || (always && (chosen.role.parts & kReading) != 0);
  expected->driver_lost = must && code_class == CodeClass::kLibraryDead;
  expected->driver_may_be_lost = code_class == CodeClass::kLibraryDead;
  expected->device_lost =
      must && code_class == CodeClass::kDeviceDead && !chosen.census.subjects.empty();
  expected->device_may_be_lost = code_class == CodeClass::kDeviceDead;
}

void ExpectReturn(const Chosen& chosen, const Case& one, Expectation* expected) {
  const uint32_t parts = chosen.role.parts;
  const CodeClass code_class = ClassOf(one.code);
  expected->state = StateOf(code_class);
  if ((parts & kOpening) != 0) ExpectOpening(one, expected);
  if ((parts & (kCounting | kEnumerating)) != 0) ExpectEnumerating(chosen, one, expected);
  if ((parts & kPolled) != 0) ExpectPolled(chosen, one, expected);
  if ((parts & kRenewing) != 0) {
    expected->device_may_be_lost = true;
    expected->driver_may_be_lost = code_class == CodeClass::kLibraryDead;
  }
  const bool alone = chosen.role.alone.any() && chosen.role.alone == chosen.role.metrics;
  expected->must_show = one.timing == Timing::kAlways && alone && (parts & ~kReading) == 0 &&
                        !expected->driver_lost && !expected->device_lost;
}

void ExpectGarbage(const Chosen& chosen, Expectation* expected) {
  const uint32_t parts = chosen.role.parts;
  expected->any_value = true;
  if ((parts & kCounting) != 0) expected->open_may_fail = true;
  if ((parts & (kEnumerating | kCounting)) != 0) {
    expected->open_may_fail = true;
    expected->devices_vary = true;
    expected->device_may_be_lost = true;
    expected->driver_may_be_lost = true;
  }
  if ((parts & (kRenewing | kMigFact)) != 0) expected->device_may_be_lost = true;
}

}  // namespace

Expectation ExpectationOf(const Chosen& chosen, const Case& one) {
  Expectation expected;
  switch (one.kind) {
    case Kind::kReturn:
      ExpectReturn(chosen, one, &expected);
      break;
    case Kind::kMissing:
      expected.state = ValueState::kUnsupported;
      expected.open_may_fail = (chosen.role.parts & (kOpening | kCounting | kEnumerating)) != 0 ||
                               chosen.function == "nvmlShutdown";
      expected.devices_vary = (chosen.role.parts & kEnumerating) != 0;
      expected.device_may_be_lost = (chosen.role.parts & kRenewing) != 0;
      break;
    case Kind::kFieldReturn:
      ExpectPolled(chosen, one, &expected);
      expected.state = StateOf(ClassOf(one.code));
      break;
    case Kind::kValue:
    case Kind::kText:
    case Kind::kGrow:
    case Kind::kOverrun:
      ExpectGarbage(chosen, &expected);
      break;
    case Kind::kSlow:
      break;
    case Kind::kHang:
      expected.device_may_be_lost = expected.driver_may_be_lost = true;
      expected.open_may_fail = true;
      break;
  }
  if (expected.state == ValueState::kUnsupported || expected.any_value) {
    expected.most_rounds = kUnsupportedRounds;
  }
  if (expected.device_may_be_lost) expected.most_rounds = kUnsupportedRounds;
  if (expected.driver_may_be_lost) expected.most_rounds = kDriverRounds;
  return expected;
}

}  // namespace gpuring::faults
