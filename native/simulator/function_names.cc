#include "simulator/function_names.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace gpuring::simulator {
namespace {

// Open addressing, filled when the program is compiled: every call looks its function up here.
constexpr size_t kSlots = 1024;
static_assert(kSlots > 2 * kFunctionNames.size());

constexpr uint64_t Bytes(std::string_view text, size_t at) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < 8; ++i) {
    bytes |= uint64_t{static_cast<unsigned char>(text[at + i])} << (8 * i);
  }
  return bytes;
}

// Eight bytes at a time, some of the last ones twice.
constexpr size_t Hash(std::string_view name) {
  constexpr uint64_t kOdd = 0x9e37'79b9'7f4a'7c15;
  if (name.size() < 8) return name.size();
  uint64_t hash = name.size();
  for (size_t at = 0; at + 8 < name.size(); at += 8) hash = (hash ^ Bytes(name, at)) * kOdd;
  hash = (hash ^ hash >> 29 ^ Bytes(name, name.size() - 8)) * kOdd;
  return (hash >> 40) % kSlots;
}

// 1 + index of a name; 0: free.
constexpr auto kTable = [] {
  std::array<uint16_t, kSlots> table{};
  for (size_t i = 0; i < kFunctionNames.size(); ++i) {
    size_t slot = Hash(kFunctionNames[i]);
    while (table[slot] != 0) slot = (slot + 1) % kSlots;
    table[slot] = static_cast<uint16_t>(i + 1);
  }
  return table;
}();

// No name is half as long.
constexpr size_t kLongestPattern = 128;

constexpr size_t kMistake = 2;
constexpr size_t kWrongCase = 1;

size_t CostOfChange(char from, char to) {
  if (from == to) return 0;
  return (from | 0x20) == (to | 0x20) ? kWrongCase : kMistake;
}

// What it costs to change characters of the pattern, add some or leave some out until it matches.
size_t Distance(std::string_view pattern, std::string_view name) {
  // costs[i]: of the pattern so far against the first i characters of the name.
  std::vector<size_t> costs(name.size() + 1);
  for (size_t i = 0; i < costs.size(); ++i) costs[i] = i * kMistake;
  for (const char letter : pattern) {
    const bool star = letter == '*';
    const size_t one = star ? 0 : kMistake;
    size_t diagonal = costs[0];
    costs[0] += one;
    for (size_t i = 1; i < costs.size(); ++i) {
      const size_t left_out = costs[i] + one;
      const size_t added = costs[i - 1] + one;
      const size_t changed = diagonal + (star ? 0 : CostOfChange(letter, name[i - 1]));
      diagonal = costs[i];
      costs[i] = std::min({left_out, added, changed});
    }
  }
  return costs.back();
}

}  // namespace

size_t FunctionIndexOf(std::string_view name) {
  for (size_t slot = Hash(name); kTable[slot] != 0; slot = (slot + 1) % kSlots) {
    const size_t index = kTable[slot] - size_t{1};
    if (kFunctionNames[index] == name) return index;
  }
  return kFunctionNames.size();
}

std::string_view NearestFunctionName(std::string_view pattern) {
  pattern = pattern.substr(0, kLongestPattern);
  return *std::min_element(kFunctionNames.begin(), kFunctionNames.end(),
                           [pattern](std::string_view a, std::string_view b) {
                             return Distance(pattern, a) < Distance(pattern, b);
                           });
}

}  // namespace gpuring::simulator
