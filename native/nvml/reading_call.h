// One driver call of the metric table: ask, decode, store. Nothing here allocates.
#pragma once

#include <optional>

#include "core/sample.h"
#include "nvml/abi.h"
#include "nvml/reading.h"

namespace gpuring {

// The call to make: `address` is that of reading.symbols[version].
struct ReadingCall {
  const Reading& reading;
  size_t version;
  void* address;
};

// Stores what the call answers in those outputs that are not known yet.
[[nodiscard]] nvmlReturn_t AskReading(const ReadingCall& call, nvmlDevice_t device, Sample* sample);

// Absent for an unknown type, for what does not fit, and for all ones of an unsigned type, which is
// how drivers spell "not available".
[[nodiscard]] std::optional<int64_t> DecodeValue(nvmlValueType_t type, const nvmlValue_t& value);

struct RawValue {
  std::optional<int64_t> answer;  // absent: it makes no sense
  int64_t scale = 1;
};
// Known, or invalid; what is known already stays.
void StoreRaw(MetricId metric, const RawValue& value, Sample* sample);

// Notes why there is no value. A reason stays, unless it was that it is not supported.
void Explain(MetricId metric, ValueState why, Sample* sample);

}  // namespace gpuring
