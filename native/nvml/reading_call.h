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

// Stores what the call answers, where it lies in the metric's range.
[[nodiscard]] nvmlReturn_t AskReading(const ReadingCall& call, nvmlDevice_t device, Sample* sample);

// By its value type; absent for one that is unknown or does not fit.
[[nodiscard]] std::optional<int64_t> DecodeField(const nvmlFieldValue_t& field);

}  // namespace gpuring
