#include "driver_calls.h"

#include <algorithm>
#include <chrono>
#include <string>

#include "binding/unpacking.h"
#include "plain_driver.h"

namespace gpuring {
namespace {

PlainDriver driver;

Napi::Value OpenDriver(const Napi::CallbackInfo& info) {
  const std::string path = info[0].As<Napi::String>();
  const size_t count = driver.Open(path.c_str()) ? driver.devices().size() : 0;
  return Napi::Number::New(info.Env(), static_cast<double>(count));
}

// REQUIRES of the functions below: openDriver() found devices, and the arguments are of them.
Napi::Value ReadMetric(const Napi::CallbackInfo& info) {
  const nvmlDevice_t device = driver.devices()[UnpackIndex(info[0])];
  return Napi::Number::New(info.Env(), driver.ReadOne(device, UnpackIndex(info[1])));
}

void ReadDriver(const Napi::CallbackInfo& info) {
  double* into = info[0].As<Napi::Float64Array>().Data();
  for (const nvmlDevice_t device : driver.devices()) {
    const PlainReading reading = driver.Read(device);
    into = std::copy(reading.begin(), reading.end(), into);
  }
}

Napi::Value ReadDriverObjects(const Napi::CallbackInfo& info) {
  auto found = Napi::Array::New(info.Env(), driver.devices().size());
  uint32_t at = 0;
  for (const nvmlDevice_t device : driver.devices()) {
    const PlainReading reading = driver.Read(device);
    auto object = Napi::Object::New(info.Env());
    for (size_t column = 0; column < reading.size(); ++column) {
      object.Set(kPlainColumns[column], reading[column]);
    }
    found[at++] = object;
  }
  return found;
}

Napi::Value TimeDriver(const Napi::CallbackInfo& info) {
  using Clock = std::chrono::steady_clock;
  const size_t count = UnpackCount(info[0]);
  std::vector<PlainReading> readings(driver.devices().size());
  const Clock::time_point start = Clock::now();
  for (size_t time = 0; time < count; ++time) {
    for (size_t index = 0; index < readings.size(); ++index) {
      readings[index] = driver.Read(driver.devices()[index]);
    }
  }
  const std::chrono::duration<double, std::nano> took = Clock::now() - start;
  return Napi::Number::New(info.Env(), took.count() / static_cast<double>(count));
}

void CloseDriver(const Napi::CallbackInfo&) { driver.Close(); }

}  // namespace

void ExportDriverCalls(Napi::Object exports) {
  const Napi::Env env = exports.Env();
  exports.Set("openDriver", Napi::Function::New<OpenDriver>(env));
  exports.Set("readMetric", Napi::Function::New<ReadMetric>(env));
  exports.Set("readDriver", Napi::Function::New<ReadDriver>(env));
  exports.Set("readDriverObjects", Napi::Function::New<ReadDriverObjects>(env));
  exports.Set("timeDriver", Napi::Function::New<TimeDriver>(env));
  exports.Set("closeDriver", Napi::Function::New<CloseDriver>(env));
}

}  // namespace gpuring
