// What every exported function begins with, in the driver's order: is the library initialised and
// the call not faulted, is the handle a live device, is no pointer null.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "nvml/abi.h"
#include "simulator/device_number.h"
#include "simulator/handles.h"
#include "simulator/misuse.h"
#include "simulator/output_of.h"
#include "simulator/overrides.h"
#include "simulator/spoiling.h"
#include "simulator/world.h"

// Everything else in the library is hidden: it exports NVML's names and the simulator's own two.
#define GPURING_EXPORT extern "C" __attribute__((visibility("default")))

namespace gpuring::simulator {

// What every call has in common. While it lives the thread is in the library; when it ends, what
// the caller was answered is spoiled if a fault says so.
class Call {
 public:
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  bool ok() const { return result_ == NVML_SUCCESS; }
  nvmlReturn_t result() const { return result_; }

  // Elements of an array that the call has filled, beyond the first, which its pointer stood for.
  template <Spoilable Element>
  void Wrote(Element* first, size_t count) const {
    if (spoils_ && count > 0) Declare(OutputOf(first, count));
  }

 protected:
  struct Subject {
    int faulted;  // the device whose faults strike, -1: none
    int used;     // the device that the caller has a handle of, -1: none
  };

  template <typename... Pointers>
  Call(const char* function, Subject subject, Pointers... required)
      : function_(function),
        subject_(subject),
        scope_(function, subject.used),
        result_(EnterLibrary(function, subject.faulted)) {
    if (ok() && !(... && (required != nullptr))) result_ = NVML_ERROR_INVALID_ARGUMENT;
    spoils_ = ok() && PresentSpoiling().any();
    if (!spoils_) return;
    (..., DeclareIfSpoilable(required));
    (..., Grow(required));
  }
  ~Call() {
    if (spoils_) Spoil();
  }

  void Fail(nvmlReturn_t result) { result_ = result; }

 private:
  static constexpr size_t kMostOutputs = 8;

  static nvmlReturn_t EnterLibrary(const char* function, int device);

  template <typename Value>
  void DeclareIfSpoilable(Value* pointer) const {
    if constexpr (Spoilable<Value>) Declare(OutputOf(pointer));
  }
  template <typename Value>
  void Grow(Value* list) {
    if constexpr (Defined<Value> && !std::is_const_v<Value>) {
      if (unsigned int* count = CountIn(list); count != nullptr && GrowsList()) {
        *count += PresentSpoiling().grow;
        result_ = NVML_ERROR_INSUFFICIENT_SIZE;
      }
    }
  }
  bool GrowsList() const;
  void Declare(const Output& output) const;
  void Spoil() const;

  const char* function_;
  const Subject subject_;
  const CallScope scope_;
  nvmlReturn_t result_;
  bool spoils_ = false;
  mutable size_t output_count_ = 0;
  mutable std::array<Output, kMostOutputs> outputs_;
};

// A call about the host as a whole.
class HostCall : public Call {
 public:
  template <typename... Pointers>
  explicit HostCall(const char* function, Pointers... required)
      : Call(function, {-1, -1}, required...) {}
};

// A call that looks a device up. `device` is what was found, or -1: faults set on one device strike
// its look-up as well.
class LookUpCall : public Call {
 public:
  LookUpCall(const char* function, int device, nvmlDevice_t* handle)
      : Call(function, {device, -1}, handle) {}
};

// A call about one device. facts(), board() and device() are meaningful only when ok().
class DeviceCall : public Call {
 public:
  template <typename... Pointers>
  DeviceCall(const char* function, nvmlDevice_t handle, Pointers... required)
      : DeviceCall(function, handle, DeviceIndex(handle), required...) {}

  int device() const { return device_; }
  const DeviceFacts& facts() const { return World::Get().facts(device_); }
  const Board& board() const { return *facts().board; }

  // The whole of a call that answers one column.
  template <typename Number>
  nvmlReturn_t Read(Column column, Number* out) const {
    if (!ok()) return result();
    return Narrow(World::Get().Read(device_, column), out);
  }

  // Likewise for a call that tells what is worked out from a column: it begins no row.
  template <typename Number>
  nvmlReturn_t Derive(Column column, Number* out) const {
    if (!ok() || IsInstance(device_)) return Read(column, out);
    NoteQuantity(KeyOf(column));
    Answer answer;
    const nvmlReturn_t asked = World::Get().Ask(device_, [&](Device& there) {
      answer = there.Peek(column);
      return answer.result;
    });
    return asked == NVML_SUCCESS ? Narrow(answer, out) : asked;
  }

  // Several columns of one instant. Nothing is written unless all are known.
  template <typename Number, size_t count>
  nvmlReturn_t Read(const std::array<Column, count>& columns,
                    std::array<Number, count>* out) const {
    if (!ok()) return result();
    std::array<Answer, count> answers;
    World::Get().Read(device_, columns, answers);
    std::array<Number, count> numbers{};
    for (size_t i = 0; i < count; ++i) {
      const nvmlReturn_t result = Narrow(answers[i], &numbers[i]);
      if (result != NVML_SUCCESS) return result;
    }
    *out = numbers;
    return NVML_SUCCESS;
  }

  // The whole of a call that answers one number, the same until the next init.
  template <typename Fact, typename Number>
  nvmlReturn_t Tell(Fact Board::*fact, Number* out) const {
    if (ok()) *out = static_cast<Number>(board().*fact);
    return result();
  }
  template <typename Number>
  nvmlReturn_t TellConstant(Number value, Number* out) const {
    if (ok()) *out = value;
    return result();
  }

  // The whole of a call that answers one text; NOT_SUPPORTED where the device has none.
  nvmlReturn_t TellText(const char* Board::*fact, char* out, unsigned int size) const;
  nvmlReturn_t TellText(std::string DeviceFacts::*fact, char* out, unsigned int size) const;

 private:
  template <typename... Pointers>
  DeviceCall(const char* function, nvmlDevice_t handle, int device, Pointers... required)
      : Call(function, {device, device}, required...), device_(device) {
    if (device_ < 0) NoteUnknownHandle(function, handle);
    if (device_ < 0 && ok()) Fail(NVML_ERROR_INVALID_ARGUMENT);
  }
  static void NoteUnknownHandle(const char* function, nvmlDevice_t handle);

  // A value that the caller's type cannot hold, as a temperature below zero where NVML's older
  // function has no sign, is not told.
  template <typename Number>
  static nvmlReturn_t Narrow(const Answer& answer, Number* out) {
    if (answer.result != NVML_SUCCESS) return answer.result;
    // 64 bits are told as they are: NVML's sentinels are beyond int64_t.
    if constexpr (std::is_integral_v<Number> && sizeof(Number) < sizeof(answer.value)) {
      if (!std::in_range<Number>(answer.value)) return NVML_ERROR_UNKNOWN;
    }
    *out = static_cast<Number>(answer.value);
    return NVML_SUCCESS;
  }

  int device_;
};

// Told by the serial number, which desktop boards lack. The driver offers these boards more, and
// they come with ECC on.
inline bool IsProfessional(const Board& board) { return board.has_serial; }

// INSUFFICIENT_SIZE unless the text and its terminator fit. Spoiled when the present call's are.
nvmlReturn_t CopyText(std::string_view text, char* out, unsigned int size);
// Likewise a text of the library's own, which the caller reads in place.
const char* SpoiledText(const char* text);

// Lists of which a caller first asks the length: `*count` comes in as the room in `out` and goes
// out as the number of elements; INSUFFICIENT_SIZE when they do not fit or `out` is null.
template <typename Element, typename List>
nvmlReturn_t CopyList(const List& list, unsigned int* count, Element* out) {
  const unsigned int room = out == nullptr ? 0 : *count;
  const auto needed = static_cast<unsigned int>(list.size());
  *count = needed;
  if (needed > room) return NVML_ERROR_INSUFFICIENT_SIZE;
  for (const auto& element : list) *out++ = static_cast<Element>(element);
  return NVML_SUCCESS;
}

}  // namespace gpuring::simulator
