// Drivers that lack a function: none of them may be called through a null pointer.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "check.h"
#include "nvml/library.h"
#include "nvml/source.h"
#include "nvml_fixture.h"

namespace gpuring {
namespace {

std::string FileContent(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Renames a symbol where it stands, so that the loader does not find it any more.
void RemoveSymbol(std::string* library, const std::string& name) {
  const std::string entry = '\0' + name + '\0';
  size_t found = 0;
  for (size_t at = 0; (at = library->find(entry, at)) != std::string::npos; found++) {
    (*library)[at + 1] = '-';
  }
  CHECK(found > 0);
}

std::vector<SymbolState> SymbolsOf(const std::string& path) {
  std::vector<SymbolState> symbols;
  CHECK(ListSymbols({.library_path = path, .scenario = ""}, &symbols).ok());
  return symbols;
}

std::string FoundName(const std::vector<SymbolState>& symbols, const std::string& wanted) {
  for (const SymbolState& symbol : symbols) {
    if (symbol.wanted == wanted) return symbol.found;
  }
  return "";
}

// What opening comes to once no name of the symbol is left.
StatusCode WithoutAny(const SymbolState& symbol) {
  if (symbol.required || symbol.wanted == "nvmlDeviceGetHandleByIndex_v2") {
    return StatusCode::kLibraryInvalid;
  }
  return symbol.wanted == "nvmlDeviceGetUUID" ? StatusCode::kDriverError : StatusCode::kOk;
}

void OpenAndPoll(const std::string& path, StatusCode expected) {
  const NvmlOptions options = {.library_path = path, .scenario = ""};
  NvmlSource source(options);
  CHECK_EQ(source.Open().code(), expected);
  const bool invalid = expected == StatusCode::kLibraryInvalid;
  CHECK_EQ(ProbeDriver(options).code(), invalid ? expected : StatusCode::kOk);
  Sample sample;
  for (const DeviceIdentity& device : source.devices()) {
    for (const Tier tier : {Tier::kFast, Tier::kMedium, Tier::kSlow}) {
      CHECK(source.Poll(device.slot, tier, &sample).ok());
    }
  }
}

// Takes the names of one symbol away, newest first, and uses what is left each time.
void RemoveOneByOne(const SymbolState& symbol) {
  std::string library = FileContent(GPURING_SIMULATOR_PATH);
  std::vector<std::unique_ptr<TemporaryFile>> files;  // kept: a loaded one is known by its inode
  for (std::string name = symbol.found; !name.empty();) {
    RemoveSymbol(&library, name);
    files.push_back(std::make_unique<TemporaryFile>(library));
    const std::string path = files.back()->path();
    NvmlLibrary left;
    const bool loads = left.Open(path).ok();
    name = loads ? FoundName(left.Symbols(), symbol.wanted) : "";
    OpenAndPoll(path, name.empty() ? WithoutAny(symbol) : StatusCode::kOk);
  }
}

#ifdef __SANITIZE_THREAD__
// One thread has no races, and loading libraries costs most here: AddressSanitizer takes them all.
constexpr size_t kTakenApart = 8;
#else
constexpr size_t kTakenApart = 1;
#endif

// A process of its own: a crash is that one's alone.
pid_t TryWithout(const SymbolState& symbol) {
  const int failed_before = check::failed_checks;
  const pid_t child = fork();
  if (child != 0) return child;
  RemoveOneByOne(symbol);
  _exit(check::failed_checks == failed_before ? 0 : 1);
}

void Expect(pid_t child, const SymbolState& symbol) {
  int status = 0;
  CHECK_EQ(waitpid(child, &status, 0), child);
  if (status == 0) return;
  check::Fail(__FILE__, __LINE__,
              "without " + symbol.wanted + ": wait status " + std::to_string(status));
}

TEST("nvml: a driver without any one of the functions opens or says why, and never crashes") {
  const std::vector<SymbolState> symbols = SymbolsOf(GPURING_SIMULATOR_PATH);
  CHECK(symbols.size() > 30);
  if (kTakenApart > 1)
    std::printf("  only one function in %zu, under this sanitizer\n", kTakenApart);
  const size_t at_once = std::max(1u, std::thread::hardware_concurrency());
  std::deque<std::pair<pid_t, const SymbolState*>> running;
  for (size_t at = 0; at < symbols.size() || !running.empty();) {
    if (at < symbols.size() && running.size() < at_once) {
      running.emplace_back(TryWithout(symbols[at]), &symbols[at]);
      at += kTakenApart;
    } else {
      Expect(running.front().first, *running.front().second);
      running.pop_front();
    }
  }
}

}  // namespace
}  // namespace gpuring
