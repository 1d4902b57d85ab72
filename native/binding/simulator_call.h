// Commands to the simulated driver, for gpuring/testing.
#pragma once

#include <napi.h>

namespace gpuring {

// (libraryPath, command, argument) => { reply, failure? }
Napi::Value ControlSimulatorCall(const Napi::CallbackInfo& info);

}  // namespace gpuring
