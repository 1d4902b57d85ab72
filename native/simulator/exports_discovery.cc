// How many devices there are, and their handles by each of their names.
#include <cctype>
#include <charconv>
#include <cstring>
#include <optional>
#include <string>

#include "nvml/abi_extended.h"
#include "simulator/call.h"
#include "simulator/device_number.h"

namespace gpuring::simulator {
namespace {

nvmlReturn_t Count(const char* function, unsigned int* count) {
  const HostCall call(function, count);
  if (call.ok()) *count = static_cast<unsigned int>(World::Get().device_count());
  return call.result();
}

// The first device that fits, or -1.
template <typename Fits>
int Find(Fits fits) {
  World& world = World::Get();
  for (int index = 0; index < world.device_count(); ++index) {
    const int device = world.DeviceAt(static_cast<unsigned int>(index));
    if (device >= 0 && fits(world.facts(device))) return device;
  }
  return kNoDevice;
}

// The same among the MIG instances of all devices.
template <typename Fits>
int FindInstance(Fits fits) {
  World& world = World::Get();
  for (int index = 0; index < world.device_count() * kMigSlots; ++index) {
    const int board = world.DeviceAt(static_cast<unsigned int>(index / kMigSlots));
    if (board < 0) continue;
    const int device = world.InstanceAt(board, static_cast<unsigned int>(index % kMigSlots));
    if (device >= 0 && fits(world.facts(device))) return device;
  }
  return kNoDevice;
}

// The end of every look-up.
nvmlReturn_t HandOut(const Call& call, int device, nvmlDevice_t* handle) {
  if (!call.ok()) return call.result();
  if (device < 0) return NVML_ERROR_NOT_FOUND;
  if (World::Get().IsAway(device)) return NVML_ERROR_GPU_IS_LOST;
  *handle = DeviceHandle(device);
  return NVML_SUCCESS;
}

nvmlReturn_t ByIndex(const char* function, unsigned int index, nvmlDevice_t* handle) {
  const int device = World::Get().DeviceAt(index);
  const nvmlReturn_t result = HandOut(LookUpCall(function, device, handle), device, handle);
  return result == NVML_ERROR_NOT_FOUND && device < 0 ? NVML_ERROR_INVALID_ARGUMENT : result;
}

// A look-up by text: `device` is what was found for it.
nvmlReturn_t ByText(const char* function, int device, nvmlDevice_t* handle) {
  return HandOut(LookUpCall(function, device, handle), device, handle);
}

int FindUuid(std::string_view uuid) {
  const auto fits = [uuid](const DeviceFacts& facts) { return facts.uuid == uuid; };
  return uuid.starts_with("MIG-") ? FindInstance(fits) : Find(fits);
}

// "GPU-" and the 16 bytes in their canonical text form.
std::string UuidText(const unsigned char (&bytes)[16]) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text = "GPU-";
  for (size_t i = 0; i < sizeof(bytes); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

struct BusId {
  uint32_t domain = 0;
  uint32_t bus = 0;
  uint32_t device = 0;
};

// Takes hexadecimal digits up to `end`, which is taken too; 0 stands for the end of the text.
std::optional<uint32_t> TakeHex(std::string_view* text, char end) {
  const size_t length = end == 0 ? text->size() : text->find(end);
  if (length == std::string_view::npos || length == 0) return std::nullopt;
  uint32_t value = 0;
  const char* last = text->data() + length;
  const auto [stop, error] = std::from_chars(text->data(), last, value, 16);
  if (error != std::errc() || stop != last) return std::nullopt;
  text->remove_prefix(end == 0 ? length : length + 1);
  return value;
}

// [domain:]bus:device[.function], hexadecimal in either case and of any width, as
// "0000:1b:00.0" and "00000000:1B:00.0".
std::optional<BusId> ParseBusId(std::string_view text) {
  BusId id;
  std::optional<uint32_t> part = TakeHex(&text, ':');
  if (!part) return std::nullopt;
  if (text.find(':') != std::string_view::npos) {
    id.domain = *part;
    part = TakeHex(&text, ':');
    if (!part) return std::nullopt;
  }
  id.bus = *part;
  const bool has_function = text.find('.') != std::string_view::npos;
  part = TakeHex(&text, has_function ? '.' : '\0');
  if (!part || (has_function && TakeHex(&text, '\0') != 0u)) return std::nullopt;
  id.device = *part;
  return id;
}

nvmlReturn_t ByBusId(const char* function, const char* text, nvmlDevice_t* handle) {
  const std::optional<BusId> id = text == nullptr ? std::nullopt : ParseBusId(text);
  const int device = !id ? -1 : Find([&id](const DeviceFacts& facts) {
    return facts.pci_domain == id->domain && facts.pci_bus == id->bus &&
           facts.pci_device == id->device;
  });
  const nvmlReturn_t result = ByText(function, device, handle);
  return result == NVML_ERROR_NOT_FOUND && !id ? NVML_ERROR_INVALID_ARGUMENT : result;
}

}  // namespace

// Both versions name the same devices: the simulated host hides none for lack of permission.
GPURING_EXPORT nvmlReturn_t nvmlDeviceGetCount(unsigned int* count) {
  return Count(__func__, count);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetCount_v2(unsigned int* count) {
  return Count(__func__, count);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetHandleByIndex(unsigned int index, nvmlDevice_t* device) {
  return ByIndex(__func__, index, device);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned int index,
                                                          nvmlDevice_t* device) {
  return ByIndex(__func__, index, device);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetHandleByUUID(const char* uuid, nvmlDevice_t* device) {
  const nvmlReturn_t result = ByText(__func__, uuid == nullptr ? -1 : FindUuid(uuid), device);
  return result == NVML_ERROR_NOT_FOUND && uuid == nullptr ? NVML_ERROR_INVALID_ARGUMENT : result;
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetHandleByUUIDV(const nvmlUUID_v1_t* uuid,
                                                       nvmlDevice_t* device) {
  const HostCall call(__func__, uuid, device);
  if (!call.ok()) return call.result();
  if (uuid->version != VersionWord<nvmlUUID_v1_t>(1)) return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
  if (uuid->type == NVML_UUID_TYPE_BINARY) {
    return HandOut(call, FindUuid(UuidText(uuid->value.bytes)), device);
  }
  if (uuid->type != NVML_UUID_TYPE_ASCII) return NVML_ERROR_INVALID_ARGUMENT;
  const std::string_view text(uuid->value.str, strnlen(uuid->value.str, sizeof(uuid->value.str)));
  return HandOut(call, FindUuid(text), device);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetHandleBySerial(const char* serial, nvmlDevice_t* device) {
  const bool named = serial != nullptr && *serial != '\0';  // boards without one have ""
  const int found =
      !named ? -1 : Find([serial](const DeviceFacts& facts) { return facts.serial == serial; });
  const nvmlReturn_t result = ByText(__func__, found, device);
  return result == NVML_ERROR_NOT_FOUND && !named ? NVML_ERROR_INVALID_ARGUMENT : result;
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetHandleByPciBusId(const char* bus_id,
                                                          nvmlDevice_t* device) {
  return ByBusId(__func__, bus_id, device);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetHandleByPciBusId_v2(const char* bus_id,
                                                             nvmlDevice_t* device) {
  return ByBusId(__func__, bus_id, device);
}

}  // namespace gpuring::simulator
