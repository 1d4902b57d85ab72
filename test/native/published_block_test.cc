#include "core/published_block.h"

#include <atomic>
#include <bit>
#include <cmath>
#include <thread>

#include "check.h"
#include "core/block_memory.h"
#include "core/published_row.h"

namespace gpuring {
namespace {

using Block = PublishedBlock<StdAtomics>;

double AsDouble(uint64_t word) { return std::bit_cast<double>(word); }

TEST("published block: rows lie on cache lines behind the header") {
  const BlockLayout layout = {.row_capacity = 3, .row_words = kRowWords};
  CHECK_EQ(layout.RowStride() % 8, 0u);
  CHECK(layout.RowStride() >= kRowWords);
  const auto memory = BlockMemory::Allocate(layout);
  CHECK_EQ(memory->byte_size(), (kBlockHeaderWords + 3 * layout.RowStride()) * 8);
  CHECK_EQ(reinterpret_cast<uintptr_t>(memory->words()) % kCacheLineBytes, 0u);
  Block(memory->cells(), layout).Format();
  CHECK_EQ(memory->words()[kBlockMagicWord], kBlockMagic);
  CHECK_EQ(memory->words()[kBlockRowCapacityWord], 3u);
  CHECK_EQ(memory->words()[kBlockRowStrideWord], layout.RowStride());
}

TEST("published block: a row is at its place in memory, lock first") {
  const BlockLayout layout = {.row_capacity = 2, .row_words = kRowWords};
  const auto memory = BlockMemory::Allocate(layout);
  Block block(memory->cells(), layout);
  PublishedRow row;
  Sample sample;
  sample.sequence = 9;
  sample.start_ns = 1'500'000;
  sample.wall_us = 1'700'000'000'123'456;
  sample.Set(MetricId::kPowerWatts, 70'123);
  row.SetStatus(StatusCode::kTimeout);
  row.SetSample(sample);
  block.WriteRow(1, row.words());
  block.WriteRow(1, row.words());
  const uint64_t* const words = memory->words() + kBlockHeaderWords + layout.RowStride();
  CHECK_EQ(words[kRowLockWord], 4u);
  CHECK_EQ(words[kRowStatusWord], static_cast<uint64_t>(StatusCode::kTimeout));
  CHECK_EQ(AsDouble(words[kRowSequenceWord]), 9.0);
  CHECK_EQ(AsDouble(words[kRowStartWord]), 1.5);
  CHECK_EQ(AsDouble(words[kRowWallWord]), 1'700'000'000'123.456);
  const auto metric = [&](MetricId id) {
    return AsDouble(words[kRowMetricsWord + static_cast<size_t>(id)]);
  };
  CHECK_EQ(metric(MetricId::kPowerWatts), 70.123);
  CHECK(std::isnan(metric(MetricId::kTemperatureCelsius)));
  CHECK_EQ(memory->words()[kBlockHeaderWords + kRowLockWord], 0u);
}

TEST("published row: a value that was known and is no more becomes NaN") {
  PublishedRow row;
  Sample sample;
  sample.Set(MetricId::kTemperatureCelsius, 0);
  row.SetSample(sample);
  const size_t at = kRowMetricsWord - 1 + static_cast<size_t>(MetricId::kTemperatureCelsius);
  CHECK_EQ(AsDouble(row.words()[at]), 0.0);
  row.SetSample(Sample{});
  CHECK(std::isnan(AsDouble(row.words()[at])));
}

// JavaScript's way of reading a row: sequentially consistent loads, no fence.
struct RowRace {
  std::atomic<uint64_t> torn{0};
  std::atomic<uint64_t> stale{0};
  std::atomic<bool> begun{false};
};

void ReadLikeJavaScript(uint64_t* words, size_t row_words, uint64_t rounds, RowRace* race) {
  const auto load = [&](size_t word) { return std::atomic_ref<uint64_t>(words[word]).load(); };
  const size_t row = kBlockHeaderWords;
  race->begun = true;
  for (uint64_t seen = 0; seen < rounds;) {
    seen = load(kBlockRoundsWord);
    const uint64_t before = load(row + kRowLockWord);
    if (before % 2 != 0) continue;
    const uint64_t first = load(row + 1);
    bool same = true;
    for (size_t i = 2; i < row_words; i++) same = same && load(row + i) == first;
    if (load(row + kRowLockWord) != before) continue;
    if (!same || first != before / 2) race->torn++;
    if (before / 2 < seen) race->stale++;
  }
}

TEST("published block: what a counted round wrote is there, whole") {
  constexpr uint64_t kRounds = 200'000;
  const BlockLayout layout = {.row_capacity = 1, .row_words = kRowWords};
  const auto memory = BlockMemory::Allocate(layout);
  Block block(memory->cells(), layout);
  RowRace race;
  std::thread reader([&] { ReadLikeJavaScript(memory->words(), kRowWords, kRounds, &race); });
  while (!race.begun) std::this_thread::yield();
  for (uint64_t round = 1; round <= kRounds; round++) {
    std::array<uint64_t, kRowWords - 1> words;
    words.fill(round);
    block.WriteRow(0, words);
    block.StoreHeader(kBlockRoundsWord, round);
  }
  reader.join();
  CHECK_EQ(race.torn.load(), 0u);
  CHECK_EQ(race.stale.load(), 0u);
}

}  // namespace
}  // namespace gpuring
