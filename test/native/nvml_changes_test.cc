// The NVML source while the simulated host changes under it.
#include "check.h"
#include "nvml_fixture.h"
#include "nvml_list.h"
#include "simulator_driver.h"

namespace gpuring {
namespace {

NvmlOptions Simulated(std::string scenario) {
  return {.library_path = GPURING_SIMULATOR_PATH, .scenario = std::move(scenario)};
}

constexpr const char* kFour = R"({"name": "four", "devices": [{"board": "h100", "count": 4}]})";

void Control(const char* command, const char* argument) {
  char reply[4096] = "";
  const nvmlReturn_t result =
      check::Driver::Call("gpuringSimulatorControl", command, argument, static_cast<char*>(reply),
                          static_cast<unsigned int>(sizeof(reply)));
  if (result != NVML_SUCCESS) CHECK_EQ(std::string(reply), "");
  CHECK_EQ(result, NVML_SUCCESS);
}

// The UUIDs in the driver's order.
std::vector<std::string> Uuids(const NvmlSource& source) {
  std::vector<std::string> uuids;
  for (const DeviceIdentity& device : source.devices()) uuids.push_back(device.uuid);
  return uuids;
}

StatusCode Poll(NvmlSource* source, size_t slot) {
  Sample sample;
  return source->Poll(slot, Tier::kFast, &sample).code();
}

// The host as its scenario has it, whatever the test did to it.
class Restored {
 public:
  ~Restored() {
    Control("driver", R"({"state": "loaded"})");
    Control("load", kFour);
  }
};

}  // namespace

TEST("nvml on the simulated driver: a GPU falls off the bus, and comes back") {
  const Restored restored;
  NvmlSource source(Simulated(kFour));
  CHECK(source.Open().ok());
  const std::vector<std::string> all = Uuids(source);
  CHECK_EQ(all.size(), 4u);
  const size_t gone = SlotOf(source, all[1]);
  const size_t moved = SlotOf(source, all[3]);
  Control("devices", R"({"remove": 1})");
  CHECK(Poll(&source, gone) != StatusCode::kOk);
  CHECK(Changed(&source));
  CHECK(Uuids(source) == std::vector<std::string>({all[0], all[2], all[3]}));
  CHECK_EQ(Find(source, all[3]).index, 2u);
  CHECK_EQ(SlotOf(source, all[3]), moved);
  CHECK_EQ(Poll(&source, moved), StatusCode::kOk);
  Control("devices", R"({"restore": 1})");
  CHECK(Changed(&source));
  CHECK(Uuids(source) == all);
  CHECK_EQ(Poll(&source, SlotOf(source, all[1])), StatusCode::kOk);
}

TEST(
    "nvml on the simulated driver: a lost GPU stays listed and answers within two polls of "
    "return") {
  const Restored restored;
  NvmlSource source(Simulated(kFour));
  CHECK(source.Open().ok());
  const std::vector<std::string> all = Uuids(source);
  const size_t lost = SlotOf(source, all[2]);
  Control("devices", R"({"lose": 2})");
  for (int again = 0; again < 3; ++again) {
    CHECK_EQ(Poll(&source, lost), StatusCode::kDeviceLost);
    CHECK(!Changed(&source));
    CHECK_EQ(Poll(&source, SlotOf(source, all[3])), StatusCode::kOk);
  }
  CHECK(Uuids(source) == all);
  Control("devices", R"({"restore": 2})");
  const StatusCode first = Poll(&source, lost);
  CHECK(first == StatusCode::kOk || Poll(&source, lost) == StatusCode::kOk);
  CHECK(!Changed(&source));
  CHECK_EQ(Poll(&source, lost), StatusCode::kOk);
}

TEST("nvml on the simulated driver: GPUs change places, and one is added") {
  const Restored restored;
  NvmlSource source(Simulated(kFour));
  CHECK(source.Open().ok());
  const std::vector<std::string> all = Uuids(source);
  const size_t slot = SlotOf(source, all[0]);
  Control("devices", R"({"order": [3, 1, 2, 0]})");
  CHECK(Changed(&source));
  CHECK(Uuids(source) == std::vector<std::string>({all[3], all[1], all[2], all[0]}));
  CHECK_EQ(SlotOf(source, all[0]), slot);
  CHECK_EQ(Poll(&source, slot), StatusCode::kOk);
  Control("devices", R"({"add": {"board": "l4"}})");
  CHECK(Changed(&source));
  CHECK_EQ(source.devices().size(), 5u);
  CHECK(source.devices()[4].name.find("L4") != std::string::npos);
  CHECK_EQ(Poll(&source, source.devices()[4].slot), StatusCode::kOk);
}

TEST("nvml on the simulated driver: MIG instances are devices with parent, profile and memory") {
  const Restored restored;
  NvmlSource source(Simulated(kFour));
  CHECK(source.Open().ok());
  const std::string gpu = Uuids(source)[1];
  Control("mig", R"({"device": 1, "instances": ["1g.10gb", "3g.40gb"]})");
  CHECK(Changed(&source));
  CHECK_EQ(source.devices().size(), 6u);
  CHECK(Find(source, gpu).mig_enabled);
  const std::vector<DeviceIdentity> devices = source.devices();
  const uint64_t whole = devices[1].memory_bytes.value_or(0);
  for (size_t at : {size_t{2}, size_t{3}}) {
    const DeviceIdentity& instance = devices[at];
    CHECK(instance.uuid.starts_with("MIG-"));
    CHECK_EQ(instance.parent_uuid, gpu);
    CHECK_EQ(instance.mig_profile.value_or(""), at == 2 ? "1g.10gb" : "3g.40gb");
    CHECK(instance.memory_bytes.value_or(0) > 0 && instance.memory_bytes.value_or(whole) < whole);
    CHECK(instance.multiprocessor_count && instance.gpu_instance_id);
    CHECK(!instance.unified_memory && !instance.mig_enabled);
    CHECK_EQ(Poll(&source, instance.slot), StatusCode::kOk);
  }
  Control("mig", R"({"device": 1, "instances": ["3g.40gb"]})");
  CHECK(Poll(&source, devices[2].slot) != StatusCode::kOk);
  CHECK(Changed(&source));
  CHECK_EQ(source.devices().size(), 5u);
  CHECK_EQ(SlotOf(source, devices[3].uuid), devices[3].slot);
  Control("mig", R"({"device": 1, "enabled": false})");
  CHECK(Changed(&source));
  CHECK_EQ(source.devices().size(), 4u);
  CHECK(!Find(source, gpu).mig_enabled);
  CHECK_EQ(Poll(&source, SlotOf(source, gpu)), StatusCode::kOk);
}

TEST("nvml on the simulated driver: a driver that was unloaded is met again, newer than before") {
  const Restored restored;
  NvmlSource source(Simulated(kFour));
  CHECK(source.Open().ok());
  const std::vector<std::string> all = Uuids(source);
  bool changed = false;
  for (const char* state : {"unloaded", "mismatch"}) {
    Control("driver", ("{\"state\": \"" + std::string(state) + "\"}").c_str());
    CHECK(IsLibraryFailure(source.Survey(&changed).code()));
    CHECK(IsLibraryFailure(Poll(&source, source.devices()[0].slot)));
  }
  Control("driver", R"({"state": "loaded", "version": "575.57.08"})");
  CHECK_EQ(source.Survey(&changed).code(), StatusCode::kDriverGone);
  source.Close();
  NvmlSource again({.library_path = GPURING_SIMULATOR_PATH, .scenario = ""});
  CHECK(again.Open().ok());
  CHECK_EQ(again.identity().driver_version, "575.57.08");
  CHECK(Uuids(again) == all);
}

}  // namespace gpuring
