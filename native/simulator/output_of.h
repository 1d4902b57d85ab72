// What a pointer that a function was given says about the memory behind it, by its type.
#pragma once

#include <cstddef>
#include <type_traits>

#include "nvml/abi_extended.h"
#include "simulator/spoiling.h"

namespace gpuring::simulator {

// Handles are pointers to structs that nobody defines.
template <typename Value>
concept Defined = requires {
  sizeof(Value);
};

template <typename Value>
concept Versioned = requires(Value value) {
  value.version;
};

// Structs with the caller's own pointers or handles in them. A driver that wrote over those would
// be beyond what a caller can survive.
template <typename Value>
concept HoldsPointers = requires(Value value) {
  value.procArray;
}
|| requires(Value value) { value.procUtilArray; }
|| requires(Value value) { value.set; };

// Which of a function's pointers leads to memory that it answers in. Texts are spoiled where they
// are copied: only there is their size known.
template <typename Value>
concept Spoilable = Defined<Value> && !std::is_const_v<Value> && !std::is_void_v<Value> &&
                    !std::is_same_v<Value, char> && !HoldsPointers<Value>;

template <typename Value>
constexpr Output::Kind KindOf() {
  if constexpr (std::is_same_v<Value, nvmlFieldValue_t>) return Output::Kind::kFields;
  if constexpr (std::is_same_v<Value, nvmlSample_t>) return Output::Kind::kSamples;
  if constexpr (std::is_same_v<Value, nvmlGpmMetricsGet_t>) return Output::Kind::kMetrics;
  if constexpr (std::is_same_v<Value, nvmlValueType_t>) return Output::Kind::kValueType;
  return Output::Kind::kWords;
}

template <Spoilable Value>
Output OutputOf(Value* address, size_t count = 1) {
  constexpr bool kRecord = std::is_class_v<Value>;
  // NVML's structs are made of 32-bit words, or of 64-bit words and what fits between them.
  constexpr uint32_t kWord = kRecord ? alignof(Value) : sizeof(Value);
  constexpr uint32_t kHeader = kRecord && Versioned<Value> ? kWord : 0;
  return {KindOf<Value>(), kRecord, kWord, kHeader, sizeof(Value), count, address};
}

// The number of elements in a struct around a list.
template <typename Value>
unsigned int* CountIn(Value* list) {
  if constexpr (std::is_same_v<Value, unsigned int>) {
    return list;
  } else if constexpr (requires { list->numProcArrayEntries; }) {
    return &list->numProcArrayEntries;
  } else if constexpr (requires { list->processSamplesCount; }) {
    return &list->processSamplesCount;
  } else {
    return nullptr;
  }
}

}  // namespace gpuring::simulator
