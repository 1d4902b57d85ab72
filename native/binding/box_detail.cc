#include "binding/box_detail.h"

#include <algorithm>
#include <cstdint>
#include <span>

#include "core/published_row.h"

namespace gpuring {
namespace {

void SetIfKnown(Napi::Object object, const char* key, int64_t value) {
  if (value != kUnknownNumber) object.Set(key, static_cast<double>(value));
}

Napi::Object BoxFan(Napi::Env env, const FanDetail& fan) {
  Napi::Object object = Napi::Object::New(env);
  SetIfKnown(object, "speedPercent", fan.speed_percent);
  SetIfKnown(object, "speedRpm", fan.speed_rpm);
  SetIfKnown(object, "targetPercent", fan.target_percent);
  return object;
}

Napi::Object BoxNvLink(Napi::Env env, const LinkDetail& link) {
  Napi::Object object = Napi::Object::New(env);
  SetIfKnown(object, "active", link.active);
  SetIfKnown(object, "version", link.version);
  SetIfKnown(object, "speedMBps", link.speed_mbps);
  SetIfKnown(object, "transmitBytes", link.transmit_bytes);
  SetIfKnown(object, "receiveBytes", link.receive_bytes);
  SetIfKnown(object, "replayErrorCount", link.replay_errors);
  SetIfKnown(object, "recoveryErrorCount", link.recovery_errors);
  SetIfKnown(object, "crcErrorCount", link.crc_errors);
  return object;
}

Napi::Object BoxProcess(Napi::Env env, const ProcessDetail& process) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("pid", static_cast<double>(process.pid));
  object.Set("kinds", static_cast<double>(process.kinds));
  SetIfKnown(object, "memoryBytes", process.memory_bytes);
  SetIfKnown(object, "smUtilizationPercent", process.sm_percent);
  SetIfKnown(object, "memoryUtilizationPercent", process.memory_percent);
  SetIfKnown(object, "encoderUtilizationPercent", process.encoder_percent);
  SetIfKnown(object, "decoderUtilizationPercent", process.decoder_percent);
  SetIfKnown(object, "gpuInstanceId", process.gpu_instance_id);
  SetIfKnown(object, "computeInstanceId", process.compute_instance_id);
  return object;
}

// `count` of them; -1: the driver does not say, and the property stays away.
template <class Item, class Box>
void SetList(Napi::Object object, const char* key, std::span<const Item> items, int64_t count,
             Box box) {
  if (count < 0) return;
  const auto listed = static_cast<uint32_t>(std::min<uint64_t>(count, items.size()));
  Napi::Array array = Napi::Array::New(object.Env(), listed);
  for (uint32_t at = 0; at < listed; at++) array.Set(at, box(object.Env(), items[at]));
  object.Set(key, array);
}

}  // namespace

Napi::Object BoxDetail(Napi::Env env, const DeviceDetail& detail) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("monotonicMs", NsToMs(detail.start_ns));
  object.Set("timestampMs", UsToMs(detail.wall_us));
  SetList<FanDetail>(object, "fans", detail.fans, detail.fan_count, BoxFan);
  SetList<LinkDetail>(object, "links", detail.links, detail.link_count, BoxNvLink);
  SetList<ProcessDetail>(object, "processes", detail.processes, detail.process_count, BoxProcess);
  object.Set("processesLeftOut", static_cast<double>(detail.processes_left_out));
  if (detail.process_record_bytes > 0) {
    object.Set("processRecordBytes", static_cast<double>(detail.process_record_bytes));
  }
  return object;
}

}  // namespace gpuring
