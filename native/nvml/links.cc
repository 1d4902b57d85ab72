#include "nvml/links.h"

#include <array>

#include "nvml/reading_call.h"
#include "nvml/return_code.h"

namespace gpuring {
namespace {

constexpr int64_t kMostErrors = int64_t{1} << 53;
constexpr int64_t kMostBytes = int64_t{1} << 62;
constexpr int64_t kKibibyte = 1024;

struct Column {
  unsigned int field;
  int64_t LinkDetail::*number;
  int64_t most;
  int64_t scale = 1;
};
// Where two stand for one number, the first that is known counts: NVLink 5 counts bytes elsewhere.
constexpr auto kColumns = std::to_array<Column>({
    {NVML_FI_DEV_NVLINK_GET_STATE, &LinkDetail::active, 1},
    {NVML_FI_DEV_NVLINK_GET_VERSION, &LinkDetail::version, 255},
    {NVML_FI_DEV_NVLINK_GET_SPEED, &LinkDetail::speed_mbps, 10'000'000},
    {NVML_FI_DEV_NVLINK_THROUGHPUT_DATA_TX, &LinkDetail::transmit_bytes, kMostBytes / kKibibyte,
     kKibibyte},
    {NVML_FI_DEV_NVLINK_COUNT_XMIT_BYTES, &LinkDetail::transmit_bytes, kMostBytes},
    {NVML_FI_DEV_NVLINK_THROUGHPUT_DATA_RX, &LinkDetail::receive_bytes, kMostBytes / kKibibyte,
     kKibibyte},
    {NVML_FI_DEV_NVLINK_COUNT_RCV_BYTES, &LinkDetail::receive_bytes, kMostBytes},
    {NVML_FI_DEV_NVLINK_ERROR_DL_REPLAY, &LinkDetail::replay_errors, kMostErrors},
    {NVML_FI_DEV_NVLINK_ERROR_DL_RECOVERY, &LinkDetail::recovery_errors, kMostErrors},
    {NVML_FI_DEV_NVLINK_ERROR_DL_CRC, &LinkDetail::crc_errors, kMostErrors},
});

constexpr size_t kSpareFields = 2;  // room for a driver that writes more than it was asked for
// On the stack of a thread that has the system's usual one.
using FieldValues = std::array<nvmlFieldValue_t, kMostLinks * kColumns.size() + kSpareFields>;

// A field that the driver says nothing about is one that it did not find.
void Want(unsigned int field, unsigned int link, nvmlFieldValue_t* value) {
  *value = {};
  value->fieldId = field;
  value->scopeId = link;
  value->nvmlReturn = NVML_ERROR_NOT_FOUND;
}

int64_t NumberIn(const nvmlFieldValue_t& value, int64_t most) {
  if (value.nvmlReturn != NVML_SUCCESS) return kUnknownNumber;
  const std::optional<int64_t> number = DecodeValue(value.valueType, value.value);
  return number && *number >= 0 && *number <= most ? *number : kUnknownNumber;
}

nvmlReturn_t ReadCount(const NvmlFunctions& nvml, nvmlDevice_t device, int64_t* count) {
  if (nvml.field_values == nullptr) return NVML_SUCCESS;
  std::array<nvmlFieldValue_t, 1 + kSpareFields> values;
  Want(NVML_FI_DEV_NVLINK_LINK_COUNT, 0, values.data());
  const nvmlReturn_t result = nvml.field_values(device, 1, values.data());
  if (result == NVML_SUCCESS) *count = NumberIn(values[0], kMostLinks);
  return DeathIn(result);
}

nvmlReturn_t ReadColumns(const NvmlFunctions& nvml, nvmlDevice_t device, DeviceDetail* detail) {
  if (nvml.field_values == nullptr) return NVML_SUCCESS;
  const auto links = static_cast<unsigned int>(detail->link_count);
  FieldValues values;
  size_t count = 0;
  for (unsigned int link = 0; link < links; ++link) {
    for (const Column& column : kColumns) Want(column.field, link, &values[count++]);
  }
  const nvmlReturn_t result = nvml.field_values(device, static_cast<int>(count), values.data());
  if (result != NVML_SUCCESS) return DeathIn(result);
  for (size_t at = 0; at < count; ++at) {
    const Column& column = kColumns[at % kColumns.size()];
    int64_t& number = detail->links[at / kColumns.size()].*column.number;
    if (number != kUnknownNumber) continue;
    const int64_t told = NumberIn(values[at], column.most);
    if (told != kUnknownNumber) number = told * column.scale;
  }
  return NVML_SUCCESS;
}

// For drivers without such fields: each link is asked, up to the first that is none.
nvmlReturn_t ReadStates(const NvmlFunctions& nvml, nvmlDevice_t device, DeviceDetail* detail) {
  const int64_t most = detail->link_count < 0 ? kMostLinks : detail->link_count;
  for (unsigned int link = 0; nvml.nvlink_state != nullptr && link < most; ++link) {
    auto active = static_cast<nvmlEnableState_t>(NVML_VALUE_NOT_AVAILABLE_U32);
    const nvmlReturn_t result = nvml.nvlink_state(device, link, &active);
    if (result != NVML_SUCCESS) return DeathIn(result);
    if (active <= NVML_FEATURE_ENABLED) detail->links[link].active = active;
    if (detail->link_count <= link) detail->link_count = link + 1;
  }
  return NVML_SUCCESS;
}

}  // namespace

nvmlReturn_t ReadLinks(const NvmlLibrary& library, nvmlDevice_t device, DeviceDetail* detail) {
  const NvmlFunctions& nvml = library.functions();
  int64_t count = kUnknownNumber;
  nvmlReturn_t dead = ReadCount(nvml, device, &count);
  if (dead != NVML_SUCCESS) return dead;
  if (count != kUnknownNumber) detail->link_count = count;
  if (count > 0) dead = ReadColumns(nvml, device, detail);
  const bool told = count == 0 || (count > 0 && detail->links[0].active != kUnknownNumber);
  return dead != NVML_SUCCESS || told ? dead : ReadStates(nvml, device, detail);
}

}  // namespace gpuring
