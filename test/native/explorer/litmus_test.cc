// The explorer checked against classic litmus tests whose verdicts under RC11 are known. Each
// requires that the weak outcome does not occur.
#include "verdict.h"

namespace gpuring::explorer {
namespace {

constexpr Order kRelaxed = Order::kRelaxed;
constexpr Order kAcquire = Order::kAcquire;
constexpr Order kRelease = Order::kRelease;
constexpr Order kSequential = Order::kSequential;
constexpr Expected kAllowed = Expected::kBroken;
constexpr Expected kForbidden = Expected::kSafe;

using Cells = Cell*;

// Data x is published by flag y. Weak outcome: the flag is seen, the data is not.
struct MessagePassing {
  const char* name;
  Expected expected;
  Order writer_fence;
  Order flag_store;
  Order flag_load;
  Order reader_fence;
};

Program ProgramOf(const MessagePassing& orders) {
  Program program;
  program.threads = {
      [=](Cells cells) {
        cells[0].Store(1, kRelaxed);
        ExplorerAtomics::Fence(orders.writer_fence);
        cells[1].Store(1, orders.flag_store);
      },
      [=](Cells cells) {
        const uint64_t flag = cells[1].Load(orders.flag_load);
        ExplorerAtomics::Fence(orders.reader_fence);
        const uint64_t data = cells[0].Load(kRelaxed);
        Require(!(flag == 1 && data == 0));
      },
  };
  return program;
}

TEST("litmus: message passing") {
  const MessagePassing cases[] = {
      {"MP relaxed", kAllowed, kRelaxed, kRelaxed, kRelaxed, kRelaxed},
      {"MP release, acquire", kForbidden, kRelaxed, kRelease, kAcquire, kRelaxed},
      {"MP release, relaxed", kAllowed, kRelaxed, kRelease, kRelaxed, kRelaxed},
      {"MP relaxed, acquire", kAllowed, kRelaxed, kRelaxed, kAcquire, kRelaxed},
      {"MP fence, fence", kForbidden, kRelease, kRelaxed, kRelaxed, kAcquire},
      {"MP writer fence, acquire", kForbidden, kRelease, kRelaxed, kAcquire, kRelaxed},
      {"MP release, reader fence", kForbidden, kRelaxed, kRelease, kRelaxed, kAcquire},
      {"MP writer fence only", kAllowed, kRelease, kRelaxed, kRelaxed, kRelaxed},
      {"MP reader fence only", kAllowed, kRelaxed, kRelaxed, kRelaxed, kAcquire},
  };
  for (const MessagePassing& orders : cases) {
    Program program = ProgramOf(orders);
    Judge(orders.name, orders.expected, program);
    program.interleaving = Interleaving::kInOrder;
    Judge("  the same, threads in order", orders.expected, program);
  }
}

TEST("litmus: two loads of one location never go back (CoRR)") {
  Program program;
  program.threads = {
      [](Cells cells) {
        cells[0].Store(1, kRelaxed);
        cells[0].Store(2, kRelaxed);
      },
      [](Cells cells) {
        const uint64_t first = cells[0].Load(kRelaxed);
        Require(cells[0].Load(kRelaxed) >= first);
      },
  };
  Judge("CoRR", kForbidden, program);
}

TEST("litmus: a later relaxed store does not extend a release") {
  Program program;
  program.threads = {
      [](Cells cells) {
        cells[0].Store(1, kRelaxed);
        cells[1].Store(1, kRelease);
        cells[1].Store(2, kRelaxed);
      },
      [](Cells cells) {
        if (cells[1].Load(kAcquire) == 2) Require(cells[0].Load(kRelaxed) == 1);
      },
  };
  Judge("release sequence, C++20", kAllowed, program);
}

struct TwoOrders {
  Order store;
  Order load;
};

Program StoreBuffering(const TwoOrders& orders, std::array<uint64_t, 2>* seen) {
  Program program;
  for (size_t self = 0; self < 2; self++) {
    program.threads.push_back([=](Cells cells) {
      cells[self].Store(1, orders.store);
      (*seen)[self] = cells[1 - self].Load(orders.load);
    });
  }
  program.at_end = [seen] { Require(*seen != std::array<uint64_t, 2>{0, 0}); };
  return program;
}

TEST("litmus: store buffering is allowed unless all is sequential, load buffering is not") {
  std::array<uint64_t, 2> seen{};
  Judge("SB release, acquire", kAllowed, StoreBuffering({kRelease, kAcquire}, &seen));
  Judge("SB sequential", kForbidden, StoreBuffering({kSequential, kSequential}, &seen));
  Judge("SB sequential stores", kAllowed, StoreBuffering({kSequential, kAcquire}, &seen));
  Judge("SB sequential loads", kAllowed, StoreBuffering({kRelease, kSequential}, &seen));

  Program loads_first;
  loads_first.threads = {
      [&](Cells cells) {
        seen[0] = cells[0].Load(kRelaxed);
        cells[1].Store(1, kRelaxed);
      },
      [&](Cells cells) {
        seen[1] = cells[1].Load(kRelaxed);
        cells[0].Store(1, kRelaxed);
      },
  };
  loads_first.at_end = [&] { Require(seen != std::array<uint64_t, 2>{1, 1}); };
  Judge("LB relaxed (RC11: none)", kForbidden, loads_first);
}

Program IndependentWrites(const TwoOrders& orders, std::array<uint64_t, 4>* seen) {
  Program program;
  program.threads = {
      [=](Cells cells) { cells[0].Store(1, orders.store); },
      [=](Cells cells) { cells[1].Store(1, orders.store); },
      [=](Cells cells) {
        (*seen)[0] = cells[0].Load(orders.load);
        (*seen)[1] = cells[1].Load(orders.load);
      },
      [=](Cells cells) {
        (*seen)[2] = cells[1].Load(orders.load);
        (*seen)[3] = cells[0].Load(orders.load);
      },
  };
  program.at_end = [seen] { Require(*seen != std::array<uint64_t, 4>{1, 0, 1, 0}); };
  return program;
}

TEST("litmus: two readers may see independent writes in opposite orders (IRIW)") {
  std::array<uint64_t, 4> seen{};
  Judge("IRIW acquire", kAllowed, IndependentWrites({kRelease, kAcquire}, &seen));
  Judge("IRIW sequential", kForbidden, IndependentWrites({kSequential, kSequential}, &seen));
}

// Data x is published by the first addition to y; the reader sees the second, another thread's.
Program ReleaseSequence(Order first, Order second) {
  Program program;
  program.threads = {
      [=](Cells cells) {
        cells[0].Store(1, kRelaxed);
        cells[1].Add(1, first);
      },
      [=](Cells cells) { cells[1].Add(2, second); },
      [](Cells cells) {
        if (cells[1].Load(kAcquire) == 3) Require(cells[0].Load(kRelaxed) == 1);
      },
  };
  return program;
}

TEST("litmus: read-modify-writes") {
  uint64_t sum = 0;
  Program additions;
  for (const uint64_t value : {1, 2, 4}) {
    additions.threads.push_back([&sum, value](Cells cells) {
      const uint64_t before = cells[0].Add(value, kRelaxed);
      if ((before | value) == 7) sum++;
    });
  }
  additions.setup = [&](Cells) { sum = 0; };
  additions.at_end = [&] { Require(sum == 1); };  // one of them was the last and saw the others
  Judge("no addition is lost", kForbidden, additions);
  Judge("a release goes on through additions", kForbidden, ReleaseSequence(kRelease, kRelaxed));
  Judge("a relaxed one does not begin it", kAllowed, ReleaseSequence(kRelaxed, kRelaxed));

  int winners = 0;
  Program exchange;
  for (int thread = 0; thread < 3; thread++) {
    exchange.threads.push_back([&](Cells cells) {
      if (cells[0].CompareExchange(0, 1, kRelaxed) == 0) winners++;
    });
  }
  exchange.setup = [&](Cells) { winners = 0; };
  exchange.at_end = [&] { Require(winners == 1); };
  Judge("one of three exchanges", kForbidden, exchange);

  Program stale;
  stale.threads = {
      [](Cells cells) {
        cells[0].Add(1, kRelaxed);
        cells[0].Add(1, kRelaxed);
      },
      [](Cells cells) { Require(cells[0].CompareExchange(7, 9, kSequential) != 1); },
  };
  Judge("an exchange that fails finds any value", kAllowed, stale);
}

Program TwoWriters(Order flag_store, Order flag_load) {
  Program program;
  program.threads = {
      [=](Cells cells) {
        cells[0].Store(1, kRelaxed);
        cells[1].Store(1, flag_store);
      },
      [=](Cells cells) {
        if (cells[1].Load(flag_load) == 1) cells[0].Store(2, kRelaxed);
      },
  };
  return program;
}

TEST("litmus: writers of one location have to know of each other") {
  Judge("one after the other", kForbidden, TwoWriters(kRelease, kAcquire));
  Judge("without an order between them", kAllowed, TwoWriters(kRelease, kRelaxed));
  Program sequential;
  for (const uint64_t value : {1, 2}) {
    sequential.threads.push_back([value](Cells cells) { cells[0].Store(value, kSequential); });
  }
  Judge("both sequential", kForbidden, sequential);
}

}  // namespace
}  // namespace gpuring::explorer
