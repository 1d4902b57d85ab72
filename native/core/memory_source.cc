#include "core/memory_source.h"

#include <chrono>
#include <limits>
#include <thread>

namespace gpuring {
namespace {

constexpr int64_t kForEver = std::numeric_limits<int64_t>::max();

}  // namespace

MemorySource::MemorySource(MemoryScript script)
    : script_(std::move(script)), log_(std::make_shared<MemoryLog>(script_.devices.size())) {
  for (const MemoryDevice& device : script_.devices) identities_.push_back(device.identity);
}

Status MemorySource::Open() {
  log_->opens++;
  if (script_.open_gate != nullptr) script_.open_gate->WaitUntil(kForEver);
  return script_.open_status;
}

Status MemorySource::Poll(size_t device, Sample* sample) {
  const uint64_t poll = log_->polls[device]++;
  const std::vector<MemoryAnswer>& answers = script_.devices[device].answers;
  if (answers.empty()) return Status::Ok();
  const MemoryAnswer& answer = answers[poll % answers.size()];
  if (answer.gate != nullptr) answer.gate->WaitUntil(kForEver);
  if (answer.delay_ns > 0) std::this_thread::sleep_for(std::chrono::nanoseconds(answer.delay_ns));
  for (const auto& [metric, value] : answer.values) sample->Set(metric, value);
  if (answer.code == StatusCode::kOk) return Status::Ok();
  return Status::Error(answer.code, "scripted");
}

void MemorySource::Close() { log_->closes++; }

}  // namespace gpuring
