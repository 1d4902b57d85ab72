#include "simulator/roster.h"

#include <algorithm>

namespace gpuring::simulator {

void Roster::Begin(size_t count) {
  devices_.assign(count, {});
  order_.clear();
  for (size_t i = 0; i < count; ++i) order_.push_back(static_cast<int>(i));
}

void Roster::Add() {
  order_.push_back(static_cast<int>(devices_.size()));
  devices_.emplace_back();
}

int Roster::PositionAt(unsigned int index) const {
  return index < order_.size() ? order_[index] : -1;
}

int Roster::IndexOf(int position) const {
  const auto found = std::find(order_.begin(), order_.end(), position);
  return found == order_.end() ? -1 : static_cast<int>(found - order_.begin());
}

void Roster::Remove(int position) {
  At(position).presence = Presence::kRemoved;
  std::erase(order_, position);
}

void Roster::Restore(int position) {
  if (At(position).presence == Presence::kRemoved) {
    const auto after = std::find_if(order_.begin(), order_.end(),
                                    [position](int other) { return other > position; });
    order_.insert(after, position);
  }
  At(position).presence = Presence::kPresent;
  ++At(position).serial;
}

bool Roster::Order(std::span<const int> positions) {
  if (!std::is_permutation(positions.begin(), positions.end(), order_.begin(), order_.end())) {
    return false;
  }
  order_.assign(positions.begin(), positions.end());
  return true;
}

}  // namespace gpuring::simulator
