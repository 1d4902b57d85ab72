#include "simulator/faults.h"

namespace gpuring::simulator {
namespace {

constexpr double kLargestCount = 9007199254740991;  // what JSON numbers carry exactly
constexpr double kLongestDelayMs = 86'400'000;
constexpr size_t kMostFaults = 1000;

void ReadFault(const JsonValue& value, const std::string& path, Refusals* refusals, Fault* fault) {
  Fields fields(value, path, refusals);
  fields.Text("function", &fault->function);
  int64_t device = -1;
  fields.Integer("device", {0, 63}, &device);
  if (device >= 0) fault->device = static_cast<int>(device);
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
  if (fault->function.empty()) refusals->AddAt(value.place, path, "expected a member \"function\"");
  if (fault->result == NVML_SUCCESS && fault->delay_ms == 0) {
    refusals->AddAt(value.place, path,
                    "expected a \"return\" other than 0 or a \"delayMs\" other than 0");
  }
}

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

void ReadFaults(const JsonValue& array, const std::string& path, Refusals* refusals,
                std::vector<Fault>* faults) {
  if (array.items.size() > kMostFaults)
    refusals->AddAt(array.place, path, "expected at most 1000 faults");
  for (size_t i = 0; i < array.items.size() && refusals->none(); ++i) {
    faults->emplace_back();
    ReadFault(array.items[i], path + "[" + std::to_string(i) + "]", refusals, &faults->back());
  }
}

bool ParseFaults(std::string_view text, std::vector<Fault>* faults, std::string* error) {
  JsonValue value;
  JsonError json_error;
  Refusals refusals("faults");
  if (!ParseJson(text, &value, &json_error)) {
    refusals.AddAt(json_error.place, "", json_error.expected);
  } else if (value.kind != JsonValue::Kind::kArray) {
    refusals.Add(value, "", "an array of faults");
  } else {
    ReadFaults(value, "faults", &refusals, faults);
  }
  *error = refusals.text();
  return refusals.none();
}

}  // namespace gpuring::simulator
