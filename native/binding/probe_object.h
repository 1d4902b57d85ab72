// An attempt to reach the driver, as JavaScript holds it.
#pragma once

#include <napi.h>

#include <memory>

#include "nvml/probe.h"

namespace gpuring {

class ProbeObject : public Napi::ObjectWrap<ProbeObject> {
 public:
  static Napi::Function Define(Napi::Env env);

  explicit ProbeObject(const Napi::CallbackInfo& info);

 private:
  Napi::Value Available(const Napi::CallbackInfo& info);

  const std::shared_ptr<const Probe> probe_;
};

}  // namespace gpuring
