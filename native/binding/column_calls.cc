#include "binding/column_calls.h"

#include <optional>
#include <vector>

#include "aggregate/column_check.h"
#include "aggregate/scan.h"
#include "aggregate/summary.h"
#include "binding/boxing.h"
#include "binding/unpack_questions.h"
#include "binding/unpacking.h"

namespace gpuring {
namespace {

constexpr size_t kMostColumns = 65536;

// What an object of the caller's says, its memory not yet looked at.
struct GivenColumn {
  explicit GivenColumn(const Napi::Value& value) {
    if (!value.IsObject()) return;
    const auto object = value.As<Napi::Object>();
    times = object.Get("times");
    values = object.Get("values");
    oldest = UnpackIndex(object.Get("oldest"));
    count = UnpackIndex(object.Get("count"));
  }

  // For the length of the call, and as long as none of the caller's code runs.
  [[nodiscard]] std::optional<SampleColumn> Hold() const {
    const SampleColumn column = {UnpackDoubles(times), UnpackDoubles(values), oldest, count};
    return IsSound(column) ? std::optional(column) : std::nullopt;
  }

  Napi::Value times;
  Napi::Value values;
  size_t oldest = 0;
  size_t count = SIZE_MAX;
};

template <class Given>
std::vector<Given> UnpackList(const Napi::Value& value) {
  std::vector<Given> list;
  if (!value.IsArray()) return list;
  const auto array = value.As<Napi::Array>();
  const uint32_t length = array.Length();
  if (length > kMostColumns) return list;
  list.reserve(length);
  for (uint32_t i = 0; i < length; i++) list.emplace_back(array.Get(i));
  return list;
}

bool UnpackScan(const Napi::Object& what, ScanRequest* request, Percentiles* percentiles) {
  const uint64_t by = UnpackIndex(what.Get("by"));
  request->from_ms = UnpackNumber(what.Get("from"));
  request->to_ms = UnpackNumber(what.Get("to"));
  request->ewma_ms = UnpackNumber(what.Get("ewmaMs"));
  request->max_gap_ms = UnpackNumber(what.Get("maxGapMs"));
  request->counter = UnpackFlag(what.Get("counter"));
  request->method = MethodOf(what);
  if (!percentiles->Unpack(what.Get("percentiles"))) return false;
  request->percentiles = percentiles->values();
  if (!(request->max_gap_ms >= 0)) return false;
  if (by == static_cast<uint64_t>(WindowBy::kLast)) {
    request->by = WindowBy::kLast;
    request->last = request->from_ms >= 1 ? UnpackCount(what.Get("from")) : 0;
    return request->last > 0;
  }
  return by == static_cast<uint64_t>(WindowBy::kWall) && request->from_ms <= request->to_ms;
}

size_t ScanEach(std::span<const SampleColumn> columns, const ScanRequest& request,
                std::span<double> into) {
  const size_t doubles = kStatisticsDoubles + request.percentiles.size();
  if (into.size() / doubles < columns.size()) return 0;
  for (size_t i = 0; i < columns.size(); i++) {
    if (!ScanColumns(columns.subspan(i, 1), request, into.subspan(i * doubles, doubles))) return 0;
  }
  return columns.size();
}

size_t ScanPool(std::span<const SampleColumn> columns, const ScanRequest& request,
                std::span<double> into) {
  const size_t doubles = kStatisticsDoubles + request.percentiles.size();
  return into.size() >= doubles && ScanColumns(columns, request, into.first(doubles)) ? 1 : 0;
}

struct GivenValues {
  explicit GivenValues(const Napi::Value& value) {
    if (!value.IsObject()) return;
    const auto object = value.As<Napi::Object>();
    values = object.Get("values");
    known = object.Get("known");
  }

  // Of marks that are none, no value counts: the column ends at once.
  [[nodiscard]] CheckedColumn Hold() const {
    const std::span<const uint8_t> marks = UnpackBytes(known);
    if (!known.IsUndefined() && marks.empty()) return {};
    return {UnpackDoubles(values), marks, {}};
  }

  Napi::Value values;
  Napi::Value known;
};

// Where there is no rule, nothing fits.
ValueRule RuleAt(std::span<const double> rules, size_t index) {
  constexpr double kNowhere = std::numeric_limits<double>::infinity();
  if (rules.size() / 4 <= index) return {kNowhere, -kNowhere, false, false};
  const auto rule = rules.subspan(4 * index, 4);
  return {rule[0], rule[1], rule[2] != 0, rule[3] != 0};
}

Napi::Value BoxFault(Napi::Env env, const std::optional<ColumnFault>& fault) {
  if (!fault) return env.Undefined();
  Napi::Object boxed = Napi::Object::New(env);
  const bool is_time = fault->column == kTimesColumn;
  boxed.Set("column", is_time ? -1.0 : static_cast<double>(fault->column));
  boxed.Set("position", static_cast<double>(fault->position));
  boxed.Set("reason", kFaultReasonNames[static_cast<size_t>(fault->reason)]);
  return boxed;
}

struct Memory {
  napi_typedarray_type type = napi_int8_array;
  const void* data = nullptr;
  size_t length = 0;
};

template <class T>
size_t SummarizeAs(const Memory& memory, const PercentileRequest& request, std::span<double> into) {
  const std::span<const T> values(static_cast<const T*>(memory.data), memory.length);
  return Summarize(values, request, into) ? kSummaryDoubles + request.percentiles.size() : 0;
}

size_t SummarizeMemory(const Memory& memory, const PercentileRequest& request,
                       std::span<double> into) {
  switch (memory.type) {
    case napi_float64_array:
      return SummarizeAs<double>(memory, request, into);
    case napi_float32_array:
      return SummarizeAs<float>(memory, request, into);
    case napi_int32_array:
      return SummarizeAs<int32_t>(memory, request, into);
    case napi_uint32_array:
      return SummarizeAs<uint32_t>(memory, request, into);
    case napi_int16_array:
      return SummarizeAs<int16_t>(memory, request, into);
    case napi_uint16_array:
      return SummarizeAs<uint16_t>(memory, request, into);
    case napi_int8_array:
      return SummarizeAs<int8_t>(memory, request, into);
    case napi_uint8_array:
    case napi_uint8_clamped_array:
      return SummarizeAs<uint8_t>(memory, request, into);
    default:
      return 0;
  }
}

}  // namespace

Napi::Value AggregateColumnsCall(const Napi::CallbackInfo& info) {
  if (!info[1].IsObject()) return BoxCount(info.Env(), 0);
  const auto given = UnpackList<GivenColumn>(info[0]);
  const auto what = info[1].As<Napi::Object>();
  const bool pooled = UnpackFlag(what.Get("pooled"));
  ScanRequest request;
  Percentiles percentiles;
  const bool asked = UnpackScan(what, &request, &percentiles);
  std::vector<SampleColumn> columns;
  for (const GivenColumn& one : given) {
    if (const auto column = one.Hold()) columns.push_back(*column);
  }
  if (!asked || columns.empty() || columns.size() < given.size()) return BoxCount(info.Env(), 0);
  const std::span<double> into = UnpackDoubles(info[2]);
  return BoxCount(info.Env(),
                  pooled ? ScanPool(columns, request, into) : ScanEach(columns, request, into));
}

Napi::Value DownsampleColumnCall(const Napi::CallbackInfo& info) {
  if (!info[1].IsObject()) return BoxCount(info.Env(), 0);
  const GivenColumn given(info[0]);
  const auto what = info[1].As<Napi::Object>();
  const double from_ms = UnpackNumber(what.Get("from"));
  const double to_ms = UnpackNumber(what.Get("to"));
  const auto column = given.Hold();
  if (!column) return BoxCount(info.Env(), 0);
  return BoxCount(info.Env(), DownsampleColumn(*column, from_ms, to_ms, UnpackDoubles(info[2])));
}

Napi::Value CheckColumnsCall(const Napi::CallbackInfo& info) {
  const ColumnFault no_times = {kTimesColumn, 0, FaultReason::kNotFinite};
  const bool has_times = info[0].IsTypedArray() &&
                         info[0].As<Napi::TypedArray>().TypedArrayType() == napi_float64_array;
  if (!has_times || !info[1].IsObject()) return BoxFault(info.Env(), no_times);
  const auto what = info[1].As<Napi::Object>();
  const auto given = UnpackList<GivenValues>(what.Get("columns"));
  const Napi::Value given_rules = what.Get("rules");
  const uint64_t used = UnpackIndex(what.Get("used"));
  const uint64_t total = UnpackIndex(what.Get("total"));
  ColumnsToCheck question;
  question.after_ms = UnpackNumber(what.Get("afterMs"));
  question.times = UnpackDoubles(info[0]);
  const std::span<const double> rules = UnpackDoubles(given_rules);
  std::vector<CheckedColumn> columns;
  for (const GivenValues& one : given) {
    columns.push_back(one.Hold());
    columns.back().rule = RuleAt(rules, columns.size() - 1);
  }
  question.columns = columns;
  if (used < columns.size() && total < columns.size()) {
    question.used = &columns[used];
    question.total = &columns[total];
  }
  return BoxFault(info.Env(), FirstFault(question));
}

Napi::Value SummarizeCall(const Napi::CallbackInfo& info) {
  if (!info[0].IsTypedArray() || !info[1].IsObject()) return BoxCount(info.Env(), 0);
  const auto what = info[1].As<Napi::Object>();
  PercentileRequest request = {.method = MethodOf(what)};
  Percentiles percentiles;
  const bool asked = percentiles.Unpack(what.Get("percentiles"));
  request.percentiles = percentiles.values();
  Memory memory;
  void* data = nullptr;
  const napi_status status = napi_get_typedarray_info(info.Env(), info[0], &memory.type,
                                                      &memory.length, &data, nullptr, nullptr);
  memory.data = data;
  const std::span<double> into = UnpackDoubles(info[2]);
  const bool has_room = into.size() >= kSummaryDoubles + request.percentiles.size();
  if (!asked || status != napi_ok || !has_room) return BoxCount(info.Env(), 0);
  if (data == nullptr) memory.length = 0;
  return BoxCount(info.Env(), SummarizeMemory(memory, request, into));
}

}  // namespace gpuring
