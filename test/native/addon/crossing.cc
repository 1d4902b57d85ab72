#include "crossing.h"

#include <time.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <limits>

#include "roof.h"

namespace gpuring {
namespace {

napi_value EmptyCall(napi_env, napi_callback_info) { return nullptr; }

napi_value EmptyDouble(napi_env env, napi_callback_info) {
  napi_value result = nullptr;
  napi_create_double(env, 0.5, &result);
  return result;
}

constexpr std::array kProperties = {"computeUtilizationPercent", "memoryUsedBytes",
                                    "memoryTotalBytes",          "powerWatts",
                                    "temperatureCelsius",        "clockRateMhz"};

napi_value SixProperties(napi_env env, napi_callback_info) {
  napi_value object = nullptr;
  napi_create_object(env, &object);
  double value = 0.5;
  for (const char* name : kProperties) {
    napi_value number = nullptr;
    napi_create_double(env, value++, &number);
    napi_set_named_property(env, object, name, number);
  }
  return object;
}

// Nanoseconds for which this thread has had a processor.
napi_value ThreadTime(napi_env env, napi_callback_info) {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  napi_value result = nullptr;
  napi_create_double(env, static_cast<double>(time.tv_sec) * 1e9 + time.tv_nsec, &result);
  return result;
}

// A plain scheduler's: shared by threads, so what changes is atomic; a device may be out of use or
// full; what would be divided by is kept as a factor.
struct Load {
  std::atomic<int32_t> in_flight{0};
  std::atomic<int32_t> most_in_flight{1 << 30};
  std::atomic<bool> in_use{true};
  double seconds_a_unit = 1.0;
};

constexpr uint32_t kMostDevices = 1024;

std::array<Load, kMostDevices>& Loads() {
  static std::array<Load, kMostDevices> loads;
  return loads;
}

uint32_t Argument(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument = nullptr;
  uint32_t value = 0;
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  napi_get_value_uint32(env, argument, &value);
  return value;
}

napi_value ScanAcquire(napi_env env, napi_callback_info info) {
  const uint32_t devices = std::min(Argument(env, info), kMostDevices);
  auto& loads = Loads();
  uint32_t least = 0;
  double least_cost = 1e300;
  for (uint32_t index = 0; index < devices; ++index) {
    const Load& load = loads[index];
    if (!load.in_use.load(std::memory_order_relaxed)) continue;
    const int32_t in_flight = load.in_flight.load(std::memory_order_relaxed) + 1;
    if (in_flight > load.most_in_flight.load(std::memory_order_relaxed)) continue;
    const double cost = in_flight * load.seconds_a_unit;
    if (cost < least_cost) {
      least_cost = cost;
      least = index;
    }
  }
  loads[least].in_flight.fetch_add(1);
  napi_value result = nullptr;
  napi_create_uint32(env, least, &result);
  return result;
}

napi_value ScanRelease(napi_env env, napi_callback_info info) {
  const uint32_t index = Argument(env, info);
  if (index < kMostDevices) Loads()[index].in_flight.fetch_sub(1);
  return nullptr;
}

// Of a block at a time, so that only one of them is searched: lanes of their own let the compiler
// compare several values at once.
constexpr size_t kBlock = 64;
constexpr size_t kLanes = 8;

GPURING_BY_PROCESSOR double GreatestOf(const double* values) {
  std::array<double, kLanes> lanes;
  std::copy_n(values, kLanes, lanes.begin());
  for (size_t at = kLanes; at < kBlock; at += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) {
      lanes[lane] = values[at + lane] > lanes[lane] ? values[at + lane] : lanes[lane];
    }
  }
  return *std::max_element(lanes.begin(), lanes.end());
}

napi_value ScanGreatest(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value argument = nullptr;
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  size_t length = 0;
  void* data = nullptr;
  napi_get_typedarray_info(env, argument, nullptr, &length, &data, nullptr, nullptr);
  const double* values = static_cast<const double*>(data);
  size_t block = 0;
  double greatest = -std::numeric_limits<double>::infinity();
  for (size_t at = 0; at + kBlock <= length; at += kBlock) {
    const double value = GreatestOf(values + at);
    if (value > greatest) {
      greatest = value;
      block = at;
    }
  }
  const double* rest = values + length - length % kBlock;
  const double* found = std::max_element(rest, values + length);
  if (found == values + length || *found <= greatest) {
    found = std::max_element(values + block, values + std::min(block + kBlock, length));
  }
  napi_value result = nullptr;
  napi_create_uint32(env, static_cast<uint32_t>(found - values), &result);
  return result;
}

void SetRaw(Napi::Object exports, const char* name, napi_callback function) {
  napi_value value = nullptr;
  napi_create_function(exports.Env(), name, NAPI_AUTO_LENGTH, function, nullptr, &value);
  exports.Set(name, value);
}

}  // namespace

void ExportCrossing(Napi::Object exports) {
  SetRaw(exports, "emptyCall", EmptyCall);
  SetRaw(exports, "emptyDouble", EmptyDouble);
  SetRaw(exports, "sixProperties", SixProperties);
  SetRaw(exports, "threadTime", ThreadTime);
  SetRaw(exports, "scanAcquire", ScanAcquire);
  SetRaw(exports, "scanRelease", ScanRelease);
  SetRaw(exports, "scanGreatest", ScanGreatest);
}

}  // namespace gpuring
