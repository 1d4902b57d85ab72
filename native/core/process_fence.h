// A fence that one thread pays for in place of all others, which order nothing themselves. Linux:
// membarrier(), which a container may forbid.
#pragma once

namespace gpuring {

// Asks the system for it, on a thread of its own: that takes some 15 ms where there are threads.
// Does nothing if it was called before.
void PrepareProcessFence();

// Whether there is one by now. It stays.
[[nodiscard]] bool HasProcessFence();

// Every thread of the process passes a sequentially consistent fence before this returns. Does
// nothing where there is none. False: it was refused, although HasProcessFence().
[[nodiscard]] bool FenceProcess();

}  // namespace gpuring
