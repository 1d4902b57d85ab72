// Judges one case: the verdict's parts share what they know of it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "verdict.h"

namespace gpuring::faults {

[[nodiscard]] inline std::string Show(const char* what, long long number) {
  return what + std::to_string(number);
}
// Of a device or an instance, for a line of text.
[[nodiscard]] inline std::string Short(const std::string& uuid) { return uuid.substr(0, 12); }
[[nodiscard]] inline bool InRange(size_t metric, int64_t value) {
  return value >= kMetrics[metric].minimum && value <= kMetrics[metric].maximum;
}
// The memory metrics: of some boards they are the system's, and change as it likes.
[[nodiscard]] const Metrics& HostMemory();

class Court {
 public:
  Court(const Baseline& baseline, const Chosen& chosen, const Case& one, const Record& record)
      : baseline_(baseline),
        chosen_(chosen),
        case_(one),
        record_(record),
        expected_(ExpectationOf(chosen, one)) {}

  std::vector<std::string> Judge();
  // What is not as it should be; empty: all is.
  std::string Ailment(int round);

 private:
  void Miss(const std::string& what) {
    if (misses_.size() < kMostMisses) misses_.push_back(what);
  }
  // The fault is about this device, or about no device in particular.
  bool IsSubject(const std::string& uuid) const {
    return case_.subject < 0 || baseline_.PositionOf(uuid) == case_.subject;
  }
  bool WasAway(const std::string& uuid) const {
    return case_.plan.script.turn == Turn::kLose && baseline_.PositionOf(uuid) <= 1;
  }

  std::string TierAilment(const std::string& uuid, const RowRecord& row, size_t tier, int round);
  void JudgeOpening();
  void JudgeStrike();
  void JudgeRows();
  void JudgeSamples(const std::string& uuid, const RowRecord& row);
  void JudgeValue(const std::string& uuid, size_t metric, const Sample& sample, int round);
  bool Excuses(const std::string& uuid, size_t metric, const Sample& sample,
               const Sample& right) const;
  bool IsOtherMemory(size_t metric, const Sample& sample, const Sample& right) const;
  bool CouldShow() const;
  void JudgeGaps(const std::string& uuid, const RowRecord& row);
  void JudgeDetails(const std::string& uuid, const RowRecord& row);
  void JudgeSeries(const std::string& uuid, const RowRecord& row);
  void JudgeIdentities(const std::string& uuid, const RowRecord& row);
  void JudgeTopology();
  void JudgeCell(const DeviceList& list, size_t at, int round);
  void JudgeEvents();
  void JudgeEvent(const EventRecord& event);
  [[nodiscard]] bool WasListedLate(const std::string& uuid) const;
  void JudgePresence(const EventRecord& event, bool subject);
  void JudgeDriver(const EventRecord& event);
  void JudgeMisuse();
  void JudgeEnd();

  static constexpr size_t kMostMisses = 4;
  const Baseline& baseline_;
  const Chosen& chosen_;
  const Case& case_;
  const Record& record_;
  const Expectation expected_;
  std::vector<std::string> misses_;
  size_t shown_ = 0;                      // values that are missing because of the fault
  std::map<int64_t, bool> lost_;          // by number; kNoDevice: the driver
  std::map<int64_t, std::string> uuids_;  // by number
  size_t device_losses_ = 0;
  size_t driver_losses_ = 0;
};

}  // namespace gpuring::faults
