// Devices that come, go and change places, as the NVML source finds them.
#include <thread>

#include "check.h"
#include "nvml_fixture.h"
#include "nvml_list.h"

namespace gpuring {

TEST("survey: nothing has changed, and nothing is said to") {
  ScriptedDriver driver;
  NvmlSource source(Scripted());
  CHECK(source.Open().ok());
  CHECK_EQ(Listed(source), "GPU-0@0 GPU-1@1 GPU-2@2");
  for (int again = 0; again < 3; ++again) CHECK(!Changed(&source));
  CHECK_EQ(driver->uuid_lookups, 0);
}

TEST("survey: devices that change places keep their UUIDs and slots") {
  ScriptedDriver driver;
  NvmlSource source(Scripted());
  CHECK(source.Open().ok());
  const size_t slot = SlotOf(source, "GPU-2");
  driver->order = {2, 0, 1};
  CHECK(Changed(&source));
  CHECK_EQ(Listed(source), "GPU-2@0 GPU-0@1 GPU-1@2");
  CHECK_EQ(SlotOf(source, "GPU-2"), slot);
  Sample sample;
  CHECK(source.Poll(slot, Tier::kFast, &sample).ok());
  CHECK_EQ(driver->uuid_lookups, 0);  // its handle was as good as ever
}

TEST("survey: one that falls off the bus is listed no more, the others move up; it comes back") {
  ScriptedDriver driver;
  NvmlSource source(Scripted());
  CHECK(source.Open().ok());
  const size_t gone = SlotOf(source, "GPU-1");
  driver->order = {0, 2, 2};
  driver->count = 2;
  CHECK(Changed(&source));
  CHECK_EQ(Listed(source), "GPU-0@0 GPU-2@1");
  CHECK_EQ(source.identity().skipped_devices, 0u);
  Sample sample;
  CHECK_EQ(source.Poll(gone, Tier::kFast, &sample).code(), StatusCode::kDeviceLost);
  driver->order = {0, 1, 2};
  driver->count = 3;
  CHECK(Changed(&source));
  CHECK_EQ(Listed(source), "GPU-0@0 GPU-1@1 GPU-2@2");
  CHECK(SlotOf(source, "GPU-1") != gone);
  CHECK(source.Poll(SlotOf(source, "GPU-1"), Tier::kFast, &sample).ok());
}

TEST("survey: all devices may go, and come back") {
  ScriptedDriver driver;
  NvmlSource source(Scripted());
  CHECK(source.Open().ok());
  driver->count = 0;
  CHECK(Changed(&source));
  CHECK_EQ(Listed(source), "");
  driver->count = kScriptedDevices;
  CHECK(Changed(&source));
  CHECK_EQ(Listed(source), "GPU-0@0 GPU-1@1 GPU-2@2");
}

TEST("survey: a known device whose handle is refused stays, an unknown one is counted") {
  for (const nvmlReturn_t refusal : {NVML_ERROR_GPU_IS_LOST, NVML_ERROR_NO_PERMISSION,
                                     NVML_ERROR_IRQ_ISSUE, NVML_ERROR_INVALID_ARGUMENT}) {
    ScriptedDriver driver;
    NvmlSource source(Scripted());
    CHECK(source.Open().ok());
    driver->handle[1] = refusal;
    CHECK(!Changed(&source));
    CHECK_EQ(Listed(source), "GPU-0@0 GPU-1@1 GPU-2@2");
    // The others change places around it.
    driver->order = {2, 1, 0};
    CHECK(Changed(&source));
    CHECK_EQ(Listed(source), "GPU-2@0 GPU-1@1 GPU-0@2");
    driver->handle[1] = NVML_SUCCESS;
    CHECK(!Changed(&source));
    CHECK_EQ(source.identity().skipped_devices, 0u);

    driver->handle[1] = refusal;
    CHECK(source.Open().ok());
    CHECK_EQ(Listed(source), "GPU-2@0 GPU-0@2");
    CHECK_EQ(source.identity().skipped_devices, refusal == NVML_ERROR_INVALID_ARGUMENT ? 0u : 1u);
    driver->handle[1] = NVML_SUCCESS;
    CHECK(Changed(&source));
    CHECK_EQ(Listed(source), "GPU-2@0 GPU-1@1 GPU-0@2");
    CHECK_EQ(source.identity().skipped_devices, 0u);
  }
}

TEST("survey: a device that does not tell its UUID keeps the one it had; an unknown one is left") {
  ScriptedDriver driver;
  NvmlSource source(Scripted());
  CHECK(source.Open().ok());
  driver->uuid_result = NVML_ERROR_UNKNOWN;
  CHECK(!Changed(&source));
  CHECK_EQ(Listed(source), "GPU-0@0 GPU-1@1 GPU-2@2");
  driver->uuid_result = NVML_SUCCESS;
  const std::string endless(200, 'x');
  for (const char* uuid : {"\xff\xfe", "", endless.c_str()}) {
    driver->uuid = uuid;
    CHECK_EQ(NvmlSource(Scripted()).Open().code(), StatusCode::kDriverError);
    CHECK(!Changed(&source));
    CHECK_EQ(Listed(source), "GPU-0@0 GPU-1@1 GPU-2@2");
  }
}

TEST("survey: a device with another handle is asked through it, found by its UUID") {
  ScriptedDriver driver;
  NvmlSource source(Scripted());
  CHECK(source.Open().ok());
  driver->generation = 1;
  CHECK(!Changed(&source));  // the list is what it was
  Sample sample;
  CHECK(source.Poll(SlotOf(source, "GPU-1"), Tier::kFast, &sample).ok());
  CHECK_EQ(driver->uuid_lookups, 1);
}

TEST("survey: the end of the driver is an error, a count that fails is none") {
  ScriptedDriver driver;
  NvmlSource source(Scripted());
  CHECK(source.Open().ok());
  bool changed = true;
  for (const nvmlReturn_t result : {NVML_ERROR_UNINITIALIZED, NVML_ERROR_DRIVER_NOT_LOADED,
                                    NVML_ERROR_LIB_RM_VERSION_MISMATCH}) {
    driver->count_result = result;
    const Status status = source.Survey(&changed);
    CHECK(IsLibraryFailure(status.code()));
    CHECK_EQ(status.driver_return(), static_cast<uint32_t>(result));
    CHECK(!changed);
    driver->count_result = NVML_SUCCESS;
    driver->handle[2] = result;
    CHECK(IsLibraryFailure(source.Survey(&changed).code()));
    driver->handle[2] = NVML_SUCCESS;
    driver->uuid_result = result;
    CHECK(IsLibraryFailure(source.Survey(&changed).code()));
    driver->uuid_result = NVML_SUCCESS;
  }
  driver->count_result = NVML_ERROR_UNKNOWN;
  CHECK(!Changed(&source));
  driver->count_result = NVML_SUCCESS;
  CHECK(!Changed(&source));
  CHECK_EQ(Listed(source), "GPU-0@0 GPU-1@1 GPU-2@2");
}

TEST("survey: a count that cannot be does not invent devices") {
  ScriptedDriver driver;
  NvmlSource source(Scripted());
  driver->count = NVML_VALUE_NOT_AVAILABLE_U32;
  CHECK(source.Open().ok());
  CHECK_EQ(Listed(source), "GPU-0@0 GPU-1@1 GPU-2@2");
  CHECK_EQ(source.identity().skipped_devices, 0u);
}

TEST("survey: a slot that was let go is used again only after all others, and nobody is in it") {
  ScriptedDriver driver;
  NvmlSource source(Scripted());
  CHECK(source.Open().ok());
  size_t before = SlotOf(source, "GPU-2");
  for (size_t round = 0; round < 2 * Source::kSlots; ++round) {
    driver->count = 2;
    CHECK(Changed(&source));
    driver->count = 3;
    CHECK(Changed(&source));
    const size_t slot = SlotOf(source, "GPU-2");
    const bool next = slot == before + 1 || (before == Source::kSlots - 1 && slot == 2);
    CHECK(next);
    before = slot;
  }
}

TEST("survey: the slot of a call that hangs goes to no other device, and others are polled on") {
  ScriptedDriver driver;
  NvmlSource source(Scripted());
  CHECK(source.Open().ok());
  const size_t hung = SlotOf(source, "GPU-2");
  ScriptedGate gate;
  driver->utilization_gate = &gate;
  Sample lost;
  std::thread left_behind([&] { static_cast<void>(source.Poll(hung, Tier::kFast, &lost)); });
  while (!gate.met) std::this_thread::yield();
  driver->utilization_gate = nullptr;
  Sample sample;
  CHECK(source.Poll(SlotOf(source, "GPU-0"), Tier::kFast, &sample).ok());
  for (size_t round = 0; round < Source::kSlots; ++round) {
    driver->count = 2;
    CHECK(Changed(&source));
    driver->count = 3;
    CHECK(Changed(&source));
    CHECK(SlotOf(source, "GPU-2") != hung);
  }
  gate.open = true;
  left_behind.join();
  CHECK(source.Poll(SlotOf(source, "GPU-2"), Tier::kFast, &sample).ok());
}

}  // namespace gpuring
