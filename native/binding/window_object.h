// A registered window as JavaScript holds it. It answers after its session's end as well: what the
// devices had then.
#pragma once

#include <napi.h>

#include <memory>

#include "aggregate/window_registry.h"

namespace gpuring {

class WindowObject : public Napi::ObjectWrap<WindowObject> {
 public:
  static Napi::Function Define(Napi::Env env);
  static Napi::Value Box(Napi::Env env, std::unique_ptr<WatchedWindow> window);

  // Of what Box gives; anything else makes one that has nothing.
  explicit WindowObject(const Napi::CallbackInfo& info);

 private:
  Napi::Value SlotWords(const Napi::CallbackInfo& info);
  Napi::Value RowWords(const Napi::CallbackInfo& info);
  Napi::Value Block(const Napi::CallbackInfo& info);
  Napi::Value Read(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);

  std::unique_ptr<WatchedWindow> window_;
};

}  // namespace gpuring
