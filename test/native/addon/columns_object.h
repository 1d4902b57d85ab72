// The columns and the index of one tier of one device as JavaScript holds them. Values go in as the
// driver's integers, come out in public units. Arguments are believed: only tests call.
#pragma once

#include <napi.h>

#include <memory>

#include "aggregate/columns.h"

namespace gpuring {

class ColumnsObject : public Napi::ObjectWrap<ColumnsObject> {
 public:
  // Columns({ tier, capacity, firstSequence? }), queryColumns, timeQueries.
  static void Export(Napi::Env env, Napi::Object exports);

  explicit ColumnsObject(const Napi::CallbackInfo& info);

  [[nodiscard]] const MetricColumns& columns() const { return *columns_; }

 private:
  // ({ monotonicUs, wallUs, holdUs, metrics, values }): values[m * n + i] is the m-th metric's in
  // the i-th of n samples; NaN is unknown, as are the metrics that are not named.
  void Append(const Napi::CallbackInfo& info);
  // (other): what CatchUp says.
  void CatchUp(const Napi::CallbackInfo& info);
  // ({ metric, by, from, to }, into): as a session's downsample().
  Napi::Value DownsampleColumn(const Napi::CallbackInfo& info);

  std::shared_ptr<MetricColumns> columns_;
  uint64_t sequence_ = 1;
};

}  // namespace gpuring
