// Identifiers as the driver writes them.
#pragma once

#include <cstdint>
#include <string>

namespace gpuring::simulator {

// "GPU-xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx" for the prefix "GPU-"; the digits come from the seed.
[[nodiscard]] std::string FormatUuid(const char* prefix, uint64_t seed);

}  // namespace gpuring::simulator
