// The explorer checked against classic litmus tests whose verdicts under RC11 are known. Each
// requires that the weak outcome does not occur.
#include "verdict.h"

namespace gpuring::explorer {
namespace {

constexpr Order kRelaxed = Order::kRelaxed;
constexpr Order kAcquire = Order::kAcquire;
constexpr Order kRelease = Order::kRelease;
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

TEST("litmus: store buffering is allowed, load buffering is not") {
  uint64_t first = 0;
  uint64_t second = 0;
  Program buffering;
  buffering.threads = {
      [&](Cells cells) {
        cells[0].Store(1, kRelease);
        first = cells[1].Load(kAcquire);
      },
      [&](Cells cells) {
        cells[1].Store(1, kRelease);
        second = cells[0].Load(kAcquire);
      },
  };
  buffering.at_end = [&] { Require(!(first == 0 && second == 0)); };
  Judge("SB release, acquire", kAllowed, buffering);

  Program loads_first;
  loads_first.threads = {
      [&](Cells cells) {
        first = cells[0].Load(kRelaxed);
        cells[1].Store(1, kRelaxed);
      },
      [&](Cells cells) {
        second = cells[1].Load(kRelaxed);
        cells[0].Store(1, kRelaxed);
      },
  };
  loads_first.at_end = [&] { Require(!(first == 1 && second == 1)); };
  Judge("LB relaxed (RC11: none)", kForbidden, loads_first);
}

TEST("litmus: two readers may see independent writes in opposite orders (IRIW)") {
  std::array<uint64_t, 4> seen{};
  Program program;
  program.threads = {
      [](Cells cells) { cells[0].Store(1, kRelease); },
      [](Cells cells) { cells[1].Store(1, kRelease); },
      [&](Cells cells) {
        seen[0] = cells[0].Load(kAcquire);
        seen[1] = cells[1].Load(kAcquire);
      },
      [&](Cells cells) {
        seen[2] = cells[1].Load(kAcquire);
        seen[3] = cells[0].Load(kAcquire);
      },
  };
  const auto opposite = [&] { Require(seen != std::array<uint64_t, 4>{1, 0, 1, 0}); };
  program.at_end = opposite;
  Judge("IRIW acquire", kAllowed, program);
}

}  // namespace
}  // namespace gpuring::explorer
