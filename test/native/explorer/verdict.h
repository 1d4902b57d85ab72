// Runs a program and checks that it comes out as expected; one line each.
#pragma once

#include <chrono>
#include <cinttypes>
#include <cstdio>

#include "check.h"
#include "explorer.h"

namespace gpuring::explorer {

enum class Expected : uint8_t { kSafe, kBroken };

inline void Judge(const char* name, Expected expected, const Program& program) {
  const auto start = std::chrono::steady_clock::now();
  const Result result = Explore(program);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  const char* outcome = result.exhaustive ? "all visited, none fails" : "limit reached";
  if (result.violation) outcome = "caught";
  std::printf("     %-58s %8" PRIu64 " executions, %s (%.2f s)\n", name, result.executions, outcome,
              seconds.count());
  const bool as_expected = expected == Expected::kBroken ? result.violation : result.exhaustive;
  if (!as_expected) check::Fail(__FILE__, __LINE__, std::string(name) + ": " + outcome);
}

}  // namespace gpuring::explorer
