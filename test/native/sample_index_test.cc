// What is kept beside the histories gets every sample that they get, and goes where they go.
#include "core/sample_index.h"

#include <atomic>
#include <mutex>
#include <vector>

#include "check.h"
#include "core/row_memory.h"
#include "sampler_rig.h"

namespace gpuring {
namespace {

constexpr Pace kPace = {kPeriodNs, {kPeriodNs, 1'000 * kMs, 5'000 * kMs}};
constexpr uint64_t kIndexBytes = 1'000;  // a sample, and as much for the index itself

struct Entry {
  uint64_t sequence;
  int64_t start_ns;
  int64_t power;
  int64_t hold_ns;
};

// Keeps the newest `capacity` samples, as the history does.
class Notebook final : public SampleIndex {
 public:
  explicit Notebook(const IndexShape& shape) : shape_(shape) {}

  void Append(const Sample& sample, int64_t hold_ns) override {
    Add({sample.sequence, sample.start_ns, sample.ValueOf(MetricId::kPowerWatts), hold_ns});
  }
  void CatchUp(const SampleIndex& other) override {
    for (const Entry& entry : static_cast<const Notebook&>(other).entries()) {
      if (entry.sequence > newest()) Add(entry);
    }
  }
  [[nodiscard]] const IndexShape& shape() const { return shape_; }
  [[nodiscard]] std::vector<Entry> entries() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return entries_;
  }

 private:
  [[nodiscard]] uint64_t newest() const { return entries_.empty() ? 0 : entries_.back().sequence; }
  void Add(const Entry& entry) {
    const std::lock_guard<std::mutex> lock(mutex_);
    entries_.push_back(entry);
    if (entries_.size() > shape_.capacity) entries_.erase(entries_.begin());
  }

  const IndexShape shape_;
  mutable std::mutex mutex_;
  std::vector<Entry> entries_;
};

struct NotebookMaker final : IndexMaker {
  [[nodiscard]] uint64_t Bytes(Tier, uint64_t capacity) const override {
    return kIndexBytes * (1 + capacity);
  }
  [[nodiscard]] std::shared_ptr<SampleIndex> Make(const IndexShape& shape) override {
    made++;
    return refuses ? nullptr : std::make_shared<Notebook>(shape);
  }
  void Forget(size_t row) override { forgotten.push_back(row); }

  std::atomic<int> made{0};
  std::atomic<bool> refuses{false};
  std::vector<size_t> forgotten;  // read while the sampler's thread waits on the clock
};

struct IndexedRig {
  explicit IndexedRig(MemoryScript script,
                      SamplerOptions options = {.period_ns = kPeriodNs, .history_samples = 5})
      : rig(std::move(script), With(std::move(options), maker)) {}
  static SamplerOptions With(SamplerOptions options, std::shared_ptr<NotebookMaker> maker) {
    options.index_maker = std::move(maker);
    return options;
  }
  [[nodiscard]] std::shared_ptr<const Notebook> Index(size_t row, Tier tier = Tier::kFast) const {
    return std::static_pointer_cast<const Notebook>(rig.sampler->IndexOf(row, tier));
  }
  // The index holds just what the history does.
  void CheckSame(size_t row, Tier tier = Tier::kFast) const {
    const std::vector<Sample> samples = rig.History(row, tier);
    const std::vector<Entry> entries = Index(row, tier)->entries();
    CHECK_EQ(entries.size(), samples.size());
    for (size_t i = 0; i < std::min(entries.size(), samples.size()); i++) {
      CHECK_EQ(entries[i].sequence, samples[i].sequence);
      CHECK_EQ(entries[i].start_ns, samples[i].start_ns);
      CHECK_EQ(entries[i].power, samples[i].ValueOf(MetricId::kPowerWatts));
    }
  }

  std::shared_ptr<NotebookMaker> maker = std::make_shared<NotebookMaker>();
  Rig rig;
};

TEST("sample index: each tier's gets the samples of its history, held for three periods") {
  MemoryAnswer answer = Answer(1'000);
  answer.values.push_back({MetricId::kGraphicsClockMhz, 1'500});
  answer.values.push_back({MetricId::kEccMode, 1});
  IndexedRig indexed({.devices = {Device({answer}), Device({Answer(7), Answer(8)})}});
  indexed.rig.WatchAll({0, 1});
  for (int i = 0; i < 60; i++) indexed.rig.clock->Step(kPeriodNs);
  indexed.CheckSame(0);
  indexed.CheckSame(1);
  CHECK_EQ(indexed.Index(0)->entries().back().hold_ns, 3 * kPeriodNs);
  CHECK_EQ(indexed.Index(1)->shape().row, 1u);
  for (const Tier tier : {Tier::kMedium, Tier::kSlow}) {
    indexed.CheckSame(0, tier);
    CHECK(indexed.Index(0, tier)->entries().size() > 1);
    CHECK(indexed.Index(0, tier)->shape().tier == tier);
    CHECK_EQ(indexed.Index(0, tier)->entries().back().hold_ns,
             3 * kPace.tier_periods_ns[static_cast<size_t>(tier)]);
  }
  indexed.rig.sampler->SetPeriodNs(2'000 * kMs);
  indexed.rig.clock->AwaitWaiter();
  for (int i = 0; i < 2; i++) indexed.rig.clock->Step(2'000 * kMs);
  CHECK_EQ(indexed.Index(0)->entries().back().hold_ns, 6'000 * kMs);
  CHECK_EQ(indexed.Index(0, Tier::kMedium)->entries().back().hold_ns, 6'000 * kMs);
  CHECK_EQ(indexed.Index(0, Tier::kSlow)->entries().back().hold_ns, 15'000 * kMs);
}

TEST("sample index: a device that answers nothing appends nothing") {
  IndexedRig indexed({.devices = {Device({Answer(1), Failing(StatusCode::kDeviceLost), {}})}});
  indexed.rig.WatchAll({0});
  for (int i = 0; i < 9; i++) indexed.rig.clock->Step(kPeriodNs);
  indexed.CheckSame(0);
  CHECK_EQ(indexed.Index(0)->entries().back().sequence, 4u);
}

TEST("sample index: grows with its history, and keeps what it holds") {
  IndexedRig indexed(Devices(2));
  indexed.rig.WatchAll({0, 1});
  for (int i = 0; i < 8; i++) indexed.rig.clock->Step(kPeriodNs);
  const auto before = indexed.Index(0);
  CHECK(indexed.rig.sampler->GrowHistory(12).ok());
  CHECK(Eventually([&] { return indexed.rig.sampler->HistoryCapacity() == 12; }));
  for (int i = 0; i < 4; i++) indexed.rig.clock->Step(kPeriodNs);
  CHECK(indexed.Index(0) != before);
  CHECK_EQ(before->entries().back().sequence, 9u);  // whoever holds it may go on reading
  CHECK_EQ(indexed.Index(0)->shape().capacity, 12u);
  CHECK_EQ(indexed.Index(0)->entries().size(), 9u);
  CHECK_EQ(indexed.Index(0)->entries().front().sequence, 5u);
  indexed.CheckSame(0);
  indexed.CheckSame(1);
}

TEST("sample index: goes with its row; what comes there begins empty, its sequences go on") {
  MemoryScript script = Devices(2);
  script.devices[1].identity.uuid = "MIG-1";
  script.devices[1].identity.parent_uuid = "GPU-memory-0";
  IndexedRig indexed(std::move(script));
  indexed.rig.WatchAll({0, 1});
  for (int i = 0; i < 3; i++) indexed.rig.clock->Step(kPeriodNs);
  CHECK(indexed.maker->forgotten.empty());
  const auto before = indexed.Index(1);
  CHECK_EQ(before->entries().size(), 4u);
  indexed.rig.host->SetPresent({0});
  indexed.rig.clock->Step(kPeriodNs);
  indexed.rig.clock->Step(kPeriodNs);
  CHECK(indexed.Index(1) == nullptr);
  CHECK_EQ(indexed.maker->forgotten.size(), 1u);
  CHECK_EQ(indexed.maker->forgotten.at(0), 1u);
  indexed.rig.host->SetPresent({0, 1});
  for (int i = 0; i < 4; i++) indexed.rig.clock->Step(kPeriodNs);
  const uint64_t first = before->entries().back().sequence + 1;
  CHECK_EQ(indexed.Index(1)->shape().first_sequence, first);
  CHECK_EQ(indexed.Index(1)->entries().front().sequence, first);
  indexed.CheckSame(1);
}

TEST("sample index: there is none without a maker, of no row, and after the end") {
  Rig bare(Devices(1));
  bare.WatchAll({0});
  CHECK(bare.sampler->index_maker() == nullptr);
  CHECK(bare.sampler->IndexOf(0, Tier::kFast) == nullptr);
  IndexedRig indexed(Devices(1));
  indexed.rig.AwaitRunning();
  CHECK(indexed.rig.sampler->index_maker() == indexed.maker);
  CHECK(indexed.Index(0) != nullptr);
  CHECK(indexed.Index(1) == nullptr && indexed.Index(Sampler::kRows) == nullptr);
  indexed.rig.sampler->RequestStop();
  CHECK(indexed.rig.sampler->WaitStopped(kLongNs));
  CHECK(indexed.Index(0) == nullptr);
}

TEST("sample index: counts in the memory limit") {
  const NotebookMaker maker;
  CHECK_EQ(PlanRings(50, kPace).Bytes(&maker) - PlanRings(50, kPace).Bytes(nullptr),
           kIndexBytes * (51 + 17 + 17));
  const uint64_t limit = 2 * PlanRings(50, kPace).Bytes(&maker);
  for (const uint64_t samples : {50u, 51u}) {
    IndexedRig indexed(
        Devices(2),
        {.period_ns = kPeriodNs, .history_samples = samples, .memory_limit_bytes = limit});
    CHECK(indexed.rig.sampler->WaitOpened(kLongNs));
    const bool fits = samples == 50;
    CHECK(Eventually([&] {
      const SamplerState state = indexed.rig.sampler->state();
      return state == (fits ? SamplerState::kRunning : SamplerState::kFailed);
    }));
    if (!fits) CHECK(indexed.rig.sampler->status().hint().find("at most 50 ") != std::string::npos);
  }
}

TEST("sample index: without memory for it the history does not grow, and sampling goes on") {
  IndexedRig indexed(Devices(1));
  indexed.rig.WatchAll({0});
  indexed.maker->refuses = true;
  CHECK(indexed.rig.sampler->GrowHistory(10).ok());
  CHECK(Eventually(
      [&] { return indexed.rig.sampler->GrowHistory(10).code() == StatusCode::kOutOfRange; }));
  indexed.rig.clock->Step(kPeriodNs);
  CHECK_EQ(indexed.rig.sampler->HistoryCapacity(), 5u);
  indexed.CheckSame(0);
}

}  // namespace
}  // namespace gpuring
