#include "nvml/series.h"

#include "nvml/target.h"

namespace gpuring {

Status DrainTarget(const NvmlLibrary&, const Target&, const SeriesRequest&, std::span<SeriesPoint>,
                   size_t* count) {
  *count = 0;
  return Status::Error(StatusCode::kNotSupported, "");
}

}  // namespace gpuring
