// The commands of gpuringSimulatorControl that post events and tell what clients did.
#include "simulator/event_sets.h"
#include "simulator/fields.h"
#include "simulator/json.h"
#include "simulator/misuse.h"
#include "simulator/world.h"

namespace gpuring::simulator {
namespace {

constexpr double kLargestData = 9007199254740991;  // what JSON numbers carry exactly
constexpr double kLargestInstance = 0xFFFFFFFF;

struct PostedEvent {
  int64_t device = -1;
  DeviceEvent event;
};

void ReadType(Fields* fields, Refusals* refusals, DeviceEvent* event) {
  const JsonValue* value = fields->Take("type");
  if (value == nullptr) return;
  event->type = value->kind == JsonValue::Kind::kString ? EventTypeOf(value->string) : 0;
  if (event->type == 0) {
    refusals->Add(*value, fields->PathOf("type"), "one of " + EventTypeNames());
  }
}

void ReadEvent(const JsonValue& value, size_t device_count, Refusals* refusals,
               PostedEvent* posted) {
  Fields fields(value, "", refusals);
  const double last_device = static_cast<double>(device_count) - 1;
  fields.Integer("device", {0, last_device}, &posted->device);
  ReadType(&fields, refusals, &posted->event);
  int64_t data = 0, count = 1, gpu = kLargestInstance, compute = kLargestInstance;
  fields.Integer("data", {0, kLargestData}, &data);
  fields.Integer("count", {1, static_cast<double>(kMostWaitingEvents)}, &count);
  fields.Integer("gpuInstanceId", {0, kLargestInstance}, &gpu);
  fields.Integer("computeInstanceId", {0, kLargestInstance}, &compute);
  fields.RefuseOthers();
  if (posted->device < 0 || posted->event.type == 0) {
    refusals->AddAt(value.place, "", "expected the members \"device\" and \"type\"");
  }
  posted->event.data = static_cast<unsigned long long>(data);
  posted->event.count = static_cast<uint64_t>(count);
  posted->event.gpu_instance = static_cast<unsigned int>(gpu);
  posted->event.compute_instance = static_cast<unsigned int>(compute);
}

}  // namespace

nvmlReturn_t World::PostDeviceEvent(std::string_view argument, std::string* reply) {
  size_t device_count = 0;
  {
    const std::lock_guard lock(mutex_);
    if (EnsureLoaded()) device_count = devices_.size();
  }
  JsonValue value;
  JsonError json_error;
  Refusals refusals("event");
  PostedEvent posted;
  if (ParseJson(argument, &value, &json_error)) {
    ReadEvent(value, device_count, &refusals, &posted);
  } else {
    refusals.AddAt(json_error.place, "", json_error.expected);
  }
  *reply = refusals.text();
  if (!refusals.none()) return NVML_ERROR_INVALID_ARGUMENT;
  PostEvent(static_cast<int>(posted.device), posted.event);
  return NVML_SUCCESS;
}

nvmlReturn_t World::TellMisuse(std::string_view argument, std::string* reply) {
  if (!argument.empty() && argument != "reset") {
    *reply = "expected no argument or reset, got " + QuoteJson(argument);
    return NVML_ERROR_INVALID_ARGUMENT;
  }
  *reply = DescribeMisuse();
  if (argument == "reset") ForgetMisuse();
  return NVML_SUCCESS;
}

nvmlReturn_t World::TellCalls(std::string_view argument, std::string* reply) {
  if (!argument.empty()) {
    *reply = "expected no argument, got " + QuoteJson(argument);
    return NVML_ERROR_INVALID_ARGUMENT;
  }
  *reply = DescribeCalls();
  return NVML_SUCCESS;
}

nvmlReturn_t World::TellFaults(std::string_view argument, std::string* reply) {
  if (!argument.empty()) {
    *reply = "expected no argument, got " + QuoteJson(argument);
    return NVML_ERROR_INVALID_ARGUMENT;
  }
  const std::lock_guard lock(mutex_);
  *reply = DescribeFaults(injected_);
  return NVML_SUCCESS;
}

}  // namespace gpuring::simulator
