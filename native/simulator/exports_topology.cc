// How the devices hang together. Two NUMA nodes have half of the devices each; in a node, two
// devices share a PCIe switch. NVLink joins all server boards through switches, and desktop boards
// in the same pairs as PCIe does.
#include <unistd.h>

#include <climits>
#include <cstdio>
#include <string>

#include "nvml/abi_extended.h"
#include "simulator/call.h"
#include "simulator/device_number.h"

namespace gpuring::simulator {
namespace {

constexpr uint32_t kSwitchedLinks = 12;  // boards with so many links sit on a baseboard of switches
constexpr uint32_t kSwitchesPerHost = 4;
constexpr uint32_t kSwitchFirstBus = 0x04;  // below the devices' buses
constexpr uint32_t kSwitchDeviceId = 0x22A310DE;
constexpr unsigned int kWordBits = sizeof(unsigned long) * CHAR_BIT;

nvmlGpuTopologyLevel_t CommonAncestor(int a, int b) {
  World& world = World::Get();
  if (a == b) return NVML_TOPOLOGY_INTERNAL;
  if (world.NumaNodeOf(a) != world.NumaNodeOf(b)) return NVML_TOPOLOGY_SYSTEM;
  return world.PciSwitchOf(a) == world.PciSwitchOf(b) ? NVML_TOPOLOGY_SINGLE : NVML_TOPOLOGY_NODE;
}

struct PciAddress {
  uint32_t domain, bus, device;
};

// What the oldest version of the struct has.
nvmlReturn_t WritePciAddress(PciAddress address, unsigned int device_id, nvmlPciInfo_t* pci) {
  pci->domain = address.domain;
  pci->bus = address.bus;
  pci->device = address.device;
  pci->pciDeviceId = device_id;
  char text[16];
  std::snprintf(text, sizeof(text), "%04X:%02X:%02X.0", address.domain & 0xFFFF, address.bus & 0xFF,
                address.device & 0x1F);
  return CopyText(text, pci->busIdLegacy, sizeof(pci->busIdLegacy));
}

struct BitSet {
  unsigned long* words;
  unsigned int size;
};

// The bits from `first` to before `end`, as far as there are words for them.
void FillBits(BitSet set, unsigned int first, unsigned int end) {
  for (unsigned int word = 0; word < set.size; ++word) set.words[word] = 0;
  for (unsigned int bit = first; bit < end && bit / kWordBits < set.size; ++bit) {
    set.words[bit / kWordBits] |= 1ul << bit % kWordBits;
  }
}

nvmlReturn_t CheckSet(const DeviceCall& call, BitSet set, unsigned int scope) {
  if (!call.ok()) return call.result();
  const bool valid = set.size > 0 && scope <= NVML_AFFINITY_SCOPE_SOCKET;
  return valid ? NVML_SUCCESS : NVML_ERROR_INVALID_ARGUMENT;
}

// Processors of the real host, since a client may bind its threads to what it is told: each node's
// share of them.
nvmlReturn_t TellProcessors(const DeviceCall& call, BitSet set, unsigned int scope) {
  const nvmlReturn_t checked = CheckSet(call, set, scope);
  if (checked != NVML_SUCCESS) return checked;
  const long configured = sysconf(_SC_NPROCESSORS_CONF);
  const auto processors = static_cast<unsigned int>(configured > 0 ? configured : 1);
  const auto nodes = static_cast<unsigned int>(World::Get().numa_node_count());
  const auto node = static_cast<unsigned int>(World::Get().NumaNodeOf(call.device()));
  if (processors < nodes) {
    FillBits(set, 0, processors);
  } else {
    FillBits(set, processors * node / nodes, processors * (node + 1) / nodes);
  }
  return NVML_SUCCESS;
}

bool IsSwitched(const Board& board) { return board.nvlink_count >= kSwitchedLinks; }

const Board& BoardOf(int device) { return *World::Get().facts(device).board; }

bool AreLinked(int a, int b) {
  const Board& board = BoardOf(a);
  if (board.nvlink_count == 0 || BoardOf(b).nvlink_count == 0) return false;
  if (IsSwitched(board) || IsSwitched(BoardOf(b)))
    return IsSwitched(board) && IsSwitched(BoardOf(b));
  return &board == &BoardOf(b) && CommonAncestor(a, b) == NVML_TOPOLOGY_SINGLE;
}

// The device at the other end of a desktop board's links; -1 where none is.
int LinkedPeer(int device) {
  World& world = World::Get();
  for (int index = 0; index < world.device_count(); ++index) {
    const int peer = world.DeviceAt(static_cast<unsigned int>(index));
    if (peer >= 0 && peer != device && AreLinked(device, peer)) return peer;
  }
  return kNoDevice;
}

// What is at the other end of a link.
struct LinkEnd {
  nvmlReturn_t result;
  bool is_switch;
  int peer;  // kNoDevice: nothing, or a switch
};

LinkEnd FollowLink(const DeviceCall& call, unsigned int link) {
  if (!call.ok()) return {call.result(), false, kNoDevice};
  if (link >= NVML_NVLINK_MAX_LINKS) return {NVML_ERROR_INVALID_ARGUMENT, false, kNoDevice};
  const Board& board = call.board();
  if (link >= board.nvlink_count) return {NVML_ERROR_NOT_SUPPORTED, false, kNoDevice};
  if (IsSwitched(board)) return {NVML_SUCCESS, true, kNoDevice};
  return {NVML_SUCCESS, false, LinkedPeer(call.device())};
}

nvmlReturn_t TellRemote(const DeviceCall& call, unsigned int link, nvmlPciInfo_t* pci) {
  const LinkEnd end = FollowLink(call, link);
  if (end.result != NVML_SUCCESS) return end.result;
  if (!end.is_switch && end.peer == kNoDevice) return NVML_ERROR_NOT_SUPPORTED;
  if (!end.is_switch) {
    const DeviceFacts& facts = World::Get().facts(end.peer);
    return WritePciAddress({facts.pci_domain, facts.pci_bus, facts.pci_device},
                           facts.board->device_id, pci);
  }
  return WritePciAddress({0, kSwitchFirstBus + link % kSwitchesPerHost, 0}, kSwitchDeviceId, pci);
}

nvmlGpuP2PStatus_t PeerStatus(int device, int peer, nvmlGpuP2PCapsIndex_t capability) {
  const Board& a = BoardOf(device);
  const Board& b = BoardOf(peer);
  if (AreLinked(device, peer)) return NVML_P2P_STATUS_OK;
  const bool over_link =
      capability == NVML_P2P_CAPS_INDEX_NVLINK || capability == NVML_P2P_CAPS_INDEX_ATOMICS;
  if (over_link) return NVML_P2P_STATUS_NOT_SUPPORTED;
  const bool across_pcie = IsProfessional(a) && IsProfessional(b);
  return across_pcie ? NVML_P2P_STATUS_OK : NVML_P2P_STATUS_CHIPSET_NOT_SUPPORTED;
}

}  // namespace

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetTopologyCommonAncestor(nvmlDevice_t device,
                                                                nvmlDevice_t other,
                                                                nvmlGpuTopologyLevel_t* level) {
  const DeviceCall call(__func__, device, level);
  if (!call.ok()) return call.result();
  const int peer = DeviceIndex(other);
  if (peer < 0 || IsInstance(peer)) return NVML_ERROR_INVALID_ARGUMENT;
  if (World::Get().IsAway(peer)) return NVML_ERROR_GPU_IS_LOST;
  *level = CommonAncestor(call.device(), peer);
  return NVML_SUCCESS;
}

// The devices at exactly this level. Unlike other lists, a count of zero asks for the length and
// succeeds, and a short array is filled as far as it goes.
GPURING_EXPORT nvmlReturn_t nvmlDeviceGetTopologyNearestGpus(nvmlDevice_t device,
                                                             nvmlGpuTopologyLevel_t level,
                                                             unsigned int* count,
                                                             nvmlDevice_t* devices) {
  const DeviceCall call(__func__, device, count);
  if (!call.ok()) return call.result();
  if (level > NVML_TOPOLOGY_SYSTEM || (devices == nullptr && *count > 0)) {
    return NVML_ERROR_INVALID_ARGUMENT;
  }
  const unsigned int room = *count;
  unsigned int found = 0;
  for (int index = 0; index < World::Get().device_count(); ++index) {
    const int peer = World::Get().DeviceAt(static_cast<unsigned int>(index));
    if (peer < 0 || World::Get().IsAway(peer)) continue;
    if (peer == call.device() || CommonAncestor(call.device(), peer) != level) continue;
    if (room > 0 && found == room) break;
    if (room > 0) devices[found] = DeviceHandle(peer);
    ++found;
  }
  *count = found;
  return NVML_SUCCESS;
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetP2PStatus(nvmlDevice_t device, nvmlDevice_t other,
                                                   nvmlGpuP2PCapsIndex_t capability,
                                                   nvmlGpuP2PStatus_t* status) {
  const DeviceCall call(__func__, device, status);
  if (!call.ok()) return call.result();
  const int peer = DeviceIndex(other);
  if (peer < 0 || IsInstance(peer) || capability > NVML_P2P_CAPS_INDEX_PCI) {
    return NVML_ERROR_INVALID_ARGUMENT;
  }
  if (World::Get().IsAway(peer)) return NVML_ERROR_GPU_IS_LOST;
  *status = PeerStatus(call.device(), peer, capability);
  return NVML_SUCCESS;
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetNumaNodeId(nvmlDevice_t device, unsigned int* node) {
  const DeviceCall call(__func__, device, node);
  if (call.ok()) *node = static_cast<unsigned int>(World::Get().NumaNodeOf(call.device()));
  return call.result();
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetCpuAffinity(nvmlDevice_t device, unsigned int size,
                                                     unsigned long* set) {
  return TellProcessors(DeviceCall(__func__, device, set), {set, size}, 0);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetCpuAffinityWithinScope(nvmlDevice_t device,
                                                                unsigned int size,
                                                                unsigned long* set,
                                                                unsigned int scope) {
  return TellProcessors(DeviceCall(__func__, device, set), {set, size}, scope);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetMemoryAffinity(nvmlDevice_t device, unsigned int size,
                                                        unsigned long* set, unsigned int scope) {
  const DeviceCall call(__func__, device, set);
  const nvmlReturn_t checked = CheckSet(call, {set, size}, scope);
  if (checked != NVML_SUCCESS) return checked;
  const auto node = static_cast<unsigned int>(World::Get().NumaNodeOf(call.device()));
  FillBits({set, size}, node, node + 1);
  return NVML_SUCCESS;
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetNvLinkState(nvmlDevice_t device, unsigned int link,
                                                     nvmlEnableState_t* active) {
  const DeviceCall call(__func__, device, active);
  const LinkEnd end = FollowLink(call, link);
  if (end.result != NVML_SUCCESS) return end.result;
  const bool leads = end.is_switch || end.peer != kNoDevice;
  NoteQuantity(FieldKey(NVML_FI_DEV_NVLINK_GET_STATE, link));
  *active = leads ? NVML_FEATURE_ENABLED : NVML_FEATURE_DISABLED;
  return World::Get().Ask(call.device(), [=](Device& there) {
    for (const ValueKey key :
         {FieldKey(NVML_FI_DEV_NVLINK_GET_STATE), FieldKey(NVML_FI_DEV_NVLINK_GET_STATE, link)}) {
      const int64_t state = there.overrides().ValueOr(key, there.time_ns(), *active);
      *active = static_cast<nvmlEnableState_t>(state);
    }
    return NVML_SUCCESS;
  });
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetNvLinkRemoteDeviceType(nvmlDevice_t device,
                                                                unsigned int link,
                                                                nvmlIntNvLinkDeviceType_t* type) {
  const LinkEnd end = FollowLink(DeviceCall(__func__, device, type), link);
  if (end.result != NVML_SUCCESS) return end.result;
  *type = end.is_switch           ? NVML_NVLINK_DEVICE_TYPE_SWITCH
          : end.peer != kNoDevice ? NVML_NVLINK_DEVICE_TYPE_GPU
                                  : NVML_NVLINK_DEVICE_TYPE_UNKNOWN;
  return NVML_SUCCESS;
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetNvLinkRemotePciInfo(nvmlDevice_t device, unsigned int link,
                                                             nvmlPciInfo_t* pci) {
  return TellRemote(DeviceCall(__func__, device, pci), link, pci);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetNvLinkRemotePciInfo_v2(nvmlDevice_t device,
                                                                unsigned int link,
                                                                nvmlPciInfo_t* pci) {
  const DeviceCall call(__func__, device, pci);
  const nvmlReturn_t told = TellRemote(call, link, pci);
  if (told != NVML_SUCCESS) return told;
  pci->pciSubSystemId = 0;
  return CopyText("0000" + std::string(pci->busIdLegacy), pci->busId, sizeof(pci->busId));
}

}  // namespace gpuring::simulator
