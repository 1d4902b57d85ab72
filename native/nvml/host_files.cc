#include "nvml/host_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <forward_list>
#include <mutex>
#include <string>
#include <string_view>

namespace gpuring {
namespace {

std::atomic<const char*> host_root{""};

// The kilobytes behind `name` in what /proc/meminfo says.
std::optional<uint64_t> KilobytesOf(std::string_view text, std::string_view name) {
  const size_t at = text.find(name);
  if (at == std::string_view::npos) return std::nullopt;
  const size_t begin = text.find_first_not_of(" \t", at + name.size());
  if (begin == std::string_view::npos) return std::nullopt;
  uint64_t kilobytes = 0;
  const auto [end, error] =
      std::from_chars(text.data() + begin, text.data() + text.size(), kilobytes);
  return error == std::errc() ? std::optional(kilobytes) : std::nullopt;
}

}  // namespace

void FindHostRoot() {
  static std::mutex mutex;
  // Never freed: other threads may be reading an earlier one.
  static auto* const roots = new std::forward_list<std::string>;
  const char* const set = secure_getenv("GPURING_HOST_ROOT");
  const std::string wanted = set == nullptr ? "" : set;
  const std::lock_guard<std::mutex> lock(mutex);
  if (wanted == host_root.load(std::memory_order_relaxed)) return;
  host_root.store(roots->emplace_front(wanted).c_str(), std::memory_order_release);
}

const char* HostRoot() { return host_root.load(std::memory_order_acquire); }

std::optional<HostMemory> ReadHostMemory() {
  std::array<char, 256> path;
  const int length = std::snprintf(path.data(), path.size(), "%s/proc/meminfo", HostRoot());
  if (length < 0 || static_cast<size_t>(length) >= path.size()) return std::nullopt;
  const int file = open(path.data(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return std::nullopt;
  std::array<char, 512> text;  // what is looked for stands in the first lines
  const ssize_t got = read(file, text.data(), text.size());
  close(file);
  if (got <= 0) return std::nullopt;
  const std::string_view said(text.data(), static_cast<size_t>(got));
  const auto total = KilobytesOf(said, "MemTotal:");
  const auto available = KilobytesOf(said, "MemAvailable:");
  if (!total || !available || *available > *total) return std::nullopt;
  return HostMemory{.total_bytes = *total * 1024, .available_bytes = *available * 1024};
}

}  // namespace gpuring
