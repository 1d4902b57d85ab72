#include "nvml/probe.h"

#include <algorithm>
#include <mutex>
#include <vector>

#include "core/detached_thread.h"
#include "nvml/source.h"

namespace gpuring {
namespace {

// The attempts under way, one a library.
struct UnderWay {
  std::mutex mutex;
  std::vector<std::shared_ptr<Probe>> probes;
};

// Never destroyed: static destructors may run while an attempt hangs.
UnderWay& Attempts() {
  static UnderWay* const under_way = new UnderWay;
  return *under_way;
}

}  // namespace

std::shared_ptr<const Probe> Probe::Join(const std::string& library_path) {
  const std::string path = DriverLibraryPath(library_path);
  UnderWay& attempts = Attempts();
  const std::shared_ptr<Probe> probe(new Probe(path));
  {
    const std::lock_guard<std::mutex> lock(attempts.mutex);
    const auto same = std::ranges::find(attempts.probes, path, &Probe::library_path_);
    if (same != attempts.probes.end()) return *same;
    attempts.probes.push_back(probe);
  }
  if (!StartDetachedThread([probe] { probe->Run(); }).ok()) probe->End(Outcome::kUnavailable);
  return probe;
}

bool Probe::WaitAllEnded(int64_t deadline_ns) {
  UnderWay& attempts = Attempts();
  std::vector<std::shared_ptr<Probe>> waited_for;
  {
    const std::lock_guard<std::mutex> lock(attempts.mutex);
    waited_for = attempts.probes;
  }
  return std::ranges::all_of(waited_for, [deadline_ns](const std::shared_ptr<Probe>& probe) {
    return probe->ended_.WaitUntil(deadline_ns);
  });
}

void Probe::Run() {
  const bool reached = ProbeDriver({.library_path = library_path_, .scenario = ""}).ok();
  End(reached ? Outcome::kAvailable : Outcome::kUnavailable);
}

void Probe::End(Outcome outcome) {
  UnderWay& attempts = Attempts();
  {
    const std::lock_guard<std::mutex> lock(attempts.mutex);
    std::erase_if(attempts.probes, [this](const auto& probe) { return probe.get() == this; });
  }
  outcome_.store(outcome, std::memory_order_release);
  ended_.Set();
}

}  // namespace gpuring
