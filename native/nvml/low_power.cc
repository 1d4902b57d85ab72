#include "nvml/low_power.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "nvml/host_files.h"

namespace gpuring {
namespace {

constexpr const char* kDevices = "/sys/bus/pci/devices/";
constexpr const char* kRuntimeStatus = "/power/runtime_status";
constexpr std::string_view kVendor = "0x10de";
constexpr std::string_view kDisplayClass = "0x03";

using Line = std::array<char, 32>;

// The beginning of a short file; empty where there is none.
std::string_view ReadLine(const char* path, Line* line) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return {};
  const ssize_t got = read(file, line->data(), line->size());
  close(file);
  return {line->data(), got < 0 ? 0 : static_cast<size_t>(got)};
}

}  // namespace

// NVML writes "00000000:65:00.0", the kernel "0000:65:00.0".
void WriteRuntimeStatusPath(std::string_view pci_bus_id, std::span<char> path) {
  path[0] = '\0';
  unsigned int domain = 0;
  unsigned int bus = 0;
  unsigned int device = 0;
  unsigned int function = 0;
  if (std::sscanf(std::string(pci_bus_id).c_str(), "%8x:%2x:%2x.%1x", &domain, &bus, &device,
                  &function) != 4) {
    return;
  }
  const int length = std::snprintf(path.data(), path.size(), "%s%s%04x:%02x:%02x.%x%s", HostRoot(),
                                   kDevices, domain, bus, device, function, kRuntimeStatus);
  if (length < 0 || static_cast<size_t>(length) >= path.size()) path[0] = '\0';
}

bool IsAsleep(const char* runtime_status_path) {
  if (*runtime_status_path == '\0') return false;
  Line line{};
  // "suspended", and "suspending" on the way there.
  return ReadLine(runtime_status_path, &line).starts_with("suspend");
}

bool AllGpusAsleep() {
  const std::string folder = std::string(HostRoot()) + kDevices;
  DIR* const listing = opendir(folder.c_str());
  if (listing == nullptr) return false;
  int gpus = 0;
  int asleep = 0;
  while (const dirent* entry = readdir(listing)) {
    const std::string device = folder + entry->d_name;
    Line line{};
    if (!ReadLine((device + "/vendor").c_str(), &line).starts_with(kVendor)) continue;
    if (!ReadLine((device + "/class").c_str(), &line).starts_with(kDisplayClass)) continue;
    ++gpus;
    if (IsAsleep((device + kRuntimeStatus).c_str())) ++asleep;
  }
  closedir(listing);
  return gpus > 0 && asleep == gpus;
}

}  // namespace gpuring
