// Leases under the explorer: never more than there is, whoever comes and goes, and nobody misses
// what others changed.
#include "core/ledger.h"

#include "core/published_block.h"
#include "ledger_model.h"
#include "verdict.h"

namespace gpuring::explorer {
namespace {

// What is really held; it moves with the step before it.
struct Held {
  int count = 0;
  void Take() { Require(++count <= 1); }
  void Give() { count--; }
};

template <class Orders>
void SetUp(Cell* cells, size_t claimed) {
  Clock(cells).Store(kLedgerFirstTick, Order::kRelaxed);
  for (size_t i = 0; i < claimed; i++) Require(NativeShards<Orders>(cells).Claim() == i);
}

// Takes and gives back between the attempts.
void Grant(Grantor grantor, int attempts, Held* held) {
  for (int attempt = 1; attempt <= attempts; attempt++) {
    if (!grantor.TryGrant()) continue;
    held->Take();
    if (attempt == attempts) return;
    held->Give();
    grantor.Announce(0, 0);
  }
}

Program TwoSessions(const Protocol& protocol, int attempts = 2) {
  auto held = std::make_shared<Held>();
  Program program;
  program.setup = [held](Cell* cells) {
    *held = {};
    SetUp<LedgerOrders>(cells, 2);
  };
  for (size_t shard = 0; shard < 2; shard++) {
    program.threads.push_back(
        [=](Cell* cells) { Grant(Grantor(cells, shard, protocol), attempts, held.get()); });
  }
  return program;
}

TEST("ledger: what is announced before it is validated never passes a limit") {
  Judge("two sessions", Expected::kSafe, TwoSessions({}));
  Judge("a look before the announcement", Expected::kBroken,
        TwoSessions({.looks_before_announcing = true}));
  Judge("only the higher shard looks", Expected::kBroken,
        TwoSessions({.trusts_lower_shards = true}));
  Judge("loads that only acquire", Expected::kBroken, TwoSessions({.load = Order::kAcquire}));
  Judge("stores that only release", Expected::kBroken, TwoSessions({.store = Order::kRelease}));
}

// One takes itself for the only one while another comes.
template <class Orders>
Program Newcomer(const Protocol& protocol) {
  auto held = std::make_shared<Held>();
  Program program;
  program.setup = [held](Cell* cells) {
    *held = {};
    SetUp<Orders>(cells, 1);
  };
  program.threads = {
      [=](Cell* cells) { Grant(Grantor(cells, 0, protocol), 2, held.get()); },
      [=](Cell* cells) {
        const size_t shard = NativeShards<Orders>(cells).Claim();
        Require(shard == 1);
        if (Grantor(cells, shard, protocol).TryGrant()) held->Take();
      },
  };
  return program;
}

// As where the system has no fence for all threads: the orders alone have to do.
struct Unfenced : LedgerOrders {
  static constexpr bool kFencesProcess = false;
};
struct ShareRelaxed : Unfenced {
  static constexpr Order kShare = Order::kRelaxed;
};
struct ShareReleases : Unfenced {
  static constexpr Order kShare = Order::kRelease;
};

TEST("ledger: a newcomer and a session that took itself for the only one") {
  Judge("as shipped, without a fence of all threads", Expected::kSafe, Newcomer<Unfenced>({}));
  Judge("shares counted before the announcement", Expected::kBroken,
        Newcomer<LedgerOrders>({.counts_shares_first = true}));
  Judge("a share that only releases", Expected::kBroken, Newcomer<ShareReleases>({}));
  Judge("a share relaxed", Expected::kBroken, Newcomer<ShareRelaxed>({}));
  Judge("with one, that it does not need", Expected::kSafe, Newcomer<LedgerOrders>({}));
}

// A session that has a lease ends; what it had may be taken at once, but not before.
template <class Orders>
Program Leaving() {
  auto held = std::make_shared<Held>();
  Program program;
  program.setup = [held](Cell* cells) {
    *held = {1};
    SetUp<Orders>(cells, 2);
    InFlight(cells, 1, 0).Store(1, Order::kRelaxed);
  };
  program.threads = {
      [=](Cell* cells) { Grant(Grantor(cells, 0, {}), 1, held.get()); },
      [=](Cell* cells) {
        held->Give();
        NativeShards<Orders>(cells).Free(1);
      },
  };
  return program;
}

// Its shard is given to another one, whose cells are its own.
template <class Orders>
Program Inheriting(std::function<void(Cell*)> leave) {
  struct Heir {
    size_t shard = 0;
    const Cell* cell = nullptr;
  };
  auto heir = std::make_shared<Heir>();
  Program program;
  program.setup = [heir](Cell* cells) {
    *heir = {0, &InFlight(cells, 1, 0)};
    SetUp<Orders>(cells, 2);
    InFlight(cells, 1, 0).Store(1, Order::kRelaxed);
  };
  program.threads = {
      std::move(leave),
      [heir](Cell* cells) {
        heir->shard = NativeShards<Orders>(cells).Claim();
        if (heir->shard == 1) Grantor(cells, 1, {}).Set(0, 5);  // else it came too early
      },
  };
  program.at_end = [heir] {
    Require(heir->cell->Load(Order::kRelaxed) == (heir->shard == 1 ? 5 : 0));
  };
  return program;
}

template <class Orders>
void Leave(Cell* cells) {
  NativeShards<Orders>(cells).Free(1);
}

void FreeThenZero(Cell* cells) {
  Shares(cells).Add(-uint64_t{1}, Order::kSequential);
  Shards(cells).Add(-uint64_t{2}, Order::kSequential);
  InFlight(cells, 1, 0).Store(0, Order::kRelaxed);
}

TEST("ledger: a session that goes, and one that gets its shard") {
  Judge("it goes", Expected::kSafe, Leaving<LedgerOrders>());
  Judge("its shard goes on", Expected::kSafe, Inheriting<LedgerOrders>(Leave<LedgerOrders>));
  Judge("a share relaxed", Expected::kBroken, Inheriting<ShareRelaxed>(Leave<ShareRelaxed>));
  Judge("freed, then zeroed", Expected::kBroken, Inheriting<LedgerOrders>(FreeThenZero));
}

// The first thread changes things, the second one follows.
struct Telling {
  size_t claimed = 2;
  uint64_t first_tick = kLedgerFirstTick;
  Protocol protocol{};
  bool looks_before_claiming = false;
  bool looks_before_the_clock = false;
};

template <class Orders>
Program Following(const Telling& how, std::function<void(Cell*)> changes) {
  auto follower = std::make_shared<std::unique_ptr<Follower>>();
  Program program;
  program.setup = [=](Cell* cells) {
    SetUp<Orders>(cells, how.claimed);
    Clock(cells).Store(how.first_tick, Order::kRelaxed);
    *follower = std::make_unique<Follower>(cells, 0, how.protocol);
    InFlight(cells, 0, 1).Store(1, Order::kRelaxed);
    (*follower)->Begin();
  };
  program.threads = {
      std::move(changes),
      [=](Cell* cells) {
        if (how.claimed == 1) {
          if (how.looks_before_claiming) (*follower)->Begin();
          Require(NativeShards<Orders>(cells).Claim() == 1);
          if (!how.looks_before_claiming) (*follower)->Begin();
          return;
        }
        if (how.looks_before_the_clock) (*follower)->LookAtAll();
        how.looks_before_the_clock ? (*follower)->SkipToNow() : (*follower)->Follow();
      },
  };
  program.at_end = [=] { Require((*follower)->KnowsAll()); };
  return program;
}

Program Changes(const Telling& how) {
  return Following<LedgerOrders>(how, [=](Cell* cells) {
    Grantor grantor(cells, 0, how.protocol);
    grantor.Tell(1, 2);
    grantor.Tell(0, 3);
  });
}

template <class Orders = LedgerOrders>
Program OneChange(const Telling& how) {
  return Following<Orders>(how, [=](Cell* cells) { Grantor(cells, 0, how.protocol).Tell(1, 2); });
}

TEST("ledger: a session that stores plainly as long as it is alone") {
  const Protocol plainly = {.stores_plainly = true};
  Judge("as shipped", Expected::kSafe, Newcomer<LedgerOrders>(plainly));
  Judge("a newcomer that does not fence it", Expected::kBroken, Newcomer<Unfenced>(plainly));
  Judge("not stored again before it looks at the newcomer", Expected::kBroken,
        Newcomer<LedgerOrders>({.stores_plainly = true, .stores_again = false}));
  Judge("both take each other for newcomers", Expected::kSafe, TwoSessions(plainly, 1));
  Judge("both, and do not store again", Expected::kBroken,
        TwoSessions({.stores_plainly = true, .stores_again = false}, 1));
  Judge("a change that a newcomer follows", Expected::kSafe,
        OneChange<LedgerOrders>({.claimed = 1, .protocol = plainly}));
  Judge("the same, not fenced", Expected::kBroken,
        OneChange<Unfenced>({.claimed = 1, .protocol = plainly}));
}

template <class Orders>
Program Ending() {
  return Following<Orders>({}, [](Cell* cells) { NativeShards<Orders>(cells).Free(0); });
}

struct TellRelaxed : LedgerOrders {
  static constexpr Order kTell = Order::kRelaxed;
};

TEST("ledger: nobody who goes by the clock misses a change") {
  Judge("two changes", Expected::kSafe, Changes({}));
  Judge("told before it is done", Expected::kBroken, Changes({.protocol = {.tells_first = true}}));
  Judge("entries without a tag", Expected::kBroken, Changes({.protocol = {.tags_entries = false}}));
  Judge("a clock from 0, a log of zeros", Expected::kBroken, Changes({.first_tick = 0}));
  Judge("the clock read last", Expected::kBroken, Changes({.looks_before_the_clock = true}));
  Judge("a newcomer", Expected::kSafe, OneChange({.claimed = 1}));
  Judge("a newcomer that looks, then claims", Expected::kBroken,
        OneChange({.claimed = 1, .looks_before_claiming = true}));
  Judge("a newcomer; shares counted before the change", Expected::kBroken,
        OneChange({.claimed = 1, .protocol = {.counts_shares_first = true}}));
  Judge("a shard that goes", Expected::kSafe, Ending<LedgerOrders>());
  Judge("a shard that goes, told by a relaxed addition", Expected::kBroken, Ending<TellRelaxed>());
}

// Memory that is materialised goes from one cell to another while somebody adds them up.
struct Move {
  bool leaves_first = false;
  bool counts_arrivals_first = false;
  Order load = Order::kSequential;
};

Program Moving(const Move& how) {
  constexpr size_t kPending = 0;
  constexpr size_t kFresh = 1;
  Program program;
  program.setup = [](Cell* cells) { cells[kPending].Store(1, Order::kRelaxed); };
  program.threads = {
      [=](Cell* cells) {
        if (!how.leaves_first) cells[kFresh].Store(1, Order::kSequential);
        cells[kPending].Store(0, Order::kSequential);
        if (how.leaves_first) cells[kFresh].Store(1, Order::kSequential);
      },
      [=](Cell* cells) {
        const size_t first = how.counts_arrivals_first ? kFresh : kPending;
        const uint64_t before = cells[first].Load(how.load);
        Require(before + cells[1 - first].Load(how.load) >= 1);
      },
  };
  return program;
}

// What was materialised before goes to a third cell when more is.
Program MovingOn(bool former_first) {
  constexpr size_t kPending = 0;
  constexpr size_t kFresh = 1;
  constexpr size_t kFormer = 2;
  Program program;
  program.setup = [](Cell* cells) {
    cells[kPending].Store(2, Order::kRelaxed);
    cells[kFresh].Store(1, Order::kRelaxed);
  };
  program.threads = {
      [](Cell* cells) {
        cells[kFormer].Store(1, Order::kSequential);
        cells[kFresh].Store(2, Order::kSequential);
        cells[kPending].Store(0, Order::kSequential);
      },
      [=](Cell* cells) {
        uint64_t sum = former_first ? cells[kFormer].Load(Order::kSequential) : 0;
        sum += cells[kPending].Load(Order::kSequential);
        sum += cells[kFresh].Load(Order::kSequential);
        if (!former_first) sum += cells[kFormer].Load(Order::kSequential);
        Require(sum >= 3);
      },
  };
  return program;
}

TEST("ledger: memory that is materialised is counted, if twice") {
  Judge("arrives first, pending counted first", Expected::kSafe, Moving({}));
  Judge("leaves first", Expected::kBroken, Moving({.leaves_first = true}));
  Judge("arrivals counted first", Expected::kBroken, Moving({.counts_arrivals_first = true}));
  Judge("plain loads", Expected::kBroken, Moving({.load = Order::kRelaxed}));
  Judge("more follows, the former part counted last", Expected::kSafe, MovingOn(false));
  Judge("more follows, the former part counted first", Expected::kBroken, MovingOn(true));
}

// Its owner forgets materialised memory once the newest sample shows it. Who has an older sample
// must not miss it.
struct Forgetting {
  bool looks_again = true;
  bool owner_goes_by_changes = true;
};

constexpr BlockLayout kBlock = {.row_capacity = 1, .row_words = 2};
constexpr size_t kFreshCell = kBlockHeaderWords + 8;

// What the newest sample shows: nothing, or 1. JavaScript's way, until it is whole.
uint64_t Shown(Cell* cells, int attempts) {
  const Cell* const row = cells + kBlockHeaderWords;
  for (int attempt = 0; attempt < attempts; attempt++) {
    const uint64_t before = row[kRowLockWord].Load(Order::kSequential);
    const uint64_t shown = row[kRowLockWord + 1].Load(Order::kSequential);
    const bool same = row[kRowLockWord].Load(Order::kSequential) == before;
    if (before % 2 == 0 && same) return shown;
  }
  return 0;
}

Program Forget(const Forgetting& how) {
  const auto changes = [](Cell* cells) {
    return cells[kBlockChangesWord].Load(Order::kSequential);
  };
  Program program;
  program.setup = [](Cell* cells) { cells[kFreshCell].Store(1, Order::kRelaxed); };
  program.threads = {
      [](Cell* cells) {
        PublishedBlock<ExplorerAtomics> block(cells, kBlock);
        const std::array<uint64_t, 1> sample = {1};
        block.WriteRow(0, sample);
        block.NoteChange();
      },
      [=](Cell* cells) {
        if (how.owner_goes_by_changes && changes(cells) == 0) return;
        if (Shown(cells, 1) == 1) cells[kFreshCell].Store(0, Order::kSequential);
      },
      [=](Cell* cells) {
        const uint64_t fresh = cells[kFreshCell].Load(Order::kSequential);
        if (how.looks_again && changes(cells) != 0)
          Require(Shown(cells, 1) + fresh >= 1);
        else
          Require(fresh >= 1);
      },
  };
  return program;
}

TEST("ledger: what a newer sample shows is forgotten by nobody who has an older one") {
  Judge("figures, then a look for a newer sample", Expected::kSafe, Forget({}));
  Judge("no such look", Expected::kBroken, Forget({.looks_again = false}));
  Judge("forgotten before the change is noted", Expected::kBroken,
        Forget({.owner_goes_by_changes = false}));
}

}  // namespace
}  // namespace gpuring::explorer
