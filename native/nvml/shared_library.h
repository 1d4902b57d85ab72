// A shared library loaded at run time. The only user of the dynamic loader in the addon.
#pragma once

#include <string>
#include <utility>

#include "core/status.h"

namespace gpuring {

// Movable, not copyable; unloads in the destructor.
class SharedLibrary {
 public:
  SharedLibrary() = default;
  SharedLibrary(SharedLibrary&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  SharedLibrary& operator=(SharedLibrary&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~SharedLibrary() { Close(); }

  // `path`: a file when it holds a '/', else a name for the loader to search. Runs the library's
  // constructors. kLibraryNotFound, kLibraryInvalid or kNoPermission say what is wrong with it.
  Status Open(const std::string& path);
  void Close();

  // Null: the library has no such symbol. REQUIRES: open.
  [[nodiscard]] void* Find(const char* symbol) const;
  [[nodiscard]] bool is_open() const { return handle_ != nullptr; }

 private:
  void* handle_ = nullptr;
};

}  // namespace gpuring
