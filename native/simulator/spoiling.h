// What a fault does to an answer that the driver would have given: other values, other texts, more
// bytes than it has room for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "nvml/abi.h"

namespace gpuring::simulator {

enum class ValueSpoil : uint8_t {
  kNone,
  kZero,
  kMax,       // every bit set: NVML_VALUE_NOT_AVAILABLE of any width
  kSentinel,  // 2^63 - 14, 2^31 - 14: what monitoring agents use for "not supported"
  kNan,       // the bits of a quiet NaN
  kRandom,
  kStuck,        // what it was when the fault first struck
  kUnknownType,  // a value type that NVML does not have
};

enum class TextSpoil : uint8_t { kNone, kEmpty, kNotUtf8, kUnterminated, kTooLong };

struct Spoiling {
  ValueSpoil value = ValueSpoil::kNone;
  TextSpoil text = TextSpoil::kNone;
  uint32_t grow = 0;           // elements that a list claims beyond the room it was given
  uint32_t overrun_bytes = 0;  // written behind a struct or an array
  int32_t field = -1;          // of field values, only this id; -1: all
  int32_t field_return = -1;   // return code of the fields; -1: their own
  uint64_t random = 0;         // differs from call to call
  uint64_t serial = 0;         // of the fault

  bool any() const {
    return value != ValueSpoil::kNone || text != TextSpoil::kNone || grow > 0 ||
           overrun_bytes > 0 || field_return >= 0;
  }
};

inline constexpr unsigned char kOverrunByte = 0xA5;
inline constexpr nvmlValueType_t kUnknownValueType = static_cast<nvmlValueType_t>(99);

// The spoiling of the call that this thread is in. It is here because texts are copied, and values
// read, by functions that do not know which call they serve.
void BeginSpoiling(const Spoiling& spoiling);
[[nodiscard]] const Spoiling& PresentSpoiling();
// A measured quantity was read for the present call: tells answers apart that one function gives.
void NoteQuantity(uint64_t quantity);

// Memory of the caller's that a call writes to.
struct Output {
  enum class Kind : uint8_t { kWords, kFields, kSamples, kMetrics, kValueType };

  Kind kind = Kind::kWords;
  bool record = false;        // a struct or an array of elements: it can be overrun
  uint32_t word_bytes = 0;    // width of the numbers in it
  uint32_t header_bytes = 0;  // at the beginning of each element, never spoiled: its version
  size_t element_bytes = 0;
  size_t count = 1;
  void* address = nullptr;
};

// Which call an output belongs to.
struct SpoiledCall {
  std::string_view function;
  int device;
};
void SpoilOutput(const SpoiledCall& call, size_t index, const Output& output);
// The answers that stuck are forgotten: faults were replaced.
void ForgetStuckAnswers();

// Functions that answer a list of which the caller first asks the length.
[[nodiscard]] bool AnswersList(std::string_view function);

}  // namespace gpuring::simulator
