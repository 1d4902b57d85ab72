#include "binding/boxing.h"

namespace gpuring {

Napi::Value BoxStatus(Napi::Env env, const Status& status) {
  if (status.ok()) return env.Undefined();
  Napi::Object object = Napi::Object::New(env);
  object.Set("code", std::string(CodeName(status.code())));
  object.Set("message", status.message());
  object.Set("hint", status.hint());
  object.Set("nvmlReturn", status.driver_return());
  return object;
}

Napi::Object BoxDriver(Napi::Env env, const SourceIdentity& identity) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("libraryPath", identity.library_path);
  object.Set("driverVersion", identity.driver_version);
  object.Set("nvmlVersion", identity.nvml_version);
  SetIfKnown(object, "cudaDriverVersion", identity.cuda_driver_version);
  if (identity.skipped_devices > 0) object.Set("skippedDevices", identity.skipped_devices);
  if (!identity.simulation.empty()) object.Set("simulation", identity.simulation);
  return object;
}

}  // namespace gpuring
