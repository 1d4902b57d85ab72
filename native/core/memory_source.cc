#include "core/memory_source.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <numeric>
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

void Await(Event* gate) {
  if (gate != nullptr) gate->WaitUntil(kForEver);
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
  generation_++;
}

void MemoryHost::SetAnswer(size_t device, std::optional<MemoryAnswer> answer) {
  const std::lock_guard<std::mutex> lock(mutex_);
  states_[device].answer = std::move(answer);
}

void MemoryHost::SetLibrary(StatusCode code) {
  const std::lock_guard<std::mutex> lock(mutex_);
  library_ = code;
}

void MemoryHost::SetSurveyGate(Event* gate) {
  const std::lock_guard<std::mutex> lock(mutex_);
  survey_gate_ = gate;
}

void MemoryHost::SetOpenGate(Event* gate) {
  const std::lock_guard<std::mutex> lock(mutex_);
  open_gate_ = gate;
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

Status MemorySource::Open() {
  host_->log_->opens++;
  open_ = true;
  Event* gate = nullptr;
  {
    const std::lock_guard<std::mutex> lock(host_->mutex_);
    gate = host_->open_gate_;
  }
  Await(gate);
  const std::lock_guard<std::mutex> lock(host_->mutex_);
  generation_ = host_->generation_;
  if (host_->library_ != StatusCode::kOk) return Scripted(host_->library_);
  return host_->script_.open_status;
}

std::vector<DeviceIdentity> MemorySource::devices() const {
  const std::lock_guard<std::mutex> lock(host_->mutex_);
  std::vector<DeviceIdentity> found;
  for (const size_t at : host_->present_) {
    found.push_back(host_->script_.devices[at].identity);
    found.back().slot = at;
    found.back().index = static_cast<uint32_t>(found.size() - 1);
  }
  return found;
}

Status MemorySource::Survey(bool* changed) {
  host_->log_->surveys++;
  Event* gate = nullptr;
  {
    const std::lock_guard<std::mutex> lock(host_->mutex_);
    gate = host_->survey_gate_;
  }
  Await(gate);
  const std::lock_guard<std::mutex> lock(host_->mutex_);
  *changed = std::exchange(generation_, host_->generation_) != host_->generation_;
  return Scripted(host_->library_);
}

std::vector<TopologyCell> MemorySource::Topology() const {
  const std::lock_guard<std::mutex> lock(host_->mutex_);
  const size_t devices = host_->present_.size();
  return std::vector<TopologyCell>(devices * devices, {Link::kSystem, 0, PeerAccess::kYes});
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
  Await(gate);
  if (delay_ns > 0) std::this_thread::sleep_for(std::chrono::nanoseconds(delay_ns));
  lock.lock();
  if (host_->library_ != StatusCode::kOk) return Scripted(host_->library_);
  if (!IsThere(slot)) return Scripted(StatusCode::kDeviceLost);
  given = answer();
  if (given == nullptr) return Status::Ok();
  Fill(*given, tier, sample);
  return Scripted(given->code);
}

Status MemorySource::Drain(size_t slot, size_t series, int64_t after_us, std::span<SeriesPoint> out,
                           size_t* count) {
  host_->log_->drains[slot]++;
  const std::lock_guard<std::mutex> lock(host_->mutex_);
  const MemoryHost::Buffer& buffer = host_->states_[slot].buffers[series];
  *count = 0;
  if (!buffer.supported) return Scripted(StatusCode::kNotSupported);
  for (const SeriesPoint& point : buffer.points) {
    if (point.driver_us > after_us && *count < out.size()) out[(*count)++] = point;
  }
  return Scripted(*count == 0 ? StatusCode::kTryAgain : StatusCode::kOk);
}

Status MemorySource::ReadDetail(size_t slot, DeviceDetail* detail) {
  const std::lock_guard<std::mutex> lock(host_->mutex_);
  *detail = host_->states_[slot].detail;
  return Status::Ok();
}

// Polls, so that a test's clock and threads need not know of it.
Status MemorySource::WaitEvent(int64_t timeout_ns, SourceEvent* event) {
  host_->log_->waits++;
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
  if (open_.exchange(false)) host_->log_->closes++;
}

}  // namespace gpuring
