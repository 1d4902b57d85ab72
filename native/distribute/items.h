// What is assigned, one after another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace gpuring {

struct Items {
  std::span<const double> costs;
  std::span<const double> bytes;    // of each, or empty: nothing
  std::span<const uint64_t> order;  // places, in the lower halves; empty: as they are

  [[nodiscard]] size_t count() const { return costs.size(); }
  [[nodiscard]] size_t PlaceOf(size_t turn) const {
    return order.empty() ? turn : static_cast<uint32_t>(order[turn]);
  }
};

}  // namespace gpuring
