#include "simulator/trace.h"

#include <algorithm>
#include <optional>

#include "simulator/json.h"
#include "simulator/text_file.h"
#include "simulator/trace_cell.h"

namespace gpuring::simulator {
namespace {

constexpr int64_t kFailedCell = INT64_MIN;
constexpr int64_t kLargestReturnCode = 0xFFFF;
constexpr int64_t kLoneRowNs = 1'000'000'000;
constexpr int64_t kMiB = int64_t{1} << 20;

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r";
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

void SplitFields(std::string_view line, std::vector<std::string_view>* fields) {
  fields->clear();
  while (true) {
    const size_t comma = line.find(',');
    fields->push_back(Trim(line.substr(0, comma)));
    if (comma == std::string_view::npos) return;
    line.remove_prefix(comma + 1);
  }
}

std::string Cut(std::string_view text) {
  return text.size() <= 60 ? QuoteJson(text) : QuoteJson(text.substr(0, 60)) + "...";
}

}  // namespace

class Trace::Reader {
 public:
  Reader(Trace* trace, const std::vector<RowChoice>& choices) : trace_(trace), choices_(choices) {}

  // False: see error().
  bool Read(std::string_view text) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    while (!text.empty()) {
      const size_t newline = text.find('\n');
      const std::string_view line = text.substr(0, newline);
      ++line_;
      SplitFields(line, &fields_);
      const bool blank = fields_.size() == 1 && fields_[0].empty();
      if (!blank && !(header_.empty() ? ReadHeader() : ReadRow())) return false;
      if (newline == std::string_view::npos) break;
      text.remove_prefix(newline + 1);
    }
    return Finish();
  }

  const std::string& error() const { return error_; }

 private:
  bool Fail(std::string message) {
    error_ = std::to_string(line_) + ": " + std::move(message);
    return false;
  }

  bool FailField(size_t field, const std::string& expected) {
    return Fail("column " + Cut(header_[field]) + ": expected " + expected + ", got " +
                Cut(fields_[field]));
  }

  size_t FindColumn(std::string_view name) const {
    for (size_t i = 0; i < header_.size(); ++i) {
      if (ColumnNameOf(header_[i]) == name) return i;
    }
    return header_.size();
  }

  bool ReadHeader() {
    header_.assign(fields_.begin(), fields_.end());
    timestamp_ = FindColumn("timestamp");
    if (timestamp_ == header_.size()) {
      return Fail("expected a header line with a column \"timestamp\", got " + Cut(header_[0]));
    }
    std::array<bool, kColumnCount> seen{};
    bool any = false;
    for (const std::string& text : header_) {
      meanings_.push_back(ReadHeaderField(text));
      if (!meanings_.back()) continue;
      bool& taken = seen[static_cast<size_t>(meanings_.back()->column)];
      if (taken) return Fail("expected each quantity once, got " + Cut(text) + " a second time");
      taken = true;
      any = true;
    }
    if (!any) return Fail("expected a column such as \"power.draw [W]\" or \"utilization.gpu\"");
    for (const RowChoice& choice : choices_) {
      chosen_.push_back(FindColumn(choice.column));
      if (chosen_.back() == header_.size()) {
        return Fail("expected a column " + Cut(choice.column) + " to select rows by");
      }
    }
    return true;
  }

  bool ReadRow() {
    if (fields_.size() != header_.size()) {
      return Fail("expected " + std::to_string(header_.size()) + " fields, got " +
                  std::to_string(fields_.size()));
    }
    for (size_t i = 0; i < choices_.size(); ++i) {
      if (fields_[chosen_[i]] != choices_[i].value) return true;
    }
    if (trace_->starts_ns_.size() == kTraceRowLimit) {
      return Fail("expected at most " + std::to_string(kTraceRowLimit) + " rows");
    }
    return ReadStart() && ReadCells();
  }

  bool ReadStart() {
    const std::optional<int64_t> time = ReadTimestamp(fields_[timestamp_]);
    if (!time) return FailField(timestamp_, "a time like 2023/07/08 19:28:27.236");
    if (!first_time_) first_time_ = time;
    const int64_t start = *time - *first_time_;
    if (start > kTraceLengthLimitNs) return FailField(timestamp_, "at most 366 days in one trace");
    if (start < (trace_->starts_ns_.empty() ? 0 : trace_->starts_ns_.back())) {
      return FailField(timestamp_, "a time no earlier than the row before");
    }
    trace_->starts_ns_.push_back(start);
    return true;
  }

  bool ReadCells() {
    for (size_t i = 0; i < fields_.size(); ++i) {
      if (!meanings_[i]) continue;
      Answer answer;
      std::string expected;
      if (!ReadCell(*meanings_[i], fields_[i], &answer, &expected)) return FailField(i, expected);
      const bool failed = answer.result != NVML_SUCCESS;
      trace_->cells_[static_cast<size_t>(meanings_[i]->column)].push_back(
          failed ? kFailedCell + answer.result : answer.value);
    }
    return CheckMemory();
  }

  // Of the row just read; nullopt where it says nothing.
  std::optional<int64_t> Recorded(Column column) const {
    if (!trace_->Has(column)) return std::nullopt;
    const Answer answer = trace_->At(column, trace_->row_count() - 1);
    return answer.result == NVML_SUCCESS ? std::optional(answer.value) : std::nullopt;
  }

  // The parts of a board's memory do not exceed the whole, but for nvidia-smi's rounding to MiB.
  bool CheckMemory() {
    const std::optional<int64_t> total = Recorded(Column::kMemoryTotal);
    if (!total) return true;
    int64_t sum = 0;
    int64_t rounding = -kMiB;
    for (const Column part : {Column::kMemoryUsed, Column::kMemoryFree, Column::kMemoryReserved}) {
      const std::optional<int64_t> bytes = Recorded(part);
      if (!bytes) continue;
      sum += *bytes;
      rounding += kMiB;
    }
    if (rounding < 0 || sum <= *total + rounding) return true;
    size_t field = 0;
    while (!meanings_[field] || meanings_[field]->column != Column::kMemoryTotal) ++field;
    return FailField(field, "no less than the " + std::to_string(sum) +
                                " B that are used, free or reserved in this row");
  }

  bool Finish() {
    if (header_.empty()) {
      line_ = 1;
      return Fail("expected a header line, got an empty file");
    }
    const std::vector<int64_t>& starts = trace_->starts_ns_;
    if (starts.empty()) return Fail("expected at least one row" + DescribeChoices());
    std::vector<int64_t> gaps;
    for (size_t i = 1; i < starts.size(); ++i) gaps.push_back(starts[i] - starts[i - 1]);
    int64_t gap = 0;
    if (!gaps.empty()) {
      const auto middle = gaps.begin() + static_cast<ptrdiff_t>(gaps.size() / 2);
      std::nth_element(gaps.begin(), middle, gaps.end());
      gap = *middle;
    }
    trace_->length_ns_ = starts.back() + (gap > 0 ? gap : kLoneRowNs);
    return true;
  }

  std::string DescribeChoices() const {
    std::string text;
    for (const RowChoice& choice : choices_) {
      text +=
          (text.empty() ? " where " : " and ") + Cut(choice.column) + " is " + Cut(choice.value);
    }
    return text;
  }

  Trace* trace_;
  const std::vector<RowChoice>& choices_;
  std::string error_;
  int line_ = 0;
  size_t timestamp_ = 0;
  std::optional<int64_t> first_time_;
  std::vector<std::string> header_;
  std::vector<std::optional<HeaderField>> meanings_;
  std::vector<size_t> chosen_;
  std::vector<std::string_view> fields_;
};

bool Trace::Parse(std::string_view text, const std::string& path,
                  const std::vector<RowChoice>& choices, std::string* error) {
  *this = Trace();
  name_ = BaseNameOf(path);
  Reader reader(this, choices);
  if (reader.Read(text)) return true;
  *error = path + ":" + reader.error();
  return false;
}

bool Trace::Load(const std::string& path, const std::vector<RowChoice>& choices,
                 std::string* error) {
  std::string text;
  return ReadTextFile(path, kTraceTextLimit, &text, error) && Parse(text, path, choices, error);
}

Answer Trace::At(Column column, size_t row) const {
  const int64_t cell = cells_[static_cast<size_t>(column)][row];
  if (cell > kFailedCell + kLargestReturnCode) return {NVML_SUCCESS, cell};
  return {static_cast<nvmlReturn_t>(cell - kFailedCell), 0};
}

}  // namespace gpuring::simulator
