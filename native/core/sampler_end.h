// How a sampler ends, seen from all who wait for it.
#pragma once

#include <atomic>
#include <memory>

#include "core/block_memory.h"
#include "core/clock.h"
#include "core/sampler_state.h"
#include "core/status.h"

namespace gpuring {

// Thread rules: `status` is written before `state` leaves kOpening, and by nobody later.
struct SamplerOutcome {
  std::atomic<SamplerState> state{SamplerState::kOpening};
  Status status;
  Event opened;
  const std::shared_ptr<Event> stopped = std::make_shared<Event>();
};

// The sampler and every source that it made hold a share. When the last one goes, all sources are
// closed, and only then the end shows: whoever sees it may open the same driver again.
class SamplerEnd {
 public:
  SamplerEnd(std::shared_ptr<SamplerOutcome> outcome, std::shared_ptr<BlockMemory> block)
      : outcome_(std::move(outcome)), block_(std::move(block)) {}
  ~SamplerEnd();
  SamplerEnd(const SamplerEnd&) = delete;
  SamplerEnd& operator=(const SamplerEnd&) = delete;

 private:
  const std::shared_ptr<SamplerOutcome> outcome_;
  const std::shared_ptr<BlockMemory> block_;
};

}  // namespace gpuring
