#include "binding/probe_object.h"

#include <string>
#include <thread>
#include <utility>

#include "nvml/source.h"

namespace gpuring {

Napi::Function ProbeObject::Define(Napi::Env env) {
  return DefineClass(env, "NativeProbe", {InstanceMethod<&ProbeObject::Available>("available")});
}

ProbeObject::ProbeObject(const Napi::CallbackInfo& info)
    : ObjectWrap(info), outcome_(std::make_shared<std::atomic<Outcome>>(Outcome::kTrying)) {
  NvmlOptions options;
  options.library_path = info[0].As<Napi::String>().Utf8Value();
  std::thread([outcome = outcome_, options = std::move(options)] {
    const bool reached = ProbeDriver(options).ok();
    outcome->store(reached ? Outcome::kAvailable : Outcome::kUnavailable);
  }).detach();
}

Napi::Value ProbeObject::Available(const Napi::CallbackInfo& info) {
  const Outcome outcome = outcome_->load();
  if (outcome == Outcome::kTrying) return info.Env().Undefined();
  return Napi::Boolean::New(info.Env(), outcome == Outcome::kAvailable);
}

}  // namespace gpuring
