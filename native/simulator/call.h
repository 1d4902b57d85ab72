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
#include "simulator/handles.h"
#include "simulator/world.h"

// Everything else in the library is hidden: it exports NVML's names and the simulator's own two.
#define GPURING_EXPORT extern "C" __attribute__((visibility("default")))

namespace gpuring::simulator {

// A call about the host as a whole.
class HostCall {
 public:
  template <typename... Pointers>
  explicit HostCall(const char* function, Pointers... required)
      : result_(World::Get().Enter(function, -1)) {
    if (result_ == NVML_SUCCESS && !(... && (required != nullptr))) {
      result_ = NVML_ERROR_INVALID_ARGUMENT;
    }
  }

  bool ok() const { return result_ == NVML_SUCCESS; }
  nvmlReturn_t result() const { return result_; }

 private:
  nvmlReturn_t result_;
};

// A call about one device. facts(), board() and device() are meaningful only when ok().
class DeviceCall {
 public:
  template <typename... Pointers>
  DeviceCall(const char* function, nvmlDevice_t handle, Pointers... required)
      : device_(DeviceIndex(handle)), result_(World::Get().Enter(function, device_)) {
    if (result_ == NVML_SUCCESS && (device_ < 0 || !(... && (required != nullptr)))) {
      result_ = NVML_ERROR_INVALID_ARGUMENT;
    }
  }

  bool ok() const { return result_ == NVML_SUCCESS; }
  nvmlReturn_t result() const { return result_; }
  int device() const { return device_; }
  const DeviceFacts& facts() const { return World::Get().facts(device_); }
  const Board& board() const { return *facts().board; }

  // The whole of a call that answers one column.
  template <typename Number>
  nvmlReturn_t Read(Column column, Number* out) const {
    if (!ok()) return result_;
    return Narrow(World::Get().Read(device_, column), out);
  }

  // Several columns of one instant. Nothing is written unless all are known.
  template <typename Number, size_t count>
  nvmlReturn_t Read(const std::array<Column, count>& columns,
                    std::array<Number, count>* out) const {
    if (!ok()) return result_;
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
    return result_;
  }
  template <typename Number>
  nvmlReturn_t TellConstant(Number value, Number* out) const {
    if (ok()) *out = value;
    return result_;
  }

  // The whole of a call that answers one text; NOT_SUPPORTED where the device has none.
  nvmlReturn_t TellText(const char* Board::*fact, char* out, unsigned int size) const;
  nvmlReturn_t TellText(std::string DeviceFacts::*fact, char* out, unsigned int size) const;

 private:
  // A value that the caller's type cannot hold, as a temperature below zero where NVML's older
  // function has no sign, is not told.
  template <typename Number>
  static nvmlReturn_t Narrow(const Answer& answer, Number* out) {
    if (answer.result != NVML_SUCCESS) return answer.result;
    if constexpr (std::is_integral_v<Number>) {
      if (!std::in_range<Number>(answer.value)) return NVML_ERROR_UNKNOWN;
    }
    *out = static_cast<Number>(answer.value);
    return NVML_SUCCESS;
  }

  int device_;
  nvmlReturn_t result_;
};

// Told by the serial number, which desktop boards lack. The driver offers these boards more, and
// they come with ECC on.
inline bool IsProfessional(const Board& board) { return board.has_serial; }

// INSUFFICIENT_SIZE unless the text and its terminator fit.
nvmlReturn_t CopyText(std::string_view text, char* out, unsigned int size);

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
