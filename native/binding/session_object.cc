#include "binding/session_object.h"

#include <string>
#include <utility>
#include <vector>

#include "aggregate/column_index.h"
#include "aggregate/sampler_questions.h"
#include "binding/box_detail.h"
#include "binding/box_devices.h"
#include "binding/boxing.h"
#include "binding/unpack_questions.h"
#include "binding/unpacking.h"
#include "binding/window_object.h"
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
  session.index_maker = std::make_shared<ColumnIndexMaker>();
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

std::vector<size_t> UnpackRows(const Napi::Value& value) {
  return UnpackIndices(value, Sampler::kRows);
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
                         InstanceMethod<&SessionObject::ClaimLedger>("claimLedger"),
                         InstanceMethod<&SessionObject::LoadLedger>("loadLedger"),
                         InstanceMethod<&SessionObject::StoreLedger>("storeLedger"),
                         InstanceMethod<&SessionObject::AddLedger>("addLedger"),
                         InstanceMethod<&SessionObject::Watch>("watch"),
                         InstanceMethod<&SessionObject::Unwatch>("unwatch"),
                         InstanceMethod<&SessionObject::ReadHistory>("readHistory"),
                         InstanceMethod<&SessionObject::ReadSeries>("readSeries"),
                         InstanceMethod<&SessionObject::ReadReports>("readReports"),
                         InstanceMethod<&SessionObject::ReadDetail>("readDetail"),
                         InstanceMethod<&SessionObject::ReadEvents>("readEvents"),
                         InstanceMethod<&SessionObject::Aggregate>("aggregate"),
                         InstanceMethod<&SessionObject::Downsample>("downsample"),
                         InstanceMethod<&SessionObject::WatchWindow>("watchWindow"),
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
  if (session_ == nullptr) return;
  UnwatchWindowsOf(session_->sampler(), session_.get());
  session_->Close();
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

LedgerShare* SessionObject::Ledger() const {
  return Source() == nullptr ? nullptr : &session_->ledger();
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
  return BoxMemory(info.Env(), source->block());
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

Napi::Value SessionObject::ClaimLedger(const Napi::CallbackInfo& info) {
  LedgerShare* const ledger = Ledger();
  size_t shard = 0;
  const bool claimed = ledger != nullptr && ledger->Claim(&shard);
  return Napi::Number::New(info.Env(), claimed ? static_cast<double>(shard) : -1);
}

Napi::Value SessionObject::LoadLedger(const Napi::CallbackInfo& info) {
  const uint64_t half = UnpackIndex(info[0]);
  const LedgerShare* const ledger = Ledger();
  return Napi::Number::New(info.Env(), ledger == nullptr ? 0 : ledger->Load(half));
}

void SessionObject::StoreLedger(const Napi::CallbackInfo& info) {
  const uint64_t half = UnpackIndex(info[0]);
  const int32_t value = UnpackInt32(info[1]);
  if (LedgerShare* const ledger = Ledger(); ledger != nullptr) ledger->Store(half, value);
}

Napi::Value SessionObject::AddLedger(const Napi::CallbackInfo& info) {
  const uint64_t half = UnpackIndex(info[0]);
  const int32_t value = UnpackInt32(info[1]);
  LedgerShare* const ledger = Ledger();
  return Napi::Number::New(info.Env(), ledger == nullptr ? 0 : ledger->Add(half, value));
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

Napi::Value SessionObject::Aggregate(const Napi::CallbackInfo& info) {
  if (!info[0].IsObject()) return BoxCount(info.Env(), 0);
  const auto what = info[0].As<Napi::Object>();
  const std::vector<size_t> rows = UnpackRows(what.Get("rows"));
  const std::vector<MetricId> metrics = UnpackMetrics(what.Get("metrics"));
  RowsQuestion question = {.rows = rows, .metrics = metrics};
  question.pooled = UnpackFlag(what.Get("pooled"));
  Percentiles percentiles;
  const bool asked = UnpackStatistics(what, &question.request, &percentiles);
  const Sampler* const source = Source();
  if (!asked || source == nullptr) return BoxCount(info.Env(), 0);
  return BoxCount(info.Env(), AskRows(*source, question, UnpackDoubles(info[1])));
}

Napi::Value SessionObject::Downsample(const Napi::CallbackInfo& info) {
  if (!info[0].IsObject()) return BoxCount(info.Env(), 0);
  const auto what = info[0].As<Napi::Object>();
  const uint64_t row = UnpackIndex(what.Get("row"));
  const uint64_t metric = UnpackIndex(what.Get("metric"));
  SeriesQuestion question = {.metric = static_cast<MetricId>(metric)};
  const bool asked = metric < kMetricCount && UnpackWindow(what, &question.window);
  const Sampler* const source = Source();
  if (!asked || source == nullptr) return BoxCount(info.Env(), 0);
  return BoxCount(info.Env(), AskSeries(*source, row, question, UnpackDoubles(info[1])));
}

Napi::Value SessionObject::WatchWindow(const Napi::CallbackInfo& info) {
  WindowSpec spec;
  const bool asked = info[0].IsObject() && UnpackWindowSpec(info[0].As<Napi::Object>(), &spec);
  const bool runs = session_ != nullptr && !session_->closed() &&
                    session_->sampler().state() == SamplerState::kRunning;
  if (!asked || !runs) return info.Env().Undefined();
  return WindowObject::Box(info.Env(),
                           gpuring::WatchWindow(session_->sampler(), session_.get(), spec));
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
