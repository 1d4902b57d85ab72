// JavaScript values as native ones. lib/ has validated them; whatever comes all the same is taken
// for nothing rather than believed.
#pragma once

#include <napi.h>

#include <cstdint>
#include <span>
#include <string>

namespace gpuring {

// UINT64_MAX, which is no index and no sequence: not a whole number from 0 on.
[[nodiscard]] uint64_t UnpackIndex(const Napi::Value& value);
// 0: not a number, or a negative one.
[[nodiscard]] uint64_t UnpackCount(const Napi::Value& value);
// As Atomics do: the lowest 32 bits of a whole number. 0: not a number.
[[nodiscard]] int32_t UnpackInt32(const Napi::Value& value);
[[nodiscard]] int64_t UnpackMsAsNs(const Napi::Value& value);
// NaN: not a number.
[[nodiscard]] double UnpackNumber(const Napi::Value& value);
// False: not `true`.
[[nodiscard]] bool UnpackFlag(const Napi::Value& value);
// "": no string.
[[nodiscard]] std::string UnpackText(const Napi::Value& value);
// The caller's own memory, for the length of the call. Empty: not such an array.
[[nodiscard]] std::span<double> UnpackDoubles(const Napi::Value& value);
[[nodiscard]] std::span<uint64_t> UnpackWords(const Napi::Value& value);
[[nodiscard]] std::span<uint32_t> UnpackUint32s(const Napi::Value& value);
[[nodiscard]] std::span<uint8_t> UnpackBytes(const Napi::Value& value);

}  // namespace gpuring
