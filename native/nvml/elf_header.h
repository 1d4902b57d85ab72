// Why a file is no library for this process, told from its first bytes.
#pragma once

#include <string>

#include "core/status.h"

namespace gpuring {

// Ok for a regular file with the header of an ELF file of this process's architecture. Otherwise
// kLibraryNotFound, kNoPermission or kLibraryInvalid. Never blocks on special files.
[[nodiscard]] Status CheckElfFile(const std::string& path);

}  // namespace gpuring
