#include "core/ring.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include "check.h"
#include "core/history.h"

namespace gpuring {
namespace {

using TestRing = Ring<StdAtomics>;

struct RingMemory {
  explicit RingMemory(const RingLayout& layout)
      : cells(layout.Cells()), ring(TestRing::Format(cells.data(), layout)) {}
  std::vector<StdAtomics::Cell> cells;
  TestRing ring;
};

void PushOne(TestRing* ring, uint64_t value) { ring->Push(std::array<uint64_t, 1>{value}); }

struct Copied {
  RingRead read;
  std::vector<uint64_t> values;
};

Copied ReadFrom(const TestRing& ring, uint64_t from, size_t room) {
  Copied copied;
  copied.values.resize(room);
  copied.read = ring.Read(from, copied.values);
  copied.values.resize(copied.read.count);
  return copied;
}

void CheckRead(const Copied& copied, const RingRead& expected, std::vector<uint64_t> values) {
  CHECK_EQ(copied.read.count, expected.count);
  CHECK_EQ(copied.read.lost, expected.lost);
  CHECK_EQ(copied.read.newest, expected.newest);
  CHECK_EQ(copied.read.next, expected.next);
  CHECK(copied.values == values);
}

TEST("ring: empty") {
  RingMemory memory({.capacity = 3, .record_words = 1});
  CHECK_EQ(memory.ring.Newest(), 0u);
  std::array<uint64_t, 1> word{};
  CHECK(!memory.ring.TryReadOne(1, word));
  CheckRead(ReadFrom(memory.ring, 1, 5), {.count = 0, .lost = 0, .newest = 0, .next = 1}, {});
}

TEST("ring: reads oldest first, from where it is asked") {
  RingMemory memory({.capacity = 4, .record_words = 1});
  for (uint64_t value = 11; value <= 13; value++) PushOne(&memory.ring, value);
  CheckRead(ReadFrom(memory.ring, 0, 9), {.count = 3, .lost = 0, .newest = 3, .next = 4},
            {11, 12, 13});
  CheckRead(ReadFrom(memory.ring, 3, 9), {.count = 1, .lost = 0, .newest = 3, .next = 4}, {13});
  CheckRead(ReadFrom(memory.ring, 4, 9), {.count = 0, .lost = 0, .newest = 3, .next = 4}, {});
  CheckRead(ReadFrom(memory.ring, 40, 9), {.count = 0, .lost = 0, .newest = 3, .next = 40}, {});
}

TEST("ring: a lapped reader learns what it lost") {
  RingMemory memory({.capacity = 3, .record_words = 1});
  for (uint64_t value = 1; value <= 10; value++) PushOne(&memory.ring, value);
  CheckRead(ReadFrom(memory.ring, 1, 9), {.count = 3, .lost = 7, .newest = 10, .next = 11},
            {8, 9, 10});
  CheckRead(ReadFrom(memory.ring, 7, 9), {.count = 3, .lost = 1, .newest = 10, .next = 11},
            {8, 9, 10});
  CheckRead(ReadFrom(memory.ring, 8, 9), {.count = 3, .lost = 0, .newest = 10, .next = 11},
            {8, 9, 10});
  std::array<uint64_t, 1> word{};
  CHECK(!memory.ring.TryReadOne(7, word));
  CHECK(memory.ring.TryReadOne(8, word));
  CHECK(!memory.ring.TryReadOne(11, word));
}

TEST("ring: little room is filled with the oldest, and next goes on there") {
  RingMemory memory({.capacity = 4, .record_words = 1});
  for (uint64_t value = 1; value <= 6; value++) PushOne(&memory.ring, value);
  CheckRead(ReadFrom(memory.ring, 1, 2), {.count = 2, .lost = 2, .newest = 6, .next = 5}, {3, 4});
  CheckRead(ReadFrom(memory.ring, 5, 2), {.count = 2, .lost = 0, .newest = 6, .next = 7}, {5, 6});
  CheckRead(ReadFrom(memory.ring, 1, 0), {.count = 0, .lost = 2, .newest = 6, .next = 3}, {});
}

TEST("ring: a capacity of one holds the newest") {
  RingMemory memory({.capacity = 1, .record_words = 1});
  for (uint64_t value = 1; value <= 3; value++) PushOne(&memory.ring, value);
  CheckRead(ReadFrom(memory.ring, 1, 2), {.count = 1, .lost = 2, .newest = 3, .next = 4}, {3});
}

TEST("ring: a ring that begins later counts what came before as lost") {
  RingMemory memory({.capacity = 4, .record_words = 1, .first = 5});
  PushOne(&memory.ring, 50);
  CheckRead(ReadFrom(memory.ring, 3, 9), {.count = 1, .lost = 2, .newest = 5, .next = 6}, {50});
}

TEST("ring: its memory says what it is and may lie anywhere") {
  const RingLayout layout = {.capacity = 2, .record_words = 1};
  RingMemory memory(layout);
  for (uint64_t value = 1; value <= 3; value++) PushOne(&memory.ring, value);
  std::vector<StdAtomics::Cell> moved(layout.Cells());
  for (size_t i = 0; i < moved.size(); i++) {
    moved[i].Store(memory.cells[i].Load(Order::kRelaxed), Order::kRelaxed);
  }
  CHECK_EQ(moved[kRingMagicWord].Load(Order::kRelaxed), kRingMagic);
  CheckRead(ReadFrom(TestRing::Attach(moved.data()), 1, 9),
            {.count = 2, .lost = 1, .newest = 3, .next = 4}, {2, 3});
}

constexpr size_t kRecordWords = 5;
uint64_t WordOf(uint64_t sequence, size_t word) { return sequence * 0x9e37'79b9'7f4a'7c15 + word; }

struct ReaderReport {
  uint64_t copied = 0;
  uint64_t lost = 0;
  uint64_t wrong = 0;  // records other than pushed under that sequence; reads that led nowhere
};

// Follows the ring to `last` and checks every word of every record.
ReaderReport Follow(const TestRing& ring, uint64_t last, std::atomic<size_t>* begun) {
  ReaderReport report;
  (*begun)++;
  std::vector<uint64_t> words(16 * kRecordWords);
  for (uint64_t next = 1; next <= last;) {
    const RingRead read = ring.Read(next, words);
    for (uint64_t i = 0; i < read.count; i++) {
      const uint64_t* const record = words.data() + i * kRecordWords;
      const uint64_t sequence = read.next - read.count + i;
      for (size_t w = 0; w < kRecordWords; w++) {
        if (record[w] != WordOf(sequence, w)) report.wrong++;
      }
    }
    if (read.next <= next && read.newest >= next) report.wrong++;
    if (read.next != next + read.count + read.lost) report.wrong++;
    report.copied += read.count;
    report.lost += read.lost;
    next = read.next;
  }
  return report;
}

void RaceRing(uint64_t capacity, size_t readers) {
  constexpr uint64_t kPushes = 200'000;
  RingMemory memory({.capacity = capacity, .record_words = kRecordWords});
  std::vector<ReaderReport> reports(readers);
  std::vector<std::thread> threads;
  std::atomic<size_t> begun{0};
  for (ReaderReport& report : reports) {
    threads.emplace_back([&] { report = Follow(memory.ring, kPushes, &begun); });
  }
  while (begun < readers) std::this_thread::yield();
  for (uint64_t sequence = 1; sequence <= kPushes; sequence++) {
    std::array<uint64_t, kRecordWords> record;
    for (size_t w = 0; w < kRecordWords; w++) record[w] = WordOf(sequence, w);
    memory.ring.Push(record);
  }
  for (std::thread& thread : threads) thread.join();
  for (const ReaderReport& report : reports) {
    CHECK_EQ(report.wrong, 0u);
    CHECK_EQ(report.copied + report.lost, kPushes);
  }
}

TEST("ring: readers race a writer that laps them, 2 slots") { RaceRing(2, 3); }
TEST("ring: readers race a writer that laps them, 7 slots") { RaceRing(7, 3); }
TEST("ring: readers race a writer, room enough") { RaceRing(200'000, 2); }

Sample SampleOf(int64_t power) {
  Sample sample;
  sample.Set(MetricId::kPowerWatts, power);
  return sample;
}

std::shared_ptr<History> Ring(uint64_t capacity, Tier tier = Tier::kFast) {
  return History::Allocate({tier, capacity, 1});
}

TEST("history: samples come back whole, growing keeps them and their sequence") {
  auto history = Ring(3);
  for (int64_t power = 1; power <= 5; power++) {
    Sample sample = SampleOf(power);
    history->Append(&sample);
    CHECK_EQ(sample.sequence, static_cast<uint64_t>(power));
  }
  auto grown = Ring(6);
  grown->CatchUp(*history);
  CHECK_EQ(grown->capacity(), 6u);
  Sample sixth = SampleOf(6);
  grown->Append(&sixth);
  std::array<Sample, 8> samples;
  const HistoryRead read = grown->Read(1, samples);
  CHECK_EQ(read.count, 4u);
  CHECK_EQ(read.lost, 2u);
  CHECK_EQ(read.newest, 6u);
  CHECK_EQ(read.next, 7u);
  for (uint64_t i = 0; i < std::min<uint64_t>(read.count, 4); i++) {
    CHECK_EQ(samples[i].sequence, 3 + i);
    CHECK_EQ(samples[i].ValueOf(MetricId::kPowerWatts), static_cast<int64_t>(3 + i));
    CHECK(samples[i].Knows(MetricId::kPowerWatts));
    CHECK(!samples[i].Knows(MetricId::kEnergyJoules));
  }
  Sample latest;
  CHECK(grown->Latest(&latest));
  CHECK_EQ(latest.sequence, 6u);
  CHECK(!Ring(1)->Latest(&latest));
}

TEST("history: a record holds every value and state of its tier, and nothing of the others") {
  for (const Tier tier : {Tier::kFast, Tier::kMedium, Tier::kSlow}) {
    const MetricRange range = kTierMetrics[static_cast<size_t>(tier)];
    auto history = Ring(2, tier);
    Sample sample;
    sample.start_ns = 11;
    sample.end_ns = 12;
    sample.wall_us = 13;
    for (size_t metric = 0; metric < kMetricCount; metric++) {
      sample.values[metric] = static_cast<int64_t>(1'000 + metric);
      sample.states[metric] = static_cast<ValueState>(metric % kValueStateCount);
    }
    history->Append(&sample);
    Sample read;
    CHECK(history->Latest(&read));
    CHECK(read.start_ns == 11 && read.end_ns == 12 && read.wall_us == 13);
    for (size_t metric = 0; metric < kMetricCount; metric++) {
      const bool within = metric >= range.begin && metric < range.end;
      CHECK_EQ(read.values[metric], within ? sample.values[metric] : 0);
      CHECK_EQ(read.states[metric], within ? sample.states[metric] : ValueState::kNotSampled);
    }
  }
}

TEST("history: growing an empty one") {
  auto grown = Ring(4);
  grown->CatchUp(*Ring(2));
  Sample sample = SampleOf(1);
  grown->Append(&sample);
  CHECK_EQ(sample.sequence, 1u);
}

TEST("history: what was overwritten between two catches leaves no gap in the sequences") {
  auto history = Ring(2);
  auto grown = Ring(8);
  for (int64_t power = 1; power <= 9; power++) {
    Sample sample = SampleOf(power);
    history->Append(&sample);
    if (power == 2 || power == 3) grown->CatchUp(*history);
  }
  grown->CatchUp(*history);
  std::array<Sample, 8> samples;
  const HistoryRead read = grown->Read(1, samples);
  CHECK_EQ(read.count, 2u);
  CHECK_EQ(samples[0].sequence, 8u);
  CHECK_EQ(samples[1].ValueOf(MetricId::kPowerWatts), 9);
  CHECK_EQ(grown->NextSequence(), 10u);
}

}  // namespace
}  // namespace gpuring
