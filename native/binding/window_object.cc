#include "binding/window_object.h"

#include <utility>

#include "binding/addon_data.h"
#include "binding/boxing.h"
#include "binding/unpacking.h"

namespace gpuring {

Napi::Function WindowObject::Define(Napi::Env env) {
  return DefineClass(env, "NativeWatchedWindow",
                     {
                         InstanceAccessor<&WindowObject::SlotWords>("slotWords"),
                         InstanceAccessor<&WindowObject::RowWords>("rowWords"),
                         InstanceMethod<&WindowObject::Block>("block"),
                         InstanceMethod<&WindowObject::Read>("read"),
                         InstanceMethod<&WindowObject::Close>("close"),
                     });
}

Napi::Value WindowObject::Box(Napi::Env env, std::unique_ptr<WatchedWindow> window) {
  if (window == nullptr) return env.Undefined();
  const auto handle = Napi::External<std::unique_ptr<WatchedWindow>>::New(env, &window);
  return AddonData::Of(env).window_constructor.New({handle});
}

WindowObject::WindowObject(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  if (!info[0].IsExternal()) return;
  window_ = std::move(*info[0].As<Napi::External<std::unique_ptr<WatchedWindow>>>().Data());
}

Napi::Value WindowObject::SlotWords(const Napi::CallbackInfo& info) {
  const size_t words = window_ == nullptr ? 0 : window_->board()->SlotWords();
  return Napi::Number::New(info.Env(), static_cast<double>(words));
}

Napi::Value WindowObject::RowWords(const Napi::CallbackInfo& info) {
  const size_t words = window_ == nullptr ? 0 : window_->board()->RowWords();
  return Napi::Number::New(info.Env(), static_cast<double>(words));
}

Napi::Value WindowObject::Block(const Napi::CallbackInfo& info) {
  if (window_ == nullptr) return info.Env().Undefined();
  return BoxMemory(info.Env(), window_->board());
}

Napi::Value WindowObject::Read(const Napi::CallbackInfo& info) {
  const bool whole =
      window_ != nullptr &&
      window_->board()->Read(UnpackIndex(info[0]), UnpackIndex(info[1]), UnpackDoubles(info[2]));
  return Napi::Boolean::New(info.Env(), whole);
}

void WindowObject::Close(const Napi::CallbackInfo&) {
  if (window_ != nullptr) window_->Close();
}

}  // namespace gpuring
