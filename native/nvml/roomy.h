// Room behind what a driver answers in: some write more than they declare.
#pragma once

#include <array>
#include <cstddef>

namespace gpuring {

inline constexpr size_t kRoomBehind = 64;  // bytes

template <typename Struct>
struct Roomy {
  Struct value{};
  std::array<std::byte, kRoomBehind> room{};

  Struct* operator->() { return &value; }
};

}  // namespace gpuring
