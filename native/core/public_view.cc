#include "core/public_view.h"

#include <algorithm>
#include <array>
#include <bit>

namespace gpuring {
namespace {

// Bounds the scratch on the stack; a longer range is read in several goes.
constexpr size_t kSamplesAtOnce = 64;

// A row is written once a period and copied in well under a microsecond.
constexpr int kCopyAttempts = 1000;

PublishedBlock<StdAtomics> BlockOf(const Sampler& sampler) {
  return {sampler.block()->cells(), {sampler.devices().size(), kRowWords}};
}

void Convert(const Sample& sample, std::span<double, kPublicSampleDoubles> out) {
  PublishedRow row;
  row.SetSample(sample);
  const auto words = std::span(row.words()).subspan(kRowSequenceWord - 1);
  std::ranges::transform(words, out.begin(),
                         [](uint64_t word) { return std::bit_cast<double>(word); });
}

}  // namespace

uint64_t ReadPublicHistory(const Sampler& sampler, size_t row, uint64_t from_sequence,
                           std::span<double> out) {
  std::array<Sample, kSamplesAtOnce> scratch;
  const uint64_t room = out.size() / kPublicSampleDoubles;
  uint64_t copied = 0;
  uint64_t next = from_sequence;
  while (copied < room) {
    const auto wanted = static_cast<size_t>(std::min<uint64_t>(kSamplesAtOnce, room - copied));
    HistoryRead read;
    sampler.ReadHistory(row, next, std::span(scratch).first(wanted), &read);
    for (size_t i = 0; i < read.count; i++, copied++) {
      Convert(scratch[i], out.subspan(copied * kPublicSampleDoubles).first<kPublicSampleDoubles>());
    }
    if (read.count == 0 || read.next > read.newest) break;
    next = read.next;
  }
  return copied;
}

bool CopyRow(const Sampler& sampler, size_t row, std::span<uint64_t> words) {
  if (row >= sampler.devices().size()) return false;
  const auto block = BlockOf(sampler);
  for (int attempt = 0; attempt < kCopyAttempts; attempt++) {
    uint64_t version = 0;
    if (block.TryReadRow(row, words.subspan(1), &version) == LockedRead::kConsistent) {
      words[kRowLockWord] = 2 * version;
      return version != 0;
    }
  }
  return false;
}

uint64_t HeaderWord(const Sampler& sampler, size_t word) {
  return BlockOf(sampler).LoadHeader(word);
}

}  // namespace gpuring
