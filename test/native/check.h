// The native tests' own harness: no library may be assumed on a user's machine.
//
//   TEST("a ring keeps the newest records") { CHECK_EQ(ring.Newest(), 3u); }
//
// A failed check is printed with its place and values; the test goes on and counts as failed.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

namespace gpuring::check {

struct Test {
  const char* name;
  void (*body)();
};

inline std::vector<Test>& Tests() {
  static std::vector<Test> tests;
  return tests;
}

// Atomic, because checks may stand in any thread.
inline std::atomic<int> failed_checks{0};

struct Registrar {
  Registrar(const char* name, void (*body)()) { Tests().push_back({name, body}); }
};

template <class T>
std::string Show(const T& value) {
  std::ostringstream out;
  if constexpr (std::is_enum_v<T>) {
    out << static_cast<long long>(value);
  } else {
    out << value;
  }
  return out.str();
}

inline void Fail(const char* file, int line, const std::string& what) {
  failed_checks++;
  std::fprintf(stderr, "  %s:%d: %s\n", file, line, what.c_str());
}

template <class A, class B>
void CheckEqual(const char* file, int line, const char* text, const A& actual, const B& expected) {
  if (actual == expected) return;
  Fail(file, line, std::string(text) + ": got " + Show(actual) + ", expected " + Show(expected));
}

// Runs the tests whose name contains the first argument, all without one. The exit code.
inline int RunAll(int argument_count, char** arguments) {
  const char* const wanted = argument_count > 1 ? arguments[1] : "";
  int passed = 0;
  int failed = 0;
  for (const Test& test : Tests()) {
    if (std::strstr(test.name, wanted) == nullptr) continue;
    const int before = failed_checks;
    const auto start = std::chrono::steady_clock::now();
    test.body();
    const std::chrono::duration<double, std::milli> ms = std::chrono::steady_clock::now() - start;
    const bool good = failed_checks == before;
    (good ? passed : failed)++;
    std::printf("%s %s (%.0f ms)\n", good ? "ok  " : "FAIL", test.name, ms.count());
    std::fflush(stdout);
  }
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed == 0 && passed > 0 ? 0 : 1;
}

}  // namespace gpuring::check

#define CHECK_JOIN_AGAIN(a, b) a##b
#define CHECK_JOIN(a, b) CHECK_JOIN_AGAIN(a, b)
#define TEST(name)                                                          \
  static void CHECK_JOIN(TestBody, __LINE__)();                             \
  static const ::gpuring::check::Registrar CHECK_JOIN(registrar, __LINE__)( \
      name, &CHECK_JOIN(TestBody, __LINE__));                               \
  static void CHECK_JOIN(TestBody, __LINE__)()
#define CHECK(condition) \
  ((condition) ? void() : ::gpuring::check::Fail(__FILE__, __LINE__, #condition " is false"))
#define CHECK_EQ(actual, expected) \
  ::gpuring::check::CheckEqual(__FILE__, __LINE__, #actual " == " #expected, actual, expected)
