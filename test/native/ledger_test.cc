#include "core/ledger.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "check.h"
#include "core/block_memory.h"
#include "core/ledger_share.h"
#include "core/published_row.h"

namespace gpuring {
namespace {

constexpr BlockLayout kLayout = {4, kRowWords, kLedgerShards};
constexpr uint64_t kCellsOfRow = 2 * kLedgerRowWords;

std::shared_ptr<BlockMemory> Formatted(const BlockLayout& layout = kLayout) {
  auto memory = BlockMemory::Allocate(layout);
  PublishedBlock<StdAtomics>(memory->cells(), layout).Format();
  return memory;
}

// Index of a 32-bit cell from the block's start.
uint64_t CellAt(size_t shard, size_t row, size_t cell) {
  const size_t word = kLayout.LedgerWord() + kLayout.Ledger().ShardWord(shard);
  return 2 * word + row * kCellsOfRow + cell;
}

size_t Claimed(LedgerShare* share) {
  size_t shard = SIZE_MAX;
  CHECK(share->Claim(&shard));
  return shard;
}

TEST("ledger: lies behind the rows, in cache lines of their own") {
  CHECK_EQ(kLayout.LedgerWord(), kBlockHeaderWords + 4 * kLayout.RowStride());
  CHECK_EQ(kLayout.Ledger().Words(), 128u + 64u * 4u * 8u);
  CHECK_EQ(kLayout.Ledger().ShardWord(2) - kLayout.Ledger().ShardWord(1), 4u * 8u);
  CHECK_EQ((kLayout.LedgerWord() + kLayout.Ledger().ShardWord(0)) % 8, 0u);
  const auto memory = Formatted();
  CHECK_EQ(memory->byte_size(), 8 * (kLayout.LedgerWord() + kLayout.Ledger().Words()));
  CHECK_EQ(memory->words()[kBlockLedgerClockWord], kLedgerLogEntries);
  CHECK_EQ(kBlockLedgerClockWord % 8, 0u);
  CHECK(kBlockLedgerShardsWord < kBlockHeaderWords);
}

// Of the ledger of a block as large as the sampler's.
size_t ResidentPages(BlockMemory* memory, const BlockLayout& layout) {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t from = (layout.LedgerWord() * 8 + page - 1) / page * page;
  const size_t bytes = memory->byte_size() - from;
  std::vector<unsigned char> pages((bytes + page - 1) / page);
  auto* const begin = reinterpret_cast<unsigned char*>(memory->words()) + from;
  CHECK_EQ(mincore(begin, bytes, pages.data()), 0);
  return static_cast<size_t>(
      std::ranges::count_if(pages, [](unsigned char one) { return one & 1; }));
}

TEST("ledger: takes memory as it is used") {
  constexpr BlockLayout kWhole = {256, kRowWords, kLedgerShards};
  const auto memory = Formatted(kWhole);
  CHECK_EQ(ResidentPages(memory.get(), kWhole), 0u);
  LedgerShare share(memory, kWhole);
  CHECK_EQ(Claimed(&share), 0u);
  CHECK(ResidentPages(memory.get(), kWhole) <= 1);
}

TEST("ledger: every session has a shard of its own until there are none") {
  const auto memory = Formatted();
  std::vector<std::unique_ptr<LedgerShare>> shares;
  std::set<size_t> shards;
  for (size_t i = 0; i < kLedgerShards; i++) {
    shares.push_back(std::make_unique<LedgerShare>(memory, kLayout));
    shards.insert(Claimed(shares.back().get()));
    CHECK_EQ(Claimed(shares.back().get()), i);
    CHECK_EQ(memory->words()[kBlockLedgerSharesWord], i + 1);
  }
  CHECK_EQ(shards.size(), kLedgerShards);
  LedgerShare late(memory, kLayout);
  size_t shard = 0;
  CHECK(!late.Claim(&shard));
  CHECK_EQ(memory->words()[kBlockLedgerSharesWord], kLedgerShards);
  shares[40] = nullptr;
  CHECK_EQ(Claimed(&late), 40u);
}

TEST("ledger: a shard that is let go of is zeroed, and all are told to look") {
  const auto memory = Formatted();
  LedgerShare stays(memory, kLayout);
  LedgerShare goes(memory, kLayout);
  CHECK_EQ(Claimed(&stays), 0u);
  CHECK_EQ(Claimed(&goes), 1u);
  for (size_t row = 0; row < 4; row++) {
    for (size_t cell = 0; cell < kCellsOfRow; cell++) {
      stays.Store(CellAt(0, row, cell), 5);
      goes.Store(CellAt(1, row, cell), -1);
    }
  }
  const uint64_t clock = memory->words()[kBlockLedgerClockWord];
  goes.Free();
  goes.Free();
  CHECK_EQ(memory->words()[kBlockLedgerClockWord], clock + kLedgerLogEntries);
  CHECK_EQ(memory->words()[kBlockLedgerSharesWord], 1u);
  CHECK_EQ(memory->words()[kBlockLedgerShardsWord], 1u);
  for (size_t cell = 0; cell < 4 * kCellsOfRow; cell++) {
    CHECK_EQ(stays.Load(CellAt(1, 0, cell)), 0);
    CHECK_EQ(stays.Load(CellAt(0, 0, cell)), 5);
  }
  size_t shard = 0;
  CHECK(!goes.Claim(&shard));
}

TEST("ledger: without the memory, the same cells, and no others") {
  const auto memory = Formatted();
  LedgerShare mine(memory, kLayout);
  LedgerShare other(memory, kLayout);
  mine.Store(CellAt(0, 0, 0), 1);
  CHECK_EQ(mine.Add(2 * kBlockLedgerClockWord, 1), 0);
  CHECK_EQ(mine.Load(CellAt(0, 0, 0)), 0);
  CHECK_EQ(Claimed(&mine), 0u);
  CHECK_EQ(Claimed(&other), 1u);
  mine.Store(CellAt(0, 3, 15), -7);
  CHECK_EQ(reinterpret_cast<int32_t*>(memory->words())[CellAt(0, 3, 15)], -7);
  CHECK_EQ(mine.Add(CellAt(0, 3, 15), 10), -7);
  CHECK_EQ(other.Load(CellAt(0, 3, 15)), 3);
  CHECK_EQ(mine.Add(2 * kBlockLedgerClockWord, 1), static_cast<int32_t>(kLedgerLogEntries));
  const uint64_t log = 2 * kLayout.LedgerWord();
  mine.Store(log + kLedgerLogEntries - 1, 77);
  CHECK_EQ(other.Load(log + kLedgerLogEntries - 1), 77);
  CHECK_EQ(mine.Load(2 * kBlockLedgerSharesWord), 2);
  CHECK_EQ(mine.Load(2 * kBlockLedgerShardsWord), 3);

  std::vector<uint64_t> before(memory->words(), memory->words() + kLayout.Cells());
  const std::array<uint64_t, 8> refused = {0,
                                           2 * kBlockDriverWord,
                                           2 * kBlockLedgerSharesWord,
                                           2 * kBlockLedgerShardsWord,
                                           2 * kBlockHeaderWords,
                                           CellAt(1, 0, 0),
                                           2 * kLayout.Cells(),
                                           UINT64_MAX};
  for (const uint64_t half : refused) {
    mine.Store(half, 9);
    CHECK_EQ(mine.Add(half, 9), 0);
  }
  mine.Store(2 * kBlockLedgerClockWord, 9);
  CHECK_EQ(mine.Add(log, 9), 0);
  CHECK(std::ranges::equal(before, std::span(memory->words(), kLayout.Cells())));
  for (const uint64_t half :
       {uint64_t{0}, uint64_t{2 * kBlockChangesWord}, uint64_t{2 * kLayout.Cells()}, UINT64_MAX}) {
    CHECK_EQ(mine.Load(half), 0);
  }
}

// What JavaScript does to grant one unit of a row, and to give it back; lib/leases/ledger.ts.
class Grantor {
 public:
  Grantor(const std::shared_ptr<BlockMemory>& memory, int32_t limit)
      : share_(memory, kLayout), limit_(limit), shard_(Claimed(&share_)) {}

  bool TryGrant() {
    const int32_t own = share_.Add(CellAt(shard_, 0, 0), 1) + 1;
    const bool alone = share_.Load(2 * kBlockLedgerSharesWord) == 1;
    if ((alone ? own : Total()) <= limit_) return true;
    Return();
    return false;
  }
  void Return() { share_.Add(CellAt(shard_, 0, 0), -1); }

 private:
  [[nodiscard]] int32_t Total() const {
    const auto taken = static_cast<uint32_t>(share_.Load(2 * kBlockLedgerShardsWord));
    int32_t total = 0;
    for (size_t shard = 0; shard < 32; shard++) {
      if ((taken >> shard & 1) != 0) total += share_.Load(CellAt(shard, 0, 0));
    }
    return total;
  }

  LedgerShare share_;
  const int32_t limit_;
  const size_t shard_;
};

TEST("ledger: sessions that come, grant, and go with leases never pass a limit") {
  constexpr int32_t kLimit = 3;
  constexpr int kSessions = 10'000;
  const auto memory = Formatted();
  std::atomic<int32_t> held{0};
  std::atomic<int32_t> most{0};
  std::atomic<int> granted{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; thread++) {
    threads.emplace_back([&] {
      for (int session = 0; session < kSessions; session++) {
        Grantor grantor(memory, kLimit);
        int32_t mine = 0;
        for (int attempt = 0; attempt < 40; attempt++) {
          if (attempt % 4 == 3 && mine > 0) {
            held--;
            mine--;
            grantor.Return();
          } else if (grantor.TryGrant()) {
            const int32_t now = ++held;
            mine++;
            granted++;
            int32_t before = most;
            while (now > before && !most.compare_exchange_weak(before, now)) {
            }
          }
        }
        held -= mine;  // its shard is zeroed with them in it
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(granted > kSessions);
  CHECK(most >= 1 && most <= kLimit);
  CHECK_EQ(memory->words()[kBlockLedgerSharesWord], 0u);
  CHECK_EQ(memory->words()[kBlockLedgerShardsWord], 0u);
  const size_t first = kLayout.LedgerWord() + kLayout.Ledger().ShardWord(0);
  for (size_t word = first; word < kLayout.Cells(); word++) CHECK_EQ(memory->words()[word], 0u);
}

}  // namespace
}  // namespace gpuring
