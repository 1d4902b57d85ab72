#include "binding/boxing.h"

#include <optional>
#include <string>

namespace gpuring {
namespace {

void SetIfKnown(Napi::Object object, const char* key, const std::optional<std::string>& value) {
  if (value.has_value()) object.Set(key, *value);
}

template <class Integer>
void SetIfKnown(Napi::Object object, const char* key, const std::optional<Integer>& value) {
  if (value.has_value()) object.Set(key, static_cast<double>(*value));
}

void SetWatts(Napi::Object object, const char* key, const std::optional<uint32_t>& milliwatts) {
  if (milliwatts.has_value()) object.Set(key, *milliwatts / 1000.0);
}

}  // namespace

Napi::Value BoxStatus(Napi::Env env, const Status& status) {
  if (status.ok()) return env.Undefined();
  Napi::Object object = Napi::Object::New(env);
  object.Set("code", std::string(CodeName(status.code())));
  object.Set("message", status.message());
  object.Set("hint", status.hint());
  object.Set("nvmlReturn", status.driver_return());
  return object;
}

Napi::Object BoxDevice(Napi::Env env, const DeviceIdentity& device) {
  Napi::Object object = Napi::Object::New(env);
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
  return object;
}

Napi::Object BoxDriver(Napi::Env env, const SourceIdentity& identity) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("libraryPath", identity.library_path);
  object.Set("driverVersion", identity.driver_version);
  object.Set("nvmlVersion", identity.nvml_version);
  SetIfKnown(object, "cudaDriverVersion", identity.cuda_driver_version);
  if (identity.skipped_devices > 0) object.Set("skippedDevices", identity.skipped_devices);
  if (!identity.simulation.empty()) object.Set("simulation", identity.simulation);
  return object;
}

}  // namespace gpuring
