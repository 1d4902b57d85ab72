// What C++ and TypeScript share and JavaScript reads once: names and numbers of places.
#pragma once

#include <napi.h>

namespace gpuring {

void SetModuleTables(Napi::Env env, Napi::Object exports);

}  // namespace gpuring
