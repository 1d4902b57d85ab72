#include "nvml/poll.h"

#include "nvml/target.h"

namespace gpuring {

Status PollTarget(const NvmlLibrary&, Tier, Target*, Sample*) {
  return Status::Error(StatusCode::kNotSupported, "");
}

}  // namespace gpuring
