// nvmlDeviceGetFieldValues: many quantities by number, each with its own return code and type.
#include <sys/time.h>

#include <optional>

#include "nvml/abi_extended.h"
#include "simulator/call.h"
#include "simulator/clock.h"

namespace gpuring::simulator {
namespace {

// What a field is answered with: a column, or a number that a function tells from the board.
struct Field {
  unsigned int id;
  nvmlValueType_t type;
  std::optional<Column> column;
  Answer (*of_board)(const Board& board);
};

Answer NotSupported() { return {NVML_ERROR_NOT_SUPPORTED, 0}; }
Answer Known(int64_t value) { return {NVML_SUCCESS, value}; }

Answer EccMode(const Board& board) {
  if (!board.has_ecc) return NotSupported();
  return Known(IsProfessional(board) ? NVML_FEATURE_ENABLED : NVML_FEATURE_DISABLED);
}
Answer NoReplays(const Board&) { return Known(0); }
Answer NvLinkCount(const Board& board) {
  return board.nvlink_count > 0 ? Known(board.nvlink_count) : NotSupported();
}
Answer NvLinkState(const Board& board) {
  return board.nvlink_count > 0 ? Known(NVML_FEATURE_ENABLED) : NotSupported();
}
// MB/s a link, by generation of NVLink.
Answer NvLinkSpeed(const Board& board) {
  if (board.nvlink_count == 0) return NotSupported();
  if (board.architecture >= NVML_DEVICE_ARCH_BLACKWELL) return Known(53125);
  return Known(board.architecture >= NVML_DEVICE_ARCH_HOPPER ? 26562 : 25781);
}
// NVML's numbers for NVLink 2.0, 3.0, 4.0 and 5.0.
Answer NvLinkVersion(const Board& board) {
  if (board.nvlink_count == 0) return NotSupported();
  if (board.architecture >= NVML_DEVICE_ARCH_BLACKWELL) return Known(7);
  if (board.architecture >= NVML_DEVICE_ARCH_HOPPER) return Known(6);
  return Known(board.architecture >= NVML_DEVICE_ARCH_AMPERE ? 4 : 2);
}
Answer MinLimit(const Board& board) { return Known(board.power.limit_min); }
Answer MaxLimit(const Board& board) { return Known(board.power.limit_max); }
Answer DefaultLimit(const Board& board) { return Known(board.power.limit_default); }

// T.Limit counts degrees from the highest operating temperature, downwards; Ada and newer.
Answer TemperatureLimit(const Board& board, int32_t celsius) {
  if (board.architecture < NVML_DEVICE_ARCH_ADA || celsius == 0) return NotSupported();
  return Known(board.temperatures.max_operating - celsius);
}
Answer ShutdownLimit(const Board& board) {
  return TemperatureLimit(board, board.temperatures.shutdown);
}
Answer SlowdownLimit(const Board& board) {
  return TemperatureLimit(board, board.temperatures.slowdown);
}
Answer MemoryLimit(const Board& board) {
  return TemperatureLimit(board, board.temperatures.memory_max);
}
Answer GpuLimit(const Board& board) {
  return TemperatureLimit(board, board.temperatures.max_operating);
}

constexpr nvmlValueType_t kU32 = NVML_VALUE_TYPE_UNSIGNED_INT;
constexpr nvmlValueType_t kU64 = NVML_VALUE_TYPE_UNSIGNED_LONG_LONG;
constexpr nvmlValueType_t kI32 = NVML_VALUE_TYPE_SIGNED_INT;

constexpr Field kFields[] = {
    {NVML_FI_DEV_ECC_CURRENT, kU32, {}, EccMode},
    {NVML_FI_DEV_ECC_PENDING, kU32, {}, EccMode},
    {NVML_FI_DEV_MEMORY_TEMP, kU32, Column::kTemperatureMemory, nullptr},
    {NVML_FI_DEV_TOTAL_ENERGY_CONSUMPTION, kU64, Column::kTotalEnergy, nullptr},
    {NVML_FI_DEV_NVLINK_LINK_COUNT, kU32, {}, NvLinkCount},
    {NVML_FI_DEV_PCIE_REPLAY_COUNTER, kU32, {}, NoReplays},
    {NVML_FI_DEV_PCIE_REPLAY_ROLLOVER_COUNTER, kU32, {}, NoReplays},
    {NVML_FI_DEV_NVLINK_GET_SPEED, kU32, {}, NvLinkSpeed},
    {NVML_FI_DEV_NVLINK_GET_STATE, kU32, {}, NvLinkState},
    {NVML_FI_DEV_NVLINK_GET_VERSION, kU32, {}, NvLinkVersion},
    {NVML_FI_DEV_POWER_AVERAGE, kU32, Column::kPowerDrawAverage, nullptr},
    {NVML_FI_DEV_POWER_INSTANT, kU32, Column::kPowerDrawInstant, nullptr},
    {NVML_FI_DEV_POWER_MIN_LIMIT, kU32, {}, MinLimit},
    {NVML_FI_DEV_POWER_MAX_LIMIT, kU32, {}, MaxLimit},
    {NVML_FI_DEV_POWER_DEFAULT_LIMIT, kU32, {}, DefaultLimit},
    {NVML_FI_DEV_POWER_CURRENT_LIMIT, kU32, Column::kPowerLimit, nullptr},
    {NVML_FI_DEV_ENERGY, kU64, Column::kTotalEnergy, nullptr},
    {NVML_FI_DEV_POWER_REQUESTED_LIMIT, kU32, Column::kPowerLimit, nullptr},
    {NVML_FI_DEV_TEMPERATURE_SHUTDOWN_TLIMIT, kI32, {}, ShutdownLimit},
    {NVML_FI_DEV_TEMPERATURE_SLOWDOWN_TLIMIT, kI32, {}, SlowdownLimit},
    {NVML_FI_DEV_TEMPERATURE_MEM_MAX_TLIMIT, kI32, {}, MemoryLimit},
    {NVML_FI_DEV_TEMPERATURE_GPU_MAX_TLIMIT, kI32, {}, GpuLimit},
};

const Field* FindField(unsigned int id) {
  for (const Field& field : kFields) {
    if (field.id == id) return &field;
  }
  return nullptr;
}

bool IsPower(unsigned int id) {
  return id >= NVML_FI_DEV_POWER_AVERAGE && id <= NVML_FI_DEV_POWER_REQUESTED_LIMIT;
}

bool IsLink(unsigned int id) {
  return id >= NVML_FI_DEV_NVLINK_GET_SPEED && id <= NVML_FI_DEV_NVLINK_GET_VERSION;
}

// The scope is the link or the part of the board that power is asked of: only the GPU is modelled.
nvmlReturn_t CheckScope(const Board& board, const nvmlFieldValue_t& value) {
  if (IsLink(value.fieldId) && value.scopeId >= board.nvlink_count && board.nvlink_count > 0) {
    return NVML_ERROR_INVALID_ARGUMENT;
  }
  if (!IsPower(value.fieldId) || value.scopeId == NVML_POWER_SCOPE_GPU) return NVML_SUCCESS;
  return value.scopeId < NVML_POWER_SCOPE_COUNT ? NVML_ERROR_NOT_SUPPORTED
                                                : NVML_ERROR_INVALID_ARGUMENT;
}

void Store(const Field& field, int64_t number, nvmlFieldValue_t* value) {
  value->valueType = field.type;
  value->value.ullVal = 0;
  if (field.type == kU64) {
    value->value.ullVal = static_cast<unsigned long long>(number);
  } else if (field.type == kI32) {
    value->value.siVal = static_cast<int>(number);
  } else {
    value->value.uiVal = static_cast<unsigned int>(number);
  }
}

int64_t WallMicroseconds() {
  timeval now{};
  gettimeofday(&now, nullptr);
  return int64_t{now.tv_sec} * 1'000'000 + now.tv_usec;
}

Answer ReadField(const DeviceCall& call, const Field* field, const nvmlFieldValue_t& value) {
  if (field == nullptr) return NotSupported();
  const nvmlReturn_t scope = CheckScope(call.board(), value);
  if (scope != NVML_SUCCESS) return {scope, 0};
  if (!field->column) return field->of_board(call.board());
  return World::Get().Read(call.device(), *field->column);
}

void Fill(const DeviceCall& call, nvmlFieldValue_t* value) {
  const int64_t began = MonotonicNs();
  const Field* field = FindField(value->fieldId);
  const Answer answer = ReadField(call, field, *value);
  if (answer.result == NVML_SUCCESS) Store(*field, answer.value, value);
  value->nvmlReturn = answer.result;
  value->timestamp = WallMicroseconds();
  value->latencyUsec = (MonotonicNs() - began) / 1000;
}

}  // namespace

// The call succeeds as long as each field could be asked; whether it is known, the field says.
GPURING_EXPORT nvmlReturn_t nvmlDeviceGetFieldValues(nvmlDevice_t device, int count,
                                                     nvmlFieldValue_t* values) {
  const DeviceCall call(__func__, device, values);
  if (!call.ok()) return call.result();
  if (count <= 0) return NVML_ERROR_INVALID_ARGUMENT;
  for (int i = 0; i < count; ++i) Fill(call, &values[i]);
  return NVML_SUCCESS;
}

}  // namespace gpuring::simulator
