// Questions to columns against the same worked out sample by sample, over random histories.
#include <array>
#include <cmath>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "aggregate/query.h"
#include "aggregate_history.h"
#include "aggregate_reference.h"
#include "check.h"

namespace gpuring {
namespace {

struct Asked {
  std::vector<const RandomHistory*> histories;
  size_t metric;
  StatisticsRequest request;
};

// What went wrong where; checks are too many to be printed each.
class Comparison {
 public:
  explicit Comparison(const Asked& asked) : asked_(asked) {
    std::vector<const MetricColumns*> columns;
    for (const RandomHistory* history : asked.histories) columns.push_back(&history->columns());
    percentiles_.resize(asked.request.percentiles.size());
    QueryColumns({columns, static_cast<MetricId>(asked.metric), asked.request}, &got_,
                 percentiles_);
  }

  void Run() {
    SumAll();
    Same("count", got_.count, sums_.values.size());
    Same("unknown", got_.unknown, sums_.unknown);
    Same("lost", got_.lost, uint64_t{0});
    Same("covered", got_.covered_us, sums_.covered_us);
    if (sums_.values.empty()) {
      const WindowStatistics& got = got_;
      for (const double value :
           {got.first, got.last, got.min, got.max, got.mean, got.ewma, got.time_weighted_mean,
            got.standard_deviation, got.integral, got.increase}) {
        Close("absent", value, kAbsent, 0);
      }
      for (const double value : percentiles_) Close("absent percentile", value, kAbsent, 0);
      return;
    }
    CompareSums();
    ComparePercentiles();
    if (asked_.histories.size() == 1) CompareEnds();
  }

 private:
  void SumAll() {
    for (const RandomHistory* history : asked_.histories) {
      const NaiveHistory naive = history->Naive(asked_.metric);
      window_ = ResolveNaively(naive, asked_.request.window);
      const NaiveSums one = SumNaively(naive, asked_.request.window, window_);
      sums_.values.insert(sums_.values.end(), one.values.begin(), one.values.end());
      sums_.unknown += one.unknown;
      sums_.covered_us += one.covered_us;
      sums_.held += one.held;
      sums_.increase += one.increase;
      sums_.first = one.first;
      sums_.last = one.last;
    }
  }

  void CompareSums() {
    const auto divisor = static_cast<double>(Row().divisor);
    __int128 sum = 0;
    for (const int64_t value : sums_.values) sum += value;
    const auto [least, greatest] = std::ranges::minmax(sums_.values);
    Close("min", got_.min, Public(least), 0);
    Close("max", got_.max, Public(greatest), 0);
    const auto count = static_cast<double>(sums_.values.size());
    Close("mean", got_.mean, static_cast<double>(sum) / (count * divisor), 0);
    Close("deviation", got_.standard_deviation, DeviationNaively(sums_.values) / divisor, 1e-15);
    const auto held = static_cast<double>(sums_.held);
    Close("integral", got_.integral, held / (divisor * 1e6), 0);
    const auto covered = static_cast<double>(sums_.covered_us);
    Close("weighted mean", got_.time_weighted_mean,
          sums_.covered_us > 0 ? held / (covered * divisor) : kAbsent, 0);
    const double increase = static_cast<double>(sums_.increase) / divisor;
    Close("increase", got_.increase, Row().counter ? increase : kAbsent, 0);
  }

  void ComparePercentiles() {
    std::vector<int64_t> sorted = sums_.values;
    std::ranges::sort(sorted);
    for (size_t i = 0; i < percentiles_.size(); i++) {
      const double percentile = asked_.request.percentiles[i];
      Close("percentile", percentiles_[i],
            PercentileNaively(sorted, percentile, asked_.request, Row().divisor), 0);
    }
  }

  void CompareEnds() {
    const NaiveHistory naive = asked_.histories[0]->Naive(asked_.metric);
    const NaiveSample& first = naive.samples[*sums_.first];
    const NaiveSample& last = naive.samples[*sums_.last];
    Close("first", got_.first, Public(*first.value), 0);
    Close("last", got_.last, Public(*last.value), 0);
    Same("first time", got_.first_us, first.wall_us);
    Same("last time", got_.last_us, last.wall_us);
    const int64_t shift = first.wall_us - NaiveTime(first, asked_.request.window.by);
    const bool by_last = asked_.request.window.by == WindowBy::kLast;
    const int64_t unix_shift = by_last ? first.wall_us - first.monotonic_us : shift;
    Same("from", got_.from_us, window_.from_us + unix_shift);
    Same("to", got_.to_us, window_.to_us + unix_shift);
    if (asked_.request.ewma_us == 0) {
      Close("no ewma", got_.ewma, kAbsent, 0);
      return;
    }
    double most = 0;
    for (const int64_t value : sums_.values) most = std::max(most, std::fabs(Public(value)));
    const double expected = EwmaNaively(naive, window_, asked_.request.ewma_us) / Row().divisor;
    Close("ewma", (got_.ewma - expected) / std::max(most, 1e-300) + 1, 1, 1e-12);
  }

  [[nodiscard]] const MetricRow& Row() const { return kMetrics[asked_.metric]; }
  [[nodiscard]] double Public(int64_t raw) const {
    return static_cast<double>(raw) / Row().divisor;
  }

  template <class T>
  void Same(const char* what, const T& got, const T& expected) {
    if (got != expected) Report(what, check::Show(got), check::Show(expected));
  }
  void Close(const char* what, double got, double expected, double bound) {
    if (std::isnan(got) && std::isnan(expected)) return;
    if (std::fabs(got - expected) <= bound * std::fabs(expected)) return;
    char text[2][40];
    std::snprintf(text[0], sizeof text[0], "%.17g", got);
    std::snprintf(text[1], sizeof text[1], "%.17g", expected);
    Report(what, text[0], text[1]);
  }
  void Report(const char* what, const std::string& got, const std::string& expected) {
    const Window& window = asked_.request.window;
    std::string where = std::string(Row().key) + ", " + what + ", by " +
                        kWindowByNames[static_cast<size_t>(window.by)] + ", samples " +
                        std::to_string(window_.begin) + " to " + std::to_string(window_.end) +
                        " of";
    for (const RandomHistory* history : asked_.histories) where += " " + history->Describe();
    check::Fail(__FILE__, __LINE__, where + ": got " + got + ", expected " + expected);
  }

  const Asked& asked_;
  WindowStatistics got_;
  std::vector<double> percentiles_;
  NaiveWindow window_;
  NaiveSums sums_;
};

constexpr std::array<double, 9> kPercentiles = {50, 95, 99, 0, 100, 99.9, 1e-9, 33.3, 50};

void AskRandomly(const std::vector<const RandomHistory*>& histories, Random* random, int times) {
  const MetricRange metrics = kTierMetrics[static_cast<size_t>(histories[0]->tier())];
  for (int i = 0; i < times; i++) {
    Asked asked = {histories, metrics.begin + random->Below(metrics.size()), {}};
    asked.request.percentiles = std::span(kPercentiles).first(random->Below(10));
    if (random->OneIn(2)) asked.request.method = PercentileMethod::kLinear;
    if (random->OneIn(2)) asked.request.ewma_us = 1 + random->Below(30'000'000);
    asked.request.window = histories[random->Below(histories.size())]->RandomWindow(random);
    Comparison(asked).Run();
  }
}

TEST("aggregate query: random windows of random histories are as if worked out naively") {
  Random random(1);
  for (int i = 0; i < 150; i++) {
    const RandomHistory history(RandomPlan(&random), &random);
    AskRandomly({&history}, &random, 60);
  }
}

TEST("aggregate query: while the history grows, each window after each sample") {
  Random random(2);
  for (const uint64_t capacity : {1, 2, 64, 130}) {
    HistoryPlan plan = RandomPlan(&random);
    plan.capacity = capacity;
    plan.count = 0;
    RandomHistory history(plan, &random);
    AskRandomly({&history}, &random, 20);
    for (int i = 0; i < 300; i++) {
      history.Push(&random);
      AskRandomly({&history}, &random, 5);
    }
  }
}

TEST("aggregate query: several columns as one pool") {
  Random random(3);
  for (int i = 0; i < 40; i++) {
    HistoryPlan plan = RandomPlan(&random);
    std::vector<std::unique_ptr<RandomHistory>> owned;
    std::vector<const RandomHistory*> histories;
    for (uint64_t column = 0; column < 2 + random.Below(4); column++) {
      plan.count = random.Below(2 * plan.capacity + 10);
      owned.push_back(std::make_unique<RandomHistory>(plan, &random));
      histories.push_back(owned.back().get());
    }
    AskRandomly(histories, &random, 40);
  }
}

TEST("aggregate query: long windows, by counts and by the upper levels of extremes") {
  Random random(4);
  for (const Tier tier : {Tier::kFast, Tier::kMedium}) {
    HistoryPlan plan = RandomPlan(&random);
    plan.tier = tier;
    plan.capacity = 20'000;
    plan.count = 45'000;
    const RandomHistory history(plan, &random);
    AskRandomly({&history}, &random, 50);
  }
}

TEST("aggregate query: columns that caught up answer as if they had been given it all") {
  Random random(5);
  for (int i = 0; i < 60; i++) {
    RandomHistory history(RandomPlan(&random), &random);
    history.Grow(history.columns().capacity() + random.Below(400), &random);
    AskRandomly({&history}, &random, 30);
    for (uint64_t more = random.Below(300); more > 0; more--) history.Push(&random);
    AskRandomly({&history}, &random, 30);
  }
}

TEST("aggregate query: no columns, no samples") {
  WindowStatistics statistics;
  std::array<double, 1> percentile = {1};
  const std::array<double, 1> wanted = {50};
  QueryColumns({{}, MetricId::kPowerWatts, {{WindowBy::kLast, 0, 0, 5}, wanted}}, &statistics,
               percentile);
  CHECK_EQ(statistics.count, 0u);
  CHECK_EQ(statistics.from_us, kNoTime);
  CHECK(std::isnan(percentile[0]));
}

}  // namespace
}  // namespace gpuring
