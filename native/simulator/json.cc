#include "simulator/json.h"

#include <array>
#include <cstdio>

#include "simulator/utf8.h"

namespace gpuring::simulator {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// 10^exponent * mantissa without strtod, which obeys the host program's locale. The last bit may
// differ from the nearest double: a load curve does not care.
double Scale(double mantissa, int exponent) {
  double factor = 1;
  const int steps = exponent < 0 ? -exponent : exponent;
  for (int i = 0; i < steps && factor < 1e300; ++i) factor *= 10;
  return exponent < 0 ? mantissa / factor : mantissa * factor;
}

class Parser {
 public:
  Parser(std::string_view text, JsonError* error) : text_(text), error_(error) {}

  bool ParseDocument(JsonValue* value) {
    if (text_.size() > kJsonTextLimit) {
      return Fail("expected at most " + std::to_string(kJsonTextLimit) + " bytes, got " +
                  std::to_string(text_.size()));
    }
    SkipBlanks();
    if (!ParseValue(value, 0)) return false;
    SkipBlanks();
    return AtEnd() || FailExpected("the end of the text");
  }

 private:
  [[nodiscard]] bool AtEnd() const { return position_ >= text_.size(); }
  [[nodiscard]] char Peek() const { return AtEnd() ? '\0' : text_[position_]; }
  [[nodiscard]] Place Here() const {
    return {line_, static_cast<int>(position_ - line_start_) + 1};
  }

  bool Fail(std::string expected) {
    *error_ = {Here(), std::move(expected)};
    return false;
  }

  bool FailExpected(std::string_view what) {
    return Fail("expected " + std::string(what) + ", got " + DescribeHere());
  }

  [[nodiscard]] std::string DescribeHere() const {
    if (AtEnd()) return "the end of the text";
    const std::string_view rest = text_.substr(position_);
    const auto byte = static_cast<uint8_t>(rest[0]);
    const size_t length = Utf8SequenceLength(rest);
    if (byte >= 0x20 && byte != 0x7F && length != 0) {
      return "'" + std::string(rest.substr(0, length)) + "'";
    }
    std::array<char, 16> name;
    std::snprintf(name.data(), name.size(), "byte 0x%02X", byte);
    return name.data();
  }

  void SkipBlanks() {
    while (!AtEnd()) {
      const char c = text_[position_];
      if (c != ' ' && c != '\t' && c != '\r' && c != '\n') return;
      ++position_;
      if (c == '\n') {
        ++line_;
        line_start_ = position_;
      }
    }
  }

  bool Take(char c) {
    if (Peek() != c || AtEnd()) return false;
    ++position_;
    return true;
  }

  bool TakeWord(std::string_view word) {
    if (text_.substr(position_, word.size()) != word) return false;
    position_ += word.size();
    return true;
  }

  bool ParseValue(JsonValue* value, int depth) {
    value->place = Here();
    if (++value_count_ > kJsonValueLimit) {
      return Fail("expected at most " + std::to_string(kJsonValueLimit) + " values");
    }
    if (depth >= kJsonDepthLimit) {
      return Fail("expected at most " + std::to_string(kJsonDepthLimit) + " levels of nesting");
    }
    switch (Peek()) {
      case '{':
        return ParseObject(value, depth);
      case '[':
        return ParseArray(value, depth);
      case '"':
        value->kind = JsonValue::Kind::kString;
        return ParseString(&value->string);
      default:
        return ParseScalar(value);
    }
  }

  bool ParseScalar(JsonValue* value) {
    if (TakeWord("null")) return true;
    if (TakeWord("true")) {
      value->kind = JsonValue::Kind::kBoolean;
      value->boolean = true;
      return true;
    }
    if (TakeWord("false")) {
      value->kind = JsonValue::Kind::kBoolean;
      return true;
    }
    if (Peek() == '-' || IsDigit(Peek())) return ParseNumber(value);
    return FailExpected("a JSON value");
  }

  bool ParseArray(JsonValue* value, int depth) {
    value->kind = JsonValue::Kind::kArray;
    ++position_;
    SkipBlanks();
    if (Take(']')) return true;
    while (true) {
      SkipBlanks();
      value->items.emplace_back();
      if (!ParseValue(&value->items.back(), depth + 1)) return false;
      SkipBlanks();
      if (Take(']')) return true;
      if (!Take(',')) return FailExpected("',' or ']'");
    }
  }

  bool ParseObject(JsonValue* value, int depth) {
    value->kind = JsonValue::Kind::kObject;
    ++position_;
    SkipBlanks();
    if (Take('}')) return true;
    while (true) {
      SkipBlanks();
      if (!ParseMember(value, depth)) return false;
      SkipBlanks();
      if (Take('}')) return true;
      if (!Take(',')) return FailExpected("',' or '}'");
    }
  }

  bool ParseMember(JsonValue* object, int depth) {
    JsonMember member;
    member.place = Here();
    if (Peek() != '"') return FailExpected("a member name in double quotes");
    if (!ParseString(&member.name)) return false;
    if (object->Find(member.name) != nullptr) {
      *error_ = {member.place,
                 "expected each member once, got " + QuoteJson(member.name) + " a second time"};
      return false;
    }
    SkipBlanks();
    if (!Take(':')) return FailExpected("':'");
    SkipBlanks();
    if (!ParseValue(&member.value, depth + 1)) return false;
    object->members.push_back(std::move(member));
    return true;
  }

  bool ParseString(std::string* text) {
    ++position_;
    while (true) {
      if (AtEnd()) return FailExpected("'\"'");
      const std::string_view rest = text_.substr(position_);
      if (rest[0] == '"') {
        ++position_;
        return true;
      }
      if (rest[0] == '\\') {
        if (!ParseEscape(text)) return false;
        continue;
      }
      const size_t length = Utf8SequenceLength(rest);
      if (length == 0) return FailExpected("UTF-8");
      if (static_cast<uint8_t>(rest[0]) < 0x20) return FailExpected("an escaped control character");
      text->append(rest.substr(0, length));
      position_ += length;
    }
  }

  bool ParseEscape(std::string* text) {
    ++position_;
    constexpr std::string_view kLetters = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    const size_t letter = AtEnd() ? std::string_view::npos : kLetters.find(Peek());
    if (letter != std::string_view::npos) {
      text->push_back(kMeanings[letter]);
      ++position_;
      return true;
    }
    if (Peek() != 'u') return FailExpected("one of \" \\ / b f n r t u after '\\'");
    uint32_t code_point = 0;
    if (!ParseUnicodeEscape(&code_point)) return false;
    AppendUtf8(code_point, text);
    return true;
  }

  bool ParseUnicodeEscape(uint32_t* code_point) {
    if (!ParseHex(code_point)) return false;
    if (*code_point >= 0xDC00 && *code_point <= 0xDFFF) {
      return FailExpected("a high surrogate before the low one");
    }
    if (*code_point < 0xD800 || *code_point > 0xDBFF) return true;
    uint32_t low = 0;
    if (Peek() != '\\') return FailExpected("\\u with a low surrogate");
    ++position_;
    if (Peek() != 'u') return FailExpected("\\u with a low surrogate");
    if (!ParseHex(&low)) return false;
    if (low < 0xDC00 || low > 0xDFFF) return FailExpected("a low surrogate");
    *code_point = 0x10000 + ((*code_point - 0xD800) << 10) + (low - 0xDC00);
    return true;
  }

  bool ParseHex(uint32_t* value) {
    ++position_;
    *value = 0;
    for (int i = 0; i < 4; ++i, ++position_) {
      const char c = Peek();
      uint32_t digit = 0;
      if (IsDigit(c)) {
        digit = static_cast<uint32_t>(c - '0');
      } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
        digit = static_cast<uint32_t>((c | 0x20) - 'a') + 10;
      } else {
        return FailExpected("a hexadecimal digit");
      }
      *value = *value << 4 | digit;
    }
    return true;
  }

  bool ParseNumber(JsonValue* value) {
    value->kind = JsonValue::Kind::kNumber;
    const bool negative = Take('-');
    if (!IsDigit(Peek())) return FailExpected("a digit");
    Digits digits;
    if (Peek() == '0') {
      ++position_;
      if (IsDigit(Peek())) return FailExpected("no digit after a leading zero");
    } else {
      TakeDigits(&digits);
    }
    int exponent = 0;
    bool integer = digits.exact;
    if (Peek() == '.') {
      integer = false;
      ++position_;
      if (!IsDigit(Peek())) return FailExpected("a digit");
      exponent -= TakeDigits(&digits);
    }
    if (Peek() == 'e' || Peek() == 'E') {
      integer = false;
      if (!ParseExponent(&exponent)) return false;
    }
    value->is_integer = integer;
    value->integer = !integer ? 0 : negative ? -digits.value : digits.value;
    value->number = Scale(digits.real, exponent) * (negative ? -1 : 1);
    if (value->number > 1e300 || value->number < -1e300) {
      *error_ = {value->place, "expected a number between -1e300 and 1e300"};
      return false;
    }
    return true;
  }

  struct Digits {
    int64_t value = 0;
    double real = 0;
    bool exact = true;  // `value` holds them all
  };

  int TakeDigits(Digits* digits) {
    int count = 0;
    for (; IsDigit(Peek()) && !AtEnd(); ++position_, ++count) {
      const int digit = Peek() - '0';
      if (digits->real < 1e299) digits->real = digits->real * 10 + digit;
      if (digits->value > (INT64_MAX - digit) / 10) digits->exact = false;
      if (digits->exact) digits->value = digits->value * 10 + digit;
    }
    return count;
  }

  bool ParseExponent(int* exponent) {
    ++position_;
    const bool negative = Take('-');
    if (!negative) Take('+');
    if (!IsDigit(Peek())) return FailExpected("a digit");
    Digits digits;
    TakeDigits(&digits);
    const int bounded = digits.exact && digits.value < 1000 ? static_cast<int>(digits.value) : 1000;
    *exponent += negative ? -bounded : bounded;
    return true;
  }

  std::string_view text_;
  JsonError* error_;
  size_t position_ = 0;
  size_t line_start_ = 0;
  size_t value_count_ = 0;
  int line_ = 1;
};

}  // namespace

const JsonValue* JsonValue::Find(std::string_view name) const {
  for (const JsonMember& member : members) {
    if (member.name == name) return &member.value;
  }
  return nullptr;
}

bool ParseJson(std::string_view text, JsonValue* value, JsonError* error) {
  *value = JsonValue();
  return Parser(text, error).ParseDocument(value);
}

std::string DescribeJson(const JsonValue& value) {
  switch (value.kind) {
    case JsonValue::Kind::kNull:
      return "null";
    case JsonValue::Kind::kBoolean:
      return value.boolean ? "true" : "false";
    case JsonValue::Kind::kNumber:
      return value.is_integer ? std::to_string(value.integer) : "a number that is no integer";
    case JsonValue::Kind::kString:
      if (value.string.size() <= 60) return QuoteJson(value.string);
      return "a string of " + std::to_string(value.string.size()) + " bytes";
    case JsonValue::Kind::kArray:
      return "an array";
    case JsonValue::Kind::kObject:
      return "an object";
  }
  return "";
}

std::string QuoteJson(std::string_view text) {
  std::string quoted = "\"";
  for (size_t i = 0; i < text.size();) {
    const auto byte = static_cast<uint8_t>(text[i]);
    const size_t length = Utf8SequenceLength(text.substr(i));
    if (length == 0) {
      quoted += "\xEF\xBF\xBD";
      ++i;
      continue;
    }
    if (byte == '"' || byte == '\\') quoted += '\\';
    if (byte < 0x20) {
      std::array<char, 8> escape;
      std::snprintf(escape.data(), escape.size(), "\\u%04x", byte);
      quoted += escape.data();
    } else {
      quoted += text.substr(i, length);
    }
    i += length;
  }
  return quoted + '"';
}

}  // namespace gpuring::simulator
