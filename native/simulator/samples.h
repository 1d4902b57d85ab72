// The buffers in which the driver keeps what it measured between two questions.
#pragma once

#include <cstdint>
#include <vector>

#include "nvml/abi_numbers.h"
#include "simulator/device.h"

namespace gpuring::simulator {

struct TimedValue {
  int64_t time_us;  // the driver's clock
  int64_t value;
};

// What was measured of a kind up to the device's present moment and stamped after `last_seen_us`,
// oldest first: at whole periods of the device's time, the newest of them as far as the buffer
// goes.
[[nodiscard]] std::vector<TimedValue> SamplesSince(const Device& device, nvmlSamplingType_t type,
                                                   uint64_t last_seen_us);
[[nodiscard]] bool OffersSamples(const Device& device, nvmlSamplingType_t type);
[[nodiscard]] uint32_t SampleCapacity(const Device& device);

}  // namespace gpuring::simulator
