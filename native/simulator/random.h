// Numbers that depend on nothing but their arguments: the same on every machine and library, which
// the distributions of <random> do not promise.
#pragma once

#include <cstdint>

namespace gpuring::simulator {

// One step of splitmix64 (Steele, Lea, Flood 2014), used as a hash.
[[nodiscard]] constexpr uint64_t Mix(uint64_t value) {
  value += 0x9E3779B97F4A7C15;
  value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9;
  value = (value ^ value >> 27) * 0x94D049BB133111EB;
  return value ^ value >> 31;
}

[[nodiscard]] constexpr uint64_t Mix(uint64_t seed, uint64_t value) {
  return Mix(Mix(seed) ^ value);
}

// In [0, 1).
[[nodiscard]] constexpr double UnitNoise(uint64_t seed, uint64_t value) {
  return static_cast<double>(Mix(seed, value) >> 11) * 0x1p-53;
}

// In [-1, 1).
[[nodiscard]] constexpr double SignedNoise(uint64_t seed, uint64_t value) {
  return 2 * UnitNoise(seed, value) - 1;
}

}  // namespace gpuring::simulator
