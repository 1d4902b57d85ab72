// What NVML's functions are called: all that the library exports beside its own two.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace gpuring::simulator {

inline constexpr auto kFunctionNames = std::to_array<std::string_view>({
#define GPURING_NAME(name) #name,
#include "simulator/names.inc"
#undef GPURING_NAME
});

// Of a name in kFunctionNames; their number: it is none of them.
[[nodiscard]] size_t FunctionIndexOf(std::string_view name);

// What somebody may have meant by a pattern ("*" stands for any run of characters) that matches
// none of them.
[[nodiscard]] std::string_view NearestFunctionName(std::string_view pattern);

}  // namespace gpuring::simulator
