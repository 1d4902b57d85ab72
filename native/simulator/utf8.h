// UTF-8, as far as the scenario reader needs it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace gpuring::simulator {

// Length of the well-formed sequence that `text` begins with; 0 when it begins with none.
[[nodiscard]] size_t Utf8SequenceLength(std::string_view text);
// REQUIRES: a scalar value, no surrogate.
void AppendUtf8(uint32_t code_point, std::string* text);

}  // namespace gpuring::simulator
