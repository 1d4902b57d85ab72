#include "distribute/item_order.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <utility>

namespace gpuring {
namespace {

using Words = std::span<uint64_t>;

constexpr int kPlaceBits = 32;
constexpr int kDigitBits = 11;
constexpr size_t kMostDigits = 3;  // 32 bits of a key
// Of up to so many costs two digits tell most apart.
constexpr size_t kTwoDigits = size_t{1} << 18;
constexpr size_t kBuckets = size_t{1} << kDigitBits;
// Below that, clearing and adding up the buckets takes longer than sorting does.
constexpr size_t kFew = 512;
// Longer runs are sorted, shorter ones item by item.
constexpr size_t kShortRun = 16;

using Buckets = std::array<uint32_t, kBuckets>;

// Doubles from 0 on are in the order of their bits. A key is how far its bits are below the
// greatest, without the last `shift` of them.
struct Keys {
  explicit Keys(std::span<const double> costs)
      : digits(costs.size() <= kTwoDigits ? kMostDigits - 1 : kMostDigits) {
    uint64_t least = std::numeric_limits<uint64_t>::max();
    uint64_t different = 0;
    for (const double cost : costs) {
      const auto bits = std::bit_cast<uint64_t>(cost);
      greatest = std::max(greatest, bits);
      least = std::min(least, bits);
      different |= bits ^ std::bit_cast<uint64_t>(costs[0]);
    }
    const int room = std::min(static_cast<int>(digits) * kDigitBits, kPlaceBits);
    shift = std::max(0, static_cast<int>(std::bit_width(greatest - least)) - room);
    are_whole = (different & ((uint64_t{1} << shift) - 1)) == 0;
  }

  // With the place below, which keeps equal keys in order.
  [[nodiscard]] uint64_t Word(double cost, size_t place) const {
    return (greatest - std::bit_cast<uint64_t>(cost)) >> shift << kPlaceBits | place;
  }

  size_t digits;
  uint64_t greatest = 0;
  int shift = 0;
  bool are_whole = false;  // all have the bits that keys lack in common, as of whole numbers
};

size_t Digit(uint64_t word, size_t digit) {
  return word >> (kPlaceBits + digit * kDigitBits) & (kBuckets - 1);
}

// Least digit first; a digit that all have in common is passed over.
template <size_t kDigits>
Words SortByDigits(Words words, Words room) {
  std::array<Buckets, kDigits> starts = {};
  for (const uint64_t word : words) {
    for (size_t digit = 0; digit < kDigits; digit++) starts[digit][Digit(word, digit)]++;
  }
  for (size_t digit = 0; digit < kDigits; digit++) {
    Buckets& start = starts[digit];
    if (start[Digit(words[0], digit)] == words.size()) continue;
    uint32_t sum = 0;
    for (uint32_t& bucket : start) bucket = std::exchange(sum, sum + bucket);
    for (const uint64_t word : words) room[start[Digit(word, digit)]++] = word;
    std::swap(words, room);
  }
  return words;
}

// Puts right what only differs in bits that the keys lack.
void SortRuns(std::span<const double> costs, std::span<uint64_t> words) {
  const auto before = [&](uint64_t a, uint64_t b) {
    const auto place_a = static_cast<uint32_t>(a);
    const auto place_b = static_cast<uint32_t>(b);
    const double difference = costs[place_a] - costs[place_b];
    return difference > 0 || (difference == 0 && place_a < place_b);
  };
  for (size_t start = 0; start < words.size();) {
    size_t end = start + 1;
    while (end < words.size() && (words[start] ^ words[end]) >> kPlaceBits == 0) {
      end++;
      if (end - start > kShortRun) continue;
      for (size_t i = end - 1; i > start && before(words[i], words[i - 1]); i--) {
        std::swap(words[i], words[i - 1]);
      }
    }
    if (end - start > kShortRun) std::sort(&words[start], words.data() + end, before);
    start = end;
  }
}

}  // namespace

std::span<const uint64_t> OrderDescending(std::span<const double> costs,
                                          std::span<uint64_t> memory) {
  const size_t count = costs.size();
  Words words = memory.first(count);
  const Words room = memory.last(count);
  const Keys keys(costs);
  for (size_t i = 0; i < count; i++) words[i] = keys.Word(costs[i], i);
  if (count < kFew) {
    std::sort(words.begin(), words.end());
  } else if (keys.digits < kMostDigits) {
    words = SortByDigits<kMostDigits - 1>(words, room);
  } else {
    words = SortByDigits<kMostDigits>(words, room);
  }
  if (!keys.are_whole) SortRuns(costs, words);
  return words;
}

}  // namespace gpuring
