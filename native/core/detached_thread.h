// Threads of which nobody ever has to wait for the end.
#pragma once

#include <functional>

#include "core/status.h"

namespace gpuring {

// Runs `body` on a thread of its own. The thread takes none of the process's signals and is named
// "gpuring". kTryAgain: the system gives no further thread, and `body` never runs.
[[nodiscard]] Status StartDetachedThread(std::function<void()> body);

}  // namespace gpuring
