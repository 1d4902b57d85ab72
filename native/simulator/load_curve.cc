#include "simulator/load_curve.h"

#include <algorithm>
#include <utility>

#include "simulator/random.h"

namespace gpuring::simulator {
namespace {

constexpr int64_t kMillisecondNs = 1'000'000;
constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int kPointsOfMean = 10;
// Looks of the utilisation sampler in one of its windows.
constexpr int kPointsOfLoad = 4;
constexpr double kPowerJitter = 0.008;

// Where a time falls among slots of one period.
struct Phase {
  uint64_t slot;
  double share;  // of the period passed, [0, 1)
};

Phase PhaseAt(int64_t time_ns, int64_t period_ns) {
  return {static_cast<uint64_t>(time_ns / period_ns),
          static_cast<double>(time_ns % period_ns) / static_cast<double>(period_ns)};
}

// sin(pi x) for x in [0, 1], after Bhaskara: within 0.002. libm's sine may differ in the last bit
// from one C library to the next, this does not.
double HalfSine(double x) { return 16 * x * (1 - x) / (5 - 4 * x * (1 - x)); }

// 0 at the start of a period, 1 in its middle.
double RaisedCosine(double share) {
  const double shifted = share < 0.25 ? share + 0.75 : share - 0.25;
  const double sine = shifted < 0.5 ? HalfSine(shifted * 2) : -HalfSine(shifted * 2 - 1);
  return (1 + sine) / 2;
}

double SmoothNoise(uint64_t seed, const Phase& phase) {
  const double from = UnitNoise(seed, phase.slot);
  const double to = UnitNoise(seed, phase.slot + 1);
  const double blend = phase.share * phase.share * (3 - 2 * phase.share);
  return from + (to - from) * blend;
}

double Wander(const LoadCurve& curve, int64_t time_ns, uint64_t seed) {
  const double slow = SmoothNoise(seed, PhaseAt(time_ns, curve.period_ns));
  const int64_t quick_ns = std::max(curve.period_ns / 5, int64_t{1});
  const double quick = SmoothNoise(Mix(seed), PhaseAt(time_ns, quick_ns));
  return 0.75 * slow + 0.25 * quick;
}

// One burst lies somewhere in each period, except in the idle fifth of them.
double Burst(const LoadCurve& curve, int64_t time_ns, uint64_t seed) {
  const Phase phase = PhaseAt(time_ns, curve.period_ns);
  const uint64_t slot_seed = Mix(seed, phase.slot);
  if (UnitNoise(slot_seed, 0) < 0.2) return 0;
  const double length = std::min(curve.duty * (0.5 + UnitNoise(slot_seed, 1)), 1.0);
  const double start = (1 - length) * UnitNoise(slot_seed, 2);
  if (phase.share < start || phase.share >= start + length) return 0;
  const Phase request = PhaseAt(time_ns, 400 * kMillisecondNs);
  return 0.65 + 0.35 * SmoothNoise(slot_seed, request);
}

double Level(const LoadCurve& curve, int64_t time_ns) {
  if (curve.levels.empty()) return 0;
  return curve.levels[PhaseAt(time_ns, curve.period_ns).slot % curve.levels.size()];
}

}  // namespace

double EvaluateLoad(const LoadCurve& curve, int64_t time_ns, uint64_t seed) {
  const int64_t time = time_ns + curve.offset_ns;
  const double share = PhaseAt(time, curve.period_ns).share;
  double height = 1;
  switch (curve.shape) {
    case LoadShape::kConstant:
      break;
    case LoadShape::kSine:
      height = RaisedCosine(share);
      break;
    case LoadShape::kSquare:
      height = share < curve.duty ? 1 : 0;
      break;
    case LoadShape::kRamp:
      height = share;
      break;
    case LoadShape::kSteps:
      return Level(curve, time);
    case LoadShape::kNoise:
      height = Wander(curve, time, seed);
      break;
    case LoadShape::kInference:
      height = Burst(curve, time, seed);
      break;
  }
  return curve.minimum + (curve.maximum - curve.minimum) * height;
}

CurveWorkload::CurveWorkload(LoadCurve curve, const Board& board, uint64_t seed)
    : curve_(std::move(curve)),
      range_(PowerRangeOf(board)),
      power_refresh_ns_(board.power_refresh_ms * kMillisecondNs),
      load_refresh_ns_(board.utilization_refresh_ms * kMillisecondNs),
      seed_(seed) {}

double CurveWorkload::LoadAt(int64_t time_ns) const {
  const int64_t window_end = time_ns - time_ns % load_refresh_ns_;
  double sum = 0;
  for (int i = 0; i < kPointsOfLoad; ++i) {
    const int64_t look = window_end - i * (load_refresh_ns_ / kPointsOfLoad);
    sum += EvaluateLoad(curve_, std::max(look, int64_t{0}), seed_);
  }
  return std::clamp(sum / kPointsOfLoad, 0.0, 1.0);
}

double CurveWorkload::PowerMilliwattsAt(int64_t time_ns) const {
  const int64_t refresh = time_ns / power_refresh_ns_;
  const double load = EvaluateLoad(curve_, refresh * power_refresh_ns_, seed_);
  const double jitter = SignedNoise(Mix(seed_, 0x706f776572), static_cast<uint64_t>(refresh));
  return PowerForLoad(range_, std::clamp(load, 0.0, 1.0)) * (1 + kPowerJitter * jitter);
}

double CurveWorkload::MeanPowerMilliwattsAt(int64_t time_ns) const {
  const int64_t refresh = time_ns - time_ns % power_refresh_ns_;
  double sum = 0;
  for (int i = 0; i < kPointsOfMean; ++i) {
    sum += PowerMilliwattsAt(std::max(refresh - i * (kSecondNs / kPointsOfMean), int64_t{0}));
  }
  return sum / kPointsOfMean;
}

double CurveWorkload::EnergyMillijoules(int64_t from_ns, int64_t to_ns) const {
  const double seconds = static_cast<double>(to_ns - from_ns) / kSecondNs;
  return PowerMilliwattsAt(from_ns) * seconds;
}

}  // namespace gpuring::simulator
