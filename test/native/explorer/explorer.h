// Runs a few threads under every interleaving and every value that weak hardware may let a load
// return (RC11 by views, without load buffering), and stops at the first failed Require().
//
// Every location keeps all its messages (a value, and the view that comes with it) in the order of
// their stores. A view gives, for every location, the newest message known about. A load may
// return any message that is not older than the thread's view; what else it then knows depends on
// the orders and fences.
//
// The order of a location's stores is that in which they are executed. That is all there is where
// one thread stores; where several do, every store must know the one before it, or both be
// sequentially consistent: anything else fails, as a race of writers. Read-modify-writes may come
// from any thread, since each goes on from the one before it. Sequential consistency is that of the
// order of execution: a load so ordered finds the newest store so ordered, or a later one.
//
// Limits: sequentially consistent fences only of all threads at once (FenceProcess), no mixed
// sizes. Bodies branch on loaded values only, and end. Not for sanitizers: threads are ucontext
// stacks.
#pragma once

#include <ucontext.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "core/atomics.h"
#include "execution.h"

namespace gpuring::explorer {

// A 64-bit word of the explored program.
class Cell {
 public:
  [[nodiscard]] uint64_t Load(Order order) const;
  void Store(uint64_t value, Order order);
  uint64_t Add(uint64_t value, Order order);
  uint64_t CompareExchange(uint64_t expected, uint64_t desired, Order order);

 private:
  friend class Machine;
  size_t location_ = 0;
};

enum class Interleaving : uint8_t {
  kEvery,
  // Threads run one after the other. This loses nothing where no thread loads what a later one
  // stores (it aborts there): running a load later only adds messages it may return, and none of
  // those it could return before is taken away.
  kInOrder,
};

struct Program {
  std::function<void(Cell* cells)> setup = [](Cell*) {};  // initial values; seen by every thread
  std::vector<std::function<void(Cell* cells)>> threads;
  std::function<void()> at_end = [] {};
  Interleaving interleaving = Interleaving::kEvery;
  uint64_t limit = 50'000'000;  // executions
};

struct Result {
  uint64_t executions = 0;
  bool violation = false;
  bool exhaustive = false;  // every execution was visited and none failed
};

class Machine {
 public:
  explicit Machine(const Program& program) : program_(program), threads_(program.threads.size()) {
    for (size_t i = 0; i < kLocations; i++) cells_[i].location_ = i;
  }

  Result Explore();
  uint64_t Load(size_t location, Order order);
  void Store(size_t location, uint64_t value, Order order);
  uint64_t Add(size_t location, uint64_t value, Order order);
  struct Exchange {
    uint64_t expected;
    uint64_t desired;
  };
  uint64_t CompareExchange(size_t location, const Exchange& what, Order order);
  void Fence(Order order);
  void FenceProcess();
  void Fail() { failed_ = true; }

 private:
  static void ThreadMain();
  void Start();
  void RunInOrder();
  void RunInterleaved();
  [[nodiscard]] bool InOrder() const { return program_.interleaving == Interleaving::kInOrder; }
  [[nodiscard]] bool Advance();
  [[nodiscard]] int Choose(int options);
  [[nodiscard]] size_t OldestVisible(size_t location, Order order) const;
  uint64_t Read(size_t location, size_t index, Order order);
  void Append(size_t location, uint64_t value, Order order);
  void ReplaceNewest(size_t location, uint64_t value, Order order);
  [[nodiscard]] size_t Newest(size_t location) const {
    return locations_[location].messages.size() - 1;
  }
  static bool Acquires(Order order) {
    return order == Order::kAcquire || order == Order::kSequential;
  }
  static bool Releases(Order order) {
    return order == Order::kRelease || order == Order::kSequential;
  }
  void FenceFully(Thread* thread);
  void Resume(int thread);
  void Pause();
  [[noreturn]] static void Misuse(const char* what) {
    std::fprintf(stderr, "explorer: %s\n", what);
    std::abort();
  }

  const Program& program_;
  std::array<Cell, kLocations> cells_;
  std::array<Location, kLocations> locations_;
  std::vector<Thread> threads_;
  View fenced_{};                // what full fences have seen
  View sequential_{};            // the newest sequentially consistent store of each location
  std::vector<Choice> choices_;  // from the root of the search tree to this execution
  size_t replayed_ = 0;          // how many of them this execution has taken
  int running_ = kNobody;
  bool failed_ = false;
  ucontext_t scheduler_{};
};

inline Machine* machine = nullptr;

inline Result Explore(const Program& program) {
  Machine explored(program);
  machine = &explored;
  const Result result = explored.Explore();
  machine = nullptr;
  return result;
}

// What every execution must satisfy; for bodies and at_end.
inline void Require(bool condition) {
  if (!condition) machine->Fail();
}

// The policy that puts production templates on the explorer.
struct ExplorerAtomics {
  using Cell = explorer::Cell;
  static void Fence(Order order) { machine->Fence(order); }
  static bool FenceProcess() {
    machine->FenceProcess();
    return true;
  }
};

inline uint64_t Cell::Load(Order order) const { return machine->Load(location_, order); }
inline void Cell::Store(uint64_t value, Order order) { machine->Store(location_, value, order); }
inline uint64_t Cell::Add(uint64_t value, Order order) {
  return machine->Add(location_, value, order);
}
inline uint64_t Cell::CompareExchange(uint64_t expected, uint64_t desired, Order order) {
  return machine->CompareExchange(location_, {expected, desired}, order);
}

inline size_t Machine::OldestVisible(size_t location, Order order) const {
  const uint8_t known = threads_[running_].current[location];
  return order == Order::kSequential ? std::max(known, sequential_[location]) : known;
}

inline uint64_t Machine::Read(size_t location, size_t index, Order order) {
  locations_[location].readers |= 1u << running_;
  Thread& self = threads_[running_];
  const Message& message = locations_[location].messages[index];
  const auto seen = static_cast<uint8_t>(index);
  self.current[location] = std::max(self.current[location], seen);
  self.pending_acquire[location] = std::max(self.pending_acquire[location], seen);
  Join(&self.pending_acquire, message.view);
  if (Acquires(order)) Join(&self.current, message.view);
  return message.value;
}

inline void Machine::Append(size_t location, uint64_t value, Order order) {
  std::vector<Message>& messages = locations_[location].messages;
  if (messages.size() > UINT8_MAX) Misuse("too many stores on one location");
  const auto index = static_cast<uint8_t>(messages.size());
  Thread& self = threads_[running_];
  self.current[location] = index;
  self.pending_acquire[location] = std::max(self.pending_acquire[location], index);
  View carried = Releases(order) ? self.current : self.release_fence;
  carried[location] = index;
  const bool sequential = order == Order::kSequential;
  if (sequential) sequential_[location] = index;
  messages.push_back({value, carried, sequential});
}

inline uint64_t Machine::Load(size_t location, Order order) {
  if (running_ == kNobody) return locations_[location].messages.back().value;
  Pause();
  const size_t newest = Newest(location);
  const auto options = static_cast<int>(newest - OldestVisible(location, order) + 1);
  return Read(location, newest - static_cast<size_t>(Choose(options)), order);  // newest first
}

inline void Machine::Store(size_t location, uint64_t value, Order order) {
  Location& target = locations_[location];
  if (running_ == kNobody) {
    target.messages.back().value = value;
    return;
  }
  Pause();
  const bool loaded_before = (target.readers & ~(1u << running_)) != 0;
  if (InOrder() && loaded_before) Misuse("kInOrder, but an earlier thread loads this location");
  const Message& last = target.messages.back();
  const bool known = threads_[running_].current[location] == Newest(location);
  if (!known && !(last.sequential && order == Order::kSequential)) Fail();
  Append(location, value, order);
}

// What whoever acquires the message before takes over goes on with it (a release sequence).
inline void Machine::ReplaceNewest(size_t location, uint64_t value, Order order) {
  const View before = locations_[location].messages.back().view;
  Append(location, value, order);
  Join(&locations_[location].messages.back().view, before);
}

inline uint64_t Machine::Add(size_t location, uint64_t value, Order order) {
  if (running_ == kNobody) {
    uint64_t& now = locations_[location].messages.back().value;
    return std::exchange(now, now + value);
  }
  Pause();
  if (InOrder()) Misuse("kInOrder, but a read-modify-write");
  const uint64_t before = Read(location, Newest(location), order);
  ReplaceNewest(location, before + value, order);
  return before;
}

// One that fails is a relaxed load, which may find any value but the expected one.
inline uint64_t Machine::CompareExchange(size_t location, const Exchange& what, Order order) {
  if (running_ == kNobody) {
    uint64_t& now = locations_[location].messages.back().value;
    return now == what.expected ? std::exchange(now, what.desired) : now;
  }
  Pause();
  if (InOrder()) Misuse("kInOrder, but a read-modify-write");
  const std::vector<Message>& messages = locations_[location].messages;
  const size_t newest = Newest(location);
  std::vector<size_t> possible;
  for (size_t i = OldestVisible(location, Order::kRelaxed); i <= newest; i++) {
    if (messages[i].value != what.expected || i == newest) possible.push_back(i);
  }
  const size_t index = possible[static_cast<size_t>(Choose(static_cast<int>(possible.size())))];
  const bool exchanged = messages[index].value == what.expected;
  const uint64_t found = Read(location, index, exchanged ? order : Order::kRelaxed);
  if (exchanged) ReplaceNewest(location, what.desired, order);
  return found;
}

// Touches the thread's own views only, so nothing need be tried before or after it.
inline void Machine::Fence(Order order) {
  if (running_ == kNobody) return;
  Thread& self = threads_[running_];
  if (order == Order::kSequential) Misuse("a sequentially consistent fence");
  if (order == Order::kAcquire) Join(&self.current, self.pending_acquire);
  if (order == Order::kRelease) self.release_fence = self.current;
}

// It knows all that those before it knew.
inline void Machine::FenceFully(Thread* thread) {
  Join(&fenced_, thread->current);
  Join(&fenced_, thread->pending_acquire);
  thread->current = thread->pending_acquire = thread->release_fence = fenced_;
}

// Others pass theirs one after another while they go on, all between two of the caller's.
inline void Machine::FenceProcess() {
  if (running_ == kNobody) return;
  if (InOrder()) Misuse("kInOrder, but a fence of all threads");
  Thread& self = threads_[running_];
  FenceFully(&self);
  for (Thread& other : threads_) {
    if (&other == &self) continue;
    Pause();
    FenceFully(&other);
  }
  FenceFully(&self);
}

inline Result Machine::Explore() {
  Result result;
  do {
    Start();
    InOrder() ? RunInOrder() : RunInterleaved();
    program_.at_end();
    result.executions++;
    if (failed_) {
      result.violation = true;
      return result;
    }
    if (!Advance()) {
      result.exhaustive = true;
      return result;
    }
  } while (result.executions < program_.limit);
  return result;
}

inline void Machine::Start() {
  replayed_ = 0;
  failed_ = false;
  running_ = kNobody;
  for (Location& location : locations_) {
    location.messages.assign(1, Message{});
    location.readers = 0;
  }
  fenced_ = sequential_ = View{};
  program_.setup(cells_.data());
  for (Thread& thread : threads_) {
    thread.current = thread.pending_acquire = thread.release_fence = View{};
    thread.done = false;
    getcontext(&thread.context);
    thread.context.uc_stack.ss_sp = thread.stack.get();
    thread.context.uc_stack.ss_size = kStackBytes;
    thread.context.uc_link = &scheduler_;
    makecontext(&thread.context, &Machine::ThreadMain, 0);
  }
}

inline void Machine::ThreadMain() {
  const int self = machine->running_;
  machine->program_.threads[self](machine->cells_.data());
  machine->threads_[self].done = true;
}  // returns to the scheduler through uc_link

inline void Machine::RunInOrder() {
  for (size_t i = 0; i < threads_.size(); i++) {
    running_ = static_cast<int>(i);
    program_.threads[i](cells_.data());
  }
  running_ = kNobody;
}

inline void Machine::RunInterleaved() {
  const int count = static_cast<int>(threads_.size());
  // Bring every thread to its first load or store: what comes before touches no memory.
  for (int i = 0; i < count; i++) Resume(i);
  std::vector<int> live;
  for (;;) {
    live.clear();
    for (int i = 0; i < count; i++) {
      if (!threads_[i].done) live.push_back(i);
    }
    if (live.empty()) break;
    Resume(live[Choose(static_cast<int>(live.size()))]);
  }
  running_ = kNobody;
}

// Replays the recorded path, then takes the first option of every new branch.
inline int Machine::Choose(int options) {
  if (options <= 1) return 0;
  if (replayed_ == choices_.size()) choices_.push_back({0, options});
  return choices_[replayed_++].taken;
}

// Moves to the next path not yet visited, depth first. False: there is none.
inline bool Machine::Advance() {
  while (!choices_.empty() && choices_.back().taken + 1 >= choices_.back().options) {
    choices_.pop_back();
  }
  if (choices_.empty()) return false;
  choices_.back().taken++;
  return true;
}

inline void Machine::Resume(int thread) {
  running_ = thread;
  swapcontext(&scheduler_, &threads_[thread].context);
}

// Hands over to the scheduler, before every load and store.
inline void Machine::Pause() {
  if (!InOrder()) swapcontext(&threads_[running_].context, &scheduler_);
}

}  // namespace gpuring::explorer
