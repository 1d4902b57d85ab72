// Whether a GPU sleeps, from the kernel: no driver call, which would wake it.
#pragma once

#include <span>
#include <string_view>

namespace gpuring {

// Writes the path of the file that says whether the device sleeps, with its terminator; "" where
// `pci_bus_id` is none or the path does not fit.
void WriteRuntimeStatusPath(std::string_view pci_bus_id, std::span<char> path);

// False also where nothing is known. Allocates nothing.
[[nodiscard]] bool IsAsleep(const char* runtime_status_path);

// There is at least one NVIDIA GPU, and all of them sleep.
[[nodiscard]] bool AllGpusAsleep();

}  // namespace gpuring
