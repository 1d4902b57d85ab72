// The production block under the explorer: read by C++, and read as JavaScript reads it.
#include "core/published_block.h"

#include <array>
#include <memory>

#include "verdict.h"

namespace gpuring::explorer {
namespace {

constexpr size_t kWords = 2;  // of a row, after the lock word
constexpr BlockLayout kLayout = {.row_capacity = 1, .row_words = 1 + kWords};
constexpr uint64_t kRounds = 2;

template <class Orders>
using Block = PublishedBlock<ExplorerAtomics, Orders>;

// Both halves of a word tell the write that it came from.
constexpr uint64_t BothHalves(uint64_t version) { return version << 32 | version; }

// The sampler's way: the round's start, its row, the count of rounds.
template <class Orders>
void WriteRounds(Cell* cells) {
  Block<Orders> block(cells, kLayout);
  for (uint64_t round = 1; round <= kRounds; round++) {
    block.StoreHeader(kBlockRoundStartWord, round);
    const std::array<uint64_t, kWords> words = {BothHalves(round), BothHalves(round)};
    block.WriteRow(0, words);
    block.StoreHeader(kBlockRoundsWord, round);
  }
}

template <class Orders>
Program BlockProgram(std::function<void(Cell*)> reader) {
  Program program;
  program.setup = [](Cell* cells) { Block<Orders>(cells, kLayout).Format(); };
  program.threads = {WriteRounds<Orders>, std::move(reader)};
  program.interleaving = Interleaving::kInOrder;
  return program;
}

// Rounds first, then the row, then the start: each must be as new as the one before tells.
template <class Orders>
Program NativeReader() {
  return BlockProgram<Orders>([](Cell* cells) {
    const Block<Orders> block(cells, kLayout);
    for (int attempt = 0; attempt < 2; attempt++) {
      const uint64_t rounds = block.LoadHeader(kBlockRoundsWord);
      std::array<uint64_t, kWords> words{};
      uint64_t version = 0;
      const LockedRead outcome = block.TryReadRow(0, words, &version);
      Require(version >= rounds);  // a round that is counted has no row still being written
      if (outcome != LockedRead::kConsistent) continue;
      Require(words[0] == BothHalves(version) && words[1] == words[0]);
      Require(block.LoadHeader(kBlockRoundStartWord) >= version);
    }
  });
}

uint64_t LowHalf(const Cell& cell, Order order) { return cell.Load(order) & 0xffff'ffff; }
uint64_t HighHalf(const Cell& cell, Order order) { return cell.Load(order) >> 32; }

// Atomics.load on halves of words: no fence, every load at least an acquire. `order` is what the
// loads are worth, so that too little can be shown to be caught.
struct JavaScriptLoads {
  Order lock = Order::kAcquire;
  Order payload = Order::kAcquire;
};

template <class Orders>
Program JavaScriptRowReader(const JavaScriptLoads& loads) {
  return BlockProgram<Orders>([loads](Cell* cells) {
    const Cell* const row = cells + kBlockHeaderWords;
    for (int attempt = 0; attempt < 2; attempt++) {
      const uint64_t rounds = LowHalf(cells[kBlockRoundsWord], loads.lock);
      const uint64_t before = LowHalf(row[kRowLockWord], loads.lock);
      Require(before / 2 >= rounds);
      if (before % 2 != 0) continue;
      std::array<uint64_t, 2 * kWords> halves{};
      for (size_t i = 0; i < kWords; i++) {
        halves[2 * i] = LowHalf(row[1 + i], loads.payload);
        halves[2 * i + 1] = HighHalf(row[1 + i], loads.payload);
      }
      if (LowHalf(row[kRowLockWord], loads.lock) != before) continue;
      for (const uint64_t half : halves) Require(half == before / 2);
    }
  });
}

TEST("published block: safe as shipped, under every execution") {
  Judge("read by C++, threads in order", Expected::kSafe, NativeReader<BlockOrders>());
  Judge("read by JavaScript, threads in order", Expected::kSafe,
        JavaScriptRowReader<BlockOrders>({}));
  Program program = JavaScriptRowReader<BlockOrders>({});
  program.threads[0] = [](Cell* cells) {
    const std::array<uint64_t, kWords> words = {BothHalves(1), BothHalves(1)};
    Block<BlockOrders>(cells, kLayout).WriteRow(0, words);
  };
  program.interleaving = Interleaving::kEvery;
  Judge("read by JavaScript, one write, every interleaving", Expected::kSafe, program);
}

struct NoBusyFence : BlockOrders {
  static constexpr Order kBusyFence = Order::kRelaxed;
};
struct NoCheckFence : BlockOrders {
  static constexpr Order kCheckFence = Order::kRelaxed;
};
struct FirstLoadRelaxed : BlockOrders {
  static constexpr Order kFirstLoad = Order::kRelaxed;
};
struct ReadyStoreRelaxed : BlockOrders {
  static constexpr Order kReadyStore = Order::kRelaxed;
};
struct HeaderStoreRelaxed : BlockOrders {
  static constexpr Order kHeaderStore = Order::kRelaxed;
};
struct HeaderLoadRelaxed : BlockOrders {
  static constexpr Order kHeaderLoad = Order::kRelaxed;
};

TEST("published block: every weaker order is caught") {
  Judge("no fence after the busy mark", Expected::kBroken, NativeReader<NoBusyFence>());
  Judge("no fence before the second look", Expected::kBroken, NativeReader<NoCheckFence>());
  Judge("first look relaxed", Expected::kBroken, NativeReader<FirstLoadRelaxed>());
  Judge("ready mark relaxed", Expected::kBroken, NativeReader<ReadyStoreRelaxed>());
  Judge("header stores relaxed", Expected::kBroken, NativeReader<HeaderStoreRelaxed>());
  Judge("header loads relaxed", Expected::kBroken, NativeReader<HeaderLoadRelaxed>());
  Judge("JavaScript: no fence after the busy mark", Expected::kBroken,
        JavaScriptRowReader<NoBusyFence>({}));
  Judge("JavaScript: ready mark relaxed", Expected::kBroken,
        JavaScriptRowReader<ReadyStoreRelaxed>({}));
  Judge("JavaScript: plain payload loads", Expected::kBroken,
        JavaScriptRowReader<BlockOrders>({.payload = Order::kRelaxed}));
  Judge("JavaScript: plain looks at the lock", Expected::kBroken,
        JavaScriptRowReader<BlockOrders>({.lock = Order::kRelaxed}));
}

// The state says that the header words written before it are there.
template <class Orders>
Program StateProgram() {
  Program program;
  program.setup = [](Cell* cells) { Block<Orders>(cells, kLayout).Format(); };
  program.threads = {
      [](Cell* cells) {
        Block<Orders> block(cells, kLayout);
        block.StoreHeader(kBlockRowsWord, 1);
        block.StoreHeader(kBlockStateWord, 1);
      },
      [](Cell* cells) {
        const Block<Orders> block(cells, kLayout);
        if (block.LoadHeader(kBlockStateWord) == 1) Require(block.LoadHeader(kBlockRowsWord) == 1);
      },
  };
  return program;
}

// Who finds the count of changes as it was has the newest row.
template <class Orders>
Program ChangesProgram(bool noted_first) {
  const auto version_seen = std::make_shared<uint64_t>(0);
  const auto changes_seen = std::make_shared<uint64_t>(0);
  const auto changes = std::make_shared<const Cell*>(nullptr);
  Program program;
  program.setup = [=](Cell* cells) {
    *version_seen = *changes_seen = 0;
    *changes = &cells[kBlockChangesWord];
  };
  program.threads = {
      [noted_first](Cell* cells) {
        Block<Orders> block(cells, kLayout);
        const std::array<uint64_t, kWords> words = {BothHalves(1), BothHalves(1)};
        if (noted_first) block.NoteChange();
        block.WriteRow(0, words);
        if (!noted_first) block.NoteChange();
      },
      [=](Cell* cells) {
        *changes_seen = LowHalf(cells[kBlockChangesWord], Order::kAcquire);
        const Cell& lock = cells[kBlockHeaderWords + kRowLockWord];
        *version_seen = LowHalf(lock, Order::kAcquire) / 2;
      },
  };
  program.at_end = [=] {
    if ((*changes)->Load(Order::kRelaxed) == *changes_seen) Require(*version_seen == 1);
  };
  return program;
}

struct NoteChangeRelaxed : BlockOrders {
  static constexpr Order kNoteChange = Order::kRelaxed;
};

TEST("published block: the count of changes") {
  Judge("noted last", Expected::kSafe, ChangesProgram<BlockOrders>(false));
  Judge("noted first", Expected::kBroken, ChangesProgram<BlockOrders>(true));
  Judge("noted by a relaxed addition", Expected::kBroken, ChangesProgram<NoteChangeRelaxed>(false));
}

// A word that changes, read in halves by the rule in published_block.h.
enum class Rule : uint8_t { kHighLowHigh, kHighLow };

Program HalvesProgram(Rule rule) {
  constexpr uint64_t kFirst = 0x1'0000'0009;
  constexpr uint64_t kSecond = 0x2'0000'0000;
  Program program;
  program.threads = {
      [](Cell* cells) {
        Block<BlockOrders> block(cells, kLayout);
        block.StoreHeader(kBlockRoundStartWord, kFirst);
        block.StoreHeader(kBlockRoundStartWord, kSecond);
      },
      [rule](Cell* cells) {
        const Cell& word = cells[kBlockRoundStartWord];
        const uint64_t high = HighHalf(word, Order::kAcquire);
        const uint64_t low = LowHalf(word, Order::kAcquire);
        if (rule == Rule::kHighLowHigh && HighHalf(word, Order::kAcquire) != high) return;
        const uint64_t value = high << 32 | low;
        Require(value == 0 || value == kFirst || value == kSecond);
      },
  };
  return program;
}

TEST("published block: header words") {
  Judge("the state comes last", Expected::kSafe, StateProgram<BlockOrders>());
  Judge("the state, stores relaxed", Expected::kBroken, StateProgram<HeaderStoreRelaxed>());
  Judge("the state, loads relaxed", Expected::kBroken, StateProgram<HeaderLoadRelaxed>());
  Judge("halves: high, low, high", Expected::kSafe, HalvesProgram(Rule::kHighLowHigh));
  Judge("halves: high, low", Expected::kBroken, HalvesProgram(Rule::kHighLow));
}

}  // namespace
}  // namespace gpuring::explorer
