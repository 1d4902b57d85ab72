#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace gpuring::simulator {

// Reads a regular file of at most `limit` bytes. False: `error` begins with the path.
[[nodiscard]] bool ReadTextFile(const std::string& path, size_t limit, std::string* text,
                                std::string* error);

// `path` as seen from `directory`, unless it is absolute.
[[nodiscard]] std::string JoinPath(std::string_view directory, std::string_view path);
// Without a trailing slash; "." for a bare name.
[[nodiscard]] std::string DirectoryOf(std::string_view path);
[[nodiscard]] std::string BaseNameOf(std::string_view path);

}  // namespace gpuring::simulator
