// Reads the members of JSON objects against what a scenario may contain. The first thing that does
// not fit is kept as the refusal: file, line, column, path, what was expected, what came.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/json.h"

namespace gpuring::simulator {

// Where a text came from and the first complaint about it.
class Refusals {
 public:
  explicit Refusals(std::string source) : source_(std::move(source)) {}

  bool none() const { return text_.empty(); }
  const std::string& text() const { return text_; }

  // "mixed.json:3:14: devices[2].board: expected ..., got ...". Only the first counts.
  void Add(const JsonValue& value, const std::string& path, std::string_view expected);
  // The rest of the sentence as it is.
  void AddAt(Place place, const std::string& path, std::string_view message);

 private:
  std::string source_;
  std::string text_;
};

// The members of one object. An absent member leaves its output alone. After a refusal nothing
// is read any more.
class Fields {
 public:
  struct Range {
    double least;
    double most;
  };

  // `value` and `refusals` must outlive the fields. `path` is "" for the outermost object.
  Fields(const JsonValue& value, std::string path, Refusals* refusals);

  // Null when absent. Counts as read.
  const JsonValue* Take(std::string_view name);
  const JsonValue* TakeArray(std::string_view name);

  void Text(std::string_view name, std::string* text);
  void Integer(std::string_view name, Range range, int64_t* number);
  void Number(std::string_view name, Range range, double* number);
  // The index in `choices`.
  void Choice(std::string_view name, std::span<const std::string_view> choices, size_t* index);

  // "devices[2].load" for "load".
  [[nodiscard]] std::string PathOf(std::string_view name) const;
  // Refuses whatever member was not read. To be called last.
  void RefuseOthers();

 private:
  const JsonValue& value_;
  std::string path_;
  Refusals* refusals_;
  std::vector<std::string_view> read_;
};

// "a, b or c".
[[nodiscard]] std::string JoinChoices(std::span<const std::string_view> choices);

}  // namespace gpuring::simulator
