#include "simulator/misuse.h"

#include <array>
#include <atomic>

#include "simulator/function_names.h"
#include "simulator/json.h"

namespace gpuring::simulator {
namespace {

constexpr std::array<std::string_view, kMisuseCount> kMisuseNames = {
    "useAfterShutdown", "unbalancedShutdown", "concurrentHandle", "concurrentCalls",
    "staleHandle",      "openEventSets",      "openGpmSamples",
};

// More devices than a scenario can have; others are not watched.
constexpr size_t kWatchedDevices = 1024;

// One more: for a name that is none of NVML's.
using Counts = std::array<std::atomic<uint64_t>, kFunctionNames.size() + 1>;

// Constant-initialised and trivially destroyed: late callers stay defined.
constinit Counts calls{};
constinit std::array<std::atomic<uint64_t>, kMisuseCount> misuses{};
constinit std::atomic<int64_t> open_inits{0};
constinit std::atomic<int> in_library{0};
constinit std::array<std::atomic<int>, kWatchedDevices> in_device{};
// Of the latest misuse: its number below, the function's above; 0: none yet.
constinit std::atomic<uint32_t> latest{0};
constexpr uint32_t kFunctionShift = 8;

std::string_view NameAt(size_t index) {
  return index < kFunctionNames.size() ? kFunctionNames[index] : "a function";
}

bool IsWatched(int device) { return device >= 0 && static_cast<size_t>(device) < kWatchedDevices; }

std::string Member(std::string_view name, uint64_t number) {
  return QuoteJson(name) + ":" + std::to_string(number) + ",";
}

std::string DescribeLatest() {
  const uint32_t packed = latest.load();
  if (packed == 0) return "";
  const uint32_t misuse = (packed & ((1u << kFunctionShift) - 1)) - 1;
  return std::string(NameAt(packed >> kFunctionShift)) + ": " + std::string(kMisuseNames[misuse]);
}

}  // namespace

void NoteMisuse(Misuse misuse, std::string_view function, uint64_t times) {
  if (times == 0) return;
  misuses[static_cast<size_t>(misuse)] += times;
  if (misuse == Misuse::kConcurrentCalls) return;  // allowed
  const auto function_index = static_cast<uint32_t>(FunctionIndexOf(function));
  latest.store(function_index << kFunctionShift | (static_cast<uint32_t>(misuse) + 1));
}

void NoteInit() { ++open_inits; }

void NoteShutdown(std::string_view function) {
  int64_t open = open_inits.load();
  while (open > 0 && !open_inits.compare_exchange_weak(open, open - 1)) {
  }
  if (open <= 0) NoteMisuse(Misuse::kUnbalancedShutdown, function);
}

std::string DescribeMisuse() {
  std::string text = "{";
  for (size_t i = 0; i < kMisuseCount; ++i) text += Member(kMisuseNames[i], misuses[i].load());
  uint64_t total = 0;
  for (const auto& count : calls) total += count.load();
  text += Member("openInits", static_cast<uint64_t>(open_inits.load()));
  return text + Member("calls", total) + "\"last\":" + QuoteJson(DescribeLatest()) + "}";
}

std::string DescribeCalls() {
  std::string text = "{";
  for (size_t i = 0; i < kFunctionNames.size(); ++i) {
    if (const uint64_t count = calls[i].load(); count > 0) text += Member(kFunctionNames[i], count);
  }
  if (text.back() == ',') text.pop_back();
  return text + "}";
}

void ForgetMisuse() {
  for (auto& count : calls) count.store(0);
  for (auto& count : misuses) count.store(0);
  latest.store(0);
}

CallScope::CallScope(std::string_view function, int device)
    : device_(device), waits_(function.find("SetWait") != std::string_view::npos) {
  calls[FunctionIndexOf(function)].fetch_add(1, std::memory_order_relaxed);
  const bool alone = waits_ || in_library.fetch_add(1) == 0;
  if (!alone) NoteMisuse(Misuse::kConcurrentCalls, function);
  if (IsWatched(device) && in_device[static_cast<size_t>(device)].fetch_add(1) > 0) {
    NoteMisuse(Misuse::kConcurrentHandle, function);
  }
}

CallScope::~CallScope() {
  if (IsWatched(device_)) --in_device[static_cast<size_t>(device_)];
  if (!waits_) --in_library;
}

}  // namespace gpuring::simulator
