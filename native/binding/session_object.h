// A Session as JavaScript holds it. Every method unpacks, makes one call, boxes; and answers at any
// time of the session's life, after its end as well.
#pragma once

#include <napi.h>

#include <memory>

#include "binding/addon_data.h"
#include "core/session.h"

namespace gpuring {

class SessionObject : public Napi::ObjectWrap<SessionObject> {
 public:
  static Napi::Function Define(Napi::Env env);

  explicit SessionObject(const Napi::CallbackInfo& info);
  ~SessionObject() override;

  void CloseNow();

 private:
  Napi::Value State(const Napi::CallbackInfo& info);
  Napi::Value Failure(const Napi::CallbackInfo& info);
  Napi::Value Devices(const Napi::CallbackInfo& info);
  Napi::Value Topology(const Napi::CallbackInfo& info);
  Napi::Value Driver(const Napi::CallbackInfo& info);
  Napi::Value Block(const Napi::CallbackInfo& info);
  Napi::Value ReadRow(const Napi::CallbackInfo& info);
  void ReadHeader(const Napi::CallbackInfo& info);
  Napi::Value ClaimLedger(const Napi::CallbackInfo& info);
  Napi::Value LoadLedger(const Napi::CallbackInfo& info);
  void StoreLedger(const Napi::CallbackInfo& info);
  Napi::Value AddLedger(const Napi::CallbackInfo& info);
  void Watch(const Napi::CallbackInfo& info);
  void Unwatch(const Napi::CallbackInfo& info);
  Napi::Value ReadHistory(const Napi::CallbackInfo& info);
  Napi::Value ReadSeries(const Napi::CallbackInfo& info);
  Napi::Value ReadReports(const Napi::CallbackInfo& info);
  Napi::Value ReadDetail(const Napi::CallbackInfo& info);
  Napi::Value ReadEvents(const Napi::CallbackInfo& info);
  Napi::Value Aggregate(const Napi::CallbackInfo& info);
  Napi::Value Downsample(const Napi::CallbackInfo& info);
  Napi::Value WatchWindow(const Napi::CallbackInfo& info);
  void Suspend(const Napi::CallbackInfo& info);
  void Resume(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);
  Napi::Value Closed(const Napi::CallbackInfo& info);

  void LetGo();
  // Null: it never ran, or has ended, so there is nothing to read.
  [[nodiscard]] const Sampler* Source() const;
  // Likewise.
  [[nodiscard]] LedgerShare* Ledger() const;

  // Shared, because the environment's end destroys its data and its objects in no fixed order.
  const std::shared_ptr<SessionSet> sessions_;
  std::unique_ptr<Session> session_;          // null: it was refused, or has ended
  Status failure_;                            // why, while there is none
  std::shared_ptr<const DeviceList> listed_;  // what devices() told last
};

}  // namespace gpuring
