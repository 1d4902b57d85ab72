// Random samples, given to columns and kept beside them.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "aggregate/columns.h"
#include "aggregate_reference.h"
#include "core/sample.h"

namespace gpuring {

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}
  // 0 to limit - 1; 0 where there is no such number.
  uint64_t Below(uint64_t limit) { return limit == 0 ? 0 : engine_() % limit; }
  bool OneIn(uint64_t times) { return Below(times) == 0; }
  template <class T>
  T OneOf(std::initializer_list<T> values) {
    return values.begin()[Below(values.size())];
  }

 private:
  std::mt19937_64 engine_;
};

struct HistoryPlan {
  Tier tier = Tier::kFast;
  uint64_t capacity = 1;
  uint64_t count = 0;
  uint64_t first_sequence = 1;
  uint64_t unknown_in_100 = 0;
  uint64_t same_time_in_100 = 0;
  int64_t period_us = 100'000;
  int64_t wall_shift_us = 0;
};

inline HistoryPlan RandomPlan(Random* random) {
  HistoryPlan plan;
  plan.tier = random->OneOf({Tier::kFast, Tier::kMedium, Tier::kSlow});
  plan.capacity = random->OneOf<uint64_t>({1, 2, 5, 63, 64, 65, 100, 257, 600, 1000});
  plan.count = random->OneOf<uint64_t>(
      {0, 1, 2, plan.capacity / 2, plan.capacity, plan.capacity + 1, 4 * plan.capacity});
  plan.first_sequence = random->OneOf<uint64_t>({1, 2, 64, 65, 1 + random->Below(100'000)});
  plan.unknown_in_100 = random->OneOf<uint64_t>({0, 5, 50, 97, 100});
  plan.same_time_in_100 = random->OneOf<uint64_t>({0, 10, 90, 100});
  plan.period_us = random->OneOf<int64_t>({1, 1'000, 100'000, 7'777'777});
  plan.wall_shift_us = random->OneOf<int64_t>({0, 1'700'000'000'000'000, -5'000'000});
  return plan;
}

class RandomHistory {
 public:
  RandomHistory(const HistoryPlan& plan, Random* random)
      : plan_(plan),
        columns_(MetricColumns::Allocate({plan.tier, plan.capacity, plan.first_sequence})),
        manners_(kMetricCount) {
    for (uint64_t& manner : manners_) manner = random->Below(kManners);
    for (uint64_t i = 0; i < plan.count; i++) Push(random);
  }

  [[nodiscard]] Tier tier() const { return plan_.tier; }
  [[nodiscard]] const MetricColumns& columns() const { return *columns_; }
  [[nodiscard]] std::string Describe() const {
    return std::to_string(samples_.size()) + " in " + std::to_string(plan_.capacity) + " from " +
           std::to_string(plan_.first_sequence);
  }

  void Push(Random* random) {
    if (!random->OneIn(100 / std::max<uint64_t>(plan_.same_time_in_100, 1))) {
      now_us_ += random->OneIn(20) ? plan_.period_us * 10 : plan_.period_us;
    }
    Kept kept;
    kept.hold_us = random->OneOf<int64_t>(
        {0, plan_.period_us / 2, 3 * plan_.period_us, 3 * plan_.period_us, kForever / 1000});
    kept.sample.start_ns = now_us_ * 1000 + static_cast<int64_t>(random->Below(1000));
    kept.sample.wall_us = now_us_ + plan_.wall_shift_us;
    const MetricRange metrics = kTierMetrics[static_cast<size_t>(plan_.tier)];
    for (size_t metric = metrics.begin; metric < metrics.end; metric++) {
      if (random->Below(100) < plan_.unknown_in_100) continue;
      kept.sample.Set(static_cast<MetricId>(metric), ValueFor(metric, random),
                      random->OneIn(2) ? ValueState::kKnown : ValueState::kEstimated);
    }
    samples_.push_back(kept);
    columns_->Append(kept.sample, kept.hold_us * 1000);
  }

  // Into columns of their own, which have nothing of what was overwritten. In two steps, the writer
  // having gone on in between.
  void Grow(uint64_t capacity, Random* random) {
    const auto grown = MetricColumns::Allocate({plan_.tier, capacity, plan_.first_sequence});
    grown->CatchUp(*columns_);
    const size_t had = samples_.size() - std::min<size_t>(samples_.size(), plan_.capacity);
    for (uint64_t more = random->Below(plan_.capacity); more > 0; more--) Push(random);
    grown->CatchUp(*columns_);
    columns_ = grown;
    plan_.capacity = capacity;
    samples_.erase(samples_.begin(), samples_.begin() + static_cast<ptrdiff_t>(had));
  }

  [[nodiscard]] NaiveHistory Naive(size_t metric) const {
    NaiveHistory naive = {plan_.capacity, {}};
    for (const Kept& kept : samples_) {
      const auto id = static_cast<MetricId>(metric);
      NaiveSample sample = {kept.sample.start_ns / 1000, kept.sample.wall_us, kept.hold_us, {}};
      if (kept.sample.Knows(id)) sample.value = kept.sample.ValueOf(id);
      naive.samples.push_back(sample);
    }
    return naive;
  }

  // Inside, around, before or after what there is.
  [[nodiscard]] Window RandomWindow(Random* random) const {
    Window window;
    window.by = random->OneOf({WindowBy::kWall, WindowBy::kMonotonic, WindowBy::kLast});
    if (window.by == WindowBy::kLast) {
      window.last = random->OneOf<uint64_t>(
          {1, 2, 64, plan_.capacity, 2 * plan_.capacity, 1 + random->Below(plan_.capacity)});
      return window;
    }
    const int64_t span = static_cast<int64_t>(plan_.capacity) * plan_.period_us * 2;
    const int64_t shift = window.by == WindowBy::kWall ? plan_.wall_shift_us : 0;
    const auto some = [&] { return now_us_ + shift - static_cast<int64_t>(random->Below(span)); };
    const int64_t late = random->OneOf<int64_t>({0, 0, plan_.period_us / 2, 10 * plan_.period_us});
    window.to_us = random->OneIn(2) ? now_us_ + shift + late : some();
    window.from_us = random->OneIn(10) ? window.to_us : std::min(some(), window.to_us);
    if (random->OneIn(10)) window.from_us = shift - 1;
    window.from_us = std::min(window.from_us, window.to_us);
    return window;
  }

 private:
  struct Kept {
    Sample sample{};
    int64_t hold_us = 0;
  };
  static constexpr uint64_t kManners = 7;

  // How a metric behaves in this history: at random, constant, at its ends, near some value,
  // growing.
  [[nodiscard]] int64_t ValueFor(size_t metric, Random* random) const {
    const MetricRow& row = kMetrics[metric];
    const uint64_t span = static_cast<uint64_t>(row.maximum - row.minimum);
    const auto pushed = static_cast<int64_t>(samples_.size());
    const auto some = [&](uint64_t most) {
      return row.minimum + static_cast<int64_t>(random->Below(std::min(most, span) + 1));
    };
    switch (manners_[metric]) {
      case 0:
        return some(span);
      case 1:
        return row.minimum + static_cast<int64_t>(span / 3);
      case 2:
        return random->OneIn(2) ? row.minimum : row.maximum;
      case 3:
        return row.minimum + static_cast<int64_t>(span / 2 + random->Below(span / 100 + 1));
      case 4:
        return std::min(row.maximum, row.minimum + pushed % 1000 * 1000 + some(100));
      case 5:
        return std::min(row.maximum, row.minimum + pushed / 100);
      default:
        return some(random->OneIn(50) ? span : 40);
    }
  }

  HistoryPlan plan_;
  std::shared_ptr<MetricColumns> columns_;
  std::vector<uint64_t> manners_;
  std::vector<Kept> samples_;
  int64_t now_us_ = 0;
};

}  // namespace gpuring
