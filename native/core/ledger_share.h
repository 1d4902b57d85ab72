// One session's part in the ledger, and its way there where JavaScript does not see the memory.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/block_memory.h"
#include "core/published_block.h"

namespace gpuring {

// Keeps the memory. Thread rules: a share belongs to one thread.
class LedgerShare {
 public:
  // REQUIRES: the block of that layout is formatted.
  LedgerShare(std::shared_ptr<BlockMemory> block, const BlockLayout& layout)
      : block_(std::move(block)), layout_(layout) {}
  ~LedgerShare() { Free(); }
  LedgerShare(const LedgerShare&) = delete;
  LedgerShare& operator=(const LedgerShare&) = delete;

  // The shard, the same each time. False: all are taken, or it was let go of.
  [[nodiscard]] bool Claim(size_t* shard);
  // Zeroes the shard and lets go of it, for good. Idempotent.
  void Free();

  // As JavaScript's Atomics on the block's memory as 32-bit halves of words. Loads of what is not
  // the ledger's give 0; stores are refused but for the own shard and the log, additions but for
  // the own shard and the clock.
  [[nodiscard]] int32_t Load(uint64_t half) const;
  void Store(uint64_t half, int32_t value);
  int32_t Add(uint64_t half, int32_t value);

 private:
  using Shards = LedgerShards<StdAtomics>;

  [[nodiscard]] Shards AllShards() const;
  [[nodiscard]] std::atomic_ref<int32_t> Half(uint64_t half) const;
  [[nodiscard]] bool IsOwn(uint64_t word) const;

  const std::shared_ptr<BlockMemory> block_;
  const BlockLayout layout_;
  size_t shard_ = Shards::kNoShard;
  bool freed_ = false;
};

}  // namespace gpuring
