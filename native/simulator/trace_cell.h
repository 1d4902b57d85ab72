// One cell of a recorded trace: its text as nvidia-smi prints it, turned into NVML's integer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "simulator/answer.h"
#include "simulator/column.h"

namespace gpuring::simulator {

// How a column's cells are written.
enum class CellKind : uint8_t {
  kPercent,      // "52", "52 %"
  kPower,        // "46.19", "46.19 W": to mW
  kMemory,       // "19691", "19691 MiB": to bytes
  kClock,        // "1410", "1410 MHz"
  kTemperature,  // "54", may be negative
  kState,        // "P2", "2"
  kFlags,        // "0x0000000000000001", "1"
  kPlain,        // "3"
};

// What a header field means; nullopt for columns the simulator has no use for.
struct HeaderField {
  Column column;
  CellKind kind;
  std::string unit;  // from "[W]"; "" where the header names none
};
[[nodiscard]] std::optional<HeaderField> ReadHeaderField(std::string_view text);
// "power.draw [W]" without its unit: "power.draw".
[[nodiscard]] std::string_view ColumnNameOf(std::string_view header_field);

// False, also for a value beyond the column's range: `expected` says what a cell looks like.
[[nodiscard]] bool ReadCell(const HeaderField& field, std::string_view text, Answer* answer,
                            std::string* expected);

// Nanoseconds on some fixed time line; "2023/07/08 19:28:27.236" or "2025-09-08T17:26:50+08:00".
[[nodiscard]] std::optional<int64_t> ReadTimestamp(std::string_view text);

}  // namespace gpuring::simulator
