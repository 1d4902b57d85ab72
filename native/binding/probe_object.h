// An attempt to reach the driver on a thread of its own, as JavaScript holds it.
#pragma once

#include <napi.h>

#include <atomic>
#include <memory>

namespace gpuring {

class ProbeObject : public Napi::ObjectWrap<ProbeObject> {
 public:
  static Napi::Function Define(Napi::Env env);

  explicit ProbeObject(const Napi::CallbackInfo& info);

 private:
  enum class Outcome { kTrying, kAvailable, kUnavailable };

  Napi::Value Available(const Napi::CallbackInfo& info);

  // Shared with the thread, which is detached: a driver that hangs must not hold anybody up.
  std::shared_ptr<std::atomic<Outcome>> outcome_;
};

}  // namespace gpuring
