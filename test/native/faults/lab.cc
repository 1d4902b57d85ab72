#include "lab.h"

#include <dlfcn.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "nvml/library.h"

namespace gpuring::faults {
namespace {

constexpr size_t kReplyBytes = size_t{1} << 16;

[[noreturn]] void Give(const std::string& up) {
  std::fprintf(stderr, "fault_sweep: %s\n", up.c_str());
  std::abort();
}

std::vector<std::string>& Copies() {
  static std::vector<std::string> paths;
  return paths;
}

// Renames a symbol where it stands, so that the loader does not find it any more.
void Hide(const std::string& name, std::string* library) {
  const std::string entry = '\0' + name + '\0';
  bool found = false;
  for (size_t at = 0; (at = library->find(entry, at)) != std::string::npos; found = true) {
    (*library)[at + 1] = '-';
  }
  if (!found) Give("the driver has no " + name);
}

// The names found for each symbol, and under which one.
std::vector<SymbolState> SymbolsOf(const std::string& path) {
  NvmlLibrary library;
  if (!library.Open(path).ok()) return {};
  return library.Symbols();
}

void FollowChain(const std::string& path, const SymbolState& symbol,
                 std::vector<UsedFunction>* functions) {
  UsedFunction used = {symbol.found, {}};
  while (!used.name.empty()) {
    functions->push_back(used);
    used.without.push_back(used.name);
    used.name = "";
    for (const SymbolState& left : SymbolsOf(DriverWithout(path, used.without))) {
      if (left.wanted == symbol.wanted) used.name = left.found;
    }
  }
}

}  // namespace

Lab::Lab(std::string path)
    : path_(std::move(path)), library_(dlopen(path_.c_str(), RTLD_NOW | RTLD_LOCAL)) {
  if (library_ == nullptr) Give(dlerror());
}

bool Lab::Try(const std::string& name, const std::string& argument, std::string* reply) const {
  using Control = decltype(&gpuringSimulatorControl);
  static auto* const buffer = new std::string(kReplyBytes, '\0');
  const auto control = reinterpret_cast<Control>(dlsym(library_, "gpuringSimulatorControl"));
  const unsigned int result = control(name.c_str(), argument.c_str(), buffer->data(), kReplyBytes);
  *reply = buffer->c_str();
  return result == NVML_SUCCESS;
}

std::string Lab::Command(const std::string& name, const std::string& argument) const {
  std::string reply;
  if (!Try(name, argument, &reply)) Give(name + " " + argument + ": " + reply);
  return reply;
}

void Lab::Init() const {
  for (const char* name : {"nvmlInit_v2", "nvmlInit", "nvmlInitWithFlags"}) {
    const auto init = reinterpret_cast<nvmlReturn_t (*)(unsigned int)>(dlsym(library_, name));
    if (init == nullptr) continue;
    for (int times = 0; times < kInits; times++) {
      if (init(0) != NVML_SUCCESS) Give("the simulated driver does not start");
    }
    return;
  }
}

void Lab::Shutdown() const {
  const auto shutdown = reinterpret_cast<nvmlReturn_t (*)()>(dlsym(library_, "nvmlShutdown"));
  for (int times = 0; shutdown != nullptr && times < kInits; times++) (void)shutdown();
}

long NumberIn(const std::string& reply, const std::string& name, size_t from) {
  const std::string key = "\"" + name + "\":";
  const size_t at = reply.find(key, from);
  return at == std::string::npos ? -1 : std::strtol(reply.c_str() + at + key.size(), nullptr, 10);
}

std::vector<UsedFunction> UsedFunctions(const std::string& path) {
  std::vector<UsedFunction> functions;
  for (const SymbolState& symbol : SymbolsOf(path)) FollowChain(path, symbol, &functions);
  return functions;
}

std::string DriverWithout(const std::string& path, const std::vector<std::string>& names) {
  if (names.empty()) return path;
  std::ifstream file(path, std::ios::binary);
  std::string library = {std::istreambuf_iterator<char>(file), {}};
  for (const std::string& name : names) Hide(name, &library);
  char copy[] = "/tmp/gpuring-driver-XXXXXX";
  const int descriptor = mkstemp(copy);
  if (descriptor < 0) Give("no temporary file");
  Copies().emplace_back(copy);
  const auto size = static_cast<ssize_t>(library.size());
  if (write(descriptor, library.data(), library.size()) != size) Give("no room for a copy");
  close(descriptor);
  return copy;
}

void DeleteCopies() {
  for (const std::string& path : Copies()) unlink(path.c_str());
  Copies().clear();
}

}  // namespace gpuring::faults
