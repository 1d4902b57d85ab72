// Rows and numbers of devices: who has which, also when there are no more rows.
#include <bit>
#include <string>

#include "check.h"
#include "core/device_table.h"
#include "core/sampler.h"
#include "sampler_rig.h"

namespace gpuring {
namespace {

DeviceIdentity Gpu(const std::string& uuid) {
  DeviceIdentity identity;
  identity.uuid = uuid;
  return identity;
}

DeviceIdentity Part(const std::string& uuid) {
  DeviceIdentity identity = Gpu(uuid);
  identity.parent_uuid = "GPU";
  return identity;
}

struct Table {
  explicit Table(size_t rows) : table(rows) {}

  // "uuid@row#number" of what is listed.
  std::string Update(std::vector<DeviceIdentity> devices) {
    changes.clear();
    std::string listed;
    const auto list = table.Update({std::move(devices), {}}, &changes);
    for (const DeviceEntry& entry : list->devices) {
      listed += entry.identity.uuid + "@" + std::to_string(entry.row) + "#" +
                std::to_string(entry.number) + (entry.present ? " " : "- ");
    }
    return listed;
  }

  DeviceTable table;
  std::vector<DeviceChange> changes;
};

TEST("device rows: an instance that is made again has its row and number as before") {
  Table table(4);
  CHECK_EQ(table.Update({Gpu("GPU"), Part("a")}), "GPU@0#0 a@1#1 ");
  CHECK_EQ(table.Update({Gpu("GPU"), Part("b")}), "GPU@0#0 b@2#2 ");
  CHECK_EQ(table.Update({Gpu("GPU"), Part("a")}), "GPU@0#0 a@1#1 ");
}

TEST("device rows: once all are used, that of the instance gone longest is given away") {
  Table table(3);
  (void)table.Update({Gpu("GPU"), Part("a"), Part("b")});
  (void)table.Update({Gpu("GPU"), Part("b")});
  (void)table.Update({Gpu("GPU")});
  CHECK_EQ(table.Update({Gpu("GPU"), Part("c")}), "GPU@0#0 c@1#3 ");
  CHECK_EQ(table.changes.size(), 1u);
  CHECK(table.changes[0].kind == EventKind::kDeviceAdded);
  CHECK_EQ(table.Update({Gpu("GPU"), Part("c"), Part("a")}), "GPU@0#0 c@1#3 a@2#4 ");
  CHECK_EQ(table.table.left_out(), 0u);
}

TEST("device rows: those of what is there, of GPUs, and of what goes just now are not given away") {
  Table table(3);
  (void)table.Update({Gpu("GPU"), Gpu("other"), Part("a")});
  CHECK_EQ(table.Update({Gpu("GPU"), Part("a"), Part("b")}), "GPU@0#0 a@2#2 other@1#1- ");
  CHECK_EQ(table.table.left_out(), 1u);
  CHECK_EQ(table.Update({Gpu("GPU"), Part("b")}), "GPU@0#0 other@1#1- ");
  CHECK_EQ(table.Update({Gpu("GPU"), Part("b")}), "GPU@0#0 b@2#3 other@1#1- ");
}

MemoryDevice Instance(size_t number, int64_t milliwatts) {
  MemoryDevice device = Device({Answer(milliwatts)});
  device.identity.uuid = "MIG-" + std::to_string(number);
  device.identity.parent_uuid = "GPU-memory-0";
  return device;
}

// One GPU, and one instance after the other, more than there are rows.
struct Churn {
  static constexpr size_t kInstances = 2 * Sampler::kRows;

  Churn() : rig(Host(), {.period_ns = kPeriodNs, .history_samples = 10}) { rig.WatchAll({0}); }

  static std::shared_ptr<MemoryHost> Host() {
    MemoryScript script = Devices(1);
    for (size_t i = 1; i <= kInstances; i++) {
      script.devices.push_back(Instance(i, static_cast<int64_t>(i)));
    }
    auto host = std::make_shared<MemoryHost>(std::move(script));
    host->SetPresent({0});
    return host;
  }
  void Show(size_t instance) {
    rig.host->SetPresent({0, instance});
    rig.clock->Step(kPeriodNs);
  }
  [[nodiscard]] DeviceEntry Latest() const { return rig.sampler->devices()->devices.back(); }

  Rig rig;
};

TEST("device rows: instances come and go for ever, each with its own number and no other's past") {
  Churn churn;
  uint64_t sequence = 0;
  for (size_t instance = 1; instance <= Churn::kInstances; instance++) {
    churn.Show(instance);
    const DeviceEntry entry = churn.Latest();
    CHECK_EQ(entry.identity.uuid, "MIG-" + std::to_string(instance));
    CHECK_EQ(entry.number, instance);
    // Nothing of whose row it was, before anything was read.
    const bool watched = entry.row < instance;
    if (!watched) {
      CHECK_EQ(churn.rig.RowMetric(entry.row, MetricId::kPowerWatts), 0.0);
      churn.rig.WatchAll({entry.row});
    }
    churn.rig.clock->Step(kPeriodNs);
    CHECK(churn.rig.RowStatus(entry.row) == StatusCode::kOk);
    CHECK_EQ(churn.rig.RowMetric(entry.row, MetricId::kPowerWatts),
             static_cast<double>(instance) / 1'000);
    const std::vector<Sample> samples = churn.rig.History(entry.row);
    CHECK(!samples.empty() &&
          samples.front().ValueOf(MetricId::kPowerWatts) == static_cast<int64_t>(instance));
    if (entry.row == 1) {
      CHECK(samples.front().sequence > sequence);  // no sequence of a row is given twice
      sequence = samples.back().sequence;
    }
    CHECK_EQ(churn.rig.EventCount(EventKind::kDeviceAdded, static_cast<int64_t>(instance)), 1u);
  }
  CHECK_EQ(churn.rig.sampler->identity().skipped_devices, 0u);
}

TEST("device rows: a row that changes hands is empty before the list says whose it is") {
  Churn churn;
  for (size_t instance = 1; instance < Sampler::kRows; instance++) churn.Show(instance);
  churn.rig.WatchAll({1});
  churn.Show(1);
  churn.rig.clock->Step(kPeriodNs);
  CHECK(churn.rig.RowMetric(1, MetricId::kPowerWatts) > 0);
  churn.rig.sampler->Unwatch(std::vector<size_t>{1});
  // Row 2 went longest ago, then those after it, and row 1 last of all.
  size_t instance = Sampler::kRows;
  do {
    churn.Show(instance++);
  } while (churn.Latest().row != 1 && instance < Churn::kInstances);
  CHECK_EQ(churn.Latest().row, 1u);
  CHECK_EQ(std::bit_cast<double>(churn.rig.RowWord(1, kRowSequenceWord)), 0.0);
  CHECK(churn.rig.RowStatus(1) == StatusCode::kOk);
}

}  // namespace
}  // namespace gpuring
