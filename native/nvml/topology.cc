#include "nvml/topology.h"

#include <algorithm>
#include <optional>

#include "nvml/return_code.h"
#include "nvml/roomy.h"

namespace gpuring {
namespace {

struct PciAddress {
  unsigned int domain = 0;
  unsigned int bus = 0;
  unsigned int device = 0;

  bool operator==(const PciAddress&) const = default;
};

// What is at the other end of an active link, and no switch.
struct Neighbour {
  PciAddress address;
  bool is_gpu = false;  // it says so
};

struct Gpu {
  nvmlDevice_t handle = nullptr;
  bool dead = false;  // or without a handle
  std::optional<PciAddress> address;
  std::vector<Neighbour> neighbours;  // one for each link
  uint32_t switched_links = 0;        // active ones to a switch
  uint32_t unclear_links = 0;         // active ones, and nobody says where to
};

Link LinkOf(nvmlGpuTopologyLevel_t level) {
  switch (level) {
    case NVML_TOPOLOGY_INTERNAL:
      return Link::kInternal;
    case NVML_TOPOLOGY_SINGLE:
      return Link::kSingleSwitch;
    case NVML_TOPOLOGY_MULTIPLE:
      return Link::kMultiSwitch;
    case NVML_TOPOLOGY_HOSTBRIDGE:
      return Link::kHostBridge;
    case NVML_TOPOLOGY_NODE:
      return Link::kNumaNode;
    case NVML_TOPOLOGY_SYSTEM:
      return Link::kSystem;
  }
  return Link::kUnknown;
}

uint32_t LinksFrom(const Gpu& one, const Gpu& other) {
  if (!other.address) return 0;
  return static_cast<uint32_t>(
      std::ranges::count(one.neighbours, *other.address, &Neighbour::address));
}

// Links that end in a switch lead to everybody whose links end in one.
uint32_t LinksBetween(const Gpu& one, const Gpu& other) {
  const uint32_t direct = std::max(LinksFrom(one, other), LinksFrom(other, one));
  return direct > 0 ? direct : std::min(one.switched_links, other.switched_links);
}

// Who is none of the GPUs, and does not say that it is one, may be a switch.
void FindUnclear(std::span<Gpu> gpus) {
  for (Gpu& gpu : gpus) {
    for (const Neighbour& neighbour : gpu.neighbours) {
      const bool known = std::ranges::any_of(
          gpus, [&](const Gpu& other) { return other.address == neighbour.address; });
      if (!known && !neighbour.is_gpu) ++gpu.unclear_links;
    }
  }
}

// A link of which nobody says where to, and at the other end one that could be its end.
bool MayBeLinked(const Gpu& one, const Gpu& other) {
  return one.unclear_links > 0 && (other.unclear_links > 0 || other.switched_links > 0);
}

class Surveyor {
 public:
  explicit Surveyor(const NvmlLibrary& library) : nvml_(library.functions()) {}

  [[nodiscard]] Gpu Look(nvmlDevice_t handle);
  // Of two that were looked at, as all others were.
  [[nodiscard]] TopologyCell Compare(const Gpu& one, const Gpu& other);

 private:
  // Whether it was answered. Of the dead nothing more is asked.
  bool Succeeds(nvmlReturn_t result, Gpu* gpu);
  // The same of a call about two: it does not say which of them is meant.
  bool Succeeds(nvmlReturn_t result);
  void FollowLinks(Gpu* gpu);
  void FollowLink(unsigned int link, Gpu* gpu);
  [[nodiscard]] Link LinkBeside(const Gpu& one, const Gpu& other);
  [[nodiscard]] Link AncestorLink(const Gpu& one, const Gpu& other);
  [[nodiscard]] PeerAccess Access(const Gpu& one, const Gpu& other);
  [[nodiscard]] PeerAccess AccessBy(nvmlGpuP2PCapsIndex_t capability, const Gpu& one,
                                    const Gpu& other);

  const NvmlFunctions& nvml_;
  bool library_dead_ = false;
};

bool Surveyor::Succeeds(nvmlReturn_t result) {
  library_dead_ = library_dead_ || IsLibraryDead(result);
  return result == NVML_SUCCESS;
}

bool Surveyor::Succeeds(nvmlReturn_t result, Gpu* gpu) {
  gpu->dead = gpu->dead || IsDeviceDead(result) || IsLibraryDead(result);
  return Succeeds(result);
}

Gpu Surveyor::Look(nvmlDevice_t handle) {
  Gpu gpu;
  gpu.handle = handle;
  gpu.dead = handle == nullptr || library_dead_;
  if (gpu.dead) return gpu;
  Roomy<nvmlPciInfo_t> info;
  const auto ask = nvml_.pci_info != nullptr ? nvml_.pci_info : nvml_.pci_info_legacy;
  if (ask != nullptr && Succeeds(ask(handle, &info.value), &gpu)) {
    gpu.address = {info->domain, info->bus, info->device};
  }
  if (nvml_.nvlink_state != nullptr) FollowLinks(&gpu);
  return gpu;
}

void Surveyor::FollowLinks(Gpu* gpu) {
  for (unsigned int link = 0; link < NVML_NVLINK_MAX_LINKS && !gpu->dead; ++link) {
    nvmlEnableState_t active = NVML_FEATURE_DISABLED;
    const nvmlReturn_t result = nvml_.nvlink_state(gpu->handle, link, &active);
    if (Succeeds(result, gpu) && active == NVML_FEATURE_ENABLED) FollowLink(link, gpu);
    // No links at all, or past the last. One that is not there can lie between two that are.
    if (result == NVML_ERROR_INVALID_ARGUMENT) return;
    const bool offered = ToStatusCode(result) != StatusCode::kNotSupported;
    if (!offered && link == 0) return;
    if (offered && result != NVML_SUCCESS) ++gpu->unclear_links;
  }
}

void Surveyor::FollowLink(unsigned int link, Gpu* gpu) {
  nvmlIntNvLinkDeviceType_t type = NVML_NVLINK_DEVICE_TYPE_UNKNOWN;
  const bool typed = nvml_.nvlink_remote_type != nullptr &&
                     Succeeds(nvml_.nvlink_remote_type(gpu->handle, link, &type), gpu);
  if (typed && type == NVML_NVLINK_DEVICE_TYPE_SWITCH) {
    ++gpu->switched_links;
    return;
  }
  Roomy<nvmlPciInfo_t> info;
  if (!gpu->dead && nvml_.nvlink_remote_pci != nullptr &&
      Succeeds(nvml_.nvlink_remote_pci(gpu->handle, link, &info.value), gpu)) {
    gpu->neighbours.push_back({.address = {info->domain, info->bus, info->device},
                               .is_gpu = typed && type == NVML_NVLINK_DEVICE_TYPE_GPU});
  } else {
    ++gpu->unclear_links;
  }
}

TopologyCell Surveyor::Compare(const Gpu& one, const Gpu& other) {
  TopologyCell cell;
  if (one.dead || other.dead || library_dead_) return cell;
  cell.nvlink_count = LinksBetween(one, other);
  cell.link = cell.nvlink_count > 0 ? Link::kNvLink : LinkBeside(one, other);
  cell.peer_access = Access(one, other);
  return cell;
}

// Of two between which no link is known.
Link Surveyor::LinkBeside(const Gpu& one, const Gpu& other) {
  if (!MayBeLinked(one, other) && !MayBeLinked(other, one)) return AncestorLink(one, other);
  switch (AccessBy(NVML_P2P_CAPS_INDEX_NVLINK, one, other)) {
    case PeerAccess::kYes:
      return Link::kNvLink;
    case PeerAccess::kNo:
      return AncestorLink(one, other);
    case PeerAccess::kUnknown:
      break;
  }
  return Link::kUnknown;
}

Link Surveyor::AncestorLink(const Gpu& one, const Gpu& other) {
  auto level = static_cast<nvmlGpuTopologyLevel_t>(NVML_VALUE_NOT_AVAILABLE_U32);
  const bool told = nvml_.common_ancestor != nullptr && !library_dead_ &&
                    Succeeds(nvml_.common_ancestor(one.handle, other.handle, &level));
  return told ? LinkOf(level) : Link::kUnknown;
}

PeerAccess Surveyor::Access(const Gpu& one, const Gpu& other) {
  const PeerAccess read = AccessBy(NVML_P2P_CAPS_INDEX_READ, one, other);
  if (read == PeerAccess::kNo) return read;
  const PeerAccess write = AccessBy(NVML_P2P_CAPS_INDEX_WRITE, one, other);
  return write == PeerAccess::kYes ? read : write;
}

PeerAccess Surveyor::AccessBy(nvmlGpuP2PCapsIndex_t capability, const Gpu& one, const Gpu& other) {
  nvmlGpuP2PStatus_t status = NVML_P2P_STATUS_UNKNOWN;
  if (nvml_.peer_status == nullptr || library_dead_ ||
      !Succeeds(nvml_.peer_status(one.handle, other.handle, capability, &status)) ||
      status >= NVML_P2P_STATUS_UNKNOWN) {
    return PeerAccess::kUnknown;
  }
  return status == NVML_P2P_STATUS_OK ? PeerAccess::kYes : PeerAccess::kNo;
}

using Matrix = std::vector<TopologyCell>;

Matrix CompareAll(Surveyor* surveyor, std::span<const Gpu> gpus) {
  Matrix cells(gpus.size() * gpus.size());
  for (size_t one = 0; one < gpus.size(); ++one) {
    for (size_t other = one + 1; other < gpus.size(); ++other) {
      const TopologyCell cell = surveyor->Compare(gpus[one], gpus[other]);
      cells[one * gpus.size() + other] = cells[other * gpus.size() + one] = cell;
    }
  }
  return cells;
}

}  // namespace

std::vector<TopologyCell> ReadTopology(const NvmlLibrary& library,
                                       std::span<const nvmlDevice_t> devices) {
  Surveyor surveyor(library);
  std::vector<Gpu> gpus;
  std::vector<size_t> places;  // of each device's GPU
  for (const nvmlDevice_t device : devices) {
    const auto same = std::ranges::find(gpus, device, &Gpu::handle);
    places.push_back(static_cast<size_t>(same - gpus.begin()));
    if (same == gpus.end()) gpus.push_back(surveyor.Look(device));
  }
  FindUnclear(gpus);
  const Matrix between = CompareAll(&surveyor, gpus);
  Matrix cells(devices.size() * devices.size());
  for (size_t one = 0; one < devices.size(); ++one) {
    for (size_t other = 0; other < devices.size(); ++other) {
      TopologyCell& cell = cells[one * devices.size() + other];
      if (places[one] != places[other]) {
        cell = between[places[one] * gpus.size() + places[other]];
      } else if (one != other && devices[one] != nullptr) {
        cell.link = Link::kInternal;
      }
    }
  }
  return cells;
}

}  // namespace gpuring
