#include "simulator/scenario.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "simulator/fields.h"
#include "simulator/function_names.h"
#include "simulator/text_file.h"

namespace gpuring::simulator {
namespace {

constexpr std::array<std::string_view, 3> kStepNames = {"clock", "round", "manual"};
constexpr std::array<std::string_view, 3> kAtEndNames = {"loop", "hold", "end"};
constexpr double kLargestSeed = 9007199254740991;  // what JSON numbers carry exactly
constexpr size_t kMostLevels = 1000;
constexpr size_t kLongestVersion = 79;  // NVML's buffer holds 80

// Which members a shape takes beside "shape".
struct ShapeMembers {
  bool period;
  bool bounds;  // minPercent and maxPercent; else percent
  bool duty;
};

constexpr ShapeMembers MembersOf(LoadShape shape) {
  switch (shape) {
    case LoadShape::kConstant:
    case LoadShape::kSteps:
      return {shape == LoadShape::kSteps, false, false};
    case LoadShape::kSine:
    case LoadShape::kRamp:
    case LoadShape::kNoise:
      return {true, true, false};
    case LoadShape::kSquare:
    case LoadShape::kInference:
      return {true, true, true};
  }
  return {};
}

void ReadPercent(std::string_view name, Fields* fields, double* share) {
  double percent = *share * 100;
  fields->Number(name, {0, 100}, &percent);
  *share = percent / 100;
}

void ReadLevels(Fields* fields, Refusals* refusals, std::vector<double>* levels) {
  const JsonValue* array = fields->TakeArray("percents");
  if (array == nullptr) return;
  const std::string path = fields->PathOf("percents");
  if (array->items.empty() || array->items.size() > kMostLevels) {
    refusals->Add(*array, path, "an array of 1 to 1000 percentages");
  }
  for (const JsonValue& item : array->items) {
    const bool fits =
        item.kind == JsonValue::Kind::kNumber && item.number >= 0 && item.number <= 100;
    if (!fits) refusals->Add(item, path, "a number from 0 to 100");
    levels->push_back(item.number / 100);
  }
}

void ReadLoad(const JsonValue& value, const std::string& path, Refusals* refusals,
              LoadCurve* curve) {
  Fields fields(value, path, refusals);
  size_t shape = kLoadShapeNames.size();
  fields.Choice("shape", kLoadShapeNames, &shape);
  if (shape == kLoadShapeNames.size()) {
    return refusals->AddAt(value.place, path,
                           "expected a member \"shape\", one of " + JoinChoices(kLoadShapeNames));
  }
  curve->shape = static_cast<LoadShape>(shape);
  const ShapeMembers members = MembersOf(curve->shape);
  if (members.period) {
    double seconds = curve->shape == LoadShape::kInference ? 6 : 30;
    fields.Number("periodSeconds", {0.001, 86'400}, &seconds);
    curve->period_ns = static_cast<int64_t>(seconds * 1e9);
  }
  if (members.bounds) {
    curve->maximum = 0.95;
    ReadPercent("minPercent", &fields, &curve->minimum);
    ReadPercent("maxPercent", &fields, &curve->maximum);
  }
  if (members.duty) ReadPercent("dutyPercent", &fields, &curve->duty);
  if (curve->shape == LoadShape::kConstant) ReadPercent("percent", &fields, &curve->maximum);
  if (curve->shape == LoadShape::kSteps) {
    ReadLevels(&fields, refusals, &curve->levels);
    if (curve->levels.empty()) refusals->AddAt(value.place, path, "expected a member \"percents\"");
  }
  fields.RefuseOthers();
  if (curve->minimum > curve->maximum) {
    refusals->AddAt(value.place, path, "expected minPercent no greater than maxPercent");
  }
}

class ScenarioReader {
 public:
  ScenarioReader(std::string directory, Refusals* refusals, Scenario* scenario)
      : refusals_(*refusals), directory_(std::move(directory)), scenario_(scenario) {}

  void ReadHost(const JsonValue& value) {
    Fields fields(value, "", &refusals_);
    std::string note;
    fields.Text("name", &scenario_->name);
    fields.Text("note", &note);
    auto seed = static_cast<int64_t>(scenario_->seed);
    fields.Integer("seed", {0, kLargestSeed}, &seed);
    scenario_->seed = static_cast<uint64_t>(seed);
    ReadDriverVersion(&fields);
    size_t step = 0;
    fields.Choice("step", kStepNames, &step);
    scenario_->step = static_cast<StepMode>(step);
    std::string base;
    fields.Text("baseDirectory", &base);
    if (!base.empty()) directory_ = JoinPath(directory_, base);
    const JsonValue* devices = fields.TakeArray("devices");
    const JsonValue* faults = fields.TakeArray("faults");
    ReadLacks(fields.TakeArray("lacks"));
    ReadProcessRecordBytes(&fields);
    fields.RefuseOthers();
    if (devices == nullptr) {
      refusals_.AddAt(value.place, "", "expected a member \"devices\"");
    } else {
      ReadDevices(*devices);
    }
    if (faults != nullptr) {
      ReadFaults(*faults, scenario_->devices.size(), &refusals_, &scenario_->faults);
    }
  }

  void ReadEntry(const JsonValue& value, const std::string& path) {
    Fields fields(value, path, &refusals_);
    DevicePlan plan;
    plan.board = ReadBoard(value, &fields);
    int64_t count = 1;
    fields.Integer("count", {1, kDeviceLimit}, &count);
    std::string note;
    fields.Text("note", &note);
    const JsonValue* load = fields.Take("load");
    const JsonValue* trace = fields.Take("trace");
    const JsonValue* select = fields.Take("select");
    const JsonValue* mig = fields.Take("mig");
    const JsonValue* processes = fields.Take("processes");
    const JsonValue* values = fields.Take("values");
    size_t at_end = 0;
    fields.Choice("atEnd", kAtEndNames, &at_end);
    plan.at_end = static_cast<AtEnd>(at_end);
    fields.RefuseOthers();
    if (load != nullptr) {
      if (trace != nullptr)
        refusals_.AddAt(value.place, path, "expected \"load\" or \"trace\", not both");
      ReadLoad(*load, path + ".load", &refusals_, &plan.curve);
    }
    if (trace == nullptr && (select != nullptr || value.Find("atEnd") != nullptr)) {
      refusals_.AddAt(value.place, path, "expected a \"trace\" beside \"select\" and \"atEnd\"");
    }
    if (trace != nullptr) plan.trace = ReadTrace(*trace, select, path);
    if (mig != nullptr && plan.board != nullptr) {
      plan.mig = ReadMigProfiles(*mig, path + ".mig", *plan.board, &refusals_);
    }
    if (processes != nullptr) {
      ReadProcesses(*processes, path + ".processes", &refusals_, &plan.processes);
    }
    if (values != nullptr) ReadValues(*values, path + ".values", &refusals_, &plan.values);
    if (refusals_.none()) AddDevices(value, path, count, plan);
  }

 private:
  void ReadLacks(const JsonValue* array) {
    if (array == nullptr) return;
    for (size_t i = 0; i < array->items.size(); ++i) {
      const JsonValue& item = array->items[i];
      if (std::ranges::find(kFunctionNames, item.string) == kFunctionNames.end()) {
        refusals_.Add(item, "lacks[" + std::to_string(i) + "]",
                      "a function of NVML, such as " + QuoteJson(NearestFunctionName(item.string)));
      }
      scenario_->lacks.push_back(item.string);
    }
  }

  void ReadProcessRecordBytes(Fields* fields) {
    const JsonValue* value = fields->Take("processRecordBytes");
    if (value == nullptr) return;
    const bool fits =
        value->kind == JsonValue::Kind::kNumber && value->is_integer &&
        (value->integer == kProcessRecordBytes || value->integer == kLongProcessRecordBytes);
    if (!fits) return refusals_.Add(*value, "processRecordBytes", "24 or 32");
    scenario_->process_record_bytes = static_cast<uint32_t>(value->integer);
  }

  void ReadDriverVersion(Fields* fields) {
    const JsonValue* value = fields->Take("driverVersion");
    if (value == nullptr) return;
    if (value->kind != JsonValue::Kind::kString || !IsDriverVersion(value->string)) {
      return refusals_.Add(*value, "driverVersion", "1 to 79 printable characters without blanks");
    }
    scenario_->driver_version = value->string;
  }

  void ReadDevices(const JsonValue& array) {
    for (size_t i = 0; i < array.items.size() && refusals_.none(); ++i) {
      ReadEntry(array.items[i], "devices[" + std::to_string(i) + "]");
    }
  }

  const Board* ReadBoard(const JsonValue& value, Fields* fields) {
    const JsonValue* key = fields->Take("board");
    const Board* board = key == nullptr ? nullptr : FindBoard(key->string);
    if (board == nullptr) {
      const std::string path = fields->PathOf("board");
      if (key == nullptr) {
        refusals_.AddAt(value.place, path, "expected one of " + BoardKeys() + ", got nothing");
      } else {
        refusals_.Add(*key, path, "one of " + BoardKeys());
      }
    }
    return board;
  }

  std::shared_ptr<const Trace> ReadTrace(const JsonValue& value, const JsonValue* select,
                                         const std::string& path) {
    if (value.kind != JsonValue::Kind::kString || value.string.empty()) {
      refusals_.Add(value, path + ".trace", "the path of a CSV file");
      return nullptr;
    }
    std::vector<RowChoice> choices;
    if (select != nullptr) ReadChoices(*select, path + ".select", &choices);
    if (!refusals_.none()) return nullptr;
    std::string key = JoinPath(directory_, value.string);
    const std::string file = key;
    for (const RowChoice& choice : choices) key += '\n' + choice.column + '\n' + choice.value;
    std::shared_ptr<const Trace>& known = traces_[key];
    if (known == nullptr) {
      auto trace = std::make_shared<Trace>();
      std::string error;
      if (!trace->Load(file, choices, &error)) {
        refusals_.AddAt(value.place, path + ".trace", error);
        return nullptr;
      }
      known = std::move(trace);
    }
    return known;
  }

  void ReadChoices(const JsonValue& value, const std::string& path,
                   std::vector<RowChoice>* choices) {
    if (value.kind != JsonValue::Kind::kObject || value.members.empty()) {
      return refusals_.Add(value, path, "an object of column names and their cells");
    }
    for (const JsonMember& member : value.members) {
      if (member.value.kind != JsonValue::Kind::kString) {
        refusals_.Add(member.value, path + "." + member.name, "a string, the cell's text");
      }
      choices->push_back({member.name, member.value.string});
    }
  }

  // The devices of one entry are spread evenly over the load's period: equal, but not in step.
  void AddDevices(const JsonValue& value, const std::string& path, int64_t count,
                  const DevicePlan& plan) {
    if (scenario_->devices.size() + static_cast<size_t>(count) > kDeviceLimit) {
      return refusals_.AddAt(
          value.place, path,
          "expected at most " + std::to_string(kDeviceLimit) + " devices in all");
    }
    if (plan.trace != nullptr) rows_ += plan.trace->row_count() * static_cast<size_t>(count);
    if (rows_ > kScenarioRowLimit) {
      return refusals_.AddAt(
          value.place, path,
          "expected at most " + std::to_string(kScenarioRowLimit) + " trace rows over all devices");
    }
    for (int64_t i = 0; i < count; ++i) {
      scenario_->devices.push_back(plan);
      scenario_->devices.back().curve.offset_ns = plan.curve.period_ns / count * i;
    }
  }

  Refusals& refusals_;
  std::string directory_;
  Scenario* scenario_;
  size_t rows_ = 0;
  std::map<std::string, std::shared_ptr<const Trace>> traces_;
};

}  // namespace

bool ParseScenario(std::string_view text, const ScenarioOrigin& origin, Scenario* scenario,
                   std::string* error) {
  *scenario = Scenario();
  Refusals refusals(origin.source);
  JsonValue value;
  JsonError json_error;
  if (ParseJson(text, &value, &json_error)) {
    ScenarioReader(origin.directory, &refusals, scenario).ReadHost(value);
  } else {
    refusals.AddAt(json_error.place, "", json_error.expected);
  }
  *error = refusals.text();
  return refusals.none();
}

void ReadDeviceEntry(const JsonValue& entry, Refusals* refusals, Scenario* scenario) {
  ScenarioReader("", refusals, scenario).ReadEntry(entry, "add");
}

bool Lacks(const Scenario& scenario, std::string_view function) {
  return std::ranges::find(scenario.lacks, function) != scenario.lacks.end();
}

bool IsDriverVersion(std::string_view text) {
  return !text.empty() && text.size() <= kLongestVersion &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7F; });
}

bool LoadScenario(const std::string& where, Scenario* scenario, std::string* error) {
  if (where.starts_with('{')) {
    if (!ParseScenario(where, {"scenario", ""}, scenario, error)) return false;
    if (scenario->name.empty()) scenario->name = "inline";
    return true;
  }
  std::string text;
  if (!ReadTextFile(where, kJsonTextLimit, &text, error)) return false;
  if (!ParseScenario(text, {where, DirectoryOf(where)}, scenario, error)) return false;
  if (scenario->name.empty()) scenario->name = BaseNameOf(where);
  return true;
}

}  // namespace gpuring::simulator
