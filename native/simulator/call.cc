#include "simulator/call.h"

#include <algorithm>
#include <cstring>

namespace gpuring::simulator {
namespace {

// Begins like a text and is no UTF-8: a lead byte without its continuation, then bytes that no
// text can hold.
constexpr std::string_view kNotUtf8 = "NVIDIA \xC3\x28 \xFF\xFE";

}  // namespace

nvmlReturn_t CopyText(std::string_view text, char* out, unsigned int size) {
  switch (PresentSpoiling().text) {
    case TextSpoil::kNone:
      break;
    case TextSpoil::kTooLong:
      return NVML_ERROR_INSUFFICIENT_SIZE;
    case TextSpoil::kEmpty:
      text = "";
      break;
    case TextSpoil::kNotUtf8:
      text = kNotUtf8.substr(0, size > 0 ? size - 1 : 0);
      break;
    case TextSpoil::kUnterminated:
      std::memset(out, 'x', size);
      return NVML_SUCCESS;
  }
  if (text.size() >= size) return NVML_ERROR_INSUFFICIENT_SIZE;
  std::memcpy(out, text.data(), text.size());
  out[text.size()] = '\0';
  return NVML_SUCCESS;
}

const char* SpoiledText(const char* text) {
  switch (PresentSpoiling().text) {
    case TextSpoil::kEmpty:
      return "";
    case TextSpoil::kNotUtf8:
      return kNotUtf8.data();
    case TextSpoil::kUnterminated:  // nothing a caller could survive: as long as is safe
    case TextSpoil::kTooLong: {
      static const auto* endless = new std::string(size_t{1} << 16, 'x');
      return endless->c_str();
    }
    case TextSpoil::kNone:
      break;
  }
  return text;
}

nvmlReturn_t Call::EnterLibrary(const char* function, int device) {
  const nvmlReturn_t result = World::Get().Enter(function, device);
  const bool nobody_inside = result == NVML_ERROR_UNINITIALIZED && Generation() == 0;
  if (nobody_inside) NoteMisuse(Misuse::kUseAfterShutdown, function);
  return result;
}

bool Call::GrowsList() const { return PresentSpoiling().grow > 0 && AnswersList(function_); }

// An array replaces the element that its pointer was taken for at first.
void Call::Declare(const Output& output) const {
  const auto end = outputs_.begin() + output_count_;
  const auto known = std::find_if(outputs_.begin(), end, [&output](const Output& other) {
    return other.address == output.address;
  });
  if (known != end) {
    *known = output;
  } else if (output_count_ < kMostOutputs) {
    outputs_[output_count_++] = output;
  }
}

void Call::Spoil() const {
  for (size_t i = 0; i < output_count_; ++i) {
    SpoilOutput({function_, subject_.faulted}, i, outputs_[i]);
  }
}

void DeviceCall::NoteUnknownHandle(const char* function, nvmlDevice_t handle) {
  if (Generation() != 0 && IsStaleHandle(handle)) NoteMisuse(Misuse::kStaleHandle, function);
}

nvmlReturn_t DeviceCall::TellText(const char* Board::*fact, char* out, unsigned int size) const {
  return ok() ? CopyText(board().*fact, out, size) : result();
}

nvmlReturn_t DeviceCall::TellText(std::string DeviceFacts::*fact, char* out,
                                  unsigned int size) const {
  if (!ok()) return result();
  const std::string& text = facts().*fact;
  return text.empty() ? NVML_ERROR_NOT_SUPPORTED : CopyText(text, out, size);
}

}  // namespace gpuring::simulator
