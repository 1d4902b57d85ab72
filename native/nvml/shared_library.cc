#include "nvml/shared_library.h"

#include <dlfcn.h>

#include "core/old_glibc.h"
#include "nvml/elf_header.h"

GPURING_BIND_OLD(dlopen);
GPURING_BIND_OLD(dlsym);
GPURING_BIND_OLD(dlclose);
GPURING_BIND_OLD(dlerror);

namespace gpuring {
namespace {

Status NotFound(const std::string& name) {
  return Status::Error(
      StatusCode::kLibraryNotFound,
      "\"" + name + "\" was not found: neither in LD_LIBRARY_PATH nor in the loader's folders",
      "Install the NVIDIA driver; in a container, run it with the NVIDIA container toolkit "
      "(docker run --gpus all).");
}

// `reason` is the loader's text; it begins with the file it is about, then ": ".
Status Classify(const std::string& path, const std::string& reason) {
  const std::string subject = reason.substr(0, reason.find(": "));
  const bool searched = path.find('/') == std::string::npos;
  if (searched && subject == path) return NotFound(path);
  if (subject.find('/') != std::string::npos) {
    if (Status status = CheckElfFile(subject); !status.ok()) return status;
  }
  return Status::Error(StatusCode::kLibraryInvalid, "\"" + path + "\" does not load: " + reason,
                       "The library is damaged or misses another one: reinstall the NVIDIA "
                       "driver.");
}

}  // namespace

Status SharedLibrary::Open(const std::string& path) {
  Close();
  // A named file is looked at before the loader maps it: the loader would wait on a FIFO.
  if (path.find('/') != std::string::npos) {
    if (Status status = CheckElfFile(path); !status.ok()) return status;
  }
  handle_ = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle_ != nullptr) return Status::Ok();
  const char* reason = dlerror();
  return Classify(path, reason == nullptr ? "" : reason);
}

void SharedLibrary::Close() {
  if (handle_ != nullptr) dlclose(std::exchange(handle_, nullptr));
}

bool SharedLibrary::AnswersTo(const char* name) const {
  void* const found = dlopen(name, RTLD_LAZY | RTLD_NOLOAD);
  if (found == nullptr) return false;
  dlclose(found);
  return found == handle_;
}

void* SharedLibrary::Find(const char* symbol) const { return dlsym(handle_, symbol); }

}  // namespace gpuring
