#include "binding/simulator_call.h"

#include <string>

#include "binding/boxing.h"
#include "binding/unpacking.h"
#include "nvml/simulator_control.h"

namespace gpuring {

Napi::Value ControlSimulatorCall(const Napi::CallbackInfo& info) {
  std::string reply;
  const Status status =
      ControlSimulator(UnpackText(info[0]), {UnpackText(info[1]), UnpackText(info[2])}, &reply);
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("reply", reply);
  result.Set("failure", BoxStatus(info.Env(), status));
  return result;
}

}  // namespace gpuring
