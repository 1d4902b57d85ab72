#include "binding/box_devices.h"

#include <cstdint>

#include "binding/boxing.h"

namespace gpuring {
namespace {

void SetWatts(Napi::Object object, const char* key, const std::optional<uint32_t>& milliwatts) {
  if (milliwatts.has_value()) object.Set(key, *milliwatts / 1000.0);
}

void SetInstance(Napi::Object object, const DeviceIdentity& device) {
  if (device.parent_uuid.empty()) return;
  object.Set("parentUuid", device.parent_uuid);
  SetIfKnown(object, "migProfile", device.mig_profile);
  SetIfKnown(object, "gpuInstanceId", device.gpu_instance_id);
  SetIfKnown(object, "computeInstanceId", device.compute_instance_id);
}

Napi::Object BoxDevice(Napi::Env env, const DeviceEntry& entry) {
  const DeviceIdentity& device = entry.identity;
  Napi::Object object = Napi::Object::New(env);
  object.Set("number", static_cast<double>(entry.number));
  object.Set("row", static_cast<double>(entry.row));
  object.Set("present", entry.present);
  object.Set("uuid", device.uuid);
  object.Set("name", device.name);
  object.Set("index", device.index);
  SetIfKnown(object, "pciBusId", device.pci_bus_id);
  SetIfKnown(object, "serial", device.serial);
  SetIfKnown(object, "memoryBytes", device.memory_bytes);
  SetIfKnown(object, "coreCount", device.core_count);
  SetIfKnown(object, "multiprocessorCount", device.multiprocessor_count);
  SetIfKnown(object, "memoryBusWidthBits", device.memory_bus_width_bits);
  SetIfKnown(object, "computeCapabilityMajor", device.compute_capability_major);
  SetIfKnown(object, "computeCapabilityMinor", device.compute_capability_minor);
  SetIfKnown(object, "architecture", device.architecture);
  SetIfKnown(object, "maxClockRateMhz", device.max_sm_clock_mhz);
  SetIfKnown(object, "maxMemoryClockMhz", device.max_memory_clock_mhz);
  SetWatts(object, "powerLimitDefaultWatts", device.power_limit_default_milliwatts);
  SetWatts(object, "powerLimitMinWatts", device.power_limit_min_milliwatts);
  SetWatts(object, "powerLimitMaxWatts", device.power_limit_max_milliwatts);
  SetIfKnown(object, "maxPcieLinkGeneration", device.max_pcie_link_generation);
  SetIfKnown(object, "maxPcieLinkWidth", device.max_pcie_link_width);
  SetIfKnown(object, "numaNode", device.numa_node);
  if (device.unified_memory) object.Set("unifiedMemory", true);
  if (device.mig_enabled) object.Set("migEnabled", true);
  SetInstance(object, device);
  return object;
}

Napi::Object BoxLink(Napi::Env env, const TopologyCell& cell) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("link", static_cast<double>(cell.link));
  object.Set("nvlinkCount", cell.nvlink_count);
  if (cell.peer_access != PeerAccess::kUnknown) {
    object.Set("peerAccess", cell.peer_access == PeerAccess::kYes);
  }
  return object;
}

}  // namespace

Napi::Array BoxDevices(Napi::Env env, const DeviceList& list) {
  Napi::Array array = Napi::Array::New(env, list.devices.size());
  uint32_t at = 0;
  for (const DeviceEntry& entry : list.devices) array.Set(at++, BoxDevice(env, entry));
  return array;
}

Napi::Array BoxTopology(Napi::Env env, const DeviceList& list) {
  Napi::Array array = Napi::Array::New(env, list.topology.size());
  uint32_t at = 0;
  for (const TopologyCell& cell : list.topology) array.Set(at++, BoxLink(env, cell));
  return array;
}

}  // namespace gpuring
