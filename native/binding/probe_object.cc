#include "binding/probe_object.h"

#include "binding/unpacking.h"

namespace gpuring {

Napi::Function ProbeObject::Define(Napi::Env env) {
  return DefineClass(env, "NativeProbe", {InstanceMethod<&ProbeObject::Available>("available")});
}

ProbeObject::ProbeObject(const Napi::CallbackInfo& info)
    : ObjectWrap(info), probe_(Probe::Join(UnpackText(info[0]))) {}

Napi::Value ProbeObject::Available(const Napi::CallbackInfo& info) {
  const Probe::Outcome outcome = probe_->outcome();
  if (outcome == Probe::Outcome::kTrying) return info.Env().Undefined();
  return Napi::Boolean::New(info.Env(), outcome == Probe::Outcome::kAvailable);
}

}  // namespace gpuring
