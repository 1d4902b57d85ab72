#include "simulator/faults.h"

#include <algorithm>

#include "simulator/function_names.h"

namespace gpuring::simulator {
namespace {

constexpr double kLargestCount = 9007199254740991;  // what JSON numbers carry exactly
constexpr double kLongestDelayMs = 86'400'000;
constexpr size_t kMostFaults = 1000;

bool MatchesSomeFunction(std::string_view pattern) {
  return std::any_of(kFunctionNames.begin(), kFunctionNames.end(),
                     [pattern](std::string_view name) { return MatchesGlob(pattern, name); });
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
    fields.Integer("delayMs", {kDelayForEver, kLongestDelayMs}, &fault->delay_ms);
    int64_t after_calls = 0;
    fields.Integer("afterCalls", {0, kLargestCount}, &after_calls);
    fault->after_calls = static_cast<uint64_t>(after_calls);
    int64_t calls = -1;
    fields.Integer("calls", {1, kLargestCount}, &calls);
    if (calls >= 0) fault->calls = static_cast<uint64_t>(calls);
    fields.RefuseOthers();
    if (fault->function.empty()) {
      refusals_->AddAt(value.place, path, "expected a member \"function\"");
    }
    if (fault->result == NVML_SUCCESS && fault->delay_ms == 0) {
      refusals_->AddAt(value.place, path,
                       "expected a \"return\" other than 0 or a \"delayMs\" other than 0");
    }
  }

 private:
  void ReadFunction(const JsonValue* value, Fields* fields, Fault* fault) const {
    fields->Text("function", &fault->function);
    if (fault->function.empty() || MatchesSomeFunction(fault->function)) return;
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

  size_t device_count_;
  Refusals* refusals_;
};

bool Matches(const Fault& fault, std::string_view function, int device) {
  return (!fault.device || *fault.device == device) && MatchesGlob(fault.function, function);
}

}  // namespace

bool MatchesGlob(std::string_view pattern, std::string_view text) {
  size_t p = 0, t = 0;
  size_t star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

Suffering MeetFaults(std::string_view function, int device, std::vector<Fault>* faults) {
  Suffering suffering;
  bool decided = false;
  for (Fault& fault : *faults) {
    if (!Matches(fault, function, device)) continue;
    const uint64_t before = fault.seen++;
    const bool in_force = before >= fault.after_calls && before - fault.after_calls < fault.calls;
    if (!in_force || decided) continue;
    suffering = {fault.result, fault.delay_ms};
    decided = true;
  }
  return suffering;
}

void ReadFaults(const JsonValue& array, size_t device_count, Refusals* refusals,
                std::vector<Fault>* faults) {
  if (array.items.size() > kMostFaults) {
    refusals->AddAt(array.place, "faults", "expected at most 1000 faults");
  }
  const FaultReader reader(device_count, refusals);
  for (size_t i = 0; i < array.items.size() && refusals->none(); ++i) {
    faults->emplace_back();
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
