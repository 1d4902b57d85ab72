// The scenario reader meets bytes of any kind: it answers, names the place, and never crashes.
#include <string>

#include "simulator_columns.h"

namespace gpuring {
namespace {

using check::Control;
using check::Driver;
using check::Reply;

constexpr const char* kValid =
    "{\"name\": \"\\u00e9\\ud83d\\ude00 \\\"x\\\"\", \"seed\": 12, \"step\": \"manual\",\n"
    " \"devices\": [{\"board\": \"h100\", \"count\": 2, \"note\": \"n\",\n"
    "   \"load\": {\"shape\": \"steps\", \"periodSeconds\": 0.25e1, \"percents\": [0, 5.5, "
    "1e2]}}],\n"
    " \"faults\": [{\"function\": \"nvml*\", \"device\": 1, \"return\": 999, \"calls\": 1}]}";

}  // namespace

TEST("text that is no JSON is refused at its place") {
  struct Wrong {
    std::string text;
    const char* reply;
  };
  const Wrong wrongs[] = {
      {"{", "scenario:1:2: expected a member name in double quotes, got the end of the text"},
      {"{}x", "scenario:1:3: expected the end of the text, got 'x'"},
      {"{\"a\" 1}", "scenario:1:6: expected ':', got '1'"},
      {"{\"a\":}", "scenario:1:6: expected a JSON value, got '}'"},
      {"{\"a\":1,}", "scenario:1:8: expected a member name in double quotes, got '}'"},
      {"{\"a\":[1,]}", "scenario:1:9: expected a JSON value, got ']'"},
      {"{\"a\":[1 2]}", "scenario:1:9: expected ',' or ']', got '2'"},
      {"{\n\"a\":1\n\"b\":2}", "scenario:3:1: expected ',' or '}', got '\"'"},
      {"{\"a\":1,\n \"a\":2}", "scenario:2:2: expected each member once, got \"a\" a second time"},
      {"{\"a\":01}", "scenario:1:7: expected no digit after a leading zero, got '1'"},
      {"{\"a\":-}", "scenario:1:7: expected a digit, got '}'"},
      {"{\"a\":1.}", "scenario:1:8: expected a digit, got '}'"},
      {"{\"a\":1e+}", "scenario:1:9: expected a digit, got '}'"},
      {"{\"a\":1e999}", "scenario:1:6: expected a number between -1e300 and 1e300"},
      {"{\"a\":truth}", "scenario:1:6: expected a JSON value, got 't'"},
      {"{\"a\":NaN}", "scenario:1:6: expected a JSON value, got 'N'"},
      {"{\"a\":\"x}", "scenario:1:9: expected '\"', got the end of the text"},
      {"{\"a\":\"\t\"}", "scenario:1:7: expected an escaped control character, got byte 0x09"},
      {"{\"a\":\"\\x\"}", "scenario:1:8: expected one of \" \\ / b f n r t u after '\\', got 'x'"},
      {"{\"a\":\"\\u12g4\"}", "scenario:1:11: expected a hexadecimal digit, got 'g'"},
      {"{\"a\":\"\\ud800\"}", "scenario:1:13: expected \\u with a low surrogate, got '\"'"},
      {"{\"a\":\"\\udc00\"}",
       "scenario:1:13: expected a high surrogate before the low one, got '\"'"},
      {"{\"a\":\"\xff\"}", "scenario:1:7: expected UTF-8, got byte 0xFF"},
      {"{\"a\":\"\xc0\x80\"}", "scenario:1:7: expected UTF-8, got byte 0xC0"},
      {"{\"a\":\"\xed\xa0\x80\"}", "scenario:1:7: expected UTF-8, got byte 0xED"},
      {"{'a':1}", "scenario:1:2: expected a member name in double quotes, got '''"},
      {"{/**/}", "scenario:1:2: expected a member name in double quotes, got '/'"},
  };
  for (const Wrong& wrong : wrongs) {
    const Reply reply = Control("load", wrong.text);
    CHECK_EQ(reply.result, NVML_ERROR_INVALID_ARGUMENT);
    CHECK_EQ(reply.text, wrong.reply);
  }
}

TEST("depth, size and number of values are bounded") {
  const std::string deep = "{\"a\":" + std::string(200'000, '[');
  CHECK_EQ(Control("load", deep).text, "scenario:1:37: expected at most 32 levels of nesting");
  const std::string large = "{\"note\":\"" + std::string(1 << 20, 'x') + "\"}";
  CHECK_EQ(Control("load", large).text,
           "scenario:1:1: expected at most 1048576 bytes, got " + std::to_string(large.size()));
  std::string many = "{\"a\":[0";
  for (int i = 0; i < 30'000; ++i) many += ",0";
  CHECK_EQ(Control("load", many + "]}").text, "scenario:1:40003: expected at most 20000 values");
}

TEST("every beginning of a valid scenario is refused, the whole is accepted") {
  const std::string valid = kValid;
  for (size_t length = 1; length < valid.size(); ++length) {
    const Reply reply = Control("load", valid.substr(0, length));
    CHECK_EQ(reply.result, NVML_ERROR_INVALID_ARGUMENT);
    CHECK(reply.text.starts_with("scenario:"));
  }
  const Reply reply = Control("load", valid);
  CHECK_EQ(reply.result, NVML_SUCCESS);
  CHECK_EQ(reply.text, "\xC3\xA9\xF0\x9F\x98\x80 \"x\"");
}

TEST("ten thousand damaged scenarios: each is taken or refused with its place") {
  uint64_t state = 42;
  const auto next = [&state](uint64_t bound) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % bound;
  };
  const std::string alphabet = "{}[]\",:\\u0123456789.eE+-truefalsn \n\xff\xc3*";
  int refused = 0;
  for (int i = 0; i < 10'000; ++i) {
    std::string text = kValid;
    for (uint64_t damage = 1 + next(4); damage > 0; --damage) {
      const size_t at = 1 + next(text.size() - 1);
      const char byte = alphabet[next(alphabet.size())];
      switch (next(3)) {
        case 0:
          text[at] = byte;
          break;
        case 1:
          text.insert(at, 1, byte);
          break;
        default:
          text.erase(at, 1 + next(8));
      }
      if (text.size() < 2) text = "{ ";
    }
    const Reply reply = Control("load", text);
    if (reply.result == NVML_SUCCESS) continue;
    ++refused;
    CHECK_EQ(reply.result, NVML_ERROR_INVALID_ARGUMENT);
    CHECK(reply.text.starts_with("scenario:") && reply.text.size() > 12);
  }
  CHECK(refused > 5'000);
}

}  // namespace gpuring
