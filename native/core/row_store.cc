#include "core/row_store.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/detached_thread.h"

namespace gpuring {
namespace {

// Enough for any machine, and no product below overflows.
constexpr uint64_t kMostSamples = 1ull << 40;

Status NoMemory() {
  return Status::Error(StatusCode::kOutOfRange, "no memory for the history",
                       "ask for a smaller maxHistory");
}

}  // namespace

RowStore::RowStore(const Limits& limits, std::shared_ptr<IndexMaker> maker,
                   std::shared_ptr<PollBell> bell)
    : limit_bytes_(limits.bytes),
      maker_(std::move(maker)),
      bell_(std::move(bell)),
      memory_(limits.rows) {}

std::shared_ptr<RowRings> RowStore::RingsOf(size_t row) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return row < memory_.size() ? memory_[row].rings : nullptr;
}

std::shared_ptr<RowBoard> RowStore::BoardOf(size_t row) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return row < memory_.size() ? memory_[row].board : nullptr;
}

size_t RowStore::Devices() const {
  return static_cast<size_t>(
      std::ranges::count_if(memory_, [](const Memory& one) { return one.rings != nullptr; }));
}

uint64_t RowStore::Capacity() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!open_) return 0;
  uint64_t least = UINT64_MAX;
  for (const Memory& one : memory_) {
    if (one.rings != nullptr) least = std::min(least, one.rings->FastCapacity());
  }
  return least == UINT64_MAX ? target_.load(std::memory_order_relaxed) : least;
}

uint64_t RowStore::BytesFor(uint64_t samples, const Pace& pace) const {
  return PlanRings(samples, pace).Bytes(maker_.get());
}

// At the peak: all rings at that size, and beside them the last one that is being replaced.
uint64_t RowStore::MostSamples(const Need& need, const Pace& pace) const {
  const uint64_t replaced = need.replaced_samples == 0 ? 0 : BytesFor(need.replaced_samples, pace);
  uint64_t fits = 0;
  for (uint64_t step = kMostSamples; step > 0; step /= 2) {
    const uint64_t each = BytesFor(fits + step, pace);
    if (each <= (limit_bytes_ - std::min(limit_bytes_, replaced)) / need.devices) fits += step;
  }
  return fits;
}

Status RowStore::Check(const Need& need, const Pace& pace) const {
  if (need.devices == 0) return Status::Ok();
  const uint64_t most = MostSamples(need, pace);
  if (need.samples <= most) return Status::Ok();
  const uint64_t bytes = BytesFor(std::min(need.samples, kMostSamples), pace);
  return Status::Error(
      StatusCode::kOutOfRange,
      "maxHistory " + std::to_string(need.samples) + " needs " +
          (need.samples > kMostSamples ? "more than 2^48" : std::to_string(bytes * need.devices)) +
          " bytes for " + std::to_string(need.devices) + " devices; the limit is " +
          std::to_string(limit_bytes_),
      "maxHistory may be at most " + std::to_string(std::max(most, need.replaced_samples)) +
          " here");
}

Status RowStore::Begin(uint64_t samples, size_t devices, const Pace& pace) {
  if (Status fits = Check({samples, 0, devices}, pace); !fits.ok()) return fits;
  target_.store(samples, std::memory_order_relaxed);
  const std::lock_guard<std::mutex> lock(mutex_);
  open_ = true;
  return Status::Ok();
}

Status RowStore::AddRow(size_t row, const Pace& pace) {
  if (memory_[row].rings != nullptr) return Status::Ok();
  const uint64_t target = target_.load(std::memory_order_relaxed);
  const uint64_t most = MostSamples({target, 0, Devices() + 1}, pace);
  const RingPlan plan = PlanRings(std::max<uint64_t>(std::min(target, most), 1), pace);
  std::shared_ptr<RowRings> rings =
      RowRings::Allocate(plan, memory_[row].next, {maker_.get(), row});
  std::shared_ptr<RowBoard> board = RowBoard::Allocate();
  if (rings == nullptr || board == nullptr) return NoMemory();
  const std::lock_guard<std::mutex> lock(mutex_);
  memory_[row].rings = std::move(rings);
  memory_[row].board = std::move(board);
  return Status::Ok();
}

void RowStore::DropRow(size_t row) {
  Memory& memory = memory_[row];
  if (memory.rings == nullptr) return;
  memory.next = memory.rings->Next();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    memory.rings = nullptr;
    memory.board = nullptr;
  }
  if (maker_ != nullptr) maker_->Forget(row);
}

// Handles may live on for as long as JavaScript likes; the memory need not.
void RowStore::Close() {
  const std::lock_guard<std::mutex> lock(mutex_);
  open_ = false;
  growth_ = nullptr;
  for (Memory& memory : memory_) memory = {};
}

Status RowStore::Grow(uint64_t samples, const Pace& pace) {
  const uint64_t capacity = Capacity();
  if (samples <= capacity) return Status::Ok();
  const auto devices = [this] {
    const std::lock_guard<std::mutex> lock(mutex_);
    return Devices();
  }();
  if (Status fits = Check({samples, capacity, devices}, pace); !fits.ok()) return fits;
  if (samples >= refused_.load(std::memory_order_relaxed)) return NoMemory();
  uint64_t wanted = wanted_.load(std::memory_order_relaxed);
  while (wanted < samples &&
         !wanted_.compare_exchange_weak(wanted, samples, std::memory_order_relaxed)) {
  }
  bell_->Ring();
  return Status::Ok();
}

size_t RowStore::RowToGrow(uint64_t wanted) const {
  const auto row = std::ranges::find_if(memory_, [wanted](const Memory& one) {
    return one.rings != nullptr && one.rings->FastCapacity() < wanted;
  });
  return static_cast<size_t>(row - memory_.begin());
}

void RowStore::Serve(const Pace& pace) {
  if (growth_ != nullptr) {
    if (!growth_->done.load(std::memory_order_acquire)) return;
    FinishGrowth();
  }
  const uint64_t wanted = wanted_.load(std::memory_order_relaxed);
  if (wanted <= target_.load(std::memory_order_relaxed)) return;
  const size_t row = RowToGrow(wanted);
  if (row < memory_.size()) return BeginGrowth(row, wanted, pace);
  target_.store(wanted, std::memory_order_relaxed);
}

void RowStore::BeginGrowth(size_t row, uint64_t wanted, const Pace& pace) {
  const uint64_t replaced = memory_[row].rings->FastCapacity();
  if (!Check({wanted, replaced, Devices()}, pace).ok()) return Refuse(wanted);
  auto growth = std::make_shared<Growth>();
  growth->row = row;
  growth->wanted = wanted;
  growth->plan = PlanRings(wanted, pace);
  growth->maker = maker_;
  growth->old = memory_[row].rings;
  const Status started = StartDetachedThread([growth, bell = bell_] {
    growth->made = RowRings::Allocate(growth->plan, {}, {growth->maker.get(), growth->row});
    if (growth->made != nullptr) growth->made->CatchUp(*growth->old);
    growth->done.store(true, std::memory_order_release);
    bell->Ring();
  });
  if (!started.ok()) return Refuse(wanted);
  growth_ = std::move(growth);
}

void RowStore::FinishGrowth() {
  const std::shared_ptr<Growth> growth = std::exchange(growth_, nullptr);
  if (memory_[growth->row].rings != growth->old) return;  // the device went meanwhile
  if (growth->made == nullptr) return Refuse(growth->wanted);
  growth->made->CatchUp(*growth->old);
  const std::lock_guard<std::mutex> lock(mutex_);
  memory_[growth->row].rings = growth->made;
}

void RowStore::Refuse(uint64_t wanted) {
  refused_.store(wanted, std::memory_order_relaxed);
  wanted_.compare_exchange_strong(wanted, 0, std::memory_order_relaxed);
}

}  // namespace gpuring
