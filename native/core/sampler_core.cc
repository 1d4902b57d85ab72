#include "core/sampler_core.h"

#include <algorithm>
#include <bit>
#include <string>
#include <utility>

namespace gpuring {
namespace {

uint64_t MsWord(int64_t ns) { return std::bit_cast<uint64_t>(NsToMs(ns)); }

BlockLayout LayoutFor(size_t devices) { return {devices, kRowWords}; }

Status NoMemory(const char* what) {
  return Status::Error(StatusCode::kOutOfRange, std::string("no memory for ") + what,
                       "ask for a smaller maxHistory");
}

}  // namespace

SamplerCore::SamplerCore(std::unique_ptr<Source> source, std::shared_ptr<Clock> clock,
                         const SamplerOptions& options)
    : options_(options),
      clock_(std::move(clock)),
      source_(std::move(source)),
      period_ns_(std::max<int64_t>(options.period_ns, 1)) {}

void SamplerCore::Run() {
  clock_->EnterThread();
  const Status opened = OpenSource();
  if (opened.ok()) {
    state_.store(SamplerState::kRunning, std::memory_order_release);
    opened_.Set();
    Loop();
  }
  Finish(opened);
}

Status SamplerCore::OpenSource() {
  if (Status opened = source_->Open(); !opened.ok()) return opened;
  devices_ = source_->devices();
  identity_ = source_->identity();
  return Prepare();
}

// All memory that sampling needs.
Status SamplerCore::Prepare() {
  const uint64_t samples = std::max<uint64_t>(options_.history_samples, 1);
  if (Status fits = CheckMemory(samples, 0); !fits.ok()) return fits;
  memory_ = BlockMemory::Allocate(LayoutFor(devices_.size()));
  if (memory_ == nullptr) return NoMemory("the published block");
  std::vector<Row> rows(devices_.size());
  for (Row& row : rows) {
    row.history = History::Allocate(samples);
    if (row.history == nullptr) return NoMemory("the history");
  }
  const std::lock_guard<std::mutex> lock(history_mutex_);
  rows_ = std::move(rows);
  PublishedBlock<StdAtomics> block = Block();
  block.Format();
  block.StoreHeader(kBlockRowsWord, rows_.size());
  block.StoreHeader(kBlockPeriodWord, MsWord(period_ns()));
  block.StoreHeader(kBlockStateWord, static_cast<uint64_t>(SamplerState::kRunning));
  return Status::Ok();
}

// At the peak: all rings at that size, and beside them the last one that is being replaced.
Status SamplerCore::CheckMemory(uint64_t history_samples, uint64_t replaced_samples) const {
  const uint64_t devices = devices_.size();
  const uint64_t room = options_.memory_limit_bytes / History::kSampleBytes;
  const uint64_t most = devices == 0 ? 0 : (room - std::min(room, replaced_samples)) / devices;
  if (devices == 0 || history_samples <= most) return Status::Ok();
  uint64_t bytes = 0;
  const bool overflows = __builtin_mul_overflow(devices, history_samples, &bytes) ||
                         __builtin_add_overflow(bytes, replaced_samples, &bytes) ||
                         __builtin_mul_overflow(bytes, History::kSampleBytes, &bytes);
  return Status::Error(
      StatusCode::kOutOfRange,
      "maxHistory " + std::to_string(history_samples) + " needs " +
          (overflows ? "more than 2^64" : std::to_string(bytes)) + " bytes for " +
          std::to_string(devices) + " devices; the limit is " +
          std::to_string(options_.memory_limit_bytes),
      "maxHistory may be at most " + std::to_string(std::max(most, replaced_samples)) + " here");
}

void SamplerCore::Loop() {
  Schedule schedule(clock_->MonotonicNs(), period_ns());
  while (!stop_requested_.load(std::memory_order_acquire)) {
    const bool growing = GrowOneRow();
    ServePeriod(&schedule);
    if (watch_requested_.exchange(false, std::memory_order_acquire)) {
      PollRows(Pass::kNewlyWatchedRows);
    }
    const bool due = growing ? clock_->MonotonicNs() >= schedule.next_ns()
                             : clock_->WaitUntil(schedule.next_ns());
    if (!due) continue;
    PollRows(Pass::kEveryWatchedRow);
    schedule.RoundEnded(clock_->MonotonicNs());
    Block().StoreHeader(kBlockMissedDeadlinesWord, schedule.missed());
  }
}

void SamplerCore::ServePeriod(Schedule* schedule) {
  const int64_t period = period_ns();
  if (period == schedule->period_ns()) return;
  schedule->SetPeriod(period, clock_->MonotonicNs());
  Block().StoreHeader(kBlockPeriodWord, MsWord(period));
}

// True: there may be more to grow. One row at a time, so that rounds go on meanwhile and only one
// replaced ring lies beside the new ones.
bool SamplerCore::GrowOneRow() {
  uint64_t wanted = growth_wanted_.load(std::memory_order_relaxed);
  const auto row = std::ranges::find_if(
      rows_, [wanted](const Row& one) { return one.history->capacity() < wanted; });
  if (row == rows_.end()) return false;
  std::shared_ptr<History> ring;
  if (CheckMemory(wanted, HistoryCapacity()).ok()) ring = row->history->Grown(wanted);
  if (ring == nullptr) {
    growth_refused_.store(wanted, std::memory_order_relaxed);
    growth_wanted_.compare_exchange_strong(wanted, 0, std::memory_order_relaxed);
    return true;
  }
  const std::lock_guard<std::mutex> lock(history_mutex_);
  row->history.swap(ring);
  return true;
}

void SamplerCore::PollRows(Pass pass) {
  PublishedBlock<StdAtomics> block = Block();
  const int64_t start_ns = clock_->MonotonicNs();
  block.StoreHeader(kBlockRoundStartWord, MsWord(start_ns));
  for (size_t i = 0; i < rows_.size(); i++) {
    if (stop_requested_.load(std::memory_order_relaxed)) return;
    if (TakeDue(&rows_[i], pass)) PollRow(i);
  }
  if (pass == Pass::kNewlyWatchedRows) return;  // no round: its length says nothing about one
  block.StoreHeader(kBlockRoundLengthWord, MsWord(clock_->MonotonicNs() - start_ns));
  block.StoreHeader(kBlockRoundsWord, ++rounds_);
}

bool SamplerCore::TakeDue(Row* row, Pass pass) {
  const bool newly = row->newly_watched.exchange(false, std::memory_order_relaxed);
  if (row->watchers.load(std::memory_order_relaxed) == 0) return false;
  return newly || pass == Pass::kEveryWatchedRow;
}

void SamplerCore::PollRow(size_t index) {
  Row& row = rows_[index];
  Sample sample;
  sample.start_ns = clock_->MonotonicNs();
  sample.wall_us = clock_->WallUs();
  const Status polled = source_->Poll(index, &sample);
  sample.end_ns = clock_->MonotonicNs();
  const bool answered = sample.KnowsAnything() && polled.code() != StatusCode::kDeviceLost;
  if (answered) {
    row.history->Append(&sample);  // first: who sees the block's sequence finds it in the history
    row.published.SetSample(sample);
  }
  const bool silent = polled.ok() && !answered;
  row.published.SetStatus(silent ? StatusCode::kTryAgain : polled.code());
  Block().WriteRow(index, row.published.words());
}

void SamplerCore::Finish(const Status& opened) {
  if (opened.ok()) {
    Block().StoreHeader(kBlockStateWord, static_cast<uint64_t>(SamplerState::kStopped));
  }
  // Before anybody can see the end: whoever does may open the same driver again.
  source_->Close();
  source_.reset();
  FreeHistories();
  status_ = opened;
  state_.store(opened.ok() ? SamplerState::kStopped : SamplerState::kFailed,
               std::memory_order_release);
  opened_.Set();
  stopped_->Set();
}

// Handles may live on for as long as JavaScript likes; the memory need not.
void SamplerCore::FreeHistories() {
  const std::lock_guard<std::mutex> lock(history_mutex_);
  for (Row& row : rows_) row.history = nullptr;
}

PublishedBlock<StdAtomics> SamplerCore::Block() const {
  return {memory_->cells(), LayoutFor(devices_.size())};
}

Status SamplerCore::status() const {
  return state() == SamplerState::kFailed ? status_ : Status::Ok();
}

std::shared_ptr<History> SamplerCore::HistoryOf(size_t row) const {
  const std::lock_guard<std::mutex> lock(history_mutex_);
  return row < rows_.size() ? rows_[row].history : nullptr;
}

// Rows grow in order, so the last one has the least room.
uint64_t SamplerCore::HistoryCapacity() const {
  const std::lock_guard<std::mutex> lock(history_mutex_);
  const bool none = rows_.empty() || rows_.back().history == nullptr;
  return none ? 0 : rows_.back().history->capacity();
}

Status SamplerCore::GrowHistory(uint64_t samples) {
  const uint64_t capacity = HistoryCapacity();
  if (samples <= capacity) return Status::Ok();
  if (Status fits = CheckMemory(samples, capacity); !fits.ok()) return fits;
  if (samples >= growth_refused_.load(std::memory_order_relaxed)) return NoMemory("the history");
  uint64_t wanted = growth_wanted_.load(std::memory_order_relaxed);
  while (wanted < samples &&
         !growth_wanted_.compare_exchange_weak(wanted, samples, std::memory_order_relaxed)) {
  }
  clock_->Wake();
  return Status::Ok();
}

void SamplerCore::Watch(std::span<const size_t> rows) {
  for (const size_t row : rows) {
    if (row >= rows_.size()) continue;
    if (rows_[row].watchers.fetch_add(1, std::memory_order_relaxed) == 0) {
      rows_[row].newly_watched.store(true, std::memory_order_relaxed);
    }
  }
  // Release: the thread that takes the request sees the rows it is about.
  watch_requested_.store(true, std::memory_order_release);
  clock_->Wake();
}

void SamplerCore::Unwatch(std::span<const size_t> rows) {
  for (const size_t row : rows) {
    if (row >= rows_.size()) continue;
    uint32_t count = rows_[row].watchers.load(std::memory_order_relaxed);
    while (count > 0 && !rows_[row].watchers.compare_exchange_weak(count, count - 1,
                                                                   std::memory_order_relaxed)) {
    }
  }
}

void SamplerCore::SetPeriodNs(int64_t period_ns) {
  period_ns_.store(std::max<int64_t>(period_ns, 1), std::memory_order_relaxed);
  clock_->Wake();
}

void SamplerCore::RequestStop() {
  stop_requested_.store(true, std::memory_order_release);
  clock_->Wake();
}

}  // namespace gpuring
