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

  // Whether the loader would answer a search for `name` with this very library, now that it is
  // loaded: it goes by soname first. REQUIRES: open.
  [[nodiscard]] bool AnswersTo(const char* name) const;

  // Null: the library has no such symbol. REQUIRES: open.
  [[nodiscard]] void* Find(const char* symbol) const;
  [[nodiscard]] bool is_open() const { return handle_ != nullptr; }

 private:
  void* handle_ = nullptr;
};

}  // namespace gpuring
