// A driver whose init takes 60 ms and looks at what the library's end destroys all that time.
#include <time.h>

#include <cstring>
#include <map>
#include <string>

namespace {

using Names = std::map<int, std::string>;

struct State {
  State() : names(new Names) {
    for (int i = 0; i < 2000; i++) (*names)[i] = std::string(100, 'x');
  }
  ~State() {
    delete names;
    names = nullptr;
  }
  Names* names;
};
State state;

long NowMs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

}  // namespace

extern "C" {
unsigned int nvmlInit_v2() {
  unsigned long sum = 0;
  for (const long end = NowMs() + 60; NowMs() < end;) {
    for (const auto& [number, name] : *state.names) sum += name.size();
  }
  return sum > 0 ? 0 : 999;
}
unsigned int nvmlShutdown() { return 0; }
unsigned int nvmlDeviceGetCount_v2(unsigned int* count) {
  *count = 1;
  return 0;
}
unsigned int nvmlDeviceGetHandleByIndex_v2(unsigned int, void** device) {
  *device = &state;
  return 0;
}
unsigned int nvmlDeviceGetUUID(void*, char* text, unsigned int) {
  std::strcpy(text, "GPU-static");
  return 0;
}
}
