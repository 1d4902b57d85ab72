// What JavaScript sees of the addon; lib/native.ts holds the types.
#include <napi.h>

#include <string>
#include <utility>

#include "binding/addon_data.h"
#include "binding/probe_object.h"
#include "binding/session_object.h"
#include "binding/simulator_call.h"
#include "core/clock.h"
#include "core/history.h"
#include "core/published_row.h"
#include "core/session.h"
#include "nvml/probe.h"

namespace gpuring {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;
// A worker that ends waits this long for threads that are to end.
constexpr int64_t kCleanupWaitMs = 100;

Napi::Array MetricKeys(Napi::Env env) {
  Napi::Array keys = Napi::Array::New(env, kMetricCount);
  for (uint32_t i = 0; i < kMetricCount; i++) keys.Set(i, kMetrics[i].key);
  return keys;
}

Napi::Array StatusNames(Napi::Env env) {
  Napi::Array names = Napi::Array::New(env, kStatusCodeCount);
  for (uint32_t i = 0; i < kStatusCodeCount; i++) {
    names.Set(i, std::string(CodeName(static_cast<StatusCode>(i))));
  }
  return names;
}

Napi::Object Layout(Napi::Env env) {
  Napi::Object layout = Napi::Object::New(env);
  layout.Set("roundsWord", kBlockRoundsWord);
  layout.Set("roundStartMsWord", kBlockRoundStartWord);
  layout.Set("roundLengthMsWord", kBlockRoundLengthWord);
  layout.Set("missedDeadlinesWord", kBlockMissedDeadlinesWord);
  layout.Set("periodMsWord", kBlockPeriodWord);
  layout.Set("firstRowWord", kBlockHeaderWords);
  layout.Set("rowStrideWords", BlockLayout{0, kRowWords}.RowStride());
  layout.Set("rowWords", kRowWords);
  layout.Set("rowLockWord", kRowLockWord);
  layout.Set("rowStatusWord", kRowStatusWord);
  layout.Set("rowSequenceWord", kRowSequenceWord);
  layout.Set("rowStartMsWord", kRowStartWord);
  layout.Set("rowWallMsWord", kRowWallWord);
  layout.Set("rowMetricsWord", kRowMetricsWord);
  return layout;
}

Napi::Value MonotonicMs(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), NsToMs(MonotonicNowNs()));
}

Napi::Value OpenSession(const Napi::CallbackInfo& info) {
  return AddonData::Of(info.Env()).session_constructor.New({info[0]});
}

Napi::Value StartProbe(const Napi::CallbackInfo& info) {
  return AddonData::Of(info.Env()).probe_constructor.New({info[0]});
}

void StopAll(const Napi::CallbackInfo& info) {
  AddonData::Of(info.Env()).StopAll(info[0].As<Napi::Number>().Int64Value());
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  auto* const data = new AddonData(env);
  env.SetInstanceData(data);
  env.AddCleanupHook([data] { data->StopAll(kCleanupWaitMs); });
  exports.Set("metricKeys", MetricKeys(env));
  exports.Set("statusNames", StatusNames(env));
  exports.Set("sampleBytes", History::kSampleBytes);
  exports.Set("layout", Layout(env));
  exports.Set("monotonicMs", Napi::Function::New<MonotonicMs>(env, "monotonicMs"));
  exports.Set("openSession", Napi::Function::New<OpenSession>(env, "openSession"));
  exports.Set("startProbe", Napi::Function::New<StartProbe>(env, "startProbe"));
  exports.Set("controlSimulator",
              Napi::Function::New<ControlSimulatorCall>(env, "controlSimulator"));
  exports.Set("stopAll", Napi::Function::New<StopAll>(env, "stopAll"));
  return exports;
}

}  // namespace

AddonData::AddonData(Napi::Env env)
    : session_constructor(Napi::Persistent(SessionObject::Define(env))),
      probe_constructor(Napi::Persistent(ProbeObject::Define(env))) {}

void AddonData::StopAll(int64_t timeout_ms) {
  const int64_t deadline_ns = MonotonicNowNs() + timeout_ms * kNsPerMs;
  for (SessionObject* session : *sessions) session->CloseNow();
  if (std::exchange(waited_, true)) return;
  // The process's, not only this environment's: what others left behind may meet its end as well.
  // Threads that are still in the driver at the deadline are abandoned.
  (void)(Session::WaitAllEnded(deadline_ns) && Probe::WaitAllEnded(deadline_ns));
}

NODE_API_MODULE(gpuring, Init)

}  // namespace gpuring
