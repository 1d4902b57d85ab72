// The core's classes, without sampler and driver, as JavaScript objects: property tests compare
// them with references in TypeScript, benchmarks time them from the inside. Not shipped.
#include <napi.h>

#include <array>
#include <cmath>

#include "binding/unpacking.h"
#include "roof.h"

namespace gpuring {
namespace {

// The cheapest calls there are from JavaScript into native code and back: no wrapper around
// Node-API, no argument; one that gives nothing and one that gives a number.
napi_value EmptyCall(napi_env, napi_callback_info) { return nullptr; }

napi_value EmptyDouble(napi_env env, napi_callback_info) {
  napi_value result = nullptr;
  napi_create_double(env, 0.5, &result);
  return result;
}

Napi::Value Read(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), ReadDoubles(UnpackDoubles(info[0])));
}

template <void (*kFunction)(const PlainStatistics&)>
void Plain(const Napi::CallbackInfo& info) {
  kFunction({UnpackDoubles(info[0]), UnpackDoubles(info[1]), UnpackDoubles(info[2]),
             UnpackDoubles(info[3])});
}

// What an addon does that is handed a sample as an object: takes its members by name, checks each,
// stores it.
constexpr std::array kMembers = {"timestampMs",
                                 "computeUtilizationPercent",
                                 "memoryUtilizationPercent",
                                 "memoryTotalBytes",
                                 "memoryUsedBytes",
                                 "powerWatts",
                                 "powerLimitWatts",
                                 "temperatureCelsius",
                                 "memoryTemperatureCelsius",
                                 "clockRateMhz",
                                 "memoryClockMhz",
                                 "fanSpeedPercent"};
constexpr size_t kTaken = 4096;

Napi::Value TakeObject(const Napi::CallbackInfo& info) {
  static std::array<std::array<double, kMembers.size()>, kTaken> taken;
  static size_t count = 0;
  const auto object = info[0].As<Napi::Object>();
  auto& sample = taken[count++ % kTaken];
  for (size_t index = 0; index < kMembers.size(); ++index) {
    const Napi::Value value = object.Get(kMembers[index]);
    if (!value.IsNumber()) return Napi::Boolean::New(info.Env(), false);
    sample[index] = value.As<Napi::Number>().DoubleValue();
    if (!std::isfinite(sample[index])) return Napi::Boolean::New(info.Env(), false);
  }
  return Napi::Boolean::New(info.Env(), true);
}

void SetRaw(Napi::Object exports, const char* name, napi_callback function) {
  napi_value value = nullptr;
  napi_create_function(exports.Env(), name, NAPI_AUTO_LENGTH, function, nullptr, &value);
  exports.Set(name, value);
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  SetRaw(exports, "emptyCall", EmptyCall);
  SetRaw(exports, "emptyDouble", EmptyDouble);
  exports.Set("readDoubles", Napi::Function::New<Read>(env));
  exports.Set("statisticsByNthElement", Napi::Function::New<Plain<StatisticsByNthElement>>(env));
  exports.Set("statisticsBySort", Napi::Function::New<Plain<StatisticsBySort>>(env));
  exports.Set("takeObject", Napi::Function::New<TakeObject>(env));
  return exports;
}

}  // namespace

NODE_API_MODULE(bare_core, Init)

}  // namespace gpuring
