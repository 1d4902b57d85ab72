#include "nvml/events.h"

#include "nvml/target.h"

namespace gpuring {

void DriverEvents::Open(const NvmlLibrary&) {}
void DriverEvents::Close() {}
void DriverEvents::Add(const Target&, size_t) {}
void DriverEvents::Remove(size_t) {}
Status DriverEvents::Wait(int64_t, SourceEvent*) {
  return Status::Error(StatusCode::kNotSupported, "");
}

}  // namespace gpuring
