#include "simulator/trace_cell.h"

#include <array>

#include "simulator/column_range.h"

namespace gpuring::simulator {
namespace {

struct ColumnSpelling {
  std::string_view name;
  Column column;
  CellKind kind;
};

// Energy is left out: no recording carries it, and a replay that loops could not keep it growing.
constexpr std::array<ColumnSpelling, 31> kSpellings = {{
    {"utilization.gpu", Column::kUtilizationGpu, CellKind::kPercent},
    {"utilization.memory", Column::kUtilizationMemory, CellKind::kPercent},
    {"utilization.encoder", Column::kUtilizationEncoder, CellKind::kPercent},
    {"utilization.decoder", Column::kUtilizationDecoder, CellKind::kPercent},
    {"utilization.jpeg", Column::kUtilizationJpeg, CellKind::kPercent},
    {"utilization.ofa", Column::kUtilizationOfa, CellKind::kPercent},
    {"memory.total", Column::kMemoryTotal, CellKind::kMemory},
    {"memory.reserved", Column::kMemoryReserved, CellKind::kMemory},
    {"memory.used", Column::kMemoryUsed, CellKind::kMemory},
    {"memory.free", Column::kMemoryFree, CellKind::kMemory},
    {"power.draw", Column::kPowerDraw, CellKind::kPower},
    {"power.draw.instant", Column::kPowerDrawInstant, CellKind::kPower},
    {"power.draw.average", Column::kPowerDrawAverage, CellKind::kPower},
    {"enforced.power.limit", Column::kPowerLimit, CellKind::kPower},
    {"temperature.gpu", Column::kTemperatureGpu, CellKind::kTemperature},
    {"temperature.memory", Column::kTemperatureMemory, CellKind::kTemperature},
    {"clocks.current.graphics", Column::kClockGraphics, CellKind::kClock},
    {"clocks.current.sm", Column::kClockSm, CellKind::kClock},
    {"clocks.current.memory", Column::kClockMemory, CellKind::kClock},
    {"clocks.current.video", Column::kClockVideo, CellKind::kClock},
    {"clocks.gr", Column::kClockGraphics, CellKind::kClock},
    {"clocks.sm", Column::kClockSm, CellKind::kClock},
    {"clocks.mem", Column::kClockMemory, CellKind::kClock},
    {"clocks.video", Column::kClockVideo, CellKind::kClock},
    {"pstate", Column::kPstate, CellKind::kState},
    {"clocks_event_reasons.active", Column::kClockEventReasons, CellKind::kFlags},
    {"clocks_throttle_reasons.active", Column::kClockEventReasons, CellKind::kFlags},
    {"fan.speed", Column::kFanSpeed, CellKind::kPercent},
    {"pcie.link.gen.current", Column::kPcieGeneration, CellKind::kPlain},
    {"pcie.link.gen.gpucurrent", Column::kPcieGeneration, CellKind::kPlain},
    {"pcie.link.width.current", Column::kPcieWidth, CellKind::kPlain},
}};

struct Unit {
  CellKind kind;
  std::string_view name;
  int64_t multiplier;  // to NVML's unit
};

// The first unit of a kind holds where neither header nor cell names one.
constexpr std::array<Unit, 9> kUnits = {{
    {CellKind::kPercent, "%", 1},
    {CellKind::kPower, "W", 1000},
    {CellKind::kPower, "mW", 1},
    {CellKind::kMemory, "MiB", int64_t{1} << 20},
    {CellKind::kMemory, "GiB", int64_t{1} << 30},
    {CellKind::kMemory, "KiB", int64_t{1} << 10},
    {CellKind::kMemory, "B", 1},
    {CellKind::kClock, "MHz", 1},
    {CellKind::kTemperature, "C", 1},
}};

struct WordAnswer {
  std::string_view word;
  nvmlReturn_t result;
};

// What nvidia-smi prints in place of a value, and the call's return code it stands for.
constexpr std::array<WordAnswer, 8> kWords = {{
    {"[N/A]", NVML_ERROR_NOT_SUPPORTED},
    {"N/A", NVML_ERROR_NOT_SUPPORTED},
    {"[Not Supported]", NVML_ERROR_NOT_SUPPORTED},
    {"[Insufficient Permissions]", NVML_ERROR_NO_PERMISSION},
    {"[GPU is lost]", NVML_ERROR_GPU_IS_LOST},
    {"[GPU requires reset]", NVML_ERROR_RESET_REQUIRED},
    {"[Unknown Error]", NVML_ERROR_UNKNOWN},
    {"[Unknown error]", NVML_ERROR_UNKNOWN},
}};

const Unit* FindUnit(CellKind kind, std::string_view name) {
  for (const Unit& unit : kUnits) {
    if (unit.kind == kind && (name.empty() || unit.name == name)) return &unit;
  }
  return nullptr;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// `text` * `multiplier`, exact as far as whole units go, else rounded to the nearest. Accepts up
// to nine decimals: 10^9 * multiplier stays below 2^63.
std::optional<int64_t> ReadDecimal(std::string_view text, int64_t multiplier) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  constexpr int64_t kLargest = int64_t{1} << 62;
  int64_t whole = 0;
  size_t i = 0;
  for (; i < text.size() && IsDigit(text[i]); ++i) {
    whole = whole * 10 + (text[i] - '0');
    if (whole > kLargest / multiplier / 10) return std::nullopt;
  }
  if (i == 0) return std::nullopt;
  int64_t fraction = 0;
  int64_t scale = 1;
  if (i < text.size() && text[i] == '.') {
    const size_t decimals = text.size() - ++i;
    if (decimals == 0 || decimals > 9) return std::nullopt;
    for (; i < text.size() && IsDigit(text[i]); ++i, scale *= 10) {
      fraction = fraction * 10 + (text[i] - '0');
    }
  }
  if (i != text.size()) return std::nullopt;
  const int64_t value = whole * multiplier + (fraction * multiplier + scale / 2) / scale;
  return negative ? -value : value;
}

std::optional<int64_t> ReadHexadecimal(std::string_view digits) {
  if (digits.empty() || digits.size() > 16) return std::nullopt;
  uint64_t value = 0;
  for (const char c : digits) {
    const char lower = static_cast<char>(c | 0x20);
    if (IsDigit(c)) {
      value = value << 4 | static_cast<uint64_t>(c - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      value = value << 4 | static_cast<uint64_t>(lower - 'a' + 10);
    } else {
      return std::nullopt;
    }
  }
  if (value > INT64_MAX) return std::nullopt;
  return static_cast<int64_t>(value);
}

std::optional<int64_t> ReadValue(const HeaderField& field, std::string_view text) {
  if (field.kind == CellKind::kFlags && text.starts_with("0x")) {
    return ReadHexadecimal(text.substr(2));
  }
  if (field.kind == CellKind::kState && text.starts_with('P')) text.remove_prefix(1);
  const size_t blank = text.find(' ');
  const std::string_view number = text.substr(0, blank);
  std::string_view unit_name = field.unit;
  if (blank != std::string_view::npos) unit_name = text.substr(blank + 1);
  const bool has_units = FindUnit(field.kind, "") != nullptr;
  const Unit* unit = FindUnit(field.kind, unit_name);
  if (unit == nullptr && (has_units || !unit_name.empty())) return std::nullopt;
  const bool whole = field.kind != CellKind::kPower && field.kind != CellKind::kMemory;
  if (whole && number.find('.') != std::string_view::npos) return std::nullopt;
  const std::optional<int64_t> value = ReadDecimal(number, unit != nullptr ? unit->multiplier : 1);
  // What rounds to zero is still negative.
  if (number.starts_with('-') && field.kind != CellKind::kTemperature) return std::nullopt;
  return value;
}

}  // namespace

std::string_view ColumnNameOf(std::string_view header_field) {
  return header_field.substr(0, header_field.find(" ["));
}

std::optional<HeaderField> ReadHeaderField(std::string_view text) {
  const std::string_view name = ColumnNameOf(text);
  for (const ColumnSpelling& spelling : kSpellings) {
    if (spelling.name != name) continue;
    HeaderField field{spelling.column, spelling.kind, ""};
    if (name.size() < text.size() && text.ends_with(']')) {
      field.unit = text.substr(name.size() + 2, text.size() - name.size() - 3);
    }
    return field;
  }
  return std::nullopt;
}

bool ReadCell(const HeaderField& field, std::string_view text, Answer* answer,
              std::string* expected) {
  for (const WordAnswer& word : kWords) {
    if (text != word.word) continue;
    *answer = {word.result, 0};
    return true;
  }
  const std::optional<int64_t> value = ReadValue(field, text);
  const ColumnRange& range = RangeOf(field.column);
  if (!value || *value < range.least || *value > range.most) {
    *expected = range.expectation;
    return false;
  }
  *answer = {NVML_SUCCESS, *value};
  return true;
}

}  // namespace gpuring::simulator
