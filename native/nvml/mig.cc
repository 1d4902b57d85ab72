#include "nvml/mig.h"

#include <string_view>

#include "nvml/identity.h"
#include "nvml/roomy.h"

namespace gpuring {
namespace {

constexpr uint64_t kMebibyte = uint64_t{1} << 20;
constexpr uint64_t kGibibyte = uint64_t{1} << 30;
constexpr uint32_t kMostMultiprocessors = 10'000;  // far beyond any board
constexpr uint64_t kMemorySlices = 8;              // of a GPU; its instances have whole ones

constexpr uint64_t DivideUp(uint64_t value, uint64_t by) { return (value + by - 1) / by; }

using IdCall = nvmlReturn_t (*)(nvmlDevice_t, unsigned int*);
std::optional<uint32_t> ReadId(IdCall call, nvmlDevice_t device) {
  constexpr unsigned int kMostId = 65'535;  // boards have a few
  unsigned int id = NVML_VALUE_NOT_AVAILABLE_U32;
  if (call == nullptr || call(device, &id) != NVML_SUCCESS || id > kMostId) {
    return std::nullopt;
  }
  return id;
}

// The driver's names of instances end in " MIG 1g.10gb".
std::optional<std::string> ProfileInName(std::string_view name) {
  constexpr std::string_view kMark = " MIG ";
  const size_t mark = name.rfind(kMark);
  if (mark == std::string_view::npos) return std::nullopt;
  const std::string_view profile = name.substr(mark + kMark.size());
  const bool plausible = !profile.empty() && profile.find("g.") != std::string_view::npos &&
                         profile.find(' ') == std::string_view::npos;
  return plausible ? std::optional(std::string(profile)) : std::nullopt;
}

}  // namespace

std::optional<std::string> ProfileOf(const InstanceShape& shape) {
  if (shape.gpu_slices == 0 || shape.gpu_slices > kMemorySlices || shape.memory_bytes == 0 ||
      shape.memory_bytes > shape.gpu_memory_bytes) {
    return std::nullopt;
  }
  // Profiles are named by their share of the board's nominal memory, not by what is left of it.
  const uint64_t slice_bytes = DivideUp(shape.gpu_memory_bytes, kMemorySlices);
  const uint64_t slices = DivideUp(shape.memory_bytes, slice_bytes);
  const uint64_t gigabytes = slices * DivideUp(shape.gpu_memory_bytes, kGibibyte) / kMemorySlices;
  const bool part = shape.compute_slices != 0 && shape.compute_slices != shape.gpu_slices;
  return (part ? std::to_string(shape.compute_slices) + "c." : "") +
         std::to_string(shape.gpu_slices) + "g." + std::to_string(gigabytes) + "gb";
}

void ReadInstance(const NvmlLibrary& library, nvmlDevice_t instance, const DeviceIdentity& gpu,
                  DeviceIdentity* identity) {
  const NvmlFunctions& nvml = library.functions();
  identity->parent_uuid = gpu.uuid;
  identity->pci_bus_id = gpu.pci_bus_id;
  identity->architecture = gpu.architecture;
  identity->numa_node = gpu.numa_node;
  identity->compute_capability_major = gpu.compute_capability_major;
  identity->compute_capability_minor = gpu.compute_capability_minor;
  identity->gpu_instance_id = ReadId(nvml.gpu_instance_id, instance);
  identity->compute_instance_id = ReadId(nvml.compute_instance_id, instance);
  // Of the whole board, if anything: an instance has neither to itself.
  identity->core_count.reset();
  identity->multiprocessor_count.reset();
  identity->unified_memory = false;
  identity->mig_profile = ProfileInName(identity->name);

  Roomy<nvmlDeviceAttributes_t> answer;
  if (nvml.attributes == nullptr || nvml.attributes(instance, &answer.value) != NVML_SUCCESS)
    return;
  const nvmlDeviceAttributes_t& attributes = answer.value;
  const uint64_t megabytes = attributes.memorySizeMB;
  if (megabytes > 0 && megabytes <= gpu.memory_bytes.value_or(UINT64_MAX) / kMebibyte) {
    identity->memory_bytes = megabytes * kMebibyte;
  }
  if (attributes.multiprocessorCount != 0 &&
      attributes.multiprocessorCount <= gpu.multiprocessor_count.value_or(kMostMultiprocessors)) {
    identity->multiprocessor_count = attributes.multiprocessorCount;
    const auto cores = CoresPerMultiprocessor(identity->compute_capability_major.value_or(0),
                                              identity->compute_capability_minor.value_or(0));
    if (cores) identity->core_count = attributes.multiprocessorCount * *cores;
  }
  if (!identity->mig_profile) {
    identity->mig_profile = ProfileOf({.gpu_slices = attributes.gpuInstanceSliceCount,
                                       .compute_slices = attributes.computeInstanceSliceCount,
                                       .memory_bytes = identity->memory_bytes.value_or(0),
                                       .gpu_memory_bytes = gpu.memory_bytes.value_or(0)});
  }
}

}  // namespace gpuring
