// One sampler per process, shared by every opener in every environment (main thread, workers).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/sampler.h"
#include "core/source.h"
#include "core/status.h"

namespace gpuring {

struct SessionOptions {
  std::string key;  // library and scenario: openers with the same key share a sampler
  int64_t period_ns = 0;
  uint64_t history_samples = 0;
  uint64_t memory_limit_bytes = 0;
  std::function<std::unique_ptr<Source>()> make_source;
};

// One opener's share of the sampler. The shortest period and the longest history of all shares win.
// Thread rules: a session belongs to one thread; sessions of one sampler may lie in several.
class Session {
 public:
  // kAlreadyOpen: this process samples another library or scenario.
  static Status Open(const SessionOptions& options, std::unique_ptr<Session>* session);
  ~Session() { Close(); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  [[nodiscard]] Sampler& sampler() const { return *sampler_; }
  // REQUIRES: the sampler is running. Rows stay watched until Close.
  void Watch(std::span<const size_t> rows);
  // Lets go of this share, at once; the last share asks the sampler to stop. Idempotent.
  void Close();
  // After Close: true when the sampler's thread has ended, or others still share it.
  // Waits at most `timeout_ns`.
  [[nodiscard]] bool WaitClosed(int64_t timeout_ns);

 private:
  Session(std::shared_ptr<Sampler> sampler, int64_t period_ns)
      : sampler_(std::move(sampler)), period_ns_(period_ns) {}

  const std::shared_ptr<Sampler> sampler_;
  const int64_t period_ns_;
  std::vector<size_t> watched_;
  bool closed_ = false;
  bool last_ = false;
};

}  // namespace gpuring
