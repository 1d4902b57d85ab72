#include "nvml/detail.h"

#include "nvml/target.h"

namespace gpuring {

Status ReadTargetDetail(const NvmlLibrary&, Target*, DeviceDetail*) { return Status::Ok(); }

}  // namespace gpuring
