#include "simulator/field_table.h"

#include <optional>

#include "nvml/abi_extended.h"
#include "simulator/spoiling.h"

namespace gpuring::simulator {
namespace {

enum class FieldScope : uint8_t {
  kNone,
  kPower,    // only the GPU's own power is modelled
  kLink,     // a link, and nothing else
  kLinkSum,  // a link, or the sum over all of them
};

using ReadFunction = Answer (*)(Device* device, const FieldQuery& query);

// Fields `first` to `last` are answered with a column, or with what a function tells.
struct FieldRow {
  unsigned int first;
  unsigned int last;
  nvmlValueType_t type;
  FieldScope scope;
  std::optional<Column> column;
  ReadFunction read;
};

Answer NotSupported() { return {NVML_ERROR_NOT_SUPPORTED, 0}; }
Answer Known(int64_t value) { return {NVML_SUCCESS, value}; }
Answer KnownIf(bool offered, int64_t value) { return offered ? Known(value) : NotSupported(); }

// Another field's value as it is told: what was set counts.
int64_t Told(Device* device, unsigned int id) {
  const Answer answer = ReadField(device, {id}).answer;
  return answer.result == NVML_SUCCESS ? answer.value : 0;
}
int64_t ToldSum(Device* device, std::initializer_list<unsigned int> ids) {
  int64_t sum = 0;
  for (const unsigned int id : ids) sum += Told(device, id);
  return sum;
}
int64_t ToldSram(const Device& device, Sram member) {
  const ValueKey key = KeyOf(ValueGroup::kSram, static_cast<uint32_t>(member));
  return device.overrides().ValueOr(key, device.time_ns(), 0);
}

Answer Zero(Device*, const FieldQuery&) { return Known(0); }

Answer EccMode(Device* device, const FieldQuery&) {
  return KnownIf(device->board().has_ecc,
                 HasEccOn(device->board()) ? NVML_FEATURE_ENABLED : NVML_FEATURE_DISABLED);
}

// Totals add up what is told by place.
Answer EccTotal(Device* device, const FieldQuery& query) {
  if (!HasEccOn(device->board())) return NotSupported();
  switch (query.id) {
    case 3:
      return Known(ToldSum(device, {7, 9, 11, 13, 15}) + ToldSram(*device, Sram::kVolatileCor));
    case 4:
      return Known(ToldSum(device, {8, 10, 12, 14, 16, 17}) +
                   ToldSram(*device, Sram::kVolatileUncParity) +
                   ToldSram(*device, Sram::kVolatileUncSecDed));
    case 5:
      return Known(ToldSum(device, {18, 20, 22, 24, 26}) + ToldSram(*device, Sram::kAggregateCor));
    default:
      return Known(ToldSum(device, {19, 21, 23, 25, 27, 28}) +
                   ToldSram(*device, Sram::kAggregateUncParity) +
                   ToldSram(*device, Sram::kAggregateUncSecDed));
  }
}

// From Ampere on errors of all on-chip memories are told together, as SRAM.
bool HasEccPlace(const Board& board, unsigned int id) {
  const unsigned int place = (id - 7) % 11;
  const bool device_memory = place == 4 || place == 5;
  return HasEccOn(board) && (device_memory || board.architecture < NVML_DEVICE_ARCH_AMPERE);
}
Answer VolatileEcc(Device* device, const FieldQuery& query) {
  return KnownIf(HasEccPlace(device->board(), query.id), 0);
}
// Of all the board's life: never fewer than since the driver began.
Answer AggregateEcc(Device* device, const FieldQuery& query) {
  return KnownIf(HasEccPlace(device->board(), query.id), Told(device, query.id - 11));
}

Answer RetiredPages(Device* device, const FieldQuery&) {
  return KnownIf(RetiresPages(device->board()), 0);
}
Answer RetiredPending(Device* device, const FieldQuery&) {
  return KnownIf(RetiresPages(device->board()), ToldSum(device, {92, 93}) > 0 ? 1 : 0);
}
Answer RemappedRows(Device* device, const FieldQuery&) {
  return KnownIf(RemapsRows(device->board()), 0);
}

Answer HeldBack(Device* device, const FieldQuery& query) {
  const unsigned int policy = query.id >= 269
                                  ? static_cast<unsigned int>(Policy::kSwThermal) + (query.id - 269)
                                  : query.id - 74;
  return Known(device->counters().held_back_ns(static_cast<Policy>(policy)));
}

Answer LinkCount(Device* device, const FieldQuery&) {
  return KnownIf(device->board().nvlink_count > 0, device->board().nvlink_count);
}
Answer LinkErrors(Device* device, const FieldQuery&) {
  return KnownIf(device->board().nvlink_count > 0, 0);
}
// Numbered by link: 84 to 89 for the first six, 132 to 137 for the next; 90 for any.
Answer SpeedOfLink(Device* device, const FieldQuery& query) {
  const unsigned int link = query.id == 90 ? 0 : query.id < 90 ? query.id - 84 : query.id - 126;
  return KnownIf(link < device->board().nvlink_count, NvLinkMegabytesPerSecond(device->board()));
}
Answer LinkSpeed(Device* device, const FieldQuery&) {
  return Known(NvLinkMegabytesPerSecond(device->board()));
}
Answer LinkState(Device*, const FieldQuery&) { return Known(NVML_FEATURE_ENABLED); }
Answer LinkVersion(Device* device, const FieldQuery&) {
  return Known(NvLinkVersionOf(device->board()));
}
Answer LinkTraffic(Device* device, const FieldQuery& query) {
  const bool receives = (query.id & 1) != 0;  // 139 and 141
  const int64_t kib =
      NvLinkDataKib(device->board(), device->counters(),
                    receives ? Direction::kReceive : Direction::kTransmit, query.scope);
  return Known(query.id >= 140 ? NvLinkRawKib(kib) : kib);
}

Answer PcieTraffic(Device* device, const FieldQuery& query) {
  return Known(PcieBytes(device->board(), device->counters(),
                         query.id == 198 ? Direction::kReceive : Direction::kTransmit));
}

Answer PowerLimit(Device* device, const FieldQuery& query) {
  const BoardPower& power = device->board().power;
  if (query.id == NVML_FI_DEV_POWER_MIN_LIMIT) return Known(power.limit_min);
  return Known(query.id == NVML_FI_DEV_POWER_MAX_LIMIT ? power.limit_max : power.limit_default);
}

// T.Limit counts degrees from the highest operating temperature, downwards; Ada and newer.
Answer TemperatureLimit(Device* device, const FieldQuery& query) {
  const BoardTemperatures& board = device->board().temperatures;
  const int32_t by_field[] = {board.shutdown, board.slowdown, board.memory_max,
                              board.max_operating};
  const int32_t celsius = by_field[query.id - NVML_FI_DEV_TEMPERATURE_SHUTDOWN_TLIMIT];
  const bool offered = device->board().architecture >= NVML_DEVICE_ARCH_ADA && celsius != 0;
  return KnownIf(offered, board.max_operating - celsius);
}

constexpr nvmlValueType_t kU32 = NVML_VALUE_TYPE_UNSIGNED_INT;
constexpr nvmlValueType_t kU64 = NVML_VALUE_TYPE_UNSIGNED_LONG_LONG;
constexpr nvmlValueType_t kI32 = NVML_VALUE_TYPE_SIGNED_INT;
constexpr auto kNone = FieldScope::kNone;
constexpr auto kPower = FieldScope::kPower;
constexpr auto kLink = FieldScope::kLink;
constexpr auto kLinkSum = FieldScope::kLinkSum;

// By NVML's numbers.
constexpr FieldRow kRows[] = {
    {1, 2, kU32, kNone, {}, EccMode},
    {3, 6, kU64, kNone, {}, EccTotal},
    {7, 17, kU64, kNone, {}, VolatileEcc},
    {18, 28, kU64, kNone, {}, AggregateEcc},
    {29, 30, kU32, kNone, {}, RetiredPages},
    {31, 31, kU32, kNone, {}, RetiredPending},
    {32, 59, kU64, kNone, {}, LinkErrors},  // CRC, replay and recovery errors by lane
    {74, 81, kU64, kNone, {}, HeldBack},
    {82, 82, kU32, kNone, Column::kTemperatureMemory, nullptr},
    {83, 83, kU64, kNone, Column::kTotalEnergy, nullptr},
    {84, 90, kU32, kNone, {}, SpeedOfLink},
    {91, 91, kU32, kNone, {}, LinkCount},
    {92, 93, kU32, kNone, {}, RetiredPages},
    {94, 95, kU32, kNone, {}, Zero},         // PCIe replays
    {96, 119, kU64, kNone, {}, LinkErrors},  // as 32 to 59, further lanes
    {132, 137, kU32, kNone, {}, SpeedOfLink},
    {138, 141, kU64, kLinkSum, {}, LinkTraffic},
    {142, 145, kU32, kNone, {}, RemappedRows},
    {148, 160, kU64, kNone, {}, LinkErrors},
    {161, 163, kU64, kLinkSum, {}, LinkErrors},
    {164, 164, kU32, kLink, {}, LinkSpeed},
    {165, 165, kU32, kLink, {}, LinkState},
    {166, 166, kU32, kLink, {}, LinkVersion},
    {169, 169, kU32, kNone, {}, Zero},
    {173, 183, kU32, kNone, {}, Zero},  // PCIe errors
    {185, 185, kU32, kPower, Column::kPowerDrawAverage, nullptr},
    {186, 186, kU32, kPower, Column::kPowerDrawInstant, nullptr},
    {187, 189, kU32, kPower, {}, PowerLimit},
    {190, 190, kU32, kPower, Column::kPowerLimit, nullptr},
    {191, 191, kU64, kPower, Column::kTotalEnergy, nullptr},
    {192, 192, kU32, kPower, Column::kPowerLimit, nullptr},
    {193, 196, kI32, kNone, {}, TemperatureLimit},
    {197, 198, kU64, kNone, {}, PcieTraffic},
    {230, 230, kU32, kNone, {}, Zero},  // recovery action: none
    {269, 271, kU64, kNone, {}, HeldBack},
    {301, 302, kU32, kNone, {}, RemappedRows},
};

const FieldRow* FindRow(unsigned int id) {
  for (const FieldRow& row : kRows) {
    if (id >= row.first && id <= row.last) return &row;
  }
  return nullptr;
}

bool IsByLink(const FieldRow* row) {
  return row != nullptr && (row->scope == kLink || row->scope == kLinkSum);
}

nvmlReturn_t CheckScope(const Board& board, const FieldRow* row, const FieldQuery& query) {
  if (IsByLink(row)) {
    const bool summed = row->scope == kLinkSum && query.scope == kAllLinks;
    if (board.nvlink_count == 0) return NVML_ERROR_NOT_SUPPORTED;
    return summed || query.scope < board.nvlink_count ? NVML_SUCCESS : NVML_ERROR_INVALID_ARGUMENT;
  }
  if (row == nullptr || row->scope != kPower || query.scope == NVML_POWER_SCOPE_GPU) {
    return NVML_SUCCESS;
  }
  return query.scope < NVML_POWER_SCOPE_COUNT ? NVML_ERROR_NOT_SUPPORTED
                                              : NVML_ERROR_INVALID_ARGUMENT;
}

bool IsSum(const FieldRow* row, const FieldQuery& query) {
  return row != nullptr && row->scope == kLinkSum && query.scope == kAllLinks;
}

// A field set without a link is every link's, or where links are added up, their sum.
std::optional<ValueKey> SetKey(const Device& device, const FieldRow* row, const FieldQuery& query) {
  const int64_t now = device.time_ns();
  if (IsByLink(row) && query.scope != kAllLinks) {
    const ValueKey own = FieldKey(query.id, query.scope);
    if (device.overrides().At(own, now) != nullptr) return own;
    if (row->scope == kLinkSum) return std::nullopt;
  }
  const ValueKey key = FieldKey(query.id);
  if (device.overrides().At(key, now) == nullptr) return std::nullopt;
  return key;
}

bool Counts(const FieldRow* row) {
  return row != nullptr && (row->read == PcieTraffic || row->read == LinkTraffic ||
                            row->read == HeldBack || row->column == Column::kTotalEnergy);
}

// A call tells it as well, and that call is what begins a row.
bool HasCall(Column column) {
  return column == Column::kPowerLimit || column == Column::kTotalEnergy;
}

int64_t Wrapped(const Device& device, unsigned int id, int64_t value) {
  const bool wraps =
      (id == 197 || id == 198) &&
      device.overrides().ValueOr(KeyOf(Setting::kPcieCounterBits), device.time_ns(), 64) == 32;
  return wraps && value >= 0 ? value & 0xFFFFFFFF : value;
}

Answer SumOverLinks(Device* device, unsigned int id) {
  int64_t sum = 0;
  for (unsigned int link = 0; link < device->board().nvlink_count; ++link) {
    sum += ReadField(device, {id, link}).answer.value;
  }
  return Known(sum);
}

}  // namespace

FieldReading ReadField(Device* device, const FieldQuery& query) {
  NoteQuantity(FieldKey(query.id, query.scope));
  const FieldRow* row = FindRow(query.id);
  FieldReading reading;
  if (row != nullptr) reading.type = row->type;
  const nvmlReturn_t scope = CheckScope(device->board(), row, query);
  if (scope != NVML_SUCCESS) {
    reading.answer = {scope, 0};
    return reading;
  }
  const std::optional<ValueKey> set = SetKey(*device, row, query);
  const Overrides& overrides = device->overrides();
  const int64_t now = device->time_ns();
  if (set && !Counts(row)) {
    reading.answer = Known(overrides.ValueOr(*set, now, 0));
  } else if (IsSum(row, query) && !set) {
    reading.answer = SumOverLinks(device, query.id);
  } else if (row != nullptr && row->column && !set) {
    const bool told_by_call = HasCall(*row->column);
    reading.answer = told_by_call ? device->Peek(*row->column) : device->Ask(*row->column);
  } else {
    reading.answer = OwnField(device, query);
    if (set) reading.answer = Known(overrides.CountedOr(*set, now, reading.answer.value));
  }
  reading.answer.value = Wrapped(*device, query.id, reading.answer.value);
  return reading;
}

Answer OwnField(Device* device, const FieldQuery& query) {
  const FieldRow* row = FindRow(query.id);
  if (row == nullptr) return NotSupported();
  if (row->column) {
    return KnownIf(row->column == Column::kTotalEnergy, device->OwnEnergy());
  }
  if (!IsByLink(row)) return row->read(device, query);
  if (query.scope != kAllLinks) return row->read(device, query);
  int64_t sum = 0;
  for (unsigned int link = 0; link < device->board().nvlink_count; ++link) {
    sum += row->read(device, {query.id, link}).value;
  }
  return Known(sum);
}

FieldQuery QueryOf(ValueKey key) {
  const unsigned int scope = key & 0xff;
  return {key >> 8 & 0xffff, scope == 0 ? kAllLinks : scope - 1};
}

bool HasEccOn(const Board& board) { return board.has_ecc && board.has_serial; }

bool RemapsRows(const Board& board) {
  return HasEccOn(board) && board.architecture >= NVML_DEVICE_ARCH_AMPERE;
}

bool RetiresPages(const Board& board) {
  return HasEccOn(board) && board.architecture < NVML_DEVICE_ARCH_AMPERE;
}

unsigned int NvLinkVersionOf(const Board& board) {
  if (board.architecture >= NVML_DEVICE_ARCH_BLACKWELL) return 7;
  if (board.architecture >= NVML_DEVICE_ARCH_HOPPER) return 6;
  return board.architecture >= NVML_DEVICE_ARCH_AMPERE ? 4 : 2;
}

}  // namespace gpuring::simulator
