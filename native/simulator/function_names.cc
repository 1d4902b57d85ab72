#include "simulator/function_names.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace gpuring::simulator {
namespace {

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

std::string_view NearestFunctionName(std::string_view pattern) {
  pattern = pattern.substr(0, kLongestPattern);
  return *std::min_element(kFunctionNames.begin(), kFunctionNames.end(),
                           [pattern](std::string_view a, std::string_view b) {
                             return Distance(pattern, a) < Distance(pattern, b);
                           });
}

}  // namespace gpuring::simulator
