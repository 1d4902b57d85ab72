// What one environment (the main thread, or a worker) holds of the addon.
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <unordered_set>

namespace gpuring {

class SessionObject;
using SessionSet = std::unordered_set<SessionObject*>;

// Thread rules: only the environment's own thread touches it.
class AddonData {
 public:
  explicit AddonData(Napi::Env env);

  static AddonData& Of(Napi::Env env) { return *env.GetInstanceData<AddonData>(); }

  // Closes all sessions of this environment, then waits at most `timeout_ns` in all for threads of
  // the process that are to end: samplers that nobody shares any more, and probes. Idempotent.
  void StopAll(int64_t timeout_ns);

  Napi::FunctionReference session_constructor;
  Napi::FunctionReference probe_constructor;
  Napi::FunctionReference window_constructor;
  // Those whose JavaScript object lives.
  const std::shared_ptr<SessionSet> sessions = std::make_shared<SessionSet>();

 private:
  bool waited_ = false;  // the exit handler and the clean-up hook both come here
};

}  // namespace gpuring
