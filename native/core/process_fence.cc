#include "core/process_fence.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>

#include "core/detached_thread.h"

namespace gpuring {
namespace {

std::atomic<bool> asked{false};
std::atomic<bool> there{false};

bool Ask(int command) { return syscall(SYS_membarrier, command, 0, 0) == 0; }

bool Register() { return Ask(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED); }

}  // namespace

void PrepareProcessFence() {
  if (asked.exchange(true)) return;
  (void)StartDetachedThread([] {
    if (Register() && Ask(MEMBARRIER_CMD_PRIVATE_EXPEDITED)) there = true;
  });
}

bool HasProcessFence() { return there; }

// After a fork() the system has to be asked anew.
bool FenceProcess() {
  if (!there || Ask(MEMBARRIER_CMD_PRIVATE_EXPEDITED)) return true;
  return Register() && Ask(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
}

}  // namespace gpuring
