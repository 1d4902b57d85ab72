// Samples as the layers above want them: words that hold doubles in public units.
#pragma once

#include <cstdint>
#include <span>

#include "core/published_row.h"
#include "core/sampler.h"

namespace gpuring {

// A sample of the history in doubles: a row of the published block from kRowSequenceWord on.
inline constexpr size_t kPublicSampleDoubles = kRowWords - kRowSequenceWord;

// Copies the samples of `row` from `from_sequence` on that are still there, oldest first, one
// after another. Returns how many; at most out.size() / kPublicSampleDoubles. Any thread.
[[nodiscard]] uint64_t ReadPublicHistory(const Sampler& sampler, size_t row, uint64_t from_sequence,
                                         std::span<double> out);

// Copies a row of the block, whole. False: the row was never written, the writer was in the way
// every time, or there is no such row; `words` is void then. REQUIRES: the sampler runs;
// words.size() is kRowWords. Any thread.
[[nodiscard]] bool CopyRow(const Sampler& sampler, size_t row, std::span<uint64_t> words);

// A word of the block's header. REQUIRES: the sampler runs; word < kBlockHeaderWords. Any thread.
[[nodiscard]] uint64_t HeaderWord(const Sampler& sampler, size_t word);

}  // namespace gpuring
