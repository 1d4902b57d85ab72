#pragma once

#include "nvml/abi.h"

namespace gpuring::simulator {

// Never null, valid for ever; works before init. Unknown codes have a text too.
const char* ErrorText(nvmlReturn_t code);

}  // namespace gpuring::simulator
