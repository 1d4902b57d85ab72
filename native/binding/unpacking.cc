#include "binding/unpacking.h"

#include <cmath>
#include <limits>

namespace gpuring {
namespace {

constexpr double kLargestExact = 9007199254740991;  // 2^53 - 1
constexpr double kNsPerMs = 1e6;

template <class T>
std::span<T> Elements(const Napi::Value& value, napi_typedarray_type wanted) {
  if (!value.IsTypedArray()) return {};
  napi_typedarray_type type;
  size_t length = 0;
  void* data = nullptr;
  const napi_status status =
      napi_get_typedarray_info(value.Env(), value, &type, &length, &data, nullptr, nullptr);
  if (status != napi_ok || type != wanted || data == nullptr) return {};
  return {static_cast<T*>(data), length};
}

}  // namespace

uint64_t UnpackIndex(const Napi::Value& value) {
  const double number = UnpackNumber(value);
  const bool whole = number >= 0 && number <= kLargestExact && std::trunc(number) == number;
  return whole ? static_cast<uint64_t>(number) : UINT64_MAX;
}

uint64_t UnpackCount(const Napi::Value& value) {
  const double number = UnpackNumber(value);
  if (number > kLargestExact) return static_cast<uint64_t>(kLargestExact);
  return number >= 0 ? static_cast<uint64_t>(number) : 0;
}

int32_t UnpackInt32(const Napi::Value& value) {
  int32_t number = 0;
  const bool is_number = napi_get_value_int32(value.Env(), value, &number) == napi_ok;
  return is_number ? number : 0;
}

int64_t UnpackMsAsNs(const Napi::Value& value) {
  const double ns = UnpackNumber(value) * kNsPerMs;
  if (ns > kLargestExact) return static_cast<int64_t>(kLargestExact);
  return ns >= 0 ? static_cast<int64_t>(ns) : 0;
}

double UnpackNumber(const Napi::Value& value) {
  double number = 0;
  const bool is_number = napi_get_value_double(value.Env(), value, &number) == napi_ok;
  return is_number ? number : std::numeric_limits<double>::quiet_NaN();
}

bool UnpackFlag(const Napi::Value& value) {
  return value.IsBoolean() && value.As<Napi::Boolean>().Value();
}

std::string UnpackText(const Napi::Value& value) {
  return value.IsString() ? value.As<Napi::String>().Utf8Value() : "";
}

std::span<double> UnpackDoubles(const Napi::Value& value) {
  return Elements<double>(value, napi_float64_array);
}

std::span<uint32_t> UnpackUint32s(const Napi::Value& value) {
  return Elements<uint32_t>(value, napi_uint32_array);
}

std::span<uint8_t> UnpackBytes(const Napi::Value& value) {
  return Elements<uint8_t>(value, napi_uint8_array);
}

std::span<uint64_t> UnpackWords(const Napi::Value& value) {
  return Elements<uint64_t>(value, napi_biguint64_array);
}

}  // namespace gpuring
