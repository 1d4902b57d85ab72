// Is what the addon made of a fault what the catalogue says?
#pragma once

#include <string>
#include <vector>

#include "baseline.h"
#include "cases.h"

namespace gpuring::faults {

// What may, and what must, come of a case.
struct Expectation {
  bool open_fails = false;  // it must
  bool open_may_fail = false;
  bool driver_lost = false;  // it must be
  bool driver_may_be_lost = false;
  bool device_lost = false;  // it must be
  bool device_may_be_lost = false;
  bool devices_vary = false;  // those of the subject may be missing, come and go
  bool any_value = false;     // the answer was spoiled: what is in range is believed
  bool must_show = false;     // some value or fact must be missing
  ValueState state = ValueState::kUnavailable;  // of what was not answered
  int most_rounds = 3;                          // until all is well after the fault has gone
};
[[nodiscard]] Expectation ExpectationOf(const Chosen& chosen, const Case& one);

// Empty: as the catalogue says.
[[nodiscard]] std::vector<std::string> Judge(const Baseline& baseline, const Chosen& chosen,
                                             const Case& one, const Record& record);
// What is not as it is without the fault, in this round; empty: all is.
[[nodiscard]] std::string AilmentOf(const Baseline& baseline, const Chosen& chosen, const Case& one,
                                    const Record& record, int round);

}  // namespace gpuring::faults
