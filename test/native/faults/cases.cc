#include "cases.h"

#include <algorithm>
#include <array>

namespace gpuring::faults {
namespace {

constexpr uint32_t kUnknownCode = 4242;
constexpr uint32_t kFunctionNotFound = 13;
constexpr uint32_t kUnknownError = 999;
constexpr int kSlowMs = 15;

std::vector<uint32_t> CodesOf(const Chosen& chosen) {
  if (chosen.thin) return {3, kFunctionNotFound, 4, kUnknownError, 15, 9};
  std::vector<uint32_t> codes;
  for (uint32_t code = 1; code <= 30; code++) codes.push_back(code);
  codes.push_back(999);
  codes.push_back(kUnknownCode);
  return codes;
}

constexpr std::array<Timing, 3> kTimings = {Timing::kFirst, Timing::kNth, Timing::kAlways};

std::string NameOf(Timing timing) {
  return timing == Timing::kFirst ? "first" : timing == Timing::kNth ? "nth" : "always";
}

class Writer {
 public:
  explicit Writer(const Chosen& chosen) : chosen_(chosen) {}

  void Add(Case one, const std::string& suffering) {
    const Census& census = chosen_.census;
    const size_t turn = census.subjects.empty() ? 0 : cases_.size() % census.subjects.size();
    if (!census.subjects.empty()) one.subject = census.subjects[turn];
    one.plan.script = census.script;
    if (one.subject >= 0) one.plan.event_device = one.subject;
    std::string json = "[{\"function\":\"" + chosen_.function + "\"";
    if (one.subject >= 0) json += ",\"device\":" + std::to_string(one.subject);
    if (one.timing != Timing::kAlways) json += ",\"calls\":1";
    const long nth = NthCall(census.calls[turn]);
    if (one.timing == Timing::kNth) json += ",\"afterCalls\":" + std::to_string(nth - 1);
    one.plan.faults = json + "," + suffering + "}]";
    one.name += " " + NameOf(one.timing);
    if (one.subject >= 0) one.name += " device " + std::to_string(one.subject);
    cases_.push_back(std::move(one));
  }

  void AddCodes(Timing timing) {
    for (const uint32_t code : CodesOf(chosen_)) {
      Case one = {.name = "return " + std::to_string(code), .timing = timing, .code = code};
      Add(one, "\"return\":" + std::to_string(code));
      // What was found out about driver and devices for good is forgotten with it.
      const uint32_t parts = chosen_.role.parts;
      const CodeClass code_class = ClassOf(code);
      const bool once = (parts & (kFact | kMigFact | kTopology | kHostFact)) != 0;
      // Of events and performance counters, once it was declined; a set that a driver spoiled, as
      // "unknown" says, is not filled again and again.
      const bool declined =
          code_class == CodeClass::kUnsupported && (parts & (kEvents | kGpm)) != 0;
      const bool spoiled = code == kUnknownError && (parts & kEvents) != 0;
      cases_.back().plan.script.reopens_at_end =
          once || declined || spoiled || code_class == CodeClass::kPermanent;
    }
  }

  void AddGarbage(Kind kind, const std::string& member, const std::string& garbage) {
    for (const Timing timing : {Timing::kNth, Timing::kAlways}) {
      const bool number = kind == Kind::kOverrun || kind == Kind::kGrow;
      Case one = {.name = member + " " + garbage, .kind = kind, .timing = timing};
      one.garbage = garbage;
      Add(one, "\"" + member + "\":" + (number ? garbage : "\"" + garbage + "\""));
      cases_.back().plan.script.reopens_at_end = true;
    }
  }

  void AddLatency() {
    Add({.name = "slow", .kind = Kind::kSlow, .timing = Timing::kNth},
        "\"delayMs\":" + std::to_string(kSlowMs));
    for (const Hang hang : {Hang::kReturns, Hang::kForEver}) {
      Case one = {.name = hang == Hang::kReturns ? "hangs and returns" : "hangs for ever"};
      one.kind = Kind::kHang;
      one.timing = Timing::kNth;
      one.plan.hang = hang;
      one.plan.polled = (chosen_.role.parts & kPolled) != 0;
      Add(one, "\"delayMs\":-1");
    }
  }

  [[nodiscard]] std::vector<Case> Take() { return std::move(cases_); }

 private:
  // In the middle of what is called often; at the next opening what is called once.
  static long NthCall(const Calls& calls) {
    if (calls.before >= 4) return calls.before / 2 + 1;
    return std::min(calls.all, std::max(2L, calls.before + 1));
  }

  const Chosen& chosen_;
  std::vector<Case> cases_;
};

void AddAllGarbage(const Chosen& chosen, Writer* writer) {
  const uint32_t answers = chosen.role.answers;
  const bool numbers = (answers & (kNumbers | kRecord | kFields | kSamples)) != 0;
  if (numbers) {
    for (const char* value : {"zero", "max", "sentinel", "nan", "random", "stuck"}) {
      writer->AddGarbage(Kind::kValue, "value", value);
    }
  }
  if ((answers & (kFields | kSamples)) != 0) {
    writer->AddGarbage(Kind::kValue, "value", "unknownType");
  }
  if ((answers & kText) != 0) {
    for (const char* text : {"empty", "notUtf8", "unterminated", "tooLong"}) {
      writer->AddGarbage(Kind::kText, "text", text);
    }
  }
  if ((answers & (kRecord | kFields | kSamples)) != 0) {
    for (const char* bytes : {"8", "16", "64"}) {
      writer->AddGarbage(Kind::kOverrun, "overrun", bytes);
    }
  }
  const bool list = (chosen.role.parts & kProcesses) != 0 || (answers & kSamples) != 0;
  for (const char* more : {"1", "100000"}) {
    if (list) writer->AddGarbage(Kind::kGrow, "grow", more);
  }
}

}  // namespace

std::vector<Case> CasesOf(const Chosen& chosen) {
  Writer writer(chosen);
  if (chosen.thin) {
    writer.AddCodes(Timing::kAlways);
    return writer.Take();
  }
  for (const Timing timing : kTimings) writer.AddCodes(timing);
  if ((chosen.role.answers & kFields) != 0) {
    for (const uint32_t code : CodesOf(chosen)) {
      writer.Add({.name = "field return " + std::to_string(code),
                  .kind = Kind::kFieldReturn,
                  .code = code},
                 "\"fieldReturn\":" + std::to_string(code));
    }
  }
  AddAllGarbage(chosen, &writer);
  writer.AddLatency();
  writer.Add({.name = "missing", .kind = Kind::kMissing, .code = kFunctionNotFound},
             "\"return\":13");
  return writer.Take();
}

}  // namespace gpuring::faults
