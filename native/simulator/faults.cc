#include "simulator/faults.h"

#include <algorithm>
#include <cmath>

#include "simulator/random.h"

namespace gpuring::simulator {
namespace {

constexpr double kMillisecondNs = 1e6;
constexpr double kLongestDelayNs = 86'400'000 * kMillisecondNs;

// Draws of one call that must not follow from each other.
enum Draw : uint64_t { kStrikes, kDelays, kSpoils };

uint64_t DrawSeed(const Fault& fault, uint64_t seed, Draw draw) {
  return Mix(Mix(seed, fault.index), draw);
}

bool Matches(const Fault& fault, const FaultedCall& call) {
  return (!fault.device || *fault.device == call.device) &&
         MatchesGlob(fault.function, call.function);
}

bool InForce(const Fault& fault, uint64_t before, uint64_t seed) {
  if (before < fault.after_calls) return false;
  const uint64_t turn = before - fault.after_calls;
  if (turn % fault.every_calls != fault.every_calls - 1) return false;
  if (turn / fault.every_calls >= fault.calls) return false;
  return fault.probability >= 1 ||
         UnitNoise(DrawSeed(fault, seed, kStrikes), before) < fault.probability;
}

int64_t DrawDelayNs(const Delay& delay, double share) {
  double ms = delay.first_ms;
  switch (delay.kind) {
    case Delay::Kind::kFixed:
      break;
    case Delay::Kind::kUniform:
      ms += (delay.last_ms - delay.first_ms) * share;
      break;
    case Delay::Kind::kExponential:
      ms *= -std::log1p(-share);
      break;
    case Delay::Kind::kForEver:
      return kDelayForEver;
  }
  return static_cast<int64_t>(std::min(ms * kMillisecondNs, kLongestDelayNs));
}

}  // namespace

bool MatchesGlob(std::string_view pattern, std::string_view text) {
  size_t p = 0, t = 0;
  size_t star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

Suffering MeetFaults(const FaultedCall& call, std::vector<Fault>* faults) {
  Suffering suffering;
  for (Fault& fault : *faults) {
    if (!Matches(fault, call)) continue;
    const uint64_t before = fault.seen++;
    if (suffering.struck || !InForce(fault, before, call.seed)) continue;
    ++fault.struck;
    const double share = UnitNoise(DrawSeed(fault, call.seed, kDelays), before);
    suffering = {true, fault.result, DrawDelayNs(fault.delay, share), fault.spoiling};
    suffering.spoiling.random = Mix(DrawSeed(fault, call.seed, kSpoils), before);
  }
  return suffering;
}

std::string DescribeFaults(const std::vector<Fault>& faults) {
  std::string text = "[";
  for (const Fault& fault : faults) {
    if (text.size() > 1) text += ",";
    text += "{\"function\":" + QuoteJson(fault.function);
    if (fault.device) text += ",\"device\":" + std::to_string(*fault.device);
    text += ",\"seen\":" + std::to_string(fault.seen);
    text += ",\"struck\":" + std::to_string(fault.struck) + "}";
  }
  return text + "]";
}

}  // namespace gpuring::simulator
