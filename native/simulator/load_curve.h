// Load made up from a shape and a seed.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "simulator/workload.h"

namespace gpuring::simulator {

enum class LoadShape : uint8_t {
  kConstant,   // `maximum`
  kSine,       // up and down between minimum and maximum once a period
  kSquare,     // `maximum` for the first `duty` of a period, then `minimum`
  kRamp,       // from minimum to maximum over a period, then again
  kSteps,      // `levels` in turn, a period each
  kNoise,      // wanders between minimum and maximum; a new direction about once a period
  kInference,  // mostly `minimum`, with bursts towards `maximum`: about one a period, at random
};
inline constexpr std::array<std::string_view, 7> kLoadShapeNames = {
    "constant", "sine", "square", "ramp", "steps", "noise", "inference"};

// Loads are 0..1.
struct LoadCurve {
  LoadShape shape = LoadShape::kConstant;
  int64_t period_ns = 30'000'000'000;  // positive
  double minimum = 0;
  double maximum = 0;
  double duty = 0.5;
  std::vector<double> levels;
  int64_t offset_ns = 0;  // how far into its curve a device starts; not negative
};

// The curve itself, unrefreshed and without the board.
[[nodiscard]] double EvaluateLoad(const LoadCurve& curve, int64_t time_ns, uint64_t seed);

// A curve run on a board, seen through the driver's refresh periods.
class CurveWorkload : public Workload {
 public:
  CurveWorkload(LoadCurve curve, const Board& board, uint64_t seed);

  double LoadAt(int64_t time_ns) const override;
  double PowerMilliwattsAt(int64_t time_ns) const override;
  double MeanPowerMilliwattsAt(int64_t time_ns) const override;
  double EnergyMillijoules(int64_t from_ns, int64_t to_ns) const override;

 private:
  LoadCurve curve_;
  PowerRange range_;
  int64_t power_refresh_ns_;
  int64_t load_refresh_ns_;
  uint64_t seed_;
};

}  // namespace gpuring::simulator
