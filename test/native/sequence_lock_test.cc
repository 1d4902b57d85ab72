#include "core/sequence_lock.h"

#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include "check.h"

namespace gpuring {
namespace {

using Lock = SequenceLock<StdAtomics>;

TEST("sequence lock: nothing written reads as version 0") {
  std::array<StdAtomics::Cell, 3> cells;
  std::array<uint64_t, 2> words = {7, 7};
  uint64_t version = 1;
  CHECK_EQ(Lock(&cells[0], &cells[1]).TryRead(words, &version), LockedRead::kConsistent);
  CHECK_EQ(version, 0u);
}

TEST("sequence lock: a read gives back the last write") {
  std::array<StdAtomics::Cell, 3> cells;
  Lock lock(&cells[0], &cells[1]);
  lock.Write(1, std::array<uint64_t, 2>{10, 11});
  lock.Write(2, std::array<uint64_t, 2>{20, 21});
  std::array<uint64_t, 2> words{};
  uint64_t version = 0;
  CHECK_EQ(lock.TryRead(words, &version), LockedRead::kConsistent);
  CHECK_EQ(version, 2u);
  CHECK_EQ(words[0], 20u);
  CHECK_EQ(words[1], 21u);
  CHECK_EQ(lock.LastWritten(), 2u);
}

TEST("sequence lock: a reader does not accept a write in progress") {
  std::array<StdAtomics::Cell, 2> cells;
  cells[0].Store(3, Order::kRelaxed);  // version 2 is being written
  std::array<uint64_t, 1> word{};
  uint64_t version = 0;
  CHECK_EQ(Lock(&cells[0], &cells[1]).TryRead(word, &version), LockedRead::kOvertaken);
}

// One writer at full speed; every word of version v is v. Readers count what they saw.
struct Seen {
  std::atomic<size_t> readers{0};  // that have begun
  std::atomic<uint64_t> consistent{0};
  std::atomic<uint64_t> torn{0};
  std::atomic<uint64_t> backwards{0};
};

template <size_t kWords>
void ReadUntil(const Lock& lock, uint64_t last_version, Seen* seen) {
  seen->readers++;
  uint64_t last = 0;
  while (last < last_version) {
    std::array<uint64_t, kWords> words{};
    uint64_t version = 0;
    if (lock.TryRead(words, &version) != LockedRead::kConsistent) continue;
    seen->consistent++;
    for (const uint64_t word : words) {
      if (word != version) seen->torn++;
    }
    if (version < last) seen->backwards++;
    last = version;
  }
}

template <size_t kWords>
void Race(size_t readers) {
  constexpr uint64_t kWrites = 200'000;
  std::array<StdAtomics::Cell, kWords + 1> cells;
  Lock lock(&cells[0], &cells[1]);
  Seen seen;
  std::vector<std::thread> threads;
  for (size_t i = 0; i < readers; i++) {
    threads.emplace_back([&] { ReadUntil<kWords>(lock, kWrites, &seen); });
  }
  while (seen.readers < readers) std::this_thread::yield();
  for (uint64_t version = 1; version <= kWrites; version++) {
    std::array<uint64_t, kWords> words;
    words.fill(version);
    lock.Write(version, words);
  }
  for (std::thread& thread : threads) thread.join();
  CHECK_EQ(seen.torn.load(), 0u);
  CHECK_EQ(seen.backwards.load(), 0u);
  CHECK(seen.consistent.load() >= readers);
}

TEST("sequence lock: no torn read of 1 word, 1 reader") { Race<1>(1); }
TEST("sequence lock: no torn read of 8 words, 3 readers") { Race<8>(3); }
TEST("sequence lock: no torn read of 64 words, 2 readers") { Race<64>(2); }

}  // namespace
}  // namespace gpuring
