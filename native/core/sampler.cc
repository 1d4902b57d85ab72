#include "core/sampler.h"

#include <utility>

#include "core/detached_thread.h"
#include "core/sampler_core.h"

namespace gpuring {

std::shared_ptr<Sampler> Sampler::Start(std::unique_ptr<Source> source,
                                        std::shared_ptr<Clock> clock,
                                        const SamplerOptions& options) {
  auto core = std::make_shared<SamplerCore>(std::move(source), std::move(clock), options);
  // Detached: nobody may ever have to wait for a thread that hangs in the driver.
  if (Status started = StartDetachedThread([core] { core->Run(); }); !started.ok()) {
    core->Finish(started);
  }
  return std::shared_ptr<Sampler>(new Sampler(std::move(core)));
}

Sampler::Sampler(std::shared_ptr<SamplerCore> core) : core_(std::move(core)) {}

Sampler::~Sampler() { core_->RequestStop(); }

SamplerState Sampler::state() const { return core_->state(); }
Status Sampler::status() const { return core_->status(); }
const std::vector<DeviceIdentity>& Sampler::devices() const { return core_->devices(); }
const SourceIdentity& Sampler::identity() const { return core_->identity(); }
const std::shared_ptr<BlockMemory>& Sampler::block() const { return core_->block(); }

void Sampler::ReadHistory(size_t row, uint64_t from_sequence, std::span<Sample> out,
                          HistoryRead* read) const {
  const std::shared_ptr<History> history = core_->HistoryOf(row);
  *read = history == nullptr ? HistoryRead{} : history->Read(from_sequence, out);
}

uint64_t Sampler::HistoryCapacity() const { return core_->HistoryCapacity(); }
Status Sampler::GrowHistory(uint64_t samples) { return core_->GrowHistory(samples); }
void Sampler::Watch(std::span<const size_t> rows) { core_->Watch(rows); }
void Sampler::Unwatch(std::span<const size_t> rows) { core_->Unwatch(rows); }
void Sampler::SetPeriodNs(int64_t period_ns) { core_->SetPeriodNs(period_ns); }
int64_t Sampler::period_ns() const { return core_->period_ns(); }
void Sampler::RequestStop() { core_->RequestStop(); }

bool Sampler::WaitStopped(int64_t timeout_ns) const {
  return core_->stopped()->WaitUntil(MonotonicNowNs() + timeout_ns);
}

std::shared_ptr<Event> Sampler::stopped() const { return core_->stopped(); }

bool Sampler::WaitOpened(int64_t timeout_ns) const {
  return core_->opened().WaitUntil(MonotonicNowNs() + timeout_ns);
}

}  // namespace gpuring
