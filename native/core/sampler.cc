#include "core/sampler.h"

#include <utility>

#include "core/detached_thread.h"
#include "core/sampler_core.h"

namespace gpuring {

std::shared_ptr<Sampler> Sampler::Start(std::shared_ptr<Clock> clock,
                                        const SamplerOptions& options) {
  auto core = std::make_shared<SamplerCore>(std::move(clock), options);
  // Detached: nobody may ever have to wait for a thread that hangs in the driver.
  if (Status started = StartDetachedThread([core] { core->Run(); }); !started.ok()) {
    core->Finish(started);
  }
  return std::shared_ptr<Sampler>(new Sampler(std::move(core)));
}

Sampler::Sampler(std::shared_ptr<SamplerCore> core) : core_(std::move(core)) {}

Sampler::~Sampler() { core_->RequestStop(); }

SamplerState Sampler::state() const {
  return core_->outcome().state.load(std::memory_order_acquire);
}
Status Sampler::status() const {
  return state() == SamplerState::kFailed ? core_->outcome().status : Status::Ok();
}
std::shared_ptr<const DeviceList> Sampler::devices() const { return core_->devices(); }
SourceIdentity Sampler::identity() const { return core_->identity(); }
const std::shared_ptr<BlockMemory>& Sampler::block() const { return core_->block(); }
const EventLog& Sampler::events() const { return core_->events(); }

void Sampler::ReadHistory(const HistoryRange& range, std::span<Sample> out,
                          HistoryRead* read) const {
  const std::shared_ptr<RowRings> rings = core_->store().RingsOf(range.row);
  const auto tier = static_cast<size_t>(range.tier);
  *read = rings == nullptr ? HistoryRead{0, 0, 0, 0}
                           : rings->tiers[tier]->Read(range.from_sequence, out);
}

void Sampler::ReadSeries(const SeriesRange& range, std::span<SeriesRecord> out,
                         RingRead* read) const {
  const std::shared_ptr<RowRings> rings = core_->store().RingsOf(range.row);
  const bool none = rings == nullptr || range.series >= kSeriesCount;
  *read = none ? RingRead{0, 0, 0, 0} : rings->series[range.series]->Read(range.from_sequence, out);
}

std::shared_ptr<const SampleIndex> Sampler::IndexOf(size_t row, Tier tier) const {
  const std::shared_ptr<RowRings> rings = core_->store().RingsOf(row);
  return rings == nullptr ? nullptr : rings->indexes[static_cast<size_t>(tier)];
}

const std::shared_ptr<IndexMaker>& Sampler::index_maker() const { return core_->index_maker(); }

bool Sampler::ReadReports(size_t row, std::span<MetricReport, kMetricCount> reports) const {
  const std::shared_ptr<RowBoard> board = core_->store().BoardOf(row);
  return board != nullptr && board->ReadReports(reports);
}

bool Sampler::ReadDetail(size_t row, DeviceDetail* detail) const {
  const std::shared_ptr<RowBoard> board = core_->store().BoardOf(row);
  return board != nullptr && board->ReadDetail(detail);
}

uint64_t Sampler::HistoryCapacity() const { return core_->store().Capacity(); }
Status Sampler::GrowHistory(uint64_t samples) { return core_->GrowHistory(samples); }
bool Sampler::HasRow(size_t row) const { return core_->HasRow(row); }
void Sampler::Watch(std::span<const size_t> rows) { core_->Watch(rows); }
void Sampler::Unwatch(std::span<const size_t> rows) { core_->Unwatch(rows); }
void Sampler::SetPeriodNs(int64_t period_ns) { core_->SetPeriodNs(period_ns); }
int64_t Sampler::period_ns() const { return core_->period_ns(); }
void Sampler::Suspend() { core_->ChangeSuspensions(1); }
void Sampler::Resume() { core_->ChangeSuspensions(-1); }
void Sampler::RequestStop() { core_->RequestStop(); }

bool Sampler::WaitStopped(int64_t timeout_ns) const {
  return stopped()->WaitUntil(MonotonicNowNs() + timeout_ns);
}

std::shared_ptr<Event> Sampler::stopped() const { return core_->outcome().stopped; }

bool Sampler::WaitOpened(int64_t timeout_ns) const {
  return core_->outcome().opened.WaitUntil(MonotonicNowNs() + timeout_ns);
}

}  // namespace gpuring
