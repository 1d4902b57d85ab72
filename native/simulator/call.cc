#include "simulator/call.h"

#include <cstring>

namespace gpuring::simulator {

nvmlReturn_t CopyText(std::string_view text, char* out, unsigned int size) {
  if (text.size() >= size) return NVML_ERROR_INSUFFICIENT_SIZE;
  std::memcpy(out, text.data(), text.size());
  out[text.size()] = '\0';
  return NVML_SUCCESS;
}

nvmlReturn_t DeviceCall::TellText(const char* Board::*fact, char* out, unsigned int size) const {
  return ok() ? CopyText(board().*fact, out, size) : result_;
}

nvmlReturn_t DeviceCall::TellText(std::string DeviceFacts::*fact, char* out,
                                  unsigned int size) const {
  if (!ok()) return result_;
  const std::string& text = facts().*fact;
  return text.empty() ? NVML_ERROR_NOT_SUPPORTED : CopyText(text, out, size);
}

}  // namespace gpuring::simulator
