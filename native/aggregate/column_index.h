// Columns as what is kept beside every history, and the registered windows that they feed.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include "aggregate/columns.h"
#include "aggregate/window_registry.h"
#include "core/sample_index.h"

namespace gpuring {

class ColumnIndex final : public SampleIndex {
 public:
  ColumnIndex(size_t row, std::shared_ptr<MetricColumns> columns,
              std::shared_ptr<WindowRegistry> windows)
      : row_(row), columns_(std::move(columns)), windows_(std::move(windows)) {}

  // Brings the windows up to date as well.
  void Append(const Sample& sample, int64_t hold_ns) override;
  void CatchUp(const SampleIndex& other) override;

  [[nodiscard]] const MetricColumns& columns() const { return *columns_; }
  // False: there is no sample yet. Any thread.
  [[nodiscard]] bool Newest(RowColumns* newest) const;

 private:
  static constexpr int64_t kNone = INT64_MIN;

  const size_t row_;
  const std::shared_ptr<MetricColumns> columns_;
  const std::shared_ptr<WindowRegistry> windows_;
  std::atomic<int64_t> newest_us_{kNone};
};

// Makes the indexes of samplers whose windows `windows()` are. All of a sampler's indexes are
// ColumnIndex then.
class ColumnIndexMaker final : public IndexMaker {
 public:
  [[nodiscard]] uint64_t Bytes(Tier tier, uint64_t capacity) const override;
  [[nodiscard]] std::shared_ptr<SampleIndex> Make(const IndexShape& shape) override;
  void Forget(size_t row) override { windows_->Forget(row); }

  [[nodiscard]] const std::shared_ptr<WindowRegistry>& windows() const { return windows_; }

 private:
  const std::shared_ptr<WindowRegistry> windows_ = std::make_shared<WindowRegistry>();
};

}  // namespace gpuring
