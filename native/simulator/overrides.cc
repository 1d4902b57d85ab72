#include "simulator/overrides.h"

#include <algorithm>
#include <charconv>

namespace gpuring::simulator {
namespace {

// Older changes of one value are forgotten.
constexpr size_t kMostChanges = 256;
constexpr int64_t kNoCount = int64_t{1} << 62;
constexpr unsigned int kMostFieldId = 4095;
constexpr unsigned int kMostScope = 63;
constexpr double kTwoTo63 = 0x1p63;
constexpr double kTwoTo64 = 0x1p64;

constexpr std::array<std::string_view, 12> kSramMembers = {
    "aggregateUncParity",    "aggregateUncSecDed",      "aggregateCor",
    "volatileUncParity",     "volatileUncSecDed",       "volatileCor",
    "aggregateUncBucketL2",  "aggregateUncBucketSm",    "aggregateUncBucketPcie",
    "aggregateUncBucketMcu", "aggregateUncBucketOther", "thresholdExceeded"};

constexpr std::string_view kExpectedName =
    "the name of a column (power.draw), field.<id>, field.<id>.<link>, gpm.<id>, fan.speed.<fan>, "
    "ecc.sram.<member>, samplePeriodMs, samplesSupported or samplesDry with or without .<type>, "
    "bar1.used, pcieCounterBits, sampleClockStepUs, sampleCapacity or processMemoryHidden";

template <typename Names>
std::optional<uint32_t> IndexIn(const Names& names, std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<uint32_t>(found - names.begin());
}

std::optional<uint32_t> ParseNumber(std::string_view text, uint32_t most) {
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size() && number <= most;
  return whole ? std::optional(number) : std::nullopt;
}

// What follows the prefix and its dot.
std::optional<std::string_view> After(std::string_view prefix, std::string_view name) {
  if (!name.starts_with(prefix) || name.size() <= prefix.size() + 1) return std::nullopt;
  if (name[prefix.size()] != '.') return std::nullopt;
  return name.substr(prefix.size() + 1);
}

std::vector<ValueKey> FieldKeys(std::string_view rest) {
  const size_t dot = rest.find('.');
  const auto id = ParseNumber(rest.substr(0, dot), kMostFieldId);
  if (!id) return {};
  if (dot == std::string_view::npos) return {FieldKey(*id)};
  const auto scope = ParseNumber(rest.substr(dot + 1), kMostScope);
  if (!scope) return {};
  return {FieldKey(*id, *scope)};
}

std::vector<ValueKey> SampleKeys(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, ValueGroup>, 3> kGroups = {
      {{"samplePeriodMs", ValueGroup::kSamplePeriod},
       {"samplesSupported", ValueGroup::kSampleSupport},
       {"samplesDry", ValueGroup::kSampleDry}}};
  std::vector<ValueKey> keys;
  for (const auto& [prefix, group] : kGroups) {
    const auto rest = After(prefix, name);
    for (uint32_t type = 0; type < kSampleTypeNames.size(); ++type) {
      if (name == prefix || rest == kSampleTypeNames[type]) keys.push_back(KeyOf(group, type));
    }
  }
  return keys;
}

// None: nothing is called so.
std::vector<ValueKey> KeysOf(std::string_view name) {
  if (const auto column = IndexIn(kColumnNames, name)) {
    return {KeyOf(static_cast<Column>(*column))};
  }
  if (const auto setting = IndexIn(kSettingNames, name)) {
    return {KeyOf(ValueGroup::kSetting, *setting)};
  }
  if (const auto rest = After("field", name)) return FieldKeys(*rest);
  if (const auto rest = After("ecc.sram", name)) {
    const auto member = IndexIn(kSramMembers, *rest);
    if (member) return {KeyOf(ValueGroup::kSram, *member)};
    return {};
  }
  constexpr std::array<std::pair<std::string_view, ValueGroup>, 2> kNumbered = {
      {{"gpm", ValueGroup::kGpm}, {"fan.speed", ValueGroup::kFan}}};
  for (const auto& [prefix, group] : kNumbered) {
    const auto rest = After(prefix, name);
    const auto number = rest ? ParseNumber(*rest, kMostFieldId) : std::nullopt;
    if (number) return {KeyOf(group, *number)};
  }
  return SampleKeys(name);
}

// Whole numbers from -2^63 to 2^64 - 1; a double rounds the largest of them up to 2^64.
bool ReadWhole(const JsonValue& value, int64_t* whole) {
  if (value.kind != JsonValue::Kind::kNumber) return false;
  if (value.is_integer) {
    *whole = value.integer;
    return true;
  }
  if (value.number >= kTwoTo63 && value.number <= kTwoTo64) {
    *whole = value.number < kTwoTo64 ? static_cast<int64_t>(static_cast<uint64_t>(value.number))
                                     : int64_t{-1};
    return true;
  }
  const bool fits = value.number >= -kTwoTo63 && value.number < kTwoTo63;
  if (!fits || static_cast<double>(static_cast<int64_t>(value.number)) != value.number) {
    return false;
  }
  *whole = static_cast<int64_t>(value.number);
  return true;
}

// The driver measures at least once an hour and not more often than every millisecond.
bool IsSensible(ValueKey key, int64_t value) {
  const auto group = static_cast<ValueGroup>(key >> 24);
  if (group == ValueGroup::kSamplePeriod) return value >= 1 && value <= 3'600'000;
  if (key == KeyOf(Setting::kSampleCapacity)) return value >= 1 && value <= 100'000;
  if (key == KeyOf(Setting::kPcieCounterBits)) return value == 32 || value == 64;
  return true;
}

}  // namespace

void ReadValues(const JsonValue& object, const std::string& path, Refusals* refusals,
                std::vector<ValueChange>* changes) {
  if (object.kind != JsonValue::Kind::kObject) {
    return refusals->Add(object, path, "an object of names and numbers");
  }
  for (const JsonMember& member : object.members) {
    const std::string where = path + "." + member.name;
    const std::vector<ValueKey> keys = KeysOf(member.name);
    if (keys.empty()) {
      return refusals->AddAt(
          member.place, path,
          "expected " + std::string(kExpectedName) + ", got the member " + QuoteJson(member.name));
    }
    int64_t value = 0;
    const bool ends = member.value.kind == JsonValue::Kind::kNull;
    if (!ends && (!ReadWhole(member.value, &value) || !IsSensible(keys.front(), value))) {
      return refusals->Add(member.value, where, "null or a whole number in the value's range");
    }
    for (const ValueKey key : keys) {
      changes->push_back({key, ends ? std::nullopt : std::optional(value)});
    }
  }
}

void Overrides::Set(ValueKey key, const Override& change) {
  std::vector<Override>& changes = changes_[key];
  if (changes.size() >= kMostChanges) changes.erase(changes.begin());
  changes.push_back(change);
}

const Override* Overrides::At(ValueKey key, int64_t time_ns) const {
  if (changes_.empty()) return nullptr;
  const auto found = changes_.find(key);
  if (found == changes_.end()) return nullptr;
  const std::vector<Override>& changes = found->second;
  for (auto change = changes.rbegin(); change != changes.rend(); ++change) {
    if (change->since_ns <= time_ns) return change->value ? &*change : nullptr;
  }
  return nullptr;
}

int64_t Overrides::ValueOr(ValueKey key, int64_t time_ns, int64_t otherwise) const {
  const Override* change = At(key, time_ns);
  return change != nullptr ? *change->value : otherwise;
}

int64_t Overrides::CountedOr(ValueKey key, int64_t time_ns, int64_t count) const {
  const Override* change = At(key, time_ns);
  if (change == nullptr) return count;
  if (*change->value < 0 || *change->value >= kNoCount) return *change->value;
  return *change->value + (count - change->baseline);
}

}  // namespace gpuring::simulator
