// How the devices hang together: one NUMA node, four devices to a host bridge, and NVLink between
// all boards that have it.
#include <unistd.h>

#include <climits>

#include "nvml/abi_extended.h"
#include "simulator/call.h"

namespace gpuring::simulator {
namespace {

constexpr int kDevicesPerBridge = 4;
constexpr unsigned int kWordBits = sizeof(unsigned long) * CHAR_BIT;

nvmlGpuTopologyLevel_t CommonAncestor(int a, int b) {
  if (a == b) return NVML_TOPOLOGY_INTERNAL;
  const bool same_bridge = a / kDevicesPerBridge == b / kDevicesPerBridge;
  return same_bridge ? NVML_TOPOLOGY_HOSTBRIDGE : NVML_TOPOLOGY_NODE;
}

struct BitSet {
  unsigned long* words;
  unsigned int size;
};

// The lowest `count` bits, as far as there are words for them.
void FillBits(BitSet set, unsigned int count) {
  for (unsigned int word = 0; word < set.size; ++word) set.words[word] = 0;
  for (unsigned int bit = 0; bit < count && bit / kWordBits < set.size; ++bit) {
    set.words[bit / kWordBits] |= 1ul << bit % kWordBits;
  }
}

nvmlReturn_t CheckSet(const DeviceCall& call, BitSet set, unsigned int scope) {
  if (!call.ok()) return call.result();
  const bool valid = set.size > 0 && scope <= NVML_AFFINITY_SCOPE_SOCKET;
  return valid ? NVML_SUCCESS : NVML_ERROR_INVALID_ARGUMENT;
}

// Every processor of the real host: a client may bind its threads to what it is told.
nvmlReturn_t TellProcessors(const DeviceCall& call, BitSet set, unsigned int scope) {
  const nvmlReturn_t checked = CheckSet(call, set, scope);
  if (checked != NVML_SUCCESS) return checked;
  const long processors = sysconf(_SC_NPROCESSORS_CONF);
  FillBits(set, processors > 0 ? static_cast<unsigned int>(processors) : 1);
  return NVML_SUCCESS;
}

nvmlGpuP2PStatus_t PeerStatus(const Board& a, const Board& b, nvmlGpuP2PCapsIndex_t capability) {
  if (a.nvlink_count > 0 && b.nvlink_count > 0) return NVML_P2P_STATUS_OK;
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
  if (peer < 0) return NVML_ERROR_INVALID_ARGUMENT;
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
  for (int peer = 0; peer < World::Get().device_count(); ++peer) {
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
  if (peer < 0 || capability > NVML_P2P_CAPS_INDEX_PCI) return NVML_ERROR_INVALID_ARGUMENT;
  *status = PeerStatus(call.board(), *World::Get().facts(peer).board, capability);
  return NVML_SUCCESS;
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetNumaNodeId(nvmlDevice_t device, unsigned int* node) {
  return DeviceCall(__func__, device, node).TellConstant(0u, node);
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
  const nvmlReturn_t checked = CheckSet(DeviceCall(__func__, device, set), {set, size}, scope);
  if (checked == NVML_SUCCESS) FillBits({set, size}, 1);
  return checked;
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetNvLinkState(nvmlDevice_t device, unsigned int link,
                                                     nvmlEnableState_t* active) {
  const DeviceCall call(__func__, device, active);
  if (!call.ok()) return call.result();
  if (link >= NVML_NVLINK_MAX_LINKS) return NVML_ERROR_INVALID_ARGUMENT;
  if (link >= call.board().nvlink_count) return NVML_ERROR_NOT_SUPPORTED;
  *active = NVML_FEATURE_ENABLED;
  return NVML_SUCCESS;
}

}  // namespace gpuring::simulator
