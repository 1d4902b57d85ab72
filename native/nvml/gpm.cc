#include "nvml/gpm.h"

#include "nvml/target.h"

namespace gpuring {

nvmlReturn_t PollGpm(const NvmlLibrary&, Target*, Sample*) { return NVML_SUCCESS; }
void FreeGpm(const NvmlLibrary&, Target*) {}

}  // namespace gpuring
