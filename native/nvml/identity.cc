#include "nvml/identity.h"

#include <array>
#include <cstring>
#include <span>

#include "nvml/abi_extended.h"
#include "nvml/host_files.h"
#include "nvml/return_code.h"
#include "nvml/roomy.h"

namespace gpuring {
namespace {

constexpr size_t kMaxText = 128;  // longer than every buffer NVML documents

// A text without a terminator is longer than its buffer: whatever it is, it is not this.
std::optional<std::string> ReadableText(std::span<const char> buffer) {
  const std::string_view text(buffer.data(), strnlen(buffer.data(), buffer.size()));
  if (text.empty() || text.size() == buffer.size() || !IsUtf8(text)) return std::nullopt;
  return std::string(text);
}

template <typename Call>
std::optional<std::string> ReadText(unsigned int size, const Call& call) {
  std::array<char, kMaxText> buffer{};
  if (call(buffer.data(), size) != NVML_SUCCESS) return std::nullopt;
  return ReadableText({buffer.data(), size});
}

using TextCall = nvmlReturn_t (*)(nvmlDevice_t, char*, unsigned int);
std::optional<std::string> ReadText(TextCall call, nvmlDevice_t device, unsigned int size) {
  if (call == nullptr) return std::nullopt;
  return ReadText(size, [&](char* text, unsigned int room) { return call(device, text, room); });
}

// None of the quantities asked for here can be 0. What is far beyond any board is nonsense, such as
// the sentinels that some put in place of a value.
std::optional<uint32_t> Believable(unsigned int value) {
  constexpr unsigned int kMost = 100'000'000;
  if (value == 0 || value > kMost) return std::nullopt;
  return value;
}

using CountCall = nvmlReturn_t (*)(nvmlDevice_t, unsigned int*);
std::optional<uint32_t> ReadCount(CountCall call, nvmlDevice_t device) {
  unsigned int value = 0;
  if (call == nullptr || call(device, &value) != NVML_SUCCESS) return std::nullopt;
  return Believable(value);
}

std::optional<std::string> ReadBusId(const NvmlFunctions& nvml, nvmlDevice_t device) {
  Roomy<nvmlPciInfo_t> info;
  const auto ask = nvml.pci_info != nullptr ? nvml.pci_info : nvml.pci_info_legacy;
  if (ask == nullptr || ask(device, &info.value) != NVML_SUCCESS) return std::nullopt;
  const std::span<const char> field =
      nvml.pci_info != nullptr ? std::span<const char>(info->busId) : info->busIdLegacy;
  return ReadableText(field);
}

// Boards whose memory is the system's decline both calls, or answer 0.
void ReadMemory(const NvmlFunctions& nvml, nvmlDevice_t device, DeviceIdentity* identity) {
  nvmlReturn_t result = NVML_ERROR_FUNCTION_NOT_FOUND;
  uint64_t total = 0;
  if (nvml.memory_v2 != nullptr) {
    Roomy<nvmlMemory_v2_t> memory;
    memory->version = VersionWord<nvmlMemory_v2_t>(2);
    result = nvml.memory_v2(device, &memory.value);
    if (result == NVML_SUCCESS) total = memory->total;
  }
  if (total == 0 && nvml.memory != nullptr) {
    Roomy<nvmlMemory_t> memory;
    const nvmlReturn_t second = nvml.memory(device, &memory.value);
    if (second == NVML_SUCCESS) total = memory->total;
    if (!IsPermanent(second)) result = second;
  }
  identity->unified_memory =
      result == NVML_ERROR_NOT_SUPPORTED || (result == NVML_SUCCESS && total == 0);
  if (identity->unified_memory) {
    if (const auto memory = ReadHostMemory()) identity->memory_bytes = memory->total_bytes;
    return;
  }
  const MetricRow& row = kMetrics[static_cast<size_t>(MetricId::kMemoryTotalBytes)];
  if (total < static_cast<uint64_t>(row.minimum) || total > static_cast<uint64_t>(row.maximum)) {
    return;
  }
  identity->memory_bytes = total;
}

// The node whose memory is nearest; absent where several are as near.
std::optional<uint32_t> ReadNumaNode(const NvmlFunctions& nvml, nvmlDevice_t device) {
  constexpr size_t kWordBits = 8 * sizeof(unsigned long);
  Roomy<std::array<unsigned long, 16>> answer;
  std::array<unsigned long, 16>& nodes = answer.value;
  if (nvml.memory_affinity == nullptr ||
      nvml.memory_affinity(device, nodes.size(), nodes.data(), NVML_AFFINITY_SCOPE_NODE) !=
          NVML_SUCCESS) {
    return std::nullopt;
  }
  std::optional<uint32_t> found;
  for (size_t node = 0; node < nodes.size() * kWordBits; ++node) {
    if ((nodes[node / kWordBits] >> (node % kWordBits) & 1) == 0) continue;
    if (found) return std::nullopt;
    found = static_cast<uint32_t>(node);
  }
  return found;
}

std::optional<uint32_t> ReadMaxClock(const NvmlFunctions& nvml, nvmlDevice_t device,
                                     nvmlClockType_t type) {
  unsigned int mhz = 0;
  if (nvml.max_clock == nullptr || nvml.max_clock(device, type, &mhz) != NVML_SUCCESS) {
    return std::nullopt;
  }
  return Believable(mhz);
}

// The list is open: a number this build does not know stays unknown.
std::optional<std::string> ReadArchitecture(const NvmlFunctions& nvml, nvmlDevice_t device) {
  unsigned int architecture = NVML_DEVICE_ARCH_UNKNOWN;
  if (nvml.architecture == nullptr || nvml.architecture(device, &architecture) != NVML_SUCCESS) {
    return std::nullopt;
  }
  switch (architecture) {
    case NVML_DEVICE_ARCH_KEPLER:
      return "Kepler";
    case NVML_DEVICE_ARCH_MAXWELL:
      return "Maxwell";
    case NVML_DEVICE_ARCH_PASCAL:
      return "Pascal";
    case NVML_DEVICE_ARCH_VOLTA:
      return "Volta";
    case NVML_DEVICE_ARCH_TURING:
      return "Turing";
    case NVML_DEVICE_ARCH_AMPERE:
      return "Ampere";
    case NVML_DEVICE_ARCH_ADA:
      return "Ada";
    case NVML_DEVICE_ARCH_HOPPER:
      return "Hopper";
    case NVML_DEVICE_ARCH_BLACKWELL:
      return "Blackwell";
    case NVML_DEVICE_ARCH_RUBIN:
      return "Rubin";
    default:
      return std::nullopt;
  }
}

void ReadCompute(const NvmlFunctions& nvml, nvmlDevice_t device, DeviceIdentity* identity) {
  identity->core_count = ReadCount(nvml.core_count, device);
  constexpr int kMostCapability = 1'000;
  int major = 0;
  int minor = 0;
  if (nvml.compute_capability == nullptr ||
      nvml.compute_capability(device, &major, &minor) != NVML_SUCCESS || major <= 0 ||
      major > kMostCapability || minor < 0 || minor > kMostCapability) {
    return;
  }
  identity->compute_capability_major = static_cast<uint32_t>(major);
  identity->compute_capability_minor = static_cast<uint32_t>(minor);
  const auto per_unit =
      CoresPerMultiprocessor(static_cast<uint32_t>(major), static_cast<uint32_t>(minor));
  // NVML tells the number of multiprocessors of MIG devices only, so it is worked out.
  if (!per_unit || !identity->core_count || *identity->core_count % *per_unit != 0) return;
  identity->multiprocessor_count = *identity->core_count / *per_unit;
}

void ReadLimits(const NvmlFunctions& nvml, nvmlDevice_t device, DeviceIdentity* identity) {
  identity->max_sm_clock_mhz = ReadMaxClock(nvml, device, NVML_CLOCK_SM);
  identity->max_memory_clock_mhz = ReadMaxClock(nvml, device, NVML_CLOCK_MEM);
  identity->power_limit_default_milliwatts = ReadCount(nvml.default_power_limit, device);
  unsigned int min = 0;
  unsigned int max = 0;
  if (nvml.power_limit_range != nullptr &&
      nvml.power_limit_range(device, &min, &max) == NVML_SUCCESS) {
    identity->power_limit_min_milliwatts = Believable(min);
    identity->power_limit_max_milliwatts = Believable(max);
  }
  identity->max_pcie_link_generation = ReadCount(nvml.max_pcie_generation, device);
  identity->max_pcie_link_width = ReadCount(nvml.max_pcie_width, device);
}

}  // namespace

SourceIdentity ReadSourceIdentity(const NvmlLibrary& library) {
  const NvmlFunctions& nvml = library.functions();
  SourceIdentity identity;
  if (nvml.driver_version != nullptr) {
    identity.driver_version =
        ReadText(NVML_SYSTEM_DRIVER_VERSION_BUFFER_SIZE, nvml.driver_version).value_or("");
  }
  if (nvml.nvml_version != nullptr) {
    identity.nvml_version =
        ReadText(NVML_SYSTEM_NVML_VERSION_BUFFER_SIZE, nvml.nvml_version).value_or("");
  }
  int cuda = 0;
  if (nvml.cuda_driver_version != nullptr && nvml.cuda_driver_version(&cuda) == NVML_SUCCESS &&
      cuda > 0) {
    identity.cuda_driver_version = cuda;
  }
  if (nvml.simulator_describe != nullptr) {
    const char* description = nvml.simulator_describe();
    // Whatever it says, a library with this symbol is never taken for a driver.
    identity.simulation = description == nullptr || !IsUtf8(description) || *description == '\0'
                              ? "{\"simulated\":true}"
                              : description;
  }
  return identity;
}

DeviceIdentity ReadDeviceIdentity(const NvmlLibrary& library, nvmlDevice_t device) {
  const NvmlFunctions& nvml = library.functions();
  DeviceIdentity identity;
  identity.name = ReadText(nvml.name, device, NVML_DEVICE_NAME_V2_BUFFER_SIZE).value_or("");
  identity.serial = ReadText(nvml.serial, device, NVML_DEVICE_SERIAL_BUFFER_SIZE);
  identity.pci_bus_id = ReadBusId(nvml, device);
  ReadMemory(nvml, device, &identity);
  identity.memory_bus_width_bits = ReadCount(nvml.memory_bus_width, device);
  identity.numa_node = ReadNumaNode(nvml, device);
  identity.architecture = ReadArchitecture(nvml, device);
  ReadCompute(nvml, device, &identity);
  ReadLimits(nvml, device, &identity);
  return identity;
}

// Source: CUDA C++ Programming Guide, "Arithmetic Instructions", results of 32-bit floating-point
// add, multiply and multiply-add per clock cycle per multiprocessor (one per CUDA core).
std::optional<uint32_t> CoresPerMultiprocessor(uint32_t major, uint32_t minor) {
  struct Row {
    uint32_t major;
    uint32_t minor;
    uint32_t cores;
  };
  static constexpr std::array<Row, 23> kRows = {{
      {3, 0, 192},  {3, 2, 192},  {3, 5, 192},  {3, 7, 192},  {5, 0, 128},  {5, 2, 128},
      {5, 3, 128},  {6, 0, 64},   {6, 1, 128},  {6, 2, 128},  {7, 0, 64},   {7, 2, 64},
      {7, 5, 64},   {8, 0, 64},   {8, 6, 128},  {8, 7, 128},  {8, 9, 128},  {9, 0, 128},
      {10, 0, 128}, {10, 3, 128}, {11, 0, 128}, {12, 0, 128}, {12, 1, 128},
  }};
  for (const Row& row : kRows) {
    if (row.major == major && row.minor == minor) return row.cores;
  }
  return std::nullopt;
}

// Well-formed sequences as the Unicode Standard's table 3-7 has them: no overlong form, no
// surrogate, nothing past U+10FFFF.
bool IsUtf8(std::string_view text) {
  const auto byte = [&text](size_t at) -> uint8_t {
    return at < text.size() ? static_cast<uint8_t>(text[at]) : 0;
  };
  for (size_t at = 0; at < text.size();) {
    const uint8_t lead = byte(at);
    const size_t length = lead < 0x80   ? 1
                          : lead < 0xC2 ? 0
                          : lead < 0xE0 ? 2
                          : lead < 0xF0 ? 3
                          : lead < 0xF5 ? 4
                                        : 0;
    if (length == 0) return false;
    const uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    const uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    for (size_t next = 1; next < length; ++next) {
      const bool second = next == 1;
      const uint8_t value = byte(at + next);
      if (value < (second ? low : 0x80) || value > (second ? high : 0xBF)) return false;
    }
    at += length;
  }
  return true;
}

}  // namespace gpuring
