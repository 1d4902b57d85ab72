// How many lanes the kernels of this folder keep, whatever the width of a vector.
#pragma once

#include <cstddef>

namespace gpuring {

inline constexpr size_t kLanes = 16;

}  // namespace gpuring
