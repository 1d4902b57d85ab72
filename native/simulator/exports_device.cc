// What is fixed about a device: its names, its place and its kind.
#include <string>

#include "nvml/abi_extended.h"
#include "simulator/call.h"

namespace gpuring::simulator {
namespace {

// PCI class of a display controller: VGA where a display can be attached, 3D where none can.
constexpr unsigned int kDisplayClass = 0x03;
constexpr unsigned int kVgaSubclass = 0x00;
constexpr unsigned int k3dSubclass = 0x02;

// What every version of the struct begins with: the text with a four-digit domain, "0000:1B:00.0".
nvmlReturn_t WritePciInfo(const DeviceFacts& facts, nvmlPciInfo_t* pci) {
  pci->domain = facts.pci_domain;
  pci->bus = facts.pci_bus;
  pci->device = facts.pci_device;
  pci->pciDeviceId = facts.board->device_id;
  return CopyText(facts.bus_id.substr(4), pci->busIdLegacy, sizeof(pci->busIdLegacy));
}

}  // namespace

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetName(nvmlDevice_t device, char* name,
                                              unsigned int length) {
  return DeviceCall(__func__, device, name).TellText(&Board::name, name, length);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetUUID(nvmlDevice_t device, char* uuid,
                                              unsigned int length) {
  return DeviceCall(__func__, device, uuid).TellText(&DeviceFacts::uuid, uuid, length);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetSerial(nvmlDevice_t device, char* serial,
                                                unsigned int length) {
  return DeviceCall(__func__, device, serial).TellText(&DeviceFacts::serial, serial, length);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetVbiosVersion(nvmlDevice_t device, char* version,
                                                      unsigned int length) {
  return DeviceCall(__func__, device, version).TellText(&Board::vbios_version, version, length);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetBoardPartNumber(nvmlDevice_t device, char* number,
                                                         unsigned int length) {
  return DeviceCall(__func__, device, number).TellText(&Board::part_number, number, length);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetIndex(nvmlDevice_t device, unsigned int* index) {
  const DeviceCall call(__func__, device, index);
  if (!call.ok()) return call.result();
  const int found = World::Get().IndexOf(call.device());
  if (found < 0) return NVML_ERROR_GPU_IS_LOST;  // removed this very moment
  *index = static_cast<unsigned int>(found);
  return NVML_SUCCESS;
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetMinorNumber(nvmlDevice_t device, unsigned int* minor) {
  const DeviceCall call(__func__, device, minor);
  if (call.ok()) *minor = call.facts().minor_number;
  return call.result();
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetBoardId(nvmlDevice_t device, unsigned int* id) {
  const DeviceCall call(__func__, device, id);
  if (call.ok()) *id = call.facts().pci_bus << 8 | call.facts().pci_device;
  return call.result();
}

// Modules exist on boards that sit on a common baseboard, which is those with NVLink here.
GPURING_EXPORT nvmlReturn_t nvmlDeviceGetModuleId(nvmlDevice_t device, unsigned int* id) {
  const DeviceCall call(__func__, device, id);
  if (!call.ok()) return call.result();
  if (call.board().nvlink_count == 0) return NVML_ERROR_NOT_SUPPORTED;
  *id = static_cast<unsigned int>(call.device()) + 1;
  return NVML_SUCCESS;
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetMultiGpuBoard(nvmlDevice_t device, unsigned int* multi) {
  return DeviceCall(__func__, device, multi).TellConstant(0u, multi);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceOnSameBoard(nvmlDevice_t device, nvmlDevice_t other,
                                                  int* same) {
  const DeviceCall call(__func__, device, same);
  if (!call.ok()) return call.result();
  if (DeviceIndex(other) < 0) return NVML_ERROR_INVALID_ARGUMENT;
  *same = device == other ? 1 : 0;
  return NVML_SUCCESS;
}

// The two older calls fill busIdLegacy alone. The plain one predates the subsystem id as well, and
// a caller built for it has no room for one.
GPURING_EXPORT nvmlReturn_t nvmlDeviceGetPciInfo(nvmlDevice_t device, nvmlPciInfo_t* pci) {
  const DeviceCall call(__func__, device, pci);
  return call.ok() ? WritePciInfo(call.facts(), pci) : call.result();
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetPciInfo_v2(nvmlDevice_t device, nvmlPciInfo_t* pci) {
  const DeviceCall call(__func__, device, pci);
  if (!call.ok()) return call.result();
  pci->pciSubSystemId = call.board().subsystem_id;
  return WritePciInfo(call.facts(), pci);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetPciInfo_v3(nvmlDevice_t device, nvmlPciInfo_t* pci) {
  const DeviceCall call(__func__, device, pci);
  if (!call.ok()) return call.result();
  pci->pciSubSystemId = call.board().subsystem_id;
  const nvmlReturn_t copied = CopyText(call.facts().bus_id, pci->busId, sizeof(pci->busId));
  return copied == NVML_SUCCESS ? WritePciInfo(call.facts(), pci) : copied;
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetPciInfoExt(nvmlDevice_t device, nvmlPciInfoExt_v1_t* pci) {
  const DeviceCall call(__func__, device, pci);
  if (!call.ok()) return call.result();
  if (pci->version != VersionWord<nvmlPciInfoExt_v1_t>(1)) {
    return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
  }
  pci->domain = call.facts().pci_domain;
  pci->bus = call.facts().pci_bus;
  pci->device = call.facts().pci_device;
  pci->pciDeviceId = call.board().device_id;
  pci->pciSubSystemId = call.board().subsystem_id;
  pci->baseClass = kDisplayClass;
  pci->subClass = call.board().fan_count > 0 ? kVgaSubclass : k3dSubclass;
  return CopyText(call.facts().bus_id, pci->busId, sizeof(pci->busId));
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetBrand(nvmlDevice_t device, nvmlBrandType_t* brand) {
  return DeviceCall(__func__, device, brand).Tell(&Board::brand, brand);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetArchitecture(nvmlDevice_t device,
                                                      nvmlDeviceArchitecture_t* architecture) {
  return DeviceCall(__func__, device, architecture).Tell(&Board::architecture, architecture);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetCudaComputeCapability(nvmlDevice_t device, int* major,
                                                               int* minor) {
  const DeviceCall call(__func__, device, major, minor);
  call.Tell(&Board::compute_major, major);
  return call.Tell(&Board::compute_minor, minor);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetNumGpuCores(nvmlDevice_t device, unsigned int* cores) {
  return DeviceCall(__func__, device, cores).Tell(&Board::core_count, cores);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetMemoryBusWidth(nvmlDevice_t device, unsigned int* bits) {
  return DeviceCall(__func__, device, bits).Tell(&Board::bus_width_bits, bits);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetBusType(nvmlDevice_t device, nvmlBusType_t* type) {
  return DeviceCall(__func__, device, type).TellConstant(NVML_BUS_TYPE_PCIE, type);
}

// A number of the interrupt's kind; no interrupt is behind it.
GPURING_EXPORT nvmlReturn_t nvmlDeviceGetIrqNum(nvmlDevice_t device, unsigned int* number) {
  constexpr unsigned int kFirst = 128;
  const DeviceCall call(__func__, device, number);
  if (call.ok()) *number = kFirst + static_cast<unsigned int>(call.device());
  return call.result();
}

}  // namespace gpuring::simulator
