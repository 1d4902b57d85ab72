// What the host says when nothing is wrong, round by round.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cases.h"
#include "episode.h"

namespace gpuring::faults {

class Baseline {
 public:
  // Runs the script without a fault.
  Baseline(const Lab& lab, const Script& script);

  [[nodiscard]] const Record& record() const { return record_; }
  // Null: there is none.
  [[nodiscard]] const Sample* SampleAt(const std::string& uuid, Tier tier, int round) const;
  [[nodiscard]] const DeviceDetail* DetailAt(const std::string& uuid, int round) const;
  [[nodiscard]] bool HasSeriesValue(const std::string& uuid, size_t series, int64_t value) const;
  // The position of the board that a device is, or is a part of.
  [[nodiscard]] int PositionOf(const std::string& uuid) const;

 private:
  Record record_;
  std::map<std::string, int> positions_;
  std::map<std::string, std::array<std::map<int, const Sample*>, kTierCount>> samples_;
  std::map<std::string, std::map<int, const DeviceDetail*>> details_;
  std::map<std::string, std::array<std::set<int64_t>, kSeriesCount>> series_;
};

// In which script the function is called, how often and about whom; nothing: in none.
[[nodiscard]] std::optional<Census> TakeCensus(const Lab& lab, const std::string& function,
                                               const Role& role);

}  // namespace gpuring::faults
