// What nvidia-smi does when a program asks it, and no more: it opens the driver, asks it, writes
// lines of text. Under a name and on PATH it is found as nvidia-smi.
//   smi --query-gpu=COLUMN,... --format=csv,noheader,nounits
// The driver is GPURING_NVML_PATH.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "plain_driver.h"

namespace gpuring {
namespace {

constexpr std::string_view kQuery = "--query-gpu=";
constexpr std::string_view kFormat = "--format=csv,noheader,nounits";

// Texts that identify a device; false: no such column.
bool PrintText(const PlainDriver& driver, nvmlDevice_t device, std::string_view column) {
  char text[NVML_DEVICE_NAME_V2_BUFFER_SIZE] = "";
  nvmlPciInfo_t pci{};
  nvmlReturn_t (*version)(char*, unsigned int) = nullptr;
  nvmlReturn_t (*name)(nvmlDevice_t, char*, unsigned int) = nullptr;
  nvmlReturn_t (*place)(nvmlDevice_t, nvmlPciInfo_t*) = nullptr;
  if (column == "driver_version" && driver.Find("nvmlSystemGetDriverVersion", &version)) {
    version(text, sizeof(text));
  } else if (column == "name" && driver.Find("nvmlDeviceGetName", &name)) {
    name(device, text, sizeof(text));
  } else if (driver.Find("nvmlDeviceGetPciInfo_v3", &place)) {
    place(device, &pci);
    if (column == "pci.bus_id") {
      std::snprintf(text, sizeof(text), "%s", pci.busId);
    } else if (column == "pci.sub_device_id") {
      std::snprintf(text, sizeof(text), "0x%08X", pci.pciSubSystemId);
    } else {
      return false;
    }
  }
  std::fputs(text, stdout);
  return true;
}

bool PrintColumn(const PlainDriver& driver, nvmlDevice_t device, std::string_view column) {
  for (size_t index = 0; index < kPlainColumns.size(); ++index) {
    if (column != kPlainColumns[index]) continue;
    const double value = driver.ReadOne(device, index);
    if (std::isnan(value)) {
      std::fputs("[N/A]", stdout);
    } else {
      std::printf(column.starts_with("power.") ? "%.2f" : "%.0f", value);
    }
    return true;
  }
  return PrintText(driver, device, column);
}

bool PrintDevice(const PlainDriver& driver, nvmlDevice_t device, std::string_view columns) {
  for (;;) {
    const size_t end = columns.find(',');
    if (!PrintColumn(driver, device, columns.substr(0, end))) return false;
    if (end == std::string_view::npos) break;
    std::fputs(", ", stdout);
    columns.remove_prefix(end + 1);
  }
  std::fputs("\n", stdout);
  return true;
}

int Fail(const char* why) { return std::fprintf(stderr, "smi: %s\n", why), 1; }

int Run(std::string_view query, std::string_view format) {
  if (!query.starts_with(kQuery) || format != kFormat) return Fail("unknown arguments");
  query.remove_prefix(kQuery.size());
  const char* const path = std::getenv("GPURING_NVML_PATH");
  PlainDriver driver;
  if (path == nullptr || !driver.Open(path)) return Fail("no driver");
  for (const nvmlDevice_t device : driver.devices()) {
    if (!PrintDevice(driver, device, query)) return Fail("unknown column");
  }
  driver.Close();
  return 0;
}

}  // namespace
}  // namespace gpuring

int main(int count, char** arguments) {
  return gpuring::Run(count == 3 ? arguments[1] : "", count == 3 ? arguments[2] : "");
}
