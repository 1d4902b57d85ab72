#include "binding/session_object.h"

#include <string>
#include <utility>
#include <vector>

#include "binding/box_detail.h"
#include "binding/box_devices.h"
#include "binding/boxing.h"
#include "binding/unpacking.h"
#include "core/public_view.h"
#include "nvml/source.h"

// Getters of a caller's object may close the session: arguments are unpacked before anything of the
// session is taken hold of.
namespace gpuring {
namespace {

// `options` was validated in lib/telemetry/open-options.ts.
SessionOptions UnpackOptions(const Napi::Object& options) {
  NvmlOptions nvml;
  // Now and on this thread: the environment may be another one by the time that the driver opens.
  nvml.library_path = DriverLibraryPath(UnpackText(options.Get("libraryPath")));
  nvml.scenario = UnpackText(options.Get("scenario"));
  SessionOptions session;
  session.key = DriverKey(nvml);
  session.period_ns = UnpackMsAsNs(options.Get("periodMs"));
  session.history_samples = UnpackCount(options.Get("maxHistory"));
  session.memory_limit_bytes = UnpackCount(options.Get("memoryLimitBytes"));
  session.hang_timeout_ns = UnpackMsAsNs(options.Get("hangTimeoutMs"));
  session.idle_release_ns = UnpackMsAsNs(options.Get("idleReleaseMs"));
  nvml.low_power = session.idle_release_ns > 0;
  session.make_source = [nvml] { return std::make_unique<NvmlSource>(nvml); };
  return session;
}

struct Range {
  uint64_t row = UINT64_MAX;
  uint64_t which = UINT64_MAX;
  uint64_t from = UINT64_MAX;
};

Range UnpackRange(const Napi::Value& value) {
  if (!value.IsObject()) return {};
  const auto range = value.As<Napi::Object>();
  return {UnpackIndex(range.Get("row")), UnpackIndex(range.Get("which")),
          UnpackIndex(range.Get("from"))};
}

Napi::Number BoxCount(Napi::Env env, uint64_t count) {
  return Napi::Number::New(env, static_cast<double>(count));
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

// A longer list than there are rows names none.
std::vector<size_t> UnpackRows(Napi::Value value) {
  if (!value.IsArray()) return {};
  auto rows = value.As<Napi::Array>();
  const uint32_t length = rows.Length();
  if (length > Sampler::kRows) return {};
  std::vector<size_t> unpacked(length);
  for (uint32_t i = 0; i < length; i++) unpacked[i] = UnpackIndex(rows.Get(i));
  return unpacked;
}

}  // namespace

Napi::Function SessionObject::Define(Napi::Env env) {
  return DefineClass(env, "NativeSession",
                     {
                         InstanceMethod<&SessionObject::State>("state"),
                         InstanceMethod<&SessionObject::Failure>("failure"),
                         InstanceMethod<&SessionObject::Devices>("devices"),
                         InstanceMethod<&SessionObject::Topology>("topology"),
                         InstanceMethod<&SessionObject::Driver>("driver"),
                         InstanceMethod<&SessionObject::Block>("block"),
                         InstanceMethod<&SessionObject::ReadRow>("readRow"),
                         InstanceMethod<&SessionObject::ReadHeader>("readHeader"),
                         InstanceMethod<&SessionObject::Watch>("watch"),
                         InstanceMethod<&SessionObject::Unwatch>("unwatch"),
                         InstanceMethod<&SessionObject::ReadHistory>("readHistory"),
                         InstanceMethod<&SessionObject::ReadSeries>("readSeries"),
                         InstanceMethod<&SessionObject::ReadReports>("readReports"),
                         InstanceMethod<&SessionObject::ReadDetail>("readDetail"),
                         InstanceMethod<&SessionObject::ReadEvents>("readEvents"),
                         InstanceMethod<&SessionObject::Suspend>("suspend"),
                         InstanceMethod<&SessionObject::Resume>("resume"),
                         InstanceMethod<&SessionObject::Close>("close"),
                         InstanceMethod<&SessionObject::Closed>("closed"),
                     });
}

SessionObject::SessionObject(const Napi::CallbackInfo& info)
    : ObjectWrap(info), sessions_(AddonData::Of(info.Env()).sessions) {
  if (info[0].IsObject()) {
    failure_ = Session::Open(UnpackOptions(info[0].As<Napi::Object>()), &session_);
  } else {
    failure_ = Status::Error(StatusCode::kOutOfRange, "a session needs its options");
  }
  sessions_->insert(this);
}

SessionObject::~SessionObject() {
  CloseNow();
  sessions_->erase(this);
}

void SessionObject::CloseNow() {
  if (session_ != nullptr) session_->Close();
}

// Whoever keeps this object must not keep the sampler's memory by it.
void SessionObject::LetGo() {
  failure_ = session_->status();
  session_ = nullptr;
  listed_ = nullptr;
}

const Sampler* SessionObject::Source() const {
  if (session_ == nullptr) return nullptr;
  const SamplerState state = session_->sampler().state();
  const bool ran = state == SamplerState::kRunning || state == SamplerState::kStopped;
  return ran ? &session_->sampler() : nullptr;
}

Napi::Value SessionObject::State(const Napi::CallbackInfo& info) {
  if (session_ != nullptr) return Napi::String::New(info.Env(), StateName(session_->state()));
  return Napi::String::New(info.Env(), failure_.ok() ? "stopped" : "failed");
}

Napi::Value SessionObject::Failure(const Napi::CallbackInfo& info) {
  return BoxStatus(info.Env(), session_ == nullptr ? failure_ : session_->status());
}

Napi::Value SessionObject::Devices(const Napi::CallbackInfo& info) {
  const Sampler* const source = Source();
  if (source == nullptr) return Napi::Array::New(info.Env());
  listed_ = source->devices();
  return BoxDevices(info.Env(), *listed_);
}

Napi::Value SessionObject::Topology(const Napi::CallbackInfo& info) {
  if (listed_ == nullptr) return Napi::Array::New(info.Env());
  return BoxTopology(info.Env(), *listed_);
}

Napi::Value SessionObject::Driver(const Napi::CallbackInfo& info) {
  const Sampler* const source = Source();
  return BoxDriver(info.Env(), source == nullptr ? SourceIdentity{} : source->identity());
}

Napi::Value SessionObject::Block(const Napi::CallbackInfo& info) {
  const Sampler* const source = Source();
  if (source == nullptr) return info.Env().Undefined();
  // The ArrayBuffer owns a share of the memory: it may outlive session and sampler.
  using Share = std::shared_ptr<BlockMemory>;
  auto* const share = new Share(source->block());
  const auto release = [](napi_env, void*, void* hint) { delete static_cast<Share*>(hint); };
  napi_value buffer = nullptr;
  const napi_status status = napi_create_external_arraybuffer(
      info.Env(), (*share)->words(), (*share)->byte_size(), release, share, &buffer);
  if (status == napi_ok) return Napi::Value(info.Env(), buffer);
  delete share;
  return info.Env().Undefined();
}

Napi::Value SessionObject::ReadRow(const Napi::CallbackInfo& info) {
  const Sampler* const source = Source();
  const bool whole =
      source != nullptr && CopyRow(*source, UnpackIndex(info[0]), UnpackWords(info[1]));
  return Napi::Boolean::New(info.Env(), whole);
}

void SessionObject::ReadHeader(const Napi::CallbackInfo& info) {
  const Sampler* const source = Source();
  const std::span<uint64_t> into = UnpackWords(info[1]);
  if (into.empty()) return;
  into[0] = source == nullptr ? 0 : HeaderWord(*source, UnpackIndex(info[0]));
}

void SessionObject::Watch(const Napi::CallbackInfo& info) {
  const std::vector<size_t> rows = UnpackRows(info[0]);
  if (Source() != nullptr) session_->Watch(rows);
}

void SessionObject::Unwatch(const Napi::CallbackInfo& info) {
  const std::vector<size_t> rows = UnpackRows(info[0]);
  if (Source() != nullptr) session_->Unwatch(rows);
}

Napi::Value SessionObject::ReadHistory(const Napi::CallbackInfo& info) {
  const Range range = UnpackRange(info[0]);
  const Sampler* const source = Source();
  if (source == nullptr || range.which >= kTierCount) return BoxCount(info.Env(), 0);
  const auto tier = static_cast<Tier>(range.which);
  return BoxCount(info.Env(), ReadPublicHistory(*source, {range.row, tier, range.from},
                                                UnpackDoubles(info[1])));
}

Napi::Value SessionObject::ReadSeries(const Napi::CallbackInfo& info) {
  const Range range = UnpackRange(info[0]);
  const Sampler* const source = Source();
  if (source == nullptr) return BoxCount(info.Env(), 0);
  return BoxCount(info.Env(), ReadPublicSeries(*source, {range.row, range.which, range.from},
                                               UnpackDoubles(info[1])));
}

Napi::Value SessionObject::ReadReports(const Napi::CallbackInfo& info) {
  const Sampler* const source = Source();
  const bool whole =
      source != nullptr && ReadPublicReports(*source, UnpackIndex(info[0]), UnpackDoubles(info[1]));
  return Napi::Boolean::New(info.Env(), whole);
}

Napi::Value SessionObject::ReadDetail(const Napi::CallbackInfo& info) {
  const Sampler* const source = Source();
  DeviceDetail detail;
  if (source == nullptr || !source->ReadDetail(UnpackIndex(info[0]), &detail)) {
    return info.Env().Undefined();
  }
  return BoxDetail(info.Env(), detail);
}

Napi::Value SessionObject::ReadEvents(const Napi::CallbackInfo& info) {
  const Sampler* const source = Source();
  if (source == nullptr) return BoxCount(info.Env(), 0);
  return BoxCount(info.Env(),
                  ReadPublicEvents(*source, UnpackIndex(info[0]), UnpackDoubles(info[1])));
}

void SessionObject::Suspend(const Napi::CallbackInfo&) {
  if (session_ != nullptr) session_->Suspend();
}

void SessionObject::Resume(const Napi::CallbackInfo&) {
  if (session_ != nullptr) session_->Resume();
}

void SessionObject::Close(const Napi::CallbackInfo&) { CloseNow(); }

Napi::Value SessionObject::Closed(const Napi::CallbackInfo& info) {
  if (session_ == nullptr) return Napi::Boolean::New(info.Env(), true);
  const bool ended = session_->WaitClosed(0);
  if (ended && session_->closed()) LetGo();
  return Napi::Boolean::New(info.Env(), ended);
}

}  // namespace gpuring
