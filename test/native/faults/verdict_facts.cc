// Facts: what devices are, how they hang together, what they have several of.
#include <algorithm>
#include <array>
#include <bit>

#include "court.h"

namespace gpuring::faults {
namespace {

template <typename Fact>
bool MaySay(const std::optional<Fact>& said, const std::optional<Fact>& right, bool excused) {
  return said == right || (excused && !said);
}

// "0000:1B:00.0", where newer drivers write "00000000:1B:00.0".
bool IsOldBusId(const std::optional<std::string>& said, const std::optional<std::string>& right) {
  return said && right && said->size() == 12 && right->size() == 16 && right->ends_with(*said);
}

struct Check {
  const char* fact;
  bool good;
};

// Facts that are right, or absent where that is excused.
std::vector<Check> Compare(const DeviceIdentity& said, const DeviceIdentity& right, bool excused) {
  const auto may = [excused](const auto& one, const auto& other) {
    return MaySay(one, other, excused);
  };
  using D = DeviceIdentity;
  std::vector<Check> checks = {
      {"name", said.name == right.name || (excused && said.name.empty())},
      {"bus id", may(said.pci_bus_id, right.pci_bus_id) ||
                     (excused && IsOldBusId(said.pci_bus_id, right.pci_bus_id))},
      {"serial", may(said.serial, right.serial)},
      {"memory", may(said.memory_bytes, right.memory_bytes)},
      {"architecture", may(said.architecture, right.architecture)},
      {"profile", may(said.mig_profile, right.mig_profile)},
      {"unified memory", said.unified_memory == right.unified_memory},
  };
  struct Number {
    const char* fact;
    std::optional<uint32_t> D::*member;
  };
  static constexpr std::array<Number, 15> kNumbers = {{
      {"cores", &D::core_count},
      {"multiprocessors", &D::multiprocessor_count},
      {"bus width", &D::memory_bus_width_bits},
      {"major", &D::compute_capability_major},
      {"minor", &D::compute_capability_minor},
      {"SM clock", &D::max_sm_clock_mhz},
      {"memory clock", &D::max_memory_clock_mhz},
      {"default limit", &D::power_limit_default_milliwatts},
      {"least limit", &D::power_limit_min_milliwatts},
      {"greatest limit", &D::power_limit_max_milliwatts},
      {"PCIe generation", &D::max_pcie_link_generation},
      {"PCIe width", &D::max_pcie_link_width},
      {"NUMA node", &D::numa_node},
      {"GPU instance", &D::gpu_instance_id},
      {"compute instance", &D::compute_instance_id},
  }};
  for (const Number& number : kNumbers) {
    checks.push_back({number.fact, may(said.*number.member, right.*number.member)});
  }
  return checks;
}

}  // namespace

void Court::JudgeIdentities(const std::string& uuid, const RowRecord& row) {
  const DeviceIdentity& right = baseline_.record().rows.at(uuid).identities.at(0);
  const bool excused =
      IsSubject(uuid) && (chosen_.role.parts & (kFact | kMigFact | kEnumerating)) != 0;
  const bool memory = excused && (chosen_.role.metrics & HostMemory()).any();
  // A board that tells no memory is taken for one that has the system's.
  const bool own_memory =
      memory && (expected_.state == ValueState::kUnsupported || right.unified_memory);
  // What was spoiled and looks like a fact cannot be told from one.
  const bool believed = excused && expected_.any_value && case_.garbage != "max" &&
                        case_.garbage != "sentinel" && case_.garbage != "nan" &&
                        case_.kind != Kind::kText;
  if (believed) return;
  for (const auto& [round, said] : row.identities) {
    for (const Check& check : Compare(said, right, excused)) {
      const std::string fact = check.fact;
      const bool other_memory = own_memory && (fact == "memory" || fact == "unified memory");
      // Of an instance there is the call for memory as well, and it leaves out what is reserved.
      const bool less = excused && !right.parent_uuid.empty() && fact == "memory" &&
                        said.memory_bytes && *said.memory_bytes <= right.memory_bytes;
      if (check.good || other_memory || less) continue;
      return Miss("a wrong " + fact + " of " + Short(uuid) + Show(" in round ", round));
    }
  }
}

// Numbers that are the right ones, or unknown.
void Court::JudgeDetails(const std::string& uuid, const RowRecord& row) {
  const bool fault_of_it = IsSubject(uuid) && (chosen_.role.parts & (kInDetail | kMigFact)) != 0;
  for (const DeviceDetail& detail : row.details) {
    const int round = RoundOf(detail.start_ns);
    const DeviceDetail* const right = baseline_.DetailAt(uuid, round);
    if (right == nullptr) continue;
    const auto words = std::bit_cast<std::array<int64_t, sizeof(DeviceDetail) / 8>>(detail);
    const auto right_words = std::bit_cast<std::array<int64_t, sizeof(DeviceDetail) / 8>>(*right);
    constexpr size_t kTimes = 2;
    for (size_t at = kTimes; at < words.size(); at++) {
      if (words[at] == right_words[at]) continue;
      const bool unknown = words[at] == kUnknownNumber || words[at] == -1 || words[at] == 0;
      if (fault_of_it && (unknown || expected_.any_value)) continue;
      // An older version of the call, or a list less.
      const bool less =
          expected_.state == ValueState::kUnsupported && (chosen_.role.parts & kProcesses) != 0;
      if (fault_of_it && less) continue;
      if (case_.kind == Kind::kHang) continue;
      Miss("detail of " + Short(uuid) + Show(" in round ", round) +
           Show(": word ", static_cast<long long>(at)) + Show(" is ", words[at]) +
           Show(", without the fault ", right_words[at]));
      break;
    }
  }
}

void Court::JudgeTopology() {
  const DeviceList& right = *baseline_.record().lists.at(0);
  for (const auto& [round, list] : record_.lists) {
    if (list->devices.size() != right.devices.size()) continue;
    if (list->topology.size() != right.topology.size()) continue;
    const bool same_order = std::ranges::equal(
        list->devices, right.devices, [](const DeviceEntry& one, const DeviceEntry& other) {
          return one.identity.uuid == other.identity.uuid;
        });
    for (size_t at = 0; same_order && at < right.topology.size(); at++) {
      JudgeCell(*list, at, round);
    }
  }
}

// A link that is the right one, or unknown. Where a board says that it has no links of its own,
// what is left is how it is plugged in.
void Court::JudgeCell(const DeviceList& list, size_t at, int round) {
  const DeviceList& right = *baseline_.record().lists.at(0);
  const TopologyCell& said = list.topology[at];
  const TopologyCell& told = right.topology[at];
  if (said.link == told.link && said.peer_access == told.peer_access &&
      said.nvlink_count == told.nvlink_count) {
    return;
  }
  const std::string& one = right.devices[at / right.devices.size()].identity.uuid;
  const std::string& other = right.devices[at % right.devices.size()].identity.uuid;
  const bool about_it = (chosen_.role.parts & kTopology) != 0;
  const bool excused = about_it && (IsSubject(one) || IsSubject(other));
  const bool lost = WasAway(one) || WasAway(other) || expected_.device_may_be_lost ||
                    expected_.driver_may_be_lost;
  // Where the library is dead, nothing is known of anybody.
  const bool dead = about_it && ClassOf(case_.code) == CodeClass::kLibraryDead;
  constexpr uint32_t kNoSuchLink = 2;
  const bool no_links = expected_.state == ValueState::kUnsupported || expected_.any_value ||
                        case_.code == kNoSuchLink;
  const bool link = said.link == told.link || said.link == Link::kUnknown || (excused && no_links);
  const bool access = said.peer_access == told.peer_access ||
                      said.peer_access == PeerAccess::kUnknown || (excused && expected_.any_value);
  if ((excused || lost || dead) && link && access) return;
  Miss("a wrong link between " + Short(one) + " and " + Short(other) + Show(" in round ", round) +
       Show(": ", static_cast<int>(said.link)) + Show(" for ", static_cast<int>(told.link)));
}

}  // namespace gpuring::faults
