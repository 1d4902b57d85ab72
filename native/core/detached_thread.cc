#include "core/detached_thread.h"

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>

#include <memory>
#include <string>
#include <utility>

#include "core/old_glibc.h"

GPURING_BIND_OLD(pthread_create);
GPURING_BIND_OLD(pthread_sigmask);

namespace gpuring {
namespace {

using Body = std::function<void()>;

void* Enter(void* argument) {
  const std::unique_ptr<Body> body(static_cast<Body*>(argument));
  prctl(PR_SET_NAME, "gpuring", 0UL, 0UL, 0UL);
  (*body)();
  return nullptr;
}

// All that others may send. What a thread does to itself keeps its handlers.
sigset_t SignalsFromOutside() {
  sigset_t signals;
  sigfillset(&signals);
  for (const int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS}) {
    sigdelset(&signals, own);
  }
  return signals;
}

// Not std::thread: it ends the process where a thread cannot be had, as there are no exceptions.
int CreateDetached(Body* body) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_t thread;
  const int error = pthread_create(&thread, &attributes, Enter, body);
  pthread_attr_destroy(&attributes);
  return error;
}

}  // namespace

Status StartDetachedThread(Body body) {
  auto owned = std::make_unique<Body>(std::move(body));
  // A new thread inherits the mask, so no signal can reach it before it blocks them.
  const sigset_t blocked = SignalsFromOutside();
  sigset_t before;
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  const int error = CreateDetached(owned.get());
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (error == 0) {
    (void)owned.release();  // the thread's now
    return Status::Ok();
  }
  return Status::Error(
      StatusCode::kTryAgain,
      "the system gives this process no further thread (error " + std::to_string(error) + ")",
      "Raise the limit on processes and threads (ulimit -u, the container's pids limit) or on "
      "memory, or end other threads.");
}

}  // namespace gpuring
