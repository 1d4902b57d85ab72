#include "simulator/text_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace gpuring::simulator {
namespace {

bool ReadAll(int file, size_t limit, std::string* text) {
  std::array<char, 65536> chunk;
  while (text->size() <= limit) {
    const ssize_t count = read(file, chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return count == 0;
    text->append(chunk.data(), static_cast<size_t>(count));
  }
  return true;
}

}  // namespace

bool ReadTextFile(const std::string& path, size_t limit, std::string* text, std::string* error) {
  text->clear();
  if (path.find('\0') != std::string::npos) {
    *error = "expected a path without a NUL byte";
    return false;
  }
  // O_NONBLOCK and the seek: a named pipe is refused instead of waited for.
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  const bool read = file >= 0 && lseek(file, 0, SEEK_SET) == 0 && ReadAll(file, limit, text);
  const int code = errno;
  if (file >= 0) close(file);
  if (!read) {
    *error = path + ": expected a readable file: " + std::strerror(code);
    return false;
  }
  if (text->size() > limit) {
    *error = path + ": expected at most " + std::to_string(limit) + " bytes";
    return false;
  }
  return true;
}

std::string JoinPath(std::string_view directory, std::string_view path) {
  if (directory.empty() || path.starts_with('/')) return std::string(path);
  std::string joined(directory);
  if (!joined.ends_with('/')) joined += '/';
  return joined.append(path);
}

std::string DirectoryOf(std::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return std::string(path.substr(0, slash == 0 ? 1 : slash));
}

std::string BaseNameOf(std::string_view path) {
  const size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

}  // namespace gpuring::simulator
