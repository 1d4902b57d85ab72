// What JavaScript sees of the addon; lib/native.ts holds the types.
#include <napi.h>

#include <utility>

#include "binding/addon_data.h"
#include "binding/assignment_call.h"
#include "binding/column_calls.h"
#include "binding/module_tables.h"
#include "binding/probe_object.h"
#include "binding/session_object.h"
#include "binding/simulator_call.h"
#include "binding/unpacking.h"
#include "binding/window_object.h"
#include "core/clock.h"
#include "core/process_fence.h"
#include "core/published_row.h"
#include "core/session.h"
#include "distribute/assignment.h"
#include "nvml/probe.h"

namespace gpuring {
namespace {

// A worker that ends waits this long for threads that are to end.
constexpr int64_t kCleanupWaitNs = 100'000'000;

Napi::Value MonotonicMs(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), NsToMs(MonotonicNowNs()));
}

Napi::Value HasProcessFenceCall(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), HasProcessFence());
}

Napi::Value OpenSession(const Napi::CallbackInfo& info) {
  return AddonData::Of(info.Env()).session_constructor.New({info[0]});
}

Napi::Value StartProbe(const Napi::CallbackInfo& info) {
  return AddonData::Of(info.Env()).probe_constructor.New({info[0]});
}

void StopAll(const Napi::CallbackInfo& info) {
  AddonData::Of(info.Env()).StopAll(UnpackMsAsNs(info[0]));
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  auto* const data = new AddonData(env);
  env.SetInstanceData(data);
  env.AddCleanupHook([data] { data->StopAll(kCleanupWaitNs); });
  SetModuleTables(env, exports);
  exports.Set("monotonicMs", Napi::Function::New<MonotonicMs>(env, "monotonicMs"));
  exports.Set("hasProcessFence", Napi::Function::New<HasProcessFenceCall>(env, "hasProcessFence"));
  exports.Set("openSession", Napi::Function::New<OpenSession>(env, "openSession"));
  exports.Set("startProbe", Napi::Function::New<StartProbe>(env, "startProbe"));
  exports.Set("controlSimulator",
              Napi::Function::New<ControlSimulatorCall>(env, "controlSimulator"));
  exports.Set("aggregateColumns",
              Napi::Function::New<AggregateColumnsCall>(env, "aggregateColumns"));
  exports.Set("downsampleColumn",
              Napi::Function::New<DownsampleColumnCall>(env, "downsampleColumn"));
  exports.Set("checkColumns", Napi::Function::New<CheckColumnsCall>(env, "checkColumns"));
  exports.Set("summarize", Napi::Function::New<SummarizeCall>(env, "summarize"));
  exports.Set("noOwner", static_cast<double>(kNoOwner));
  exports.Set("assignEarliest", Napi::Function::New<AssignEarliestCall>(env, "assignEarliest"));
  exports.Set("stopAll", Napi::Function::New<StopAll>(env, "stopAll"));
  return exports;
}

}  // namespace

AddonData::AddonData(Napi::Env env)
    : session_constructor(Napi::Persistent(SessionObject::Define(env))),
      probe_constructor(Napi::Persistent(ProbeObject::Define(env))),
      window_constructor(Napi::Persistent(WindowObject::Define(env))) {}

void AddonData::StopAll(int64_t timeout_ns) {
  const int64_t deadline_ns = MonotonicNowNs() + timeout_ns;
  for (SessionObject* session : *sessions) session->CloseNow();
  if (std::exchange(waited_, true)) return;
  // The process's, not only this environment's: what others left behind may meet its end as well.
  // Threads that are still in the driver at the deadline are abandoned.
  (void)(Session::WaitAllEnded(deadline_ns) && Probe::WaitAllEnded(deadline_ns));
}

NODE_API_MODULE(gpuring, Init)

}  // namespace gpuring
