#include "binding/probe_object.h"

namespace gpuring {

Napi::Function ProbeObject::Define(Napi::Env env) {
  return DefineClass(env, "NativeProbe", {InstanceMethod<&ProbeObject::Available>("available")});
}

ProbeObject::ProbeObject(const Napi::CallbackInfo& info)
    : ObjectWrap(info), probe_(Probe::Join(info[0].As<Napi::String>().Utf8Value())) {}

Napi::Value ProbeObject::Available(const Napi::CallbackInfo& info) {
  const Probe::Outcome outcome = probe_->outcome();
  if (outcome == Probe::Outcome::kTrying) return info.Env().Undefined();
  return Napi::Boolean::New(info.Env(), outcome == Probe::Outcome::kAvailable);
}

}  // namespace gpuring
