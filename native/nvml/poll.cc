#include "nvml/poll.h"

#include <algorithm>
#include <span>

#include "nvml/gpm.h"
#include "nvml/host_files.h"
#include "nvml/reading_call.h"
#include "nvml/return_code.h"
#include "nvml/target.h"

namespace gpuring {
namespace {

constexpr int64_t kAskAgainNs = 1'000'000'000;

// One poll under way.
struct Asking {
  const NvmlLibrary& library;
  Tier tier;
  Target* target;
  Sample* sample;
  nvmlReturn_t failure = NVML_SUCCESS;  // what tells most of all that went wrong
};

bool IsDead(nvmlReturn_t result) { return IsDeviceDead(result) || IsLibraryDead(result); }

// Which of two failures tells more: the first one, but any other before "not supported".
nvmlReturn_t MoreTelling(nvmlReturn_t first, nvmlReturn_t second) {
  const bool plain = first == NVML_SUCCESS || ToStatusCode(first) == StatusCode::kNotSupported;
  return plain && second != NVML_SUCCESS ? second : first;
}

// A poll that came to nothing else than this is no reason to doubt the handle.
bool LeavesHandleGood(nvmlReturn_t result) {
  const StatusCode code = ToStatusCode(result);
  return code == StatusCode::kOk || code == StatusCode::kNotSupported ||
         code == StatusCode::kTryAgain;
}

MetricRange MetricsOf(Tier tier) { return kTierMetrics[static_cast<size_t>(tier)]; }

void SetAll(Tier tier, ValueState state, Sample* sample) {
  const MetricRange metrics = MetricsOf(tier);
  std::fill(&sample->states[metrics.begin], sample->states.data() + metrics.end, state);
}

bool KnowsAnyOf(Tier tier, const Sample& sample) {
  const MetricRange metrics = MetricsOf(tier);
  return std::any_of(&sample.states[metrics.begin], sample.states.data() + metrics.end, IsKnown);
}

// Drivers call the handle of an instance an invalid argument where they ask only whole GPUs.
ValueState WhyNot(const Asking& poll, nvmlReturn_t result) {
  const bool whole_only = poll.target->is_mig && result == NVML_ERROR_INVALID_ARGUMENT;
  return whole_only ? ValueState::kUnsupported : ToValueState(result);
}

// When to ask again; 0: at the next poll.
int64_t DueNs(const Asking& poll, nvmlReturn_t result) {
  const bool wait = result == NVML_ERROR_NOT_SUPPORTED && poll.sample->start_ns != 0;
  return wait ? poll.sample->start_ns + kAskAgainNs : 0;
}

enum class Turn : uint8_t { kFirst, kFallback };

// Which readings one tier asks in one turn, by their places in kReadings.
struct ReadingList {
  std::array<uint8_t, kReadings.size()> places{};
  size_t count = 0;
};
static_assert(kReadings.size() <= UINT8_MAX);
constexpr ReadingList ListOf(Tier tier, Turn turn) {
  ReadingList list;
  for (size_t at = 0; at < kReadings.size(); ++at) {
    const bool falls_back = turn == Turn::kFallback;
    if (kReadings[at].tier != tier || kReadings[at].fallback != falls_back) continue;
    list.places[list.count++] = static_cast<uint8_t>(at);
  }
  return list;
}
constexpr auto kReadingLists = [] {
  std::array<std::array<ReadingList, 2>, kTierCount> lists;
  for (size_t tier = 0; tier < kTierCount; ++tier) {
    for (const Turn turn : {Turn::kFirst, Turn::kFallback}) {
      lists[tier][static_cast<size_t>(turn)] = ListOf(static_cast<Tier>(tier), turn);
    }
  }
  return lists;
}();

bool IsWanted(const Asking& poll, const Reading& reading) {
  if (reading.unless != kNoMetric) {
    return poll.target->poll.unsupported.test(static_cast<size_t>(reading.unless));
  }
  return std::ranges::any_of(reading.outputs, [&poll](MetricId metric) {
    return metric != kNoMetric && !poll.sample->Knows(metric);
  });
}

nvmlReturn_t AskVersions(const Asking& poll, size_t reading) {
  const ReadingCalls& calls = poll.library.reading_calls(reading);
  nvmlReturn_t result = NVML_ERROR_FUNCTION_NOT_FOUND;
  uint8_t& first = poll.target->poll.first_call[reading];
  for (size_t version = first; version < calls.size(); ++version) {
    if (calls[version] != nullptr) {
      const ReadingCall call = {kReadings[reading], version, calls[version]};
      result = AskReading(call, poll.target->handle, poll.sample);
      const bool silent = IsPermanent(result) || result == NVML_ERROR_NOT_SUPPORTED;
      if (!silent) return result;
    }
    const bool never = calls[version] == nullptr || IsPermanent(result);
    if (never && version == first) ++first;
  }
  return result;
}

nvmlReturn_t AskOne(Asking* poll, size_t reading) {
  int64_t& due_ns = poll->target->poll.reading_due_ns[reading];
  nvmlReturn_t result = NVML_ERROR_NOT_SUPPORTED;
  if (poll->sample->start_ns >= due_ns) {
    result = AskVersions(*poll, reading);
    due_ns = DueNs(*poll, result);
  }
  if (result == NVML_SUCCESS || IsDead(result)) return result;
  for (const MetricId metric : kReadings[reading].outputs) {
    if (metric != kNoMetric) Explain(metric, WhyNot(*poll, result), poll->sample);
  }
  poll->failure = MoreTelling(poll->failure, result);
  return NVML_SUCCESS;
}

// Its result, like that of the next ones, is a death.
nvmlReturn_t AskReadings(Asking* poll, Turn turn) {
  const auto tier = static_cast<size_t>(poll->tier);
  const ReadingList& list = kReadingLists[tier][static_cast<size_t>(turn)];
  for (const uint8_t reading : std::span(list.places).first(list.count)) {
    if (!IsWanted(*poll, kReadings[reading])) continue;
    if (const nvmlReturn_t result = AskOne(poll, reading); IsDead(result)) return result;
  }
  return NVML_SUCCESS;
}

// The fields of one call.
struct Batch {
  std::array<nvmlFieldValue_t, kFieldReadings.size()> fields;
  std::array<const FieldReading*, kFieldReadings.size()> rows;
  size_t count = 0;

  // A field that the driver skips stays unanswered. Its value begins as 0: drivers have added to
  // what they found there.
  void Add(const FieldReading& row) {
    nvmlFieldValue_t& field = fields[count];
    field = {};
    field.fieldId = row.field_id;
    field.scopeId = row.scope;
    field.valueType = static_cast<nvmlValueType_t>(NVML_VALUE_NOT_AVAILABLE_U32);
    field.nvmlReturn = NVML_ERROR_UNKNOWN;
    rows[count++] = &row;
  }
};

nvmlReturn_t CallFields(const Asking& poll, Batch* batch) {
  const auto ask = poll.library.functions().field_values;
  const auto tier = static_cast<size_t>(poll.tier);
  PollMemory& memory = poll.target->poll;
  if (ask == nullptr || memory.no_fields[tier]) return NVML_ERROR_FUNCTION_NOT_FOUND;
  if (poll.sample->start_ns < memory.fields_due_ns[tier]) return NVML_ERROR_NOT_SUPPORTED;
  const nvmlReturn_t result =
      ask(poll.target->handle, static_cast<int>(batch->count), batch->fields.data());
  memory.no_fields[tier] = IsPermanent(result);
  const auto declined = [](const nvmlFieldValue_t& field) {
    return field.nvmlReturn == NVML_ERROR_NOT_SUPPORTED;
  };
  const bool all_declined =
      result == NVML_SUCCESS &&
      std::all_of(batch->fields.data(), batch->fields.data() + batch->count, declined);
  memory.fields_due_ns[tier] = DueNs(poll, all_declined ? NVML_ERROR_NOT_SUPPORTED : result);
  return result;
}

nvmlReturn_t AskFields(Asking* poll) {
  Batch batch;
  for (const FieldReading& row : kFieldReadings) {
    if (row.tier == poll->tier && !poll->sample->Knows(row.metric)) batch.Add(row);
  }
  if (batch.count == 0) return NVML_SUCCESS;
  const nvmlReturn_t result = CallFields(*poll, &batch);
  for (size_t at = 0; at < batch.count; ++at) {
    const FieldReading& row = *batch.rows[at];
    const nvmlFieldValue_t& field = batch.fields[at];
    const nvmlReturn_t own = result == NVML_SUCCESS ? field.nvmlReturn : result;
    if (IsDead(own)) return own;
    if (own == NVML_SUCCESS) {
      StoreRaw(row.metric, {DecodeValue(field.valueType, field.value), row.scale}, poll->sample);
      continue;
    }
    Explain(row.metric, WhyNot(*poll, own), poll->sample);
    poll->failure = MoreTelling(poll->failure, own);
  }
  return NVML_SUCCESS;
}

// After all else: the system's memory says nothing about a device that does not answer.
void UseHostMemory(const Asking& poll) {
  Sample* const sample = poll.sample;
  if (!poll.target->unified_memory || sample->Knows(MetricId::kMemoryTotalBytes)) return;
  if (!KnowsAnyOf(poll.tier, *sample) && !LeavesHandleGood(poll.failure)) return;
  const std::optional<HostMemory> memory = ReadHostMemory();
  if (!memory) return;
  const auto total = static_cast<int64_t>(memory->total_bytes);
  const auto available = static_cast<int64_t>(memory->available_bytes);
  sample->Set(MetricId::kMemoryTotalBytes, total, ValueState::kEstimated);
  sample->Set(MetricId::kMemoryUsedBytes, total - available, ValueState::kEstimated);
  sample->Set(MetricId::kMemoryFreeBytes, available, ValueState::kEstimated);
  sample->SetUnknown(MetricId::kMemoryReservedBytes, ValueState::kUnsupported);
}

nvmlReturn_t AskEverything(Asking* poll) {
  nvmlReturn_t death = AskReadings(poll, Turn::kFirst);
  if (death == NVML_SUCCESS) death = AskFields(poll);
  if (death == NVML_SUCCESS) death = AskReadings(poll, Turn::kFallback);
  if (death == NVML_SUCCESS && poll->tier == kGpmTier) {
    death = PollGpm(poll->library, poll->target, poll->sample);
  }
  if (death == NVML_SUCCESS && poll->tier == Tier::kFast) UseHostMemory(*poll);
  return death;
}

void RememberUnsupported(const Asking& poll) {
  const MetricRange metrics = MetricsOf(poll.tier);
  for (size_t metric = metrics.begin; metric < metrics.end; ++metric) {
    const bool unsupported = poll.sample->states[metric] == ValueState::kUnsupported;
    poll.target->poll.unsupported.set(metric, unsupported);
  }
}

}  // namespace

Status PollTarget(const NvmlLibrary& library, Tier tier, Target* target, Sample* sample) {
  Asking poll = {library, tier, target, sample};
  SetAll(tier, ValueState::kNotSampled, sample);
  const nvmlReturn_t death = AskEverything(&poll);
  if (death != NVML_SUCCESS) {
    SetAll(tier, ValueState::kUnavailable, sample);
    target->stale = IsDeviceDead(death);
    return ToBareStatus(death);
  }
  RememberUnsupported(poll);
  const bool good = LeavesHandleGood(poll.failure);
  if (KnowsAnyOf(tier, *sample) || (good && ToStatusCode(poll.failure) != StatusCode::kTryAgain)) {
    return Status::Ok();
  }
  // Of slower tiers a whole board may have nothing to say; what it is asked each period tells.
  target->stale = tier == Tier::kFast && !good;
  return ToBareStatus(poll.failure);
}

}  // namespace gpuring
