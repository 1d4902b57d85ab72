// Where a sampler is in its life.
#pragma once

#include <cstdint>

namespace gpuring {

enum class SamplerState : uint8_t {
  kOpening,  // the source is being opened, which may take seconds
  kRunning,  // also while the driver is away or let go of: the block's kBlockDriverWord says so
  kFailed,   // it could not be opened: status() says why. Final.
  kStopped,  // final
};

}  // namespace gpuring
