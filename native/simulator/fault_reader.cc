// Faults from JSON.
#include <algorithm>
#include <array>
#include <atomic>

#include "simulator/faults.h"
#include "simulator/function_names.h"

namespace gpuring::simulator {
namespace {

constexpr double kLargestCount = 9007199254740991;  // what JSON numbers carry exactly
constexpr double kLongestDelayMs = 86'400'000;
constexpr double kMostGrowth = 100'000;
constexpr double kMostOverrunBytes = 64;
constexpr double kLargestFieldId = 65'535;
constexpr size_t kMostFaults = 1000;
// A client that asks again each time a list has grown gets its answer after these.
constexpr uint64_t kGrowthCalls = 3;

// In the order of the enumerations, without their kNone.
constexpr std::array<std::string_view, 7> kValueNames = {"zero",   "max",   "sentinel",   "nan",
                                                         "random", "stuck", "unknownType"};
constexpr std::array<std::string_view, 4> kTextNames = {"empty", "notUtf8", "unterminated",
                                                        "tooLong"};

constexpr std::string_view kFieldFunction = "nvmlDeviceGetFieldValues";

template <typename Wanted>
bool MatchesSomeFunction(std::string_view pattern, Wanted wanted) {
  return std::any_of(kFunctionNames.begin(), kFunctionNames.end(), [&](std::string_view name) {
    return wanted(name) && MatchesGlob(pattern, name);
  });
}

uint64_t NextSerial() {
  static std::atomic<uint64_t> last{0};
  return ++last;
}

bool IsDelay(const JsonValue& value) {
  return value.kind == JsonValue::Kind::kNumber && value.number >= 0 &&
         value.number <= kLongestDelayMs;
}

class FaultReader {
 public:
  FaultReader(size_t device_count, Refusals* refusals)
      : device_count_(device_count), refusals_(refusals) {}

  void Read(const JsonValue& value, const std::string& path, Fault* fault) const {
    Fields fields(value, path, refusals_);
    ReadFunction(value.Find("function"), &fields, fault);
    ReadDevice(&fields, fault);
    int64_t result = NVML_SUCCESS;
    fields.Integer("return", {0, 65'534}, &result);
    fault->result = static_cast<nvmlReturn_t>(result);
    ReadDelay(&fields, &fault->delay);
    ReadTurns(&fields, fault);
    ReadSpoiling(&fields, &fault->spoiling);
    fields.RefuseOthers();
    CheckWhole(value, path, *fault);
    if (fault->spoiling.grow > 0 && value.Find("calls") == nullptr) fault->calls = kGrowthCalls;
    fault->spoiling.serial = NextSerial();
  }

 private:
  void ReadFunction(const JsonValue* value, Fields* fields, Fault* fault) const {
    fields->Text("function", &fault->function);
    const auto any = [](std::string_view) { return true; };
    if (fault->function.empty() || MatchesSomeFunction(fault->function, any)) return;
    refusals_->Add(*value, fields->PathOf("function"),
                   "a function of NVML, or a pattern of some, such as " +
                       QuoteJson(NearestFunctionName(fault->function)));
  }

  void ReadDevice(Fields* fields, Fault* fault) const {
    const JsonValue* value = fields->Take("device");
    if (value == nullptr) return;
    const bool fits = value->kind == JsonValue::Kind::kNumber && value->is_integer &&
                      value->integer >= 0 && static_cast<uint64_t>(value->integer) < device_count_;
    if (fits) {
      fault->device = static_cast<int>(value->integer);
    } else if (device_count_ == 0) {
      refusals_->Add(*value, fields->PathOf("device"), "no device where the scenario has none");
    } else {
      refusals_->Add(*value, fields->PathOf("device"),
                     "the index of a device, from 0 to " + std::to_string(device_count_ - 1));
    }
  }

  void ReadDelay(Fields* fields, Delay* delay) const {
    const JsonValue* value = fields->Take("delayMs");
    if (value == nullptr) return;
    if (value->kind == JsonValue::Kind::kObject) {
      return ReadDistribution(*value, fields->PathOf("delayMs"), delay);
    }
    if (value->kind == JsonValue::Kind::kNumber && value->number == kDelayForEver) {
      delay->kind = Delay::Kind::kForEver;
    } else if (IsDelay(*value)) {
      delay->first_ms = value->number;
    } else {
      refusals_->Add(*value, fields->PathOf("delayMs"),
                     "a number from 0 to 86400000, -1 for ever, or an object");
    }
  }

  void ReadDistribution(const JsonValue& value, const std::string& path, Delay* delay) const {
    Fields fields(value, path, refusals_);
    const JsonValue* bounds = fields.Take("uniform");
    const JsonValue* mean = fields.Take("exponential");
    fields.RefuseOthers();
    if ((bounds == nullptr) == (mean == nullptr)) {
      return refusals_->AddAt(value.place, path, "expected either \"uniform\" or \"exponential\"");
    }
    if (mean != nullptr) {
      delay->kind = Delay::Kind::kExponential;
      fields.Number("exponential", {0, kLongestDelayMs}, &delay->first_ms);
      return;
    }
    const bool fits = bounds->items.size() == 2 &&
                      std::all_of(bounds->items.begin(), bounds->items.end(), IsDelay) &&
                      bounds->items[0].number <= bounds->items[1].number;
    if (!fits) {
      return refusals_->Add(*bounds, path + ".uniform",
                            "an array of two numbers from 0 to 86400000, the lesser first");
    }
    *delay = {Delay::Kind::kUniform, bounds->items[0].number, bounds->items[1].number};
  }

  static void ReadTurns(Fields* fields, Fault* fault) {
    int64_t after_calls = 0, calls = -1, every_calls = 1;
    fields->Integer("afterCalls", {0, kLargestCount}, &after_calls);
    fields->Integer("calls", {1, kLargestCount}, &calls);
    fields->Integer("everyCalls", {1, kLargestCount}, &every_calls);
    fields->Number("probability", {0, 1}, &fault->probability);
    fault->after_calls = static_cast<uint64_t>(after_calls);
    if (calls >= 0) fault->calls = static_cast<uint64_t>(calls);
    fault->every_calls = static_cast<uint64_t>(every_calls);
  }

  static void ReadSpoiling(Fields* fields, Spoiling* spoiling) {
    size_t value = kValueNames.size(), text = kTextNames.size();
    fields->Choice("value", kValueNames, &value);
    fields->Choice("text", kTextNames, &text);
    if (value < kValueNames.size()) spoiling->value = static_cast<ValueSpoil>(value + 1);
    if (text < kTextNames.size()) spoiling->text = static_cast<TextSpoil>(text + 1);
    int64_t grow = 0, overrun = 0, field = -1, field_return = -1;
    fields->Integer("grow", {1, kMostGrowth}, &grow);
    fields->Integer("overrun", {1, kMostOverrunBytes}, &overrun);
    fields->Integer("field", {0, kLargestFieldId}, &field);
    fields->Integer("fieldReturn", {0, 65'534}, &field_return);
    spoiling->grow = static_cast<uint32_t>(grow);
    spoiling->overrun_bytes = static_cast<uint32_t>(overrun);
    spoiling->field = static_cast<int32_t>(field);
    spoiling->field_return = static_cast<int32_t>(field_return);
  }

  void CheckWhole(const JsonValue& value, const std::string& path, const Fault& fault) const {
    const Spoiling& spoiling = fault.spoiling;
    if (fault.function.empty()) {
      return refusals_->AddAt(value.place, path, "expected a member \"function\"");
    }
    if (fault.result == NVML_SUCCESS && fault.delay.none() && !spoiling.any()) {
      return refusals_->AddAt(value.place, path,
                              "expected a \"return\" other than 0, a \"delayMs\" other than 0, a "
                              "\"value\", \"text\", \"grow\", \"overrun\" or \"fieldReturn\"");
    }
    if (fault.result != NVML_SUCCESS && spoiling.any()) {
      return refusals_->AddAt(value.place, path,
                              "expected no other answer beside a \"return\" other than 0");
    }
    if (spoiling.grow > 0 && !MatchesSomeFunction(fault.function, AnswersList)) {
      return refusals_->AddAt(value.place, path,
                              "expected a function that answers a list beside \"grow\"");
    }
    const bool of_fields = spoiling.field >= 0 || spoiling.field_return >= 0;
    if (of_fields && !MatchesGlob(fault.function, kFieldFunction)) {
      refusals_->AddAt(value.place, path,
                       "expected nvmlDeviceGetFieldValues beside \"field\" and \"fieldReturn\"");
    }
  }

  size_t device_count_;
  Refusals* refusals_;
};

}  // namespace

void ReadFaults(const JsonValue& array, size_t device_count, Refusals* refusals,
                std::vector<Fault>* faults) {
  if (array.items.size() > kMostFaults) {
    refusals->AddAt(array.place, "faults", "expected at most 1000 faults");
  }
  const FaultReader reader(device_count, refusals);
  for (size_t i = 0; i < array.items.size() && refusals->none(); ++i) {
    faults->emplace_back();
    faults->back().index = i;
    reader.Read(array.items[i], "faults[" + std::to_string(i) + "]", &faults->back());
  }
}

bool ParseFaults(std::string_view text, size_t device_count, std::vector<Fault>* faults,
                 std::string* error) {
  JsonValue value;
  JsonError json_error;
  Refusals refusals("faults");
  if (!ParseJson(text, &value, &json_error)) {
    refusals.AddAt(json_error.place, "", json_error.expected);
  } else if (value.kind != JsonValue::Kind::kArray) {
    refusals.Add(value, "", "an array of faults");
  } else {
    ReadFaults(value, device_count, &refusals, faults);
  }
  *error = refusals.text();
  return refusals.none();
}

}  // namespace gpuring::simulator
