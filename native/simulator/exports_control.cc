// The simulated driver's own two symbols: how a client sees that it talks to one, and steers it.
#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "simulator/call.h"

namespace gpuring::simulator {
namespace {

struct ReplyBuffer {
  char* text;
  unsigned int size;
};

// Cut off where it does not fit: a reply is for people.
void Reply(std::string_view text, ReplyBuffer out) {
  if (out.text == nullptr || out.size == 0) return;
  const size_t length = std::min<size_t>(text.size(), out.size - 1);
  std::memcpy(out.text, text.data(), length);
  out.text[length] = '\0';
}

}  // namespace

}  // namespace gpuring::simulator

namespace gpuring {

GPURING_EXPORT const char* gpuringSimulatorDescribe(void) {
  return simulator::World::Get().Describe();
}

GPURING_EXPORT unsigned int gpuringSimulatorControl(const char* command, const char* argument,
                                                    char* reply, unsigned int reply_size) {
  if (command == nullptr || argument == nullptr) {
    simulator::Reply("expected a command and its argument, got a null pointer",
                     {reply, reply_size});
    return NVML_ERROR_INVALID_ARGUMENT;
  }
  std::string text;
  const nvmlReturn_t result = simulator::World::Get().Control(command, argument, &text);
  simulator::Reply(text, {reply, reply_size});
  return result;
}

}  // namespace gpuring
