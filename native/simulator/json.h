// A strict JSON reader (RFC 8259) whose values know where they stand, so that what refuses a
// scenario can name the line and column. Duplicate members are refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gpuring::simulator {

inline constexpr size_t kJsonTextLimit = size_t{1} << 20;  // bytes
inline constexpr int kJsonDepthLimit = 32;
inline constexpr size_t kJsonValueLimit = 20'000;

// Line and column count from 1; columns count bytes.
struct Place {
  int line = 1;
  int column = 1;
};

struct JsonValue;
struct JsonMember;

// Only the members that belong to `kind` mean anything.
struct JsonValue {
  enum class Kind : uint8_t { kNull, kBoolean, kNumber, kString, kArray, kObject };

  Kind kind = Kind::kNull;
  bool boolean = false;
  bool is_integer = false;  // written without fraction and exponent, and fits `integer`
  int64_t integer = 0;
  double number = 0;
  std::string string;  // UTF-8
  std::vector<JsonValue> items;
  std::vector<JsonMember> members;  // in the order of the text
  Place place;

  [[nodiscard]] const JsonValue* Find(std::string_view name) const;
};

struct JsonMember {
  std::string name;
  Place place;
  JsonValue value;
};

struct JsonError {
  Place place;
  std::string expected;  // "expected ',' or '}', got 'x'"
};

// Never fails otherwise than by false and `error`, whatever the bytes.
[[nodiscard]] bool ParseJson(std::string_view text, JsonValue* value, JsonError* error);

// "an array", "the number 7", "the string \"x\"": for messages. Long strings are cut.
[[nodiscard]] std::string DescribeJson(const JsonValue& value);
// `text` as a JSON string with its quotes. Bytes that are no UTF-8 become U+FFFD.
[[nodiscard]] std::string QuoteJson(std::string_view text);

}  // namespace gpuring::simulator
