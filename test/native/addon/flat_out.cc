#include "flat_out.h"

#include <array>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "binding/unpacking.h"
#include "core/atomics.h"
#include "core/history.h"
#include "core/published_row.h"

namespace gpuring {
namespace {

using Block = PublishedBlock<StdAtomics>;
using Row = std::array<uint64_t, kRowWords - 1>;

constexpr BlockLayout kLayout = {256, kRowWords, 1};
constexpr uint64_t kRingCapacity = 6'000;

// The low half is the version, the high half tells where the word lies: JavaScript checks that too.
uint64_t WordOf(uint64_t version, size_t at) {
  const auto low = static_cast<uint32_t>(version);
  return static_cast<uint64_t>(low ^ static_cast<uint32_t>(at + 1)) << 32 | low;
}

template <size_t kCount>
std::array<uint64_t, kCount> WordsOf(uint64_t version) {
  std::array<uint64_t, kCount> words;
  for (size_t at = 0; at < kCount; ++at) words[at] = WordOf(version, at);
  return words;
}

struct Writing {
  std::atomic<bool> over{false};
  std::atomic<uint64_t> rows{0};
  std::unique_ptr<Block> block;
  std::thread thread;
  Napi::Reference<Napi::TypedArray> memory;
};

Writing& Now() {
  static auto* const writing = new Writing;
  return *writing;
}

void BeginWriting(const Napi::CallbackInfo& info) {
  Writing& now = Now();
  const auto memory = info[0].As<Napi::Float64Array>();
  if (now.block != nullptr || memory.ElementLength() < kLayout.Cells()) return;
  now.memory = Napi::Reference<Napi::TypedArray>::New(memory, 1);
  now.block = std::make_unique<Block>(
      reinterpret_cast<StdAtomics::Cell*>(const_cast<Napi::Float64Array&>(memory).Data()), kLayout);
  now.block->Format();
  now.over = false;
  now.rows = 0;
  now.thread = std::thread([&now] {
    for (uint64_t version = 1; !now.over.load(std::memory_order_relaxed); ++version) {
      const Row words = WordsOf<kRowWords - 1>(version);
      for (size_t row = 0; row < kLayout.row_capacity; ++row) now.block->WriteRow(row, words);
      now.rows.fetch_add(kLayout.row_capacity, std::memory_order_relaxed);
    }
  });
}

Napi::Value EndWriting(const Napi::CallbackInfo& info) {
  Writing& now = Now();
  if (now.block == nullptr) return info.Env().Undefined();
  now.over = true;
  now.thread.join();
  now.block = nullptr;
  now.memory.Reset();
  return Napi::Number::New(info.Env(), static_cast<double>(now.rows.load()));
}

Napi::Value ReadRows(const Napi::CallbackInfo& info) {
  const auto count = static_cast<uint64_t>(UnpackCount(info[0]));
  auto result = Napi::Float64Array::New(info.Env(), 2);
  const Block* const block = Now().block.get();
  if (block == nullptr) return info.Env().Undefined();
  uint64_t torn = 0;
  uint64_t in_the_way = 0;
  Row words;
  for (uint64_t at = 0; at < count; ++at) {
    uint64_t version = 0;
    const LockedRead read = block->TryReadRow(at % kLayout.row_capacity, words, &version);
    if (read != LockedRead::kConsistent || version == 0) {
      ++in_the_way;
      continue;
    }
    torn += words == WordsOf<kRowWords - 1>(version) ? 0 : 1;
  }
  result[0] = static_cast<double>(torn);
  result[1] = static_cast<double>(in_the_way);
  return result;
}

// (count, rounds): of each round how often the newest record had to be asked for again, then how
// many records were wrong.
Napi::Value ReadRing(const Napi::CallbackInfo& info) {
  constexpr size_t kWords = HistoryWords(Tier::kFast);
  using Record = std::array<uint64_t, kWords>;
  const RingLayout layout = {.capacity = kRingCapacity, .record_words = kWords};
  const auto count = static_cast<uint64_t>(UnpackCount(info[0]));
  const auto rounds = static_cast<size_t>(UnpackCount(info[1]));
  std::vector<StdAtomics::Cell> cells(layout.Cells());
  auto ring = Ring<StdAtomics>::Format(cells.data(), layout);
  std::atomic<bool> over{false};
  std::thread writer([&] {
    for (uint64_t sequence = 1; !over.load(std::memory_order_relaxed); ++sequence) {
      ring.Push(WordsOf<kWords>(sequence));
    }
  });
  while (ring.Newest() == 0) std::this_thread::yield();
  auto result = Napi::Float64Array::New(info.Env(), rounds + 2);
  double wrong = 0;
  const uint64_t first = ring.Newest();
  for (size_t round = 0; round < rounds; ++round) {
    double retries = 0;
    for (uint64_t at = 0; at < count; ++at) {
      Record record;
      uint64_t newest = ring.Newest();
      for (; !ring.TryReadOne(newest, record); newest = ring.Newest()) ++retries;
      wrong += record == WordsOf<kWords>(newest) ? 0 : 1;
    }
    result[round] = retries;
  }
  result[rounds] = wrong;
  result[rounds + 1] = static_cast<double>(ring.Newest() - first);
  over = true;
  writer.join();
  return result;
}

Napi::Value BlockWords(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(kLayout.Cells()));
}

}  // namespace

void ExportFlatOut(Napi::Object exports) {
  const Napi::Env env = exports.Env();
  exports.Set("beginWriting", Napi::Function::New<BeginWriting>(env));
  exports.Set("endWriting", Napi::Function::New<EndWriting>(env));
  exports.Set("readRows", Napi::Function::New<ReadRows>(env));
  exports.Set("readRing", Napi::Function::New<ReadRing>(env));
  exports.Set("blockWords", Napi::Function::New<BlockWords>(env));
}

}  // namespace gpuring
