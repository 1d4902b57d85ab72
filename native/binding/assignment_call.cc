#include "binding/assignment_call.h"

#include <optional>
#include <string>

#include "binding/unpacking.h"
#include "distribute/assignment.h"

namespace gpuring {
namespace {

struct GivenAssignment {
  explicit GivenAssignment(const Napi::Object& what)
      : costs(what.Get("costs")),
        bytes(what.Get("bytes")),
        speeds(what.Get("speeds")),
        loads(what.Get("loads")),
        item_limits(what.Get("itemLimits")),
        cost_limits(what.Get("costLimits")),
        byte_limits(what.Get("byteLimits")),
        order(UnpackText(what.Get("order"))) {}

  // Nothing: a list is none, or the order is.
  [[nodiscard]] std::optional<AssignmentRequest> Hold() const {
    if (order != "given" && order != "descending") return std::nullopt;
    for (const Napi::Value& list :
         {costs, speeds, bytes, loads, item_limits, cost_limits, byte_limits}) {
      if (!IsDoubles(list) && !list.IsUndefined()) return std::nullopt;
    }
    if (costs.IsUndefined() || speeds.IsUndefined()) return std::nullopt;
    return AssignmentRequest{
        .costs = UnpackDoubles(costs),
        .bytes = Numbers(bytes),
        .speeds = UnpackDoubles(speeds),
        .loads = Numbers(loads),
        .item_limits = Numbers(item_limits),
        .cost_limits = Numbers(cost_limits),
        .byte_limits = Numbers(byte_limits),
        .order = order == "given" ? ItemOrder::kGiven : ItemOrder::kDescending,
    };
  }

  static bool IsDoubles(const Napi::Value& list) {
    return list.IsTypedArray() &&
           list.As<Napi::TypedArray>().TypedArrayType() == napi_float64_array;
  }
  static std::optional<AssignmentRequest::Numbers> Numbers(const Napi::Value& list) {
    if (list.IsUndefined()) return std::nullopt;
    return UnpackDoubles(list);
  }

  Napi::Value costs;
  Napi::Value bytes;
  Napi::Value speeds;
  Napi::Value loads;
  Napi::Value item_limits;
  Napi::Value cost_limits;
  Napi::Value byte_limits;
  std::string order;
};

}  // namespace

Napi::Value AssignEarliestCall(const Napi::CallbackInfo& info) {
  std::optional<uint64_t> assigned;
  if (info[0].IsObject()) {
    const GivenAssignment given(info[0].As<Napi::Object>());
    const auto request = given.Hold();
    if (request) assigned = AssignEarliest(*request, UnpackUint32s(info[1]));
  }
  return Napi::Number::New(info.Env(), assigned ? static_cast<double>(*assigned) : -1);
}

}  // namespace gpuring
