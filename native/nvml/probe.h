// Whether a driver can be reached: an attempt on a thread of its own.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "core/clock.h"

namespace gpuring {

// Thread rules: every member from any thread; none but WaitAllEnded blocks.
class Probe {
 public:
  enum class Outcome : uint8_t { kTrying, kAvailable, kUnavailable };

  // Joins the attempt that is under way on that library, else begins one: however often a driver
  // that hangs is asked, it holds one thread. `library_path`: as NvmlOptions has it.
  [[nodiscard]] static std::shared_ptr<const Probe> Join(const std::string& library_path);
  // False: at the deadline on the monotonic clock some attempt of this process was still under way.
  [[nodiscard]] static bool WaitAllEnded(int64_t deadline_ns);

  [[nodiscard]] Outcome outcome() const { return outcome_.load(std::memory_order_acquire); }

 private:
  explicit Probe(std::string library_path) : library_path_(std::move(library_path)) {}

  void Run();
  void End(Outcome outcome);

  const std::string library_path_;  // resolved
  std::atomic<Outcome> outcome_{Outcome::kTrying};
  Event ended_;
};

}  // namespace gpuring
