// MIG instances as devices of their own.
#include "check.h"
#include "nvml/mig.h"
#include "nvml_fixture.h"
#include "nvml_list.h"

namespace gpuring {
namespace {

constexpr uint64_t kGibibyte = uint64_t{1} << 30;

// Device 0 of the scripted driver: 80 GiB, MIG on, instances 1 and 2 with a hole between them.
void SplitFirst(ScriptedDriver* driver) {
  DriverScript& script = *driver->operator->();
  script.mig_mode_result = NVML_SUCCESS;
  script.mig_mode = 1;
  script.instances = {1, 0, 2, 0};
  script.memory_v2.total = 80 * kGibibyte;
  script.attributes.multiprocessorCount = 16;
  script.attributes.gpuInstanceSliceCount = 1;
  script.attributes.computeInstanceSliceCount = 1;
  script.attributes.memorySizeMB = 9728;
}

}  // namespace

TEST("mig: instances are listed behind their GPU, holes and all") {
  ScriptedDriver driver;
  SplitFirst(&driver);
  driver->bus_id = "00000000:65:0";
  NvmlSource source(Scripted());
  CHECK(source.Open().ok());
  CHECK_EQ(Listed(source), "GPU-0@0+ MIG-1@0 MIG-2@0 GPU-1@1 GPU-2@2");
  CHECK_EQ(source.identity().skipped_devices, 0u);
  const DeviceIdentity gpu = Find(source, "GPU-0");
  const DeviceIdentity instance = Find(source, "MIG-2");
  CHECK(gpu.parent_uuid.empty() && !gpu.mig_profile && !gpu.gpu_instance_id);
  CHECK_EQ(instance.parent_uuid, "GPU-0");
  CHECK_EQ(instance.mig_profile.value_or(""), "1g.10gb");
  CHECK_EQ(instance.gpu_instance_id.value_or(0), 2u);
  CHECK_EQ(instance.compute_instance_id.value_or(9), 0u);
  CHECK_EQ(instance.memory_bytes.value_or(0), uint64_t{9728} << 20);
  CHECK_EQ(instance.multiprocessor_count.value_or(0), 16u);
  CHECK_EQ(instance.core_count.value_or(0), 16u * 128);
  CHECK_EQ(instance.pci_bus_id.value_or(""), "00000000:65:00.0");
  CHECK(!instance.mig_enabled && !instance.unified_memory);
}

TEST("mig: an instance is polled through its own handle") {
  ScriptedDriver driver;
  SplitFirst(&driver);
  NvmlSource source(Scripted());
  CHECK(source.Open().ok());
  const size_t slot = SlotOf(source, "MIG-1");
  Sample sample;
  CHECK(source.Poll(slot, Tier::kFast, &sample).ok());
  driver->instances = {0, 0, 2, 0};  // destroyed, and not looked for yet
  static_cast<void>(source.Poll(slot, Tier::kFast, &sample));
  CHECK_EQ(source.Poll(slot, Tier::kFast, &sample).code(), StatusCode::kDeviceLost);
  CHECK(source.Poll(SlotOf(source, "MIG-2"), Tier::kFast, &sample).ok());
  CHECK(Changed(&source));
  CHECK_EQ(Listed(source), "GPU-0@0+ MIG-2@0 GPU-1@1 GPU-2@2");
}

TEST("mig: instances come and go while the others stay; a handle used again is another device") {
  ScriptedDriver driver;
  SplitFirst(&driver);
  NvmlSource source(Scripted());
  CHECK(source.Open().ok());
  const size_t kept = SlotOf(source, "MIG-2");
  const size_t gone = SlotOf(source, "MIG-1");
  driver->instances = {3, 4, 2, 0};  // 3 is where 1 was, under its handle
  CHECK(Changed(&source));
  CHECK_EQ(Listed(source), "GPU-0@0+ MIG-3@0 MIG-4@0 MIG-2@0 GPU-1@1 GPU-2@2");
  CHECK_EQ(SlotOf(source, "MIG-2"), kept);
  CHECK(SlotOf(source, "MIG-3") != gone);
  CHECK(!Changed(&source));
}

TEST("mig: turning it on and off changes the GPU's entry") {
  ScriptedDriver driver;
  driver->mig_mode_result = NVML_SUCCESS;
  NvmlSource source(Scripted());
  CHECK(source.Open().ok());
  const size_t slot = SlotOf(source, "GPU-0");
  driver->mig_mode = 1;
  CHECK(Changed(&source));
  CHECK_EQ(Listed(source), "GPU-0@0+ GPU-1@1 GPU-2@2");
  driver->instances = {1, 0, 0, 0};
  CHECK(Changed(&source));
  CHECK_EQ(Listed(source), "GPU-0@0+ MIG-1@0 GPU-1@1 GPU-2@2");
  driver->mig_mode = 0;
  CHECK(Changed(&source));
  CHECK_EQ(Listed(source), "GPU-0@0 GPU-1@1 GPU-2@2");
  CHECK_EQ(SlotOf(source, "GPU-0"), slot);
}

TEST("mig: a GPU that does not say now what it has still has its instances") {
  ScriptedDriver driver;
  SplitFirst(&driver);
  NvmlSource source(Scripted());
  CHECK(source.Open().ok());
  const std::string all = Listed(source);
  const auto unchanged = [&] {
    CHECK(!Changed(&source));
    CHECK_EQ(Listed(source), all);
  };
  driver->mig_mode_result = NVML_ERROR_GPU_IS_LOST;
  unchanged();
  driver->mig_mode_result = NVML_SUCCESS;
  driver->most_instances_result = NVML_ERROR_UNKNOWN;
  unchanged();
  driver->most_instances_result = NVML_SUCCESS;
  driver->instance_result = NVML_ERROR_NO_PERMISSION;
  unchanged();
  driver->instance_result = NVML_SUCCESS;
  driver->handle[0] = NVML_ERROR_GPU_IS_LOST;
  unchanged();
  driver->handle[0] = NVML_SUCCESS;
  unchanged();
}

TEST("mig: profiles are named by slices and their share of the memory") {
  const auto profile = [](unsigned int gpu, unsigned int compute, uint64_t mebibytes,
                          uint64_t board_gibibytes) {
    return ProfileOf({.gpu_slices = gpu,
                      .compute_slices = compute,
                      .memory_bytes = mebibytes << 20,
                      .gpu_memory_bytes = board_gibibytes * kGibibyte})
        .value_or("none");
  };
  // What the drivers of A100 40 GB and H100 80 GB report for their profiles.
  CHECK_EQ(profile(1, 1, 4864, 40), "1g.5gb");
  CHECK_EQ(profile(2, 2, 9856, 40), "2g.10gb");
  CHECK_EQ(profile(3, 3, 19968, 40), "3g.20gb");
  CHECK_EQ(profile(7, 7, 40192, 40), "7g.40gb");
  CHECK_EQ(profile(1, 1, 9728, 80), "1g.10gb");
  CHECK_EQ(profile(1, 1, 19968, 80), "1g.20gb");
  CHECK_EQ(profile(3, 3, 40448, 80), "3g.40gb");
  CHECK_EQ(profile(3, 1, 40448, 80), "1c.3g.40gb");
  CHECK_EQ(profile(0, 0, 9728, 80), "none");
  CHECK_EQ(profile(1, 1, 0, 80), "none");
  CHECK_EQ(profile(1, 1, 90000, 80), "none");
}

TEST("mig: a name that ends in its profile is believed") {
  ScriptedDriver driver;
  SplitFirst(&driver);
  driver->name = "NVIDIA H100 80GB HBM3 MIG 1g.10gb+me";
  NvmlSource source(Scripted());
  CHECK(source.Open().ok());
  CHECK_EQ(Find(source, "MIG-1").mig_profile.value_or(""), "1g.10gb+me");
}

}  // namespace gpuring
