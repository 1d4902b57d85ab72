#include "core/ledger_share.h"

#include <bit>
#include <utility>

namespace gpuring {

static_assert(std::endian::native == std::endian::little, "the low half of word w is half 2w");

LedgerShare::Shards LedgerShare::AllShards() const {
  StdAtomics::Cell* const cells = block_->cells();
  const Shards::Place place = {cells + kBlockLedgerClockWord, cells + kBlockLedgerSharesWord,
                               cells + kBlockLedgerShardsWord, cells + layout_.LedgerWord()};
  return {place, layout_.Ledger()};
}

bool LedgerShare::Claim(size_t* shard) {
  if (freed_) return false;
  if (shard_ == Shards::kNoShard) shard_ = AllShards().Claim();
  *shard = shard_;
  return shard_ != Shards::kNoShard;
}

void LedgerShare::Free() {
  freed_ = true;
  const size_t shard = std::exchange(shard_, Shards::kNoShard);
  if (shard != Shards::kNoShard) AllShards().Free(shard);
}

// Of two sizes, as the memory is used: JavaScript's 32 bits and the words of C++.
std::atomic_ref<int32_t> LedgerShare::Half(uint64_t half) const {
  return std::atomic_ref<int32_t>(reinterpret_cast<int32_t*>(block_->words())[half]);
}

bool LedgerShare::IsOwn(uint64_t word) const {
  if (shard_ == Shards::kNoShard) return false;
  const uint64_t first = layout_.LedgerWord() + layout_.Ledger().ShardWord(shard_);
  return word >= first && word < first + layout_.Ledger().ShardWords();
}

int32_t LedgerShare::Load(uint64_t half) const {
  const uint64_t word = half / 2;
  const bool header = word >= kBlockLedgerClockWord && word <= kBlockLedgerShardsWord;
  const bool ledger = word >= layout_.LedgerWord() && word < layout_.Cells();
  return header || ledger ? Half(half).load() : 0;
}

void LedgerShare::Store(uint64_t half, int32_t value) {
  const uint64_t word = half / 2;
  const uint64_t log = layout_.LedgerWord();
  const bool logged = shard_ != Shards::kNoShard && word >= log && word < log + kLedgerLogWords;
  if (logged || IsOwn(word)) Half(half).store(value);
}

int32_t LedgerShare::Add(uint64_t half, int32_t value) {
  const bool clock = shard_ != Shards::kNoShard && half == 2 * kBlockLedgerClockWord;
  return clock || IsOwn(half / 2) ? Half(half).fetch_add(value) : 0;
}

}  // namespace gpuring
