// One sampler per process, shared by every opener in every environment (main thread, workers).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/ledger_share.h"
#include "core/sampler.h"
#include "core/source.h"
#include "core/status.h"

namespace gpuring {

struct SessionOptions {
  std::string key;  // library and scenario: openers with the same key share a sampler
  int64_t period_ns = 0;
  uint64_t history_samples = 0;
  uint64_t memory_limit_bytes = 0;
  std::function<std::unique_ptr<Source>()> make_source{};
  // Both are those of the opener that starts the sampler. 0: as SamplerOptions.
  int64_t hang_timeout_ns = 0;
  int64_t idle_release_ns = 0;
  std::shared_ptr<IndexMaker> index_maker{};  // likewise the first opener's
};

// One opener's share of the sampler. The shortest period and the longest history of all shares win;
// a share whose wish cannot be met fails alone.
// Thread rules: a session belongs to one thread; sessions of one sampler may lie in several.
class Session {
 public:
  // kAlreadyOpen: this process samples another library or scenario. kTimeout: earlier opens were
  // given up and hang in the driver still.
  static Status Open(const SessionOptions& options, std::unique_ptr<Session>* session);
  ~Session() { Close(); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // False: at the deadline on the monotonic clock a sampler of this process that has lost its last
  // share had still not let go of its thread.
  [[nodiscard]] static bool WaitAllEnded(int64_t deadline_ns);

  [[nodiscard]] Sampler& sampler() const { return *sampler_; }
  // The sampler's, but kOpening until there is room for this opener's history, and kFailed when
  // there cannot be. Asks for that room, so it has to be called until it leaves kOpening.
  [[nodiscard]] SamplerState state();
  [[nodiscard]] Status status() const;  // Ok unless kFailed
  // REQUIRES: the sampler is running. Rows stay watched until Unwatch or Close; each counts once,
  // and what is no row yet is passed over.
  void Watch(std::span<const size_t> rows);
  // Polls these rows no more, as far as this opener goes.
  void Unwatch(std::span<const size_t> rows);
  // Lets go of the driver until this session, and each other that did, calls Resume or is closed.
  // Repeated calls count once.
  void Suspend();
  void Resume();
  // This session's part in the ledger, which Close lets go of. REQUIRES: the sampler is running.
  [[nodiscard]] LedgerShare& ledger();
  // Lets go of this share, at once; the last share asks the sampler to stop. Idempotent.
  void Close();
  [[nodiscard]] bool closed() const { return closed_; }
  // After Close: true when the sampler's thread has ended, or others still share it.
  // Waits at most `timeout_ns`.
  [[nodiscard]] bool WaitClosed(int64_t timeout_ns);

 private:
  Session(std::shared_ptr<Sampler> sampler, const SessionOptions& options)
      : sampler_(std::move(sampler)),
        period_ns_(options.period_ns),
        history_samples_(options.history_samples) {}

  const std::shared_ptr<Sampler> sampler_;
  const int64_t period_ns_;
  const uint64_t history_samples_;
  Status refused_;  // why this share failed while the sampler runs
  std::vector<size_t> watched_;
  std::unique_ptr<LedgerShare> ledger_;  // null: nobody asked for it
  bool had_room_ = false;
  bool suspended_ = false;
  bool closed_ = false;
  bool last_ = false;
};

}  // namespace gpuring
