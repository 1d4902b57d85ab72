// A recorded trace: CSV as `nvidia-smi --query-gpu` writes it. One header line with a column named
// timestamp; units in the header, in the cells, or nowhere; columns without use are passed over.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/answer.h"
#include "simulator/column.h"

namespace gpuring::simulator {

inline constexpr size_t kTraceTextLimit = size_t{32} << 20;  // bytes of a file
inline constexpr size_t kTraceRowLimit = 1'000'000;
inline constexpr int64_t kTraceLengthLimitNs = int64_t{366} * 86'400 * 1'000'000'000;

// Keeps the rows whose cell in `column` is `value`: one board of a recording of several.
struct RowChoice {
  std::string column;
  std::string value;
};

class Trace {
 public:
  // `path` is for messages and the name. False: `error` names path, line, column and expectation.
  [[nodiscard]] bool Parse(std::string_view text, const std::string& path,
                           const std::vector<RowChoice>& choices, std::string* error);
  [[nodiscard]] bool Load(const std::string& path, const std::vector<RowChoice>& choices,
                          std::string* error);

  const std::string& name() const { return name_; }       // without its folder
  size_t row_count() const { return starts_ns_.size(); }  // at least 1 once parsed
  // From the first row on; never goes back.
  const std::vector<int64_t>& starts_ns() const { return starts_ns_; }
  // With the last row, which lasts as long as the median row. Positive.
  int64_t length_ns() const { return length_ns_; }
  int64_t median_gap_ns() const { return length_ns_ - starts_ns_.back(); }

  bool Has(Column column) const { return !cells_[static_cast<size_t>(column)].empty(); }
  // REQUIRES: Has(column), row < row_count().
  Answer At(Column column, size_t row) const;

 private:
  class Reader;

  std::string name_;
  std::vector<int64_t> starts_ns_;
  int64_t length_ns_ = 0;
  // A value, or INT64_MIN + a return code: a quarter of the memory of an Answer and its padding.
  std::array<std::vector<int64_t>, kColumnCount> cells_;
};

}  // namespace gpuring::simulator
