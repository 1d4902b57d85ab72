#include "aggregate/column_index.h"

namespace gpuring {

void ColumnIndex::Append(const Sample& sample, int64_t hold_ns) {
  columns_->Append(sample, hold_ns);
  const int64_t newest_us = sample.start_ns / 1000;
  newest_us_.store(newest_us, std::memory_order_release);
  windows_->Update({row_, columns_.get(), newest_us});
}

void ColumnIndex::CatchUp(const SampleIndex& other) {
  const auto& from = static_cast<const ColumnIndex&>(other);
  columns_->CatchUp(*from.columns_);
  newest_us_.store(from.newest_us_.load(std::memory_order_acquire), std::memory_order_release);
}

bool ColumnIndex::Newest(RowColumns* newest) const {
  *newest = {row_, columns_.get(), newest_us_.load(std::memory_order_acquire)};
  return newest->newest_us != kNone;
}

uint64_t ColumnIndexMaker::Bytes(Tier tier, uint64_t capacity) const {
  return MetricColumns::Bytes({tier, capacity});
}

std::shared_ptr<SampleIndex> ColumnIndexMaker::Make(const IndexShape& shape) {
  auto columns = MetricColumns::Allocate({shape.tier, shape.capacity, shape.first_sequence});
  if (columns == nullptr) return nullptr;
  return std::make_shared<ColumnIndex>(shape.row, std::move(columns), windows_);
}

}  // namespace gpuring
