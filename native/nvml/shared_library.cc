#include "nvml/shared_library.h"

#include <dlfcn.h>

#include "nvml/elf_header.h"

// glibc 2.34 moved these into libc under a new version. Binding the old one keeps a prebuilt addon
// loadable on older systems; newer ones still offer it.
#if defined(__GLIBC__) && defined(__x86_64__)
#define GPURING_LOADER_VERSION "GLIBC_2.2.5"
#elif defined(__GLIBC__) && defined(__aarch64__)
#define GPURING_LOADER_VERSION "GLIBC_2.17"
#endif
#ifdef GPURING_LOADER_VERSION
__asm__(".symver dlopen,dlopen@" GPURING_LOADER_VERSION);
__asm__(".symver dlsym,dlsym@" GPURING_LOADER_VERSION);
__asm__(".symver dlclose,dlclose@" GPURING_LOADER_VERSION);
__asm__(".symver dlerror,dlerror@" GPURING_LOADER_VERSION);
#endif

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

void* SharedLibrary::Find(const char* symbol) const { return dlsym(handle_, symbol); }

}  // namespace gpuring
