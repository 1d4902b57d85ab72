#include "binding/simulator_call.h"

#include <string>

#include "binding/boxing.h"
#include "nvml/simulator_control.h"

namespace gpuring {

Napi::Value ControlSimulatorCall(const Napi::CallbackInfo& info) {
  const auto text = [&info](size_t i) { return info[i].As<Napi::String>().Utf8Value(); };
  std::string reply;
  const Status status = ControlSimulator(text(0), {text(1), text(2)}, &reply);
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("reply", reply);
  result.Set("failure", BoxStatus(info.Env(), status));
  return result;
}

}  // namespace gpuring
