#include <chrono>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <thread>

#include "check.h"

namespace {

using std::chrono::steady_clock;
using std::filesystem::directory_iterator;

ptrdiff_t ThreadCount() {
  return std::distance(directory_iterator("/proc/self/task"), directory_iterator());
}

// LeakSanitizer looks into every thread as the process ends, and crashes on one that is ending too.
// Those that nobody waits for are soon over; one that hangs for ever stays, and does no harm.
void AwaitEndOfThreads() {
  const auto limit = steady_clock::now() + std::chrono::seconds(10);
  auto quiet_since = steady_clock::now();
  ptrdiff_t count = ThreadCount();
  while (count > 1 && steady_clock::now() < limit) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    const ptrdiff_t before = count;
    count = ThreadCount();
    if (count != before) quiet_since = steady_clock::now();
    if (steady_clock::now() - quiet_since > std::chrono::milliseconds(300)) return;
  }
}

}  // namespace

int main(int argument_count, char** arguments) {
  const int exit_code = gpuring::check::RunAll(argument_count, arguments);
  AwaitEndOfThreads();
  return exit_code;
}
