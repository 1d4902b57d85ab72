// What it costs to keep a pace, and how punctual that is: the whole sampler, or a thread that does
// nothing but sleep to the same deadlines.
//   pace sampler|calls|sleep|slack PERIOD_MS MILLISECONDS LIBRARY SCENARIO
// `calls`: as `sleep`, and makes the driver calls of a fast reading each time. `slack`: as `sleep`,
// but with the timer slack that threads have by default.
// Prints one JSON object: rounds, processor time of the whole process a round, lateness of wakes,
// and how far a deadline lies off the grid of whole periods, all in ns.
#include <sys/prctl.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "aggregate/column_index.h"
#include "bare_calls.h"
#include "core/sampler.h"
#include "core/timer.h"
#include "nvml/simulator_control.h"
#include "nvml/source.h"

namespace gpuring {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;
constexpr int64_t kWarmUpMs = 150;
constexpr int64_t kHurriedPeriodNs = 20'000;

int64_t ProcessorNs() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

struct Pace {
  int64_t period_ns;
  int64_t length_ms;
};

struct Wake {
  int64_t deadline_ns;
  int64_t woken_ns;
};

// Kept by the thread that is measured while the main thread sleeps.
class Wakes {
 public:
  Wakes() { wakes_.reserve(1 << 16); }
  void Add(int64_t deadline_ns) {
    if (keeping_.load(std::memory_order_acquire)) wakes_.push_back({deadline_ns, MonotonicNowNs()});
  }
  // The main thread's whole part: warms up, keeps and prints what happens meanwhile.
  void Measure(const Pace& pace) {
    std::this_thread::sleep_for(std::chrono::milliseconds(kWarmUpMs));
    keeping_ = true;
    const int64_t before_ns = ProcessorNs();
    std::this_thread::sleep_for(std::chrono::milliseconds(pace.length_ms));
    const int64_t used_ns = ProcessorNs() - before_ns;
    keeping_ = false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    Print(pace, used_ns);
  }

 private:
  void Print(const Pace& pace, int64_t used_ns) {
    std::vector<int64_t> late_ns;
    int64_t off_ns = 0;
    for (const Wake& wake : wakes_) {
      late_ns.push_back(wake.woken_ns - wake.deadline_ns);
      const int64_t beyond_ns = (wake.deadline_ns - wakes_[0].deadline_ns) % pace.period_ns;
      off_ns = std::max(off_ns, std::min(beyond_ns, pace.period_ns - beyond_ns));
    }
    std::sort(late_ns.begin(), late_ns.end());
    const auto at = [&late_ns](size_t percent) {
      return late_ns.empty() ? int64_t{-1} : late_ns[(late_ns.size() - 1) * percent / 100];
    };
    std::printf("{\"rounds\":%zu,\"usedNs\":%" PRId64 ",\"lengthMs\":%" PRId64
                ",\"lateP50Ns\":%" PRId64 ",\"lateP99Ns\":%" PRId64 ",\"lateMaxNs\":%" PRId64
                ",\"offGridNs\":%" PRId64 "}\n",
                wakes_.size(), used_ns, pace.length_ms, at(50), at(99), at(100), off_ns);
  }

  std::atomic<bool> keeping_{false};
  std::vector<Wake> wakes_;
};

// The real clock; it notes when the polling thread wakes.
class NotingClock final : public Clock {
 public:
  explicit NotingClock(Wakes* wakes) : wakes_(wakes) {}

  [[nodiscard]] int64_t MonotonicNs() const override { return real_.MonotonicNs(); }
  [[nodiscard]] int64_t WallUs() const override { return real_.WallUs(); }
  void EnterThread(Event* alarm) override {
    Event* nobody = nullptr;
    poller_.compare_exchange_strong(nobody, alarm);  // the polling thread enters first
    real_.EnterThread(alarm);
  }
  [[nodiscard]] bool WaitUntil(int64_t deadline_ns, Event* alarm) override {
    const bool reached = real_.WaitUntil(deadline_ns, alarm);
    if (reached && alarm == poller_.load(std::memory_order_relaxed)) wakes_->Add(deadline_ns);
    return reached;
  }
  void Wake(Event* alarm) override { real_.Wake(alarm); }
  [[nodiscard]] std::unique_ptr<Timer> MakeTimer() override { return real_.MakeTimer(); }

 private:
  RealClock real_;
  std::atomic<Event*> poller_{nullptr};
  Wakes* const wakes_;
};

// What a thread does that is measured beside the sampler.
struct Sleeping {
  bool default_slack = false;
  BareCalls* calls = nullptr;  // null: it makes none
};

int KeepPace(const Pace& pace, const Sleeping& what) {
  Wakes wakes;
  std::atomic<bool> over{false};
  std::atomic<bool> good{true};
  std::thread sleeper([&] {
    if (!what.default_slack) prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    int64_t deadline_ns = MonotonicNowNs();
    while (!over.load(std::memory_order_relaxed)) {
      // What has passed is skipped, as the sampler does.
      const int64_t behind_ns = MonotonicNowNs() - deadline_ns;
      deadline_ns += (behind_ns / pace.period_ns + 1) * pace.period_ns;
      const timespec until = {deadline_ns / (1'000 * kNsPerMs), deadline_ns % (1'000 * kNsPerMs)};
      while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) != 0) {
      }
      wakes.Add(deadline_ns);
      if (what.calls != nullptr && !what.calls->ReadAll()) good = false;
    }
  });
  wakes.Measure(pace);
  over = true;
  sleeper.join();
  return good ? 0 : 1;
}

int CallAtPace(const Pace& pace, const NvmlOptions& driver) {
  std::string reply;
  BareCalls calls;
  const bool told = ControlSimulator(driver.library_path, {"load", driver.scenario}, &reply).ok();
  if (!told || !calls.Open(driver.library_path.c_str())) {
    std::fprintf(stderr, "not opened: %s\n", reply.c_str());
    return 1;
  }
  const int failed = KeepPace(pace, {.calls = &calls});
  calls.Close();
  return failed;
}

// So that its memory is there, as after minutes: a page that is touched for the first time costs
// as much as a device.
bool FillHistory(Sampler* sampler, int64_t period_ns) {
  const size_t row = sampler->devices()->devices.back().row;
  sampler->SetPeriodNs(kHurriedPeriodNs);
  const int64_t end_ns = MonotonicNowNs() + 60'000 * kNsPerMs;
  HistoryRead read;
  do {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    sampler->ReadHistory({row, Tier::kFast, 1}, {}, &read);
  } while (read.newest < sampler->HistoryCapacity() + 1 && MonotonicNowNs() < end_ns);
  sampler->SetPeriodNs(period_ns);
  return read.newest > sampler->HistoryCapacity();
}

int SampleAtPace(const Pace& pace, const NvmlOptions& driver) {
  Wakes wakes;
  SamplerOptions options;
  options.period_ns = pace.period_ns;
  options.make_source = [driver] { return std::make_unique<NvmlSource>(driver); };
  options.index_maker = std::make_shared<ColumnIndexMaker>();
  const auto sampler = Sampler::Start(std::make_shared<NotingClock>(&wakes), options);
  if (!sampler->WaitOpened(10'000 * kNsPerMs) || !sampler->status().ok()) {
    std::fprintf(stderr, "not opened: %s\n", sampler->status().message().c_str());
    return 1;
  }
  std::vector<size_t> rows;
  for (const DeviceEntry& entry : sampler->devices()->devices) rows.push_back(entry.row);
  sampler->Watch(rows);
  if (!FillHistory(sampler.get(), pace.period_ns)) {
    std::fprintf(stderr, "the rounds do not come\n");
    return 1;
  }
  wakes.Measure(pace);
  sampler->RequestStop();
  return sampler->WaitStopped(1'000 * kNsPerMs) ? 0 : 1;
}

}  // namespace
}  // namespace gpuring

int main(int count, char** arguments) {
  using gpuring::kNsPerMs;
  const std::string_view what = count == 6 ? arguments[1] : "";
  const gpuring::Pace pace = {count == 6 ? std::atoll(arguments[2]) * kNsPerMs : 0,
                              count == 6 ? std::atoll(arguments[3]) : 0};
  if (pace.period_ns > 0 && pace.length_ms > 0) {
    if (what == "sleep") return gpuring::KeepPace(pace, {});
    if (what == "slack") return gpuring::KeepPace(pace, {.default_slack = true});
    if (what == "calls") return gpuring::CallAtPace(pace, {arguments[4], arguments[5]});
    if (what == "sampler") return gpuring::SampleAtPace(pace, {arguments[4], arguments[5]});
  }
  std::fprintf(stderr,
               "usage: pace sampler|calls|sleep|slack PERIOD_MS MILLISECONDS LIBRARY SCENARIO\n");
  return 2;
}
