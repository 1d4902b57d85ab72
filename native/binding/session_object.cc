#include "binding/session_object.h"

#include <string>
#include <utility>
#include <vector>

#include "binding/addon_data.h"
#include "binding/boxing.h"
#include "core/public_view.h"
#include "nvml/source.h"

namespace gpuring {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;

std::span<double> Doubles(const Napi::Value& value) {
  auto array = value.As<Napi::Float64Array>();
  return {array.Data(), array.ElementLength()};
}

std::span<uint64_t> Words(const Napi::Value& value) {
  auto array = value.As<Napi::BigUint64Array>();
  return {array.Data(), array.ElementLength()};
}

// `options` was validated in lib/telemetry/open-options.ts.
SessionOptions UnpackOptions(const Napi::Object& options) {
  NvmlOptions nvml;
  // Now and on this thread: the environment may be another one by the time that the driver opens.
  nvml.library_path = DriverLibraryPath(options.Get("libraryPath").As<Napi::String>().Utf8Value());
  nvml.scenario = options.Get("scenario").As<Napi::String>().Utf8Value();
  const auto number = [&](const char* key) {
    return options.Get(key).As<Napi::Number>().DoubleValue();
  };
  SessionOptions session;
  session.key = DriverKey(nvml);
  session.period_ns = static_cast<int64_t>(number("periodMs") * kNsPerMs);
  session.history_samples = static_cast<uint64_t>(number("maxHistory"));
  session.memory_limit_bytes = static_cast<uint64_t>(number("memoryLimitBytes"));
  session.make_source = [nvml] { return std::make_unique<NvmlSource>(nvml); };
  return session;
}

const char* StateName(SamplerState state) {
  switch (state) {
    case SamplerState::kOpening:
      return "opening";
    case SamplerState::kRunning:
      return "running";
    case SamplerState::kFailed:
      return "failed";
    case SamplerState::kStopped:
      return "stopped";
  }
  return "failed";
}

}  // namespace

Napi::Function SessionObject::Define(Napi::Env env) {
  return DefineClass(env, "NativeSession",
                     {
                         InstanceMethod<&SessionObject::State>("state"),
                         InstanceMethod<&SessionObject::Failure>("failure"),
                         InstanceMethod<&SessionObject::Devices>("devices"),
                         InstanceMethod<&SessionObject::Driver>("driver"),
                         InstanceMethod<&SessionObject::Block>("block"),
                         InstanceMethod<&SessionObject::ReadRow>("readRow"),
                         InstanceMethod<&SessionObject::ReadHeader>("readHeader"),
                         InstanceMethod<&SessionObject::Watch>("watch"),
                         InstanceMethod<&SessionObject::ReadHistory>("readHistory"),
                         InstanceMethod<&SessionObject::Close>("close"),
                         InstanceMethod<&SessionObject::Closed>("closed"),
                     });
}

SessionObject::SessionObject(const Napi::CallbackInfo& info)
    : ObjectWrap(info), sessions_(AddonData::Of(info.Env()).sessions) {
  refused_ = Session::Open(UnpackOptions(info[0].As<Napi::Object>()), &session_);
  sessions_->insert(this);
}

SessionObject::~SessionObject() {
  CloseNow();
  sessions_->erase(this);
}

void SessionObject::CloseNow() {
  if (session_ != nullptr) session_->Close();
}

Napi::Value SessionObject::State(const Napi::CallbackInfo& info) {
  const bool refused = session_ == nullptr;
  const auto state = refused ? SamplerState::kFailed : session_->state();
  return Napi::String::New(info.Env(), StateName(state));
}

Napi::Value SessionObject::Failure(const Napi::CallbackInfo& info) {
  return BoxStatus(info.Env(), session_ == nullptr ? refused_ : session_->status());
}

Napi::Value SessionObject::Devices(const Napi::CallbackInfo& info) {
  const auto& devices = session_->sampler().devices();
  Napi::Array array = Napi::Array::New(info.Env(), devices.size());
  for (size_t row = 0; row < devices.size(); row++) {
    array.Set(static_cast<uint32_t>(row), BoxDevice(info.Env(), devices[row]));
  }
  return array;
}

Napi::Value SessionObject::Driver(const Napi::CallbackInfo& info) {
  return BoxDriver(info.Env(), session_->sampler().identity());
}

Napi::Value SessionObject::Block(const Napi::CallbackInfo& info) {
  // The ArrayBuffer owns a share of the memory: it may outlive session and sampler.
  using Share = std::shared_ptr<BlockMemory>;
  auto* const share = new Share(session_->sampler().block());
  const auto release = [](napi_env, void*, void* hint) { delete static_cast<Share*>(hint); };
  napi_value buffer = nullptr;
  const napi_status status = napi_create_external_arraybuffer(
      info.Env(), (*share)->words(), (*share)->byte_size(), release, share, &buffer);
  if (status == napi_ok) return Napi::Value(info.Env(), buffer);
  delete share;
  return info.Env().Undefined();
}

Napi::Value SessionObject::ReadRow(const Napi::CallbackInfo& info) {
  const auto row = info[0].As<Napi::Number>().Uint32Value();
  const bool whole = CopyRow(session_->sampler(), row, Words(info[1]));
  return Napi::Boolean::New(info.Env(), whole);
}

void SessionObject::ReadHeader(const Napi::CallbackInfo& info) {
  const auto word = info[0].As<Napi::Number>().Uint32Value();
  Words(info[1])[0] = HeaderWord(session_->sampler(), word);
}

void SessionObject::Watch(const Napi::CallbackInfo& info) {
  auto rows = info[0].As<Napi::Array>();
  std::vector<size_t> wanted(rows.Length());
  for (uint32_t i = 0; i < rows.Length(); i++) {
    wanted[i] = rows.Get(i).As<Napi::Number>().Uint32Value();
  }
  session_->Watch(wanted);
}

Napi::Value SessionObject::ReadHistory(const Napi::CallbackInfo& info) {
  const auto row = info[0].As<Napi::Number>().Uint32Value();
  const auto from = info[1].As<Napi::Number>().Int64Value();
  const uint64_t count =
      ReadPublicHistory(session_->sampler(), row, static_cast<uint64_t>(from), Doubles(info[2]));
  return Napi::Number::New(info.Env(), static_cast<double>(count));
}

void SessionObject::Close(const Napi::CallbackInfo&) { CloseNow(); }

Napi::Value SessionObject::Closed(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), session_ == nullptr || session_->WaitClosed(0));
}

}  // namespace gpuring
