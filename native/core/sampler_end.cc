#include "core/sampler_end.h"

#include "core/published_block.h"

namespace gpuring {

SamplerEnd::~SamplerEnd() {
  const SamplerState state = outcome_->status.ok() ? SamplerState::kStopped : SamplerState::kFailed;
  if (block_ != nullptr && outcome_->status.ok()) {
    PublishedBlock<StdAtomics> block(block_->cells(), {});
    block.StoreHeader(kBlockStateWord, static_cast<uint64_t>(state));
    block.NoteChange();
  }
  outcome_->state.store(state, std::memory_order_release);
  outcome_->opened.Set();
  outcome_->stopped->Set();
}

}  // namespace gpuring
