#include "simulator/fields.h"

#include <algorithm>
#include <utility>

namespace gpuring::simulator {
namespace {

constexpr size_t kTextLimit = 4096;

// Bounds are whole numbers or have few decimals: at most three are shown.
std::string FormatBound(double bound) {
  const bool whole = bound == static_cast<double>(static_cast<int64_t>(bound));
  if (whole) return std::to_string(static_cast<int64_t>(bound));
  std::string text = std::to_string(static_cast<int64_t>(bound * 1000) + 1000);
  text.erase(0, 1);
  return "0." + text;
}

std::string FormatRange(std::string_view what, Fields::Range range) {
  return std::string(what) + " from " + FormatBound(range.least) + " to " + FormatBound(range.most);
}

}  // namespace

void Refusals::Add(const JsonValue& value, const std::string& path, std::string_view expected) {
  AddAt(value.place, path, "expected " + std::string(expected) + ", got " + DescribeJson(value));
}

void Refusals::AddAt(Place place, const std::string& path, std::string_view message) {
  if (!none()) return;
  text_ = source_ + ":" + std::to_string(place.line) + ":" + std::to_string(place.column) + ": " +
          (path.empty() ? "" : path + ": ") + std::string(message);
}

Fields::Fields(const JsonValue& value, std::string path, Refusals* refusals)
    : value_(value), path_(std::move(path)), refusals_(refusals) {
  if (value.kind != JsonValue::Kind::kObject) refusals_->Add(value, path_, "an object");
}

std::string Fields::PathOf(std::string_view name) const {
  return path_.empty() ? std::string(name) : path_ + "." + std::string(name);
}

const JsonValue* Fields::Take(std::string_view name) {
  read_.push_back(name);
  return refusals_->none() ? value_.Find(name) : nullptr;
}

const JsonValue* Fields::TakeArray(std::string_view name) {
  const JsonValue* value = Take(name);
  if (value == nullptr || value->kind == JsonValue::Kind::kArray) return value;
  refusals_->Add(*value, PathOf(name), "an array");
  return nullptr;
}

void Fields::Text(std::string_view name, std::string* text) {
  const JsonValue* value = Take(name);
  if (value == nullptr) return;
  const bool fits = value->kind == JsonValue::Kind::kString && !value->string.empty() &&
                    value->string.size() <= kTextLimit &&
                    value->string.find('\0') == std::string::npos;
  if (!fits) return refusals_->Add(*value, PathOf(name), "a string of 1 to 4096 bytes without NUL");
  *text = value->string;
}

void Fields::Integer(std::string_view name, Range range, int64_t* number) {
  const JsonValue* value = Take(name);
  if (value == nullptr) return;
  const bool fits = value->kind == JsonValue::Kind::kNumber && value->is_integer &&
                    value->number >= range.least && value->number <= range.most;
  if (!fits) return refusals_->Add(*value, PathOf(name), FormatRange("an integer", range));
  *number = value->integer;
}

void Fields::Number(std::string_view name, Range range, double* number) {
  const JsonValue* value = Take(name);
  if (value == nullptr) return;
  const bool fits = value->kind == JsonValue::Kind::kNumber && value->number >= range.least &&
                    value->number <= range.most;
  if (!fits) return refusals_->Add(*value, PathOf(name), FormatRange("a number", range));
  *number = value->number;
}

void Fields::Choice(std::string_view name, std::span<const std::string_view> choices,
                    size_t* index) {
  const JsonValue* value = Take(name);
  if (value == nullptr) return;
  const auto found = std::find(choices.begin(), choices.end(), value->string);
  if (value->kind != JsonValue::Kind::kString || found == choices.end()) {
    return refusals_->Add(*value, PathOf(name), "one of " + JoinChoices(choices));
  }
  *index = static_cast<size_t>(found - choices.begin());
}

void Fields::RefuseOthers() {
  for (const JsonMember& member : value_.members) {
    if (std::find(read_.begin(), read_.end(), member.name) != read_.end()) continue;
    return refusals_->AddAt(
        member.place, path_,
        "expected only " + JoinChoices(read_) + ", got the member " + QuoteJson(member.name));
  }
}

std::string JoinChoices(std::span<const std::string_view> choices) {
  std::string text;
  for (const std::string_view choice : choices) {
    if (!text.empty()) text += ", ";
    text += choice;
  }
  return text;
}

}  // namespace gpuring::simulator
