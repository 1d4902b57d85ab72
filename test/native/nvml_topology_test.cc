// How devices hang together, on simulated hosts and on odd ones.
#include "check.h"
#include "nvml/topology.h"
#include "nvml_hooked.h"
#include "nvml_list.h"
#include "simulator_columns.h"

namespace gpuring {
namespace {

// A matrix as one letter a cell, a row a word; "-" unknown.
std::string Drawn(const std::vector<TopologyCell>& cells, size_t devices) {
  constexpr std::string_view kLetters = "-NISMHUX";
  std::string text;
  CHECK_EQ(cells.size(), devices * devices);
  for (size_t at = 0; at < cells.size(); ++at) {
    if (at > 0 && at % devices == 0) text += " ";
    text += kLetters[static_cast<size_t>(cells[at].link)];
  }
  return text;
}

class Host {
 public:
  explicit Host(NvmlOptions options) : source_(std::move(options)) {
    CHECK_EQ(source_.Open().message(), "");
  }
  ~Host() { source_.Close(); }
  std::string Draw() const { return Drawn(source_.Topology(), source_.devices().size()); }
  TopologyCell Cell(size_t one, size_t other) const {
    return source_.Topology()[one * source_.devices().size() + other];
  }
  NvmlSource& source() { return source_; }

 private:
  NvmlSource source_;
};

void Inject(const std::string& faults) {
  CHECK_EQ(check::Control("inject", "[" + faults + "]").text, "");
}

std::string Refused(const std::string& function, int result = 3) {
  return R"({"function":")" + function + R"(","return":)" + std::to_string(result) + "}";
}

constexpr const char* kFour = R"({"name":"four","devices":[{"board":"l4","count":4}]})";
constexpr const char* kPairs = R"({"name":"pairs","devices":[{"board":"rtxa5000","count":4}]})";

}  // namespace

TEST("topology: eight boards on switches are all linked, with all their links") {
  Host host(OnHost("h100x8"));
  CHECK_EQ(host.Draw(), "-NNNNNNN N-NNNNNN NN-NNNNN NNN-NNNN NNNN-NNN NNNNN-NN NNNNNN-N NNNNNNN-");
  for (const size_t other : {1u, 7u}) {
    CHECK_EQ(host.Cell(0, other).nvlink_count, 18u);
    CHECK_EQ(host.Cell(0, other).peer_access, PeerAccess::kYes);
  }
  CHECK_EQ(host.Cell(3, 3).nvlink_count, 0u);
  CHECK_EQ(host.Cell(3, 3).peer_access, PeerAccess::kUnknown);
}

TEST("topology: links between two boards are told from PCIe between others") {
  Host host(OnSimulator(kPairs));
  CHECK_EQ(host.Draw(), "-NXX N-XX XX-N XXN-");
  CHECK_EQ(host.Cell(0, 1).nvlink_count, 4u);
  CHECK_EQ(host.Cell(0, 2).nvlink_count, 0u);
  CHECK_EQ(host.Cell(2, 3).nvlink_count, 4u);
}

TEST("topology: boards without links hang on switches and sockets") {
  Host host(OnSimulator(kFour));
  CHECK_EQ(host.Draw(), "-SXX S-XX XX-S XXS-");
  Host desk(OnSimulator(R"({"name":"desk","devices":[{"board":"rtx4090","count":2}]})"));
  CHECK_EQ(desk.Cell(0, 1).peer_access, PeerAccess::kNo);
}

TEST("topology: every board of a mixed host has its cells, both ways alike") {
  Host host(OnHost("mixed"));
  const size_t devices = host.source().devices().size();
  const std::vector<TopologyCell> cells = host.source().Topology();
  for (size_t one = 0; one < devices; ++one) {
    for (size_t other = 0; other < devices; ++other) {
      const TopologyCell& there = cells[one * devices + other];
      const TopologyCell& back = cells[other * devices + one];
      CHECK_EQ(there.link == Link::kUnknown, one == other);
      CHECK(there.link == back.link && there.nvlink_count == back.nvlink_count);
      CHECK(there.peer_access == back.peer_access);
    }
  }
  CHECK_EQ(cells[1].link, Link::kNvLink);
}

TEST("topology: instances have their GPU's cells, two of one GPU are on one board") {
  Host host(OnHost("mig"));
  const std::vector<DeviceIdentity> devices = host.source().devices();
  CHECK_EQ(devices.size(), 14u);
  CHECK_EQ(host.Cell(1, 2).link, Link::kInternal);
  CHECK_EQ(host.Cell(0, 1).link, Link::kInternal);
  CHECK_EQ(host.Cell(1, 1).link, Link::kUnknown);
  CHECK_EQ(host.Cell(1, 2).nvlink_count, 0u);
  for (size_t other = 4; other < devices.size(); ++other) {
    for (size_t instance = 1; instance < 4; ++instance) {
      CHECK(host.Cell(instance, other).link == host.Cell(0, other).link);
      CHECK_EQ(host.Cell(instance, other).nvlink_count, host.Cell(0, other).nvlink_count);
    }
  }
}

TEST("topology: a failure is unknown for its cells and spoils no other") {
  Host host(OnSimulator(kFour));
  Inject(Refused("nvmlDeviceGetTopologyCommonAncestor"));
  CHECK_EQ(host.Draw(), "---- ---- ---- ----");
  CHECK_EQ(host.Cell(0, 1).peer_access, PeerAccess::kYes);
  Inject(Refused("nvmlDeviceGetP2PStatus", 999));
  CHECK_EQ(host.Draw(), "-SXX S-XX XX-S XXS-");
  CHECK_EQ(host.Cell(0, 1).peer_access, PeerAccess::kUnknown);
  Inject(R"({"function":"nvmlDeviceGetP2PStatus","value":"max"},)"
         R"({"function":"nvmlDeviceGetTopologyCommonAncestor","value":"max"})");
  CHECK_EQ(host.Draw(), "---- ---- ---- ----");
  CHECK_EQ(host.Cell(0, 1).peer_access, PeerAccess::kUnknown);
  Inject("");
  CHECK_EQ(check::Control("devices", R"({"lose":1})").text, "");
  CHECK_EQ(host.Draw(), "--XX ---- X--S X-S-");
  CHECK_EQ(check::Control("devices", R"({"restore":1})").text, "");
  CHECK(!Changed(&host.source()));
  CHECK_EQ(host.Draw(), "-SXX S-XX XX-S XXS-");
}

TEST("topology: a dead library is asked once") {
  Host host(OnSimulator(R"({"name":"many","devices":[{"board":"h100","count":16}]})"));
  Inject(Refused("nvmlDeviceGetPciInfo_v3", 1));
  CHECK_EQ(check::Control("misuse", "reset").result, NVML_SUCCESS);
  CHECK_EQ(host.Cell(0, 1).link, Link::kUnknown);
  CHECK(check::Control("calls", "").text.find("\"nvmlDeviceGetPciInfo_v3\":1") !=
        std::string::npos);
}

TEST("topology: calls about links grow with the boards and not with the pairs") {
  Host host(OnSimulator(R"({"name":"many","devices":[{"board":"h100","count":16}]})"));
  CHECK_EQ(check::Control("misuse", "reset").result, NVML_SUCCESS);
  CHECK_EQ(host.Cell(0, 15).link, Link::kNvLink);
  const std::string calls = check::Control("calls", "").text;
  const auto count = [&calls](const std::string& function) {
    const size_t at = calls.find("\"" + function + "\":");
    return at == std::string::npos ? 0 : std::stoi(calls.substr(at + function.size() + 3));
  };
  CHECK_EQ(count("nvmlDeviceGetNvLinkState"), 16 * 36);
  CHECK_EQ(count("nvmlDeviceGetNvLinkRemoteDeviceType"), 16 * 18);
  CHECK_EQ(count("nvmlDeviceGetP2PStatus"), 16 * 15);
}

TEST("topology: structs that are longer than declared, and drivers without the calls, do no harm") {
  {
    Host host(OnSimulator(kPairs));
    Inject(R"({"function":"nvmlDeviceGet*","overrun":64})");
    CHECK_EQ(host.Draw(), "-NXX N-XX XX-N XXN-");
  }
  CHECK_EQ(Host(OnHost("pre-2019")).Draw().size(), 11u);
  CHECK_EQ(Host(OnHost("wsl")).Draw(), "-");
  ScriptedDriver scripted;  // it has none of the calls
  CHECK_EQ(Host(Scripted()).Draw(), "--- --- ---");
}

// Two links a device: the first between 0 and 1 and between 2 and 3, the second to bus 0x99.
void LinkPairs(DriverHooks* hooks) {
  hooks->link_state = [](unsigned int, unsigned int link, nvmlEnableState_t* active) {
    *active = NVML_FEATURE_ENABLED;
    return link < 2 ? NVML_SUCCESS : NVML_ERROR_INVALID_ARGUMENT;
  };
  hooks->link_end = [](unsigned int device, unsigned int link, unsigned int* bus) {
    *bus = link == 0 ? HookedBus(device ^ 1) : 0x99;
    return NVML_SUCCESS;
  };
  hooks->ancestor = [](unsigned int, unsigned int, nvmlGpuTopologyLevel_t* level) {
    *level = NVML_TOPOLOGY_HOSTBRIDGE;
    return NVML_SUCCESS;
  };
}

TEST("topology: a link that may lead to a switch counts where peers reach each other by link") {
  HookedDriver driver;
  LinkPairs(driver.operator->());
  Host host(Hooked());
  CHECK_EQ(host.Draw(), "-N-- N--- ---N --N-");
  CHECK_EQ(host.Cell(0, 1).nvlink_count, 1u);
  for (const bool linked : {false, true}) {
    driver->peer = [linked](unsigned int, unsigned int, nvmlGpuP2PCapsIndex_t capability,
                            nvmlGpuP2PStatus_t* status) {
      *status = linked && capability == NVML_P2P_CAPS_INDEX_NVLINK ? NVML_P2P_STATUS_OK
                                                                   : NVML_P2P_STATUS_NOT_SUPPORTED;
      return NVML_SUCCESS;
    };
    CHECK_EQ(host.Draw(), linked ? "-NNN N-NN NN-N NNN-" : "-NHH N-HH HH-N HHN-");
    CHECK_EQ(host.Cell(0, 2).nvlink_count, 0u);
    CHECK_EQ(host.Cell(0, 2).peer_access, PeerAccess::kNo);
  }
  driver->peer = nullptr;
  driver->link_type = [](unsigned int, unsigned int, nvmlIntNvLinkDeviceType_t* type) {
    *type = NVML_NVLINK_DEVICE_TYPE_GPU;  // one that this process does not see
    return NVML_SUCCESS;
  };
  CHECK_EQ(host.Draw(), "-NHH N-HH HH-N HHN-");
}

TEST("topology: links after one that a board does not have") {
  HookedDriver driver;
  LinkPairs(driver.operator->());
  driver->link_state = [](unsigned int, unsigned int link, nvmlEnableState_t* active) {
    *active = NVML_FEATURE_ENABLED;
    return link == 0 || link == 2 ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
  };
  driver->link_end = [](unsigned int device, unsigned int link, unsigned int* bus) {
    *bus = HookedBus(link == 0 ? device ^ 1 : device ^ 2);
    return NVML_SUCCESS;
  };
  Host host(Hooked());
  CHECK_EQ(host.Draw(), "-NNH N-HN NH-N HNN-");
}

TEST("topology: links of two kinds to two places") {
  HookedDriver driver;
  LinkPairs(driver.operator->());
  driver->link_type = [](unsigned int device, unsigned int link, nvmlIntNvLinkDeviceType_t* type) {
    const bool to_switch = link == 1 && device != 3;
    *type = to_switch ? NVML_NVLINK_DEVICE_TYPE_SWITCH : NVML_NVLINK_DEVICE_TYPE_GPU;
    return NVML_SUCCESS;
  };
  Host host(Hooked());
  CHECK_EQ(host.Draw(), "-NNH N-NH NN-N HHN-");
  driver->link_state = [](unsigned int, unsigned int link, nvmlEnableState_t* active) {
    *active = NVML_FEATURE_DISABLED;
    return link < 2 ? NVML_SUCCESS : NVML_ERROR_INVALID_ARGUMENT;
  };
  CHECK_EQ(host.Draw(), "-HHH H-HH HH-H HHH-");
}

}  // namespace gpuring
