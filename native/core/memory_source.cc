#include "core/memory_source.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <numeric>
#include <ranges>
#include <thread>

namespace gpuring {
namespace {

constexpr int64_t kForEver = std::numeric_limits<int64_t>::max();

// Without text: a poll may not allocate.
Status Scripted(StatusCode code) {
  return code == StatusCode::kOk ? Status::Ok() : Status::Error(code, "");
}

// A UUID for each device that the test gave none.
MemoryScript Named(MemoryScript script) {
  for (size_t at = 0; at < script.devices.size(); at++) {
    std::string& uuid = script.devices[at].identity.uuid;
    if (uuid.empty()) uuid = "GPU-memory-" + std::to_string(at);
  }
  return script;
}

void Await(Event* gate, MemoryLog* log) {
  if (gate == nullptr) return;
  log->at_gates++;
  gate->WaitUntil(kForEver);
  log->at_gates--;
}

void Fill(const MemoryAnswer& answer, Tier tier, Sample* sample) {
  const MetricRange range = kTierMetrics[static_cast<size_t>(tier)];
  const auto within = [&range](MetricId metric) {
    return static_cast<size_t>(metric) >= range.begin && static_cast<size_t>(metric) < range.end;
  };
  for (const auto& [metric, value] : answer.values) {
    if (within(metric)) sample->Set(metric, value);
  }
  for (const MetricId metric : answer.unsupported) {
    if (within(metric)) sample->SetUnknown(metric, ValueState::kUnsupported);
  }
}

}  // namespace

MemoryHost::MemoryHost(MemoryScript script)
    : script_(Named(std::move(script))),
      log_(std::make_shared<MemoryLog>(script_.devices.size())),
      present_(script_.devices.size()),
      states_(script_.devices.size()),
      open_gate_(script_.open_gate) {
  std::iota(present_.begin(), present_.end(), size_t{0});
}

void MemoryHost::SetPresent(std::vector<size_t> devices) {
  const std::lock_guard<std::mutex> lock(mutex_);
  present_ = std::move(devices);
}

void MemoryHost::SetAnswer(size_t device, std::optional<MemoryAnswer> answer) {
  const std::lock_guard<std::mutex> lock(mutex_);
  states_[device].answer = std::move(answer);
}

void MemoryHost::SetLibrary(StatusCode code) {
  const std::lock_guard<std::mutex> lock(mutex_);
  library_ = code;
}

void MemoryHost::SetCountGate(Event* gate) {
  const std::lock_guard<std::mutex> lock(mutex_);
  count_gate_ = gate;
}

void MemoryHost::SetTopologyGate(Event* gate) {
  const std::lock_guard<std::mutex> lock(mutex_);
  topology_gate_ = gate;
}

void MemoryHost::SetOpenGate(Event* gate) {
  const std::lock_guard<std::mutex> lock(mutex_);
  open_gate_ = gate;
}

void MemoryHost::SetCloseGate(Event* gate) {
  const std::lock_guard<std::mutex> lock(mutex_);
  close_gate_ = gate;
}

void MemoryHost::SetWaitGate(Event* gate) {
  const std::lock_guard<std::mutex> lock(mutex_);
  wait_gate_ = gate;
}

void MemoryHost::SetDeviceGate(size_t device, Event* gate, MemoryCall calls) {
  const std::lock_guard<std::mutex> lock(mutex_);
  states_[device].gate = gate;
  states_[device].gated = calls;
}

void MemoryHost::SetWouldWake(bool would) {
  const std::lock_guard<std::mutex> lock(mutex_);
  would_wake_ = would;
}

void MemoryHost::SetDetail(size_t device, const DeviceDetail& detail) {
  const std::lock_guard<std::mutex> lock(mutex_);
  states_[device].detail = detail;
}

void MemoryHost::AddPoints(size_t device, size_t series, std::span<const SeriesPoint> points) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Buffer& buffer = states_[device].buffers[series];
  buffer.supported = true;
  buffer.points.insert(buffer.points.end(), points.begin(), points.end());
}

void MemoryHost::DropPoints(size_t device, size_t series) {
  const std::lock_guard<std::mutex> lock(mutex_);
  states_[device].buffers[series].points.clear();
}

void MemoryHost::AddEvents(const SourceEvent& event, size_t count) {
  const std::lock_guard<std::mutex> lock(mutex_);
  events_.emplace_back(event, count);
}

void MemoryHost::SetWaitCode(StatusCode code) {
  const std::lock_guard<std::mutex> lock(mutex_);
  wait_code_ = code;
}

// `gate`: the host's, read under its mutex.
void MemorySource::AwaitGate(Event* const& gate) const {
  Event* now = nullptr;
  {
    const std::lock_guard<std::mutex> lock(host_->mutex_);
    now = gate;
  }
  Await(now, host_->log_.get());
}

void MemorySource::AwaitDevice(size_t device, MemoryCall call) const {
  Event* gate = nullptr;
  {
    const std::lock_guard<std::mutex> lock(host_->mutex_);
    const MemoryHost::State& state = host_->states_[device];
    const auto gated = static_cast<uint8_t>(state.gated);
    if ((gated & static_cast<uint8_t>(call)) != 0) gate = state.gate;
  }
  Await(gate, host_->log_.get());
}

Status MemorySource::Connect() {
  host_->log_->opens++;
  open_ = true;
  AwaitGate(host_->open_gate_);
  const std::lock_guard<std::mutex> lock(host_->mutex_);
  if (host_->library_ != StatusCode::kOk) return Scripted(host_->library_);
  return host_->script_.open_status;
}

std::vector<DeviceIdentity> MemorySource::devices() const {
  const std::lock_guard<std::mutex> lock(host_->mutex_);
  std::vector<DeviceIdentity> found;
  for (size_t place = 0; place < settled_.size(); place++) {
    const size_t device = settled_[place];
    if (device == kUnseen) continue;
    found.push_back(host_->script_.devices[device].identity);
    found.back().slot = device;
    found.back().index = static_cast<uint32_t>(place);
  }
  return found;
}

Status MemorySource::Count(size_t* places) {
  host_->log_->surveys++;
  AwaitGate(host_->count_gate_);
  const std::lock_guard<std::mutex> lock(host_->mutex_);
  *places = std::min(host_->present_.size(), kSlots);
  return Scripted(host_->library_);
}

Status MemorySource::Look(size_t place) {
  std::unique_lock<std::mutex> lock(host_->mutex_);
  if (place >= host_->present_.size()) return Status::Ok();
  const size_t device = host_->present_[place];
  lock.unlock();
  AwaitDevice(device, MemoryCall::kLook);
  if (device < seen_.size()) seen_[device] = true;
  lock.lock();
  return Scripted(host_->library_);
}

Status MemorySource::Settle(bool* changed) {
  const std::lock_guard<std::mutex> lock(host_->mutex_);
  const auto seen = host_->present_ | std::views::transform([this](size_t device) {
                      return seen_[device] ? device : kUnseen;
                    });
  *changed = !std::ranges::equal(settled_, seen);
  if (*changed) settled_.assign(seen.begin(), seen.end());
  return Status::Ok();
}

std::vector<TopologyCell> MemorySource::TopologyOf(std::span<const DeviceIdentity> devices) const {
  AwaitGate(host_->topology_gate_);
  for (const DeviceIdentity& device : devices) AwaitDevice(device.slot, MemoryCall::kTopology);
  return std::vector<TopologyCell>(devices.size() * devices.size(),
                                   {Link::kSystem, 0, PeerAccess::kYes});
}

Status MemorySource::Subscribe(size_t slot) {
  AwaitDevice(slot, MemoryCall::kSubscribe);
  return Status::Ok();
}

// REQUIRES: the mutex is held.
bool MemorySource::IsThere(size_t slot) const {
  return std::ranges::find(host_->present_, slot) != host_->present_.end();
}

Status MemorySource::Poll(size_t slot, Tier tier, Sample* sample) {
  MemoryLog& log = *host_->log_;
  const bool fast = tier == Tier::kFast;
  const uint64_t poll = fast ? log.polls[slot]++ : log.slower[slot][static_cast<size_t>(tier)]++;
  std::unique_lock<std::mutex> lock(host_->mutex_);
  const auto answer = [&]() -> const MemoryAnswer* {
    const MemoryHost::State& state = host_->states_[slot];
    const std::vector<MemoryAnswer>& answers = host_->script_.devices[slot].answers;
    if (state.answer.has_value()) return &*state.answer;
    // Slower tiers see what the latest fast poll saw.
    const uint64_t turn = fast ? poll : std::max<uint64_t>(log.polls[slot], 1) - 1;
    return answers.empty() ? nullptr : &answers[turn % answers.size()];
  };
  const MemoryAnswer* given = answer();
  Event* const gate = given == nullptr ? nullptr : given->gate;
  const int64_t delay_ns = given == nullptr ? 0 : given->delay_ns;
  lock.unlock();
  Await(gate, host_->log_.get());
  AwaitDevice(slot, MemoryCall::kPoll);
  if (delay_ns > 0) std::this_thread::sleep_for(std::chrono::nanoseconds(delay_ns));
  lock.lock();
  if (host_->library_ != StatusCode::kOk) return Scripted(host_->library_);
  if (!IsThere(slot)) return Scripted(StatusCode::kDeviceLost);
  given = answer();
  if (given == nullptr) return Status::Ok();
  Fill(*given, tier, sample);
  return Scripted(given->code);
}

Status MemorySource::Drain(size_t slot, const SeriesRequest& request, size_t* count) {
  host_->log_->drains[slot]++;
  AwaitDevice(slot, MemoryCall::kDrain);
  const std::lock_guard<std::mutex> lock(host_->mutex_);
  const MemoryHost::Buffer& buffer = host_->states_[slot].buffers[request.series];
  *count = 0;
  if (!buffer.supported) return Scripted(StatusCode::kNotSupported);
  for (const SeriesPoint& point : buffer.points) {
    if (point.driver_us <= request.after_us || *count >= request.out.size()) continue;
    request.out[(*count)++] = point;
  }
  return Scripted(*count == 0 ? StatusCode::kTryAgain : StatusCode::kOk);
}

Status MemorySource::ReadDetail(size_t slot, DeviceDetail* detail) {
  AwaitDevice(slot, MemoryCall::kDetail);
  const std::lock_guard<std::mutex> lock(host_->mutex_);
  *detail = host_->states_[slot].detail;
  return Status::Ok();
}

// Polls, so that a test's clock and threads need not know of it.
Status MemorySource::WaitEvent(int64_t timeout_ns, SourceEvent* event) {
  host_->log_->waits++;
  AwaitGate(host_->wait_gate_);
  const int64_t deadline_ns = MonotonicNowNs() + timeout_ns;
  do {
    {
      const std::lock_guard<std::mutex> lock(host_->mutex_);
      if (host_->wait_code_ != StatusCode::kTimeout) return Scripted(host_->wait_code_);
      if (!host_->events_.empty()) {
        auto& [next, count] = host_->events_.front();
        *event = next;
        if (--count == 0) host_->events_.pop_front();
        return Status::Ok();
      }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  } while (MonotonicNowNs() < deadline_ns);
  return Scripted(StatusCode::kTimeout);
}

bool MemorySource::OpenWouldWake() {
  const std::lock_guard<std::mutex> lock(host_->mutex_);
  return host_->would_wake_;
}

void MemorySource::Close() {
  AwaitGate(host_->close_gate_);
  if (open_.exchange(false)) host_->log_->closes++;
}

}  // namespace gpuring
