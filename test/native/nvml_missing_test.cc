// Drivers that lack a function: none of them may be called through a null pointer.
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <string>
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

TEST("nvml: a driver without any one of the functions opens or says why, and never crashes") {
  size_t tried = 0;
  for (const SymbolState& symbol : SymbolsOf(GPURING_SIMULATOR_PATH)) {
    const int failed_before = check::failed_checks;
    const pid_t child = fork();  // a crash is that child's alone
    if (child == 0) {
      RemoveOneByOne(symbol);
      _exit(check::failed_checks == failed_before ? 0 : 1);
    }
    int status = 0;
    CHECK_EQ(waitpid(child, &status, 0), child);
    if (status != 0) {
      check::Fail(__FILE__, __LINE__,
                  "without " + symbol.wanted + ": wait status " + std::to_string(status));
    }
    tried++;
  }
  CHECK(tried > 30);
}

}  // namespace
}  // namespace gpuring
