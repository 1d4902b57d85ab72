// Values that somebody put in place of a device's own: the command "set" while it runs, a
// scenario's member "values" from its start. Each change holds from its moment on, so that what was
// measured before it stays as it was.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nvml/abi_numbers.h"
#include "simulator/column.h"
#include "simulator/fields.h"

namespace gpuring::simulator {

// What can be set, each a namespace of its own numbers.
enum class ValueGroup : uint32_t {
  kColumn,         // "power.draw"
  kField,          // "field.94", or "field.138.2" for link 2
  kGpm,            // "gpm.2"
  kFan,            // "fan.speed.1"
  kSram,           // "ecc.sram.volatileCor": kSramMembers
  kSetting,        // kSettingNames
  kSamplePeriod,   // "samplePeriodMs.power"; without the type: all of them
  kSampleSupport,  // "samplesSupported.gpu": 0 or 1
  kSampleDry,      // "samplesDry.gpu": 1 stops measuring
};
using ValueKey = uint32_t;

constexpr ValueKey KeyOf(ValueGroup group, uint32_t number) {
  return static_cast<uint32_t>(group) << 24 | number;
}
constexpr ValueKey KeyOf(Column column) {
  return KeyOf(ValueGroup::kColumn, static_cast<uint32_t>(column));
}
constexpr ValueKey FieldKey(unsigned int id) { return KeyOf(ValueGroup::kField, id << 8); }
constexpr ValueKey FieldKey(unsigned int id, unsigned int scope) {
  return FieldKey(id) | ((scope + 1) & 0xff);
}

enum class Setting : uint32_t {
  kBar1Used,             // bytes
  kPcieCounterBits,      // 32 lets fields 197 and 198 wrap; 64 otherwise
  kSampleClockStepUs,    // added to the driver's clock
  kSampleCapacity,       // samples that a buffer holds
  kProcessMemoryHidden,  // 1: processes' memory is not available, as under WDDM
};
inline constexpr std::array<std::string_view, 5> kSettingNames = {
    "bar1.used", "pcieCounterBits", "sampleClockStepUs", "sampleCapacity", "processMemoryHidden"};
constexpr ValueKey KeyOf(Setting setting) {
  return KeyOf(ValueGroup::kSetting, static_cast<uint32_t>(setting));
}

// In the order of nvmlEccSramErrorStatus_v1_t, after whose members they are named.
enum class Sram : uint32_t {
  kAggregateUncParity,
  kAggregateUncSecDed,
  kAggregateCor,
  kVolatileUncParity,
  kVolatileUncSecDed,
  kVolatileCor,
  kBucketL2,
  kBucketSm,
  kBucketPcie,
  kBucketMcu,
  kBucketOther,
  kThresholdExceeded,
};

// By nvmlSamplingType_t.
inline constexpr std::array<std::string_view, NVML_OFA_UTILIZATION_SAMPLES + 1> kSampleTypeNames = {
    "power",          "gpu",         "memory",      "encoder", "decoder",
    "processorClock", "memoryClock", "modulePower", "jpeg",    "ofa"};

struct ValueChange {
  ValueKey key;
  std::optional<int64_t> value;  // none: the device's own again
};
// The members of `object`, named as above; a name that means several things makes several changes.
// Numbers up to 2^64 - 1 are taken as the bits that NVML would answer with.
void ReadValues(const JsonValue& object, const std::string& path, Refusals* refusals,
                std::vector<ValueChange>* changes);

// A value in force.
struct Override {
  int64_t since_ns;
  std::optional<int64_t> value;
  int64_t baseline;  // of a counter: its own value when this one was set
};

class Overrides {
 public:
  void Set(ValueKey key, const Override& change);
  // Null: the device's own value holds.
  [[nodiscard]] const Override* At(ValueKey key, int64_t time_ns) const;
  [[nodiscard]] int64_t ValueOr(ValueKey key, int64_t time_ns, int64_t otherwise) const;
  // A counter that was set goes on counting from there. Values that no counter reaches, as NVML's
  // sentinels, stand still.
  [[nodiscard]] int64_t CountedOr(ValueKey key, int64_t time_ns, int64_t count) const;

 private:
  std::map<ValueKey, std::vector<Override>> changes_;
};

}  // namespace gpuring::simulator
