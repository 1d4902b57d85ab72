#include "aggregate/window_board.h"

#include <algorithm>
#include <array>
#include <bit>

#include "aggregate/query.h"
#include "core/sampler.h"

namespace gpuring {
namespace {

constexpr size_t kMostDoubles = kStatisticsDoubles + kMostPercentiles;
// A slot is written once a period of its tier and copied in well under a microsecond.
constexpr int kCopyAttempts = 1000;

bool IsOfTier(MetricId metric, Tier tier) {
  const MetricRange range = kTierMetrics[static_cast<size_t>(tier)];
  const auto at = static_cast<size_t>(metric);
  return at >= range.begin && at < range.end;
}

}  // namespace

std::shared_ptr<WindowBoard> WindowBoard::Allocate(WindowSpec spec) {
  auto board = std::shared_ptr<WindowBoard>(new WindowBoard(std::move(spec)));
  board->cells_ = ReserveCells(board->byte_size() / sizeof(StdAtomics::Cell));
  return board->cells_ == nullptr ? nullptr : board;
}

// Rows begin on cache lines, as those of the published block do.
size_t WindowBoard::RowWords() const {
  constexpr size_t kLineWords = kCacheLineBytes / sizeof(uint64_t);
  return (spec_.metrics.size() * SlotWords() + kLineWords - 1) / kLineWords * kLineWords;
}

size_t WindowBoard::byte_size() const {
  return Sampler::kRows * RowWords() * sizeof(StdAtomics::Cell);
}

SequenceLock<StdAtomics> WindowBoard::LockOf(size_t row, size_t slot) const {
  StdAtomics::Cell* const cells = cells_.get() + row * RowWords() + slot * SlotWords();
  return {cells, cells + 1};
}

void WindowBoard::Write(size_t row, size_t slot, std::span<const double> record) {
  std::array<uint64_t, kMostDoubles> words;
  for (size_t i = 0; i < record.size(); i++) words[i] = std::bit_cast<uint64_t>(record[i]);
  auto lock = LockOf(row, slot);
  lock.Write(lock.LastWritten() + 1, std::span(words).first(record.size()));
}

void WindowBoard::Update(const RowColumns& newest) {
  const Window window = {WindowBy::kMonotonic, newest.newest_us - spec_.length_us, newest.newest_us,
                         0};
  ColumnsQuestion question = {.columns = {&newest.columns, 1},
                              .request = {window, spec_.percentiles, spec_.method, spec_.ewma_us}};
  std::array<double, kMostPercentiles> percentiles;
  std::array<double, kMostDoubles> record;
  for (size_t slot = 0; slot < spec_.metrics.size(); slot++) {
    question.metric = spec_.metrics[slot];
    if (!IsOfTier(question.metric, newest.columns->tier())) continue;
    const auto values = std::span(percentiles).first(spec_.percentiles.size());
    WindowStatistics statistics;
    QueryColumns(question, &statistics, values);
    WriteRecord(statistics, values, record);
    Write(newest.row, slot, std::span(record).first(RecordDoubles()));
  }
}

// A new version rather than zeros: a lock that began anew could pass a reader that is in between.
void WindowBoard::Clear(size_t row) {
  std::array<double, kMostPercentiles> percentiles;
  percentiles.fill(kAbsent);
  std::array<double, kMostDoubles> record;
  WriteRecord({}, std::span(percentiles).first(spec_.percentiles.size()), record);
  for (size_t slot = 0; slot < spec_.metrics.size(); slot++) {
    if (LockOf(row, slot).LastWritten() == 0) continue;
    Write(row, slot, std::span(record).first(RecordDoubles()));
  }
}

bool WindowBoard::Read(size_t row, size_t slot, std::span<double> out) const {
  const bool there = row < Sampler::kRows && slot < spec_.metrics.size();
  if (!there || out.size() < RecordDoubles()) return false;
  std::array<uint64_t, kMostDoubles> copy;
  const auto words = std::span(copy).first(RecordDoubles());
  for (int attempt = 0; attempt < kCopyAttempts; attempt++) {
    uint64_t version = 0;
    if (LockOf(row, slot).TryRead(words, &version) != LockedRead::kConsistent) continue;
    for (size_t i = 0; i < words.size(); i++) out[i] = std::bit_cast<double>(words[i]);
    return version != 0;
  }
  return false;
}

}  // namespace gpuring
