// Statistics of the caller's own columns, and whether they may be stored. All arguments are read
// before memory is taken hold of: reading them may run the caller's code.
#pragma once

#include <napi.h>

namespace gpuring {

// (columns, what, into) => records written; see lib/native-aggregation.ts, as for all of these.
Napi::Value AggregateColumnsCall(const Napi::CallbackInfo& info);
// (column, what, into) => slices written
Napi::Value DownsampleColumnCall(const Napi::CallbackInfo& info);
// (times, what) => fault | undefined
Napi::Value CheckColumnsCall(const Napi::CallbackInfo& info);
// (values, what, into) => doubles written
Napi::Value SummarizeCall(const Napi::CallbackInfo& info);

}  // namespace gpuring
