#include "nvml/detail.h"

#include "nvml/fans.h"
#include "nvml/links.h"
#include "nvml/return_code.h"
#include "nvml/target.h"

namespace gpuring {
namespace {

nvmlReturn_t Read(const NvmlLibrary& library, Target* target, DeviceDetail* detail) {
  // Fans and links are the board's, and an instance is asked for neither.
  if (!target->is_mig) {
    nvmlReturn_t dead = ReadFans(library, target->handle, detail);
    if (dead == NVML_SUCCESS) dead = ReadLinks(library, target->handle, detail);
    if (dead != NVML_SUCCESS) return dead;
  }
  return ReadProcesses(library, target, detail);
}

}  // namespace

Status ReadTargetDetail(const NvmlLibrary& library, Target* target, DeviceDetail* detail) {
  const nvmlReturn_t dead = Read(library, target, detail);
  if (IsDeviceDead(dead)) target->stale = true;
  return ToBareStatus(dead);
}

}  // namespace gpuring
