#include "core/detached_thread.h"

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>

#include <array>
#include <atomic>
#include <string>

#include "check.h"
#include "nvml/probe.h"
#include "sampler_rig.h"

namespace gpuring {
namespace {

bool Blocks(const sigset_t& mask, int signal) { return sigismember(&mask, signal) == 1; }

// While it lives no thread can be had: the stack asked for is larger than any address space.
class NoThreads {
 public:
  NoThreads() {
    pthread_getattr_default_np(&before_);
    pthread_attr_t huge;
    pthread_attr_init(&huge);
    CHECK_EQ(pthread_attr_setstacksize(&huge, size_t{1} << 60), 0);
    CHECK_EQ(pthread_setattr_default_np(&huge), 0);
    pthread_attr_destroy(&huge);
  }
  ~NoThreads() {
    CHECK_EQ(pthread_setattr_default_np(&before_), 0);
    pthread_attr_destroy(&before_);
  }

 private:
  pthread_attr_t before_;
};

TEST("detached thread: named, closed to the process's signals, the starter's mask untouched") {
  sigset_t before;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  Event done;
  sigset_t inside;
  std::array<char, 16> name{};
  CHECK(StartDetachedThread([&] {
          pthread_sigmask(SIG_SETMASK, nullptr, &inside);
          prctl(PR_GET_NAME, name.data());
          done.Set();
        }).ok());
  CHECK(done.WaitUntil(MonotonicNowNs() + kLongNs));
  CHECK_EQ(std::string(name.data()), "gpuring");
  for (const int signal : {SIGINT, SIGTERM, SIGCHLD, SIGUSR1, SIGPIPE, SIGPROF, SIGWINCH}) {
    CHECK(Blocks(inside, signal));
  }
  CHECK(!Blocks(inside, SIGSEGV));
  sigset_t after;
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  for (int signal = 1; signal < SIGRTMIN; ++signal) {
    CHECK_EQ(Blocks(after, signal), Blocks(before, signal));
  }
}

TEST("detached thread: where none can be had the body never runs and a status says so") {
  const NoThreads no_threads;
  std::atomic<bool> ran{false};
  const Status status = StartDetachedThread([&] { ran = true; });
  CHECK_EQ(status.code(), StatusCode::kTryAgain);
  CHECK(status.message().find("thread") != std::string::npos);
  CHECK(!status.hint().empty());
  CHECK(!ran);
}

TEST("detached thread: a sampler without a thread has failed, a probe found nothing") {
  const NoThreads no_threads;
  Rig rig({.devices = {Device({Answer(1)})}});
  CHECK_EQ(rig.sampler->state(), SamplerState::kFailed);
  CHECK_EQ(rig.sampler->status().code(), StatusCode::kTryAgain);
  CHECK(rig.sampler->WaitOpened(0));
  CHECK(rig.sampler->WaitStopped(0));
  CHECK_EQ(rig.log->opens.load(), 0u);
  CHECK_EQ(Probe::Join("/nowhere/a.so")->outcome(), Probe::Outcome::kUnavailable);
  CHECK(Probe::WaitAllEnded(0));
}

}  // namespace
}  // namespace gpuring
