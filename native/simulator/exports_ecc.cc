// Memory errors, and memory taken out of use for them.
#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "nvml/abi_extended.h"
#include "simulator/call.h"
#include "simulator/field_table.h"
#include "simulator/random.h"

namespace gpuring::simulator {
namespace {

constexpr unsigned int kFirstTotal = 3;       // field: single-bit, since the driver began
constexpr unsigned int kFirstPlace = 7;       // likewise, of the first place
constexpr unsigned int kLifetimePlaces = 11;  // further on: of the board's life
// A board of 80 GB and more has this many banks with spare rows.
constexpr unsigned int kBanks = 640;
constexpr int64_t kRetirementGapUs = 86'400'000'000;

struct EccQuery {
  nvmlMemoryErrorType_t type;
  nvmlEccCounterType_t counter;
};

bool IsKnown(const EccQuery& query) {
  return query.type <= NVML_MEMORY_ERROR_TYPE_UNCORRECTED && query.counter <= NVML_AGGREGATE_ECC;
}

// A field's value for a caller that wants a number of its own type.
template <typename Number>
nvmlReturn_t TellField(Device* device, unsigned int id, Number* out) {
  const Answer answer = ReadField(device, {id}).answer;
  if (answer.result == NVML_SUCCESS) *out = static_cast<Number>(answer.value);
  return answer.result;
}

template <typename Number>
nvmlReturn_t TellField(const DeviceCall& call, unsigned int id, Number* out) {
  if (!call.ok()) return call.result();
  return World::Get().Ask(call.device(),
                          [=](Device& device) { return TellField(&device, id, out); });
}

unsigned int FieldOfTotal(const EccQuery& query) {
  return kFirstTotal + query.type + (query.counter == NVML_AGGREGATE_ECC ? 2 : 0);
}

// None: the driver counts no such errors at this place.
std::optional<unsigned int> FieldOfPlace(const EccQuery& query, nvmlMemoryLocation_t place) {
  const unsigned int lifetime = query.counter == NVML_AGGREGATE_ECC ? kLifetimePlaces : 0;
  if (place <= NVML_MEMORY_LOCATION_TEXTURE_MEMORY) {
    return kFirstPlace + 2 * place + query.type + lifetime;
  }
  const bool uncorrected = query.type == NVML_MEMORY_ERROR_TYPE_UNCORRECTED;
  if (place == NVML_MEMORY_LOCATION_CBU && uncorrected) return kFirstPlace + 10 + lifetime;
  return std::nullopt;
}

unsigned long long SramCount(const Device& device, Sram member) {
  const ValueKey key = KeyOf(ValueGroup::kSram, static_cast<uint32_t>(member));
  return static_cast<unsigned long long>(device.overrides().ValueOr(key, device.time_ns(), 0));
}

unsigned long long SramErrors(const Device& device, const EccQuery& query) {
  const bool lifetime = query.counter == NVML_AGGREGATE_ECC;
  if (query.type == NVML_MEMORY_ERROR_TYPE_CORRECTED) {
    return SramCount(device, lifetime ? Sram::kAggregateCor : Sram::kVolatileCor);
  }
  return lifetime ? SramCount(device, Sram::kAggregateUncParity) +
                        SramCount(device, Sram::kAggregateUncSecDed)
                  : SramCount(device, Sram::kVolatileUncParity) +
                        SramCount(device, Sram::kVolatileUncSecDed);
}

bool TellsSram(const Board& board) {
  return HasEccOn(board) && board.architecture >= NVML_DEVICE_ARCH_AMPERE;
}

struct PageList {
  unsigned int cause;  // 0 several single-bit errors, 1 a double-bit error
  unsigned int* count;
  unsigned long long* addresses;
  unsigned long long* times;  // null: not asked
};

nvmlReturn_t ListPages(const DeviceCall& call, const PageList& list) {
  if (!call.ok()) return call.result();
  if (list.cause > 1 || (*list.count > 0 && list.addresses == nullptr)) {
    return NVML_ERROR_INVALID_ARGUMENT;
  }
  return World::Get().Ask(call.device(), [&call, &list](Device& device) {
    unsigned int pages = 0;
    const nvmlReturn_t result = TellField(&device, 29 + list.cause, &pages);
    if (result != NVML_SUCCESS) return result;
    const unsigned int room = *list.count;
    *list.count = pages;
    if (pages > room) return NVML_ERROR_INSUFFICIENT_SIZE;
    const uint64_t page_count = device.board().memory_total_bytes >> 12;
    for (unsigned int i = 0; i < pages; ++i) {
      list.addresses[i] = Mix(list.cause, i) % page_count << 12;
      if (list.times == nullptr) continue;
      list.times[i] =
          static_cast<unsigned long long>(device.DriverTimeUs(0) - (pages - i) * kRetirementGapUs);
    }
    call.Wrote(list.addresses, pages);
    return NVML_SUCCESS;
  });
}

struct RemappedRows {
  unsigned int corrected = 0, uncorrected = 0, pending = 0, failed = 0;
  unsigned int inactive_corrected = 0, inactive_uncorrected = 0;
};

nvmlReturn_t ReadRows(const DeviceCall& call, RemappedRows* rows) {
  if (!call.ok()) return call.result();
  return World::Get().Ask(call.device(), [rows](Device& device) {
    if (!RemapsRows(device.board())) return NVML_ERROR_NOT_SUPPORTED;
    TellField(&device, 142, &rows->corrected);
    TellField(&device, 143, &rows->uncorrected);
    TellField(&device, 144, &rows->pending);
    TellField(&device, 145, &rows->failed);
    TellField(&device, 301, &rows->inactive_corrected);
    TellField(&device, 302, &rows->inactive_uncorrected);
    return NVML_SUCCESS;
  });
}

}  // namespace

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetEccMode(nvmlDevice_t device, nvmlEnableState_t* current,
                                                 nvmlEnableState_t* pending) {
  const DeviceCall call(__func__, device, current, pending);
  const nvmlReturn_t result = TellField(call, NVML_FI_DEV_ECC_CURRENT, current);
  return result == NVML_SUCCESS ? TellField(call, NVML_FI_DEV_ECC_PENDING, pending) : result;
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetDefaultEccMode(nvmlDevice_t device,
                                                        nvmlEnableState_t* mode) {
  const DeviceCall call(__func__, device, mode);
  if (!call.ok()) return call.result();
  if (!call.board().has_ecc) return NVML_ERROR_NOT_SUPPORTED;
  *mode = HasEccOn(call.board()) ? NVML_FEATURE_ENABLED : NVML_FEATURE_DISABLED;
  return NVML_SUCCESS;
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetTotalEccErrors(nvmlDevice_t device,
                                                        nvmlMemoryErrorType_t type,
                                                        nvmlEccCounterType_t counter,
                                                        unsigned long long* count) {
  const DeviceCall call(__func__, device, count);
  if (call.ok() && !IsKnown({type, counter})) return NVML_ERROR_INVALID_ARGUMENT;
  return TellField(call, FieldOfTotal({type, counter}), count);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetMemoryErrorCounter(nvmlDevice_t device,
                                                            nvmlMemoryErrorType_t type,
                                                            nvmlEccCounterType_t counter,
                                                            nvmlMemoryLocation_t place,
                                                            unsigned long long* count) {
  const DeviceCall call(__func__, device, count);
  if (!call.ok()) return call.result();
  const EccQuery query = {type, counter};
  if (!IsKnown(query) || place > NVML_MEMORY_LOCATION_SRAM) return NVML_ERROR_INVALID_ARGUMENT;
  if (place == NVML_MEMORY_LOCATION_SRAM) {
    if (!TellsSram(call.board())) return NVML_ERROR_NOT_SUPPORTED;
    NoteQuantity(FieldOfTotal(query));
    return World::Get().Ask(call.device(), [=](Device& there) {
      *count = SramErrors(there, query);
      return NVML_SUCCESS;
    });
  }
  const std::optional<unsigned int> field = FieldOfPlace(query, place);
  return field ? TellField(call, *field, count) : NVML_ERROR_NOT_SUPPORTED;
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetSramEccErrorStatus(nvmlDevice_t device,
                                                            nvmlEccSramErrorStatus_v1_t* status) {
  const DeviceCall call(__func__, device, status);
  if (!call.ok()) return call.result();
  if (status->version != VersionWord<nvmlEccSramErrorStatus_v1_t>(1)) {
    return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
  }
  if (!TellsSram(call.board())) return NVML_ERROR_NOT_SUPPORTED;
  return World::Get().Ask(call.device(), [status](Device& there) {
    status->aggregateUncParity = SramCount(there, Sram::kAggregateUncParity);
    status->aggregateUncSecDed = SramCount(there, Sram::kAggregateUncSecDed);
    status->aggregateCor = SramCount(there, Sram::kAggregateCor);
    status->volatileUncParity = SramCount(there, Sram::kVolatileUncParity);
    status->volatileUncSecDed = SramCount(there, Sram::kVolatileUncSecDed);
    status->volatileCor = SramCount(there, Sram::kVolatileCor);
    status->aggregateUncBucketL2 = SramCount(there, Sram::kBucketL2);
    status->aggregateUncBucketSm = SramCount(there, Sram::kBucketSm);
    status->aggregateUncBucketPcie = SramCount(there, Sram::kBucketPcie);
    status->aggregateUncBucketMcu = SramCount(there, Sram::kBucketMcu);
    status->aggregateUncBucketOther = SramCount(there, Sram::kBucketOther);
    status->bThresholdExceeded =
        static_cast<unsigned int>(SramCount(there, Sram::kThresholdExceeded));
    return NVML_SUCCESS;
  });
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetRetiredPages(nvmlDevice_t device, unsigned int cause,
                                                      unsigned int* count,
                                                      unsigned long long* addresses) {
  return ListPages(DeviceCall(__func__, device, count), {cause, count, addresses, nullptr});
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetRetiredPages_v2(nvmlDevice_t device, unsigned int cause,
                                                         unsigned int* count,
                                                         unsigned long long* addresses,
                                                         unsigned long long* times) {
  return ListPages(DeviceCall(__func__, device, count, times), {cause, count, addresses, times});
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetRetiredPagesPendingStatus(nvmlDevice_t device,
                                                                   nvmlEnableState_t* pending) {
  return TellField(DeviceCall(__func__, device, pending), 31, pending);
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetRemappedRows(nvmlDevice_t device, unsigned int* corrected,
                                                      unsigned int* uncorrected,
                                                      unsigned int* pending, unsigned int* failed) {
  RemappedRows rows;
  const DeviceCall call(__func__, device, corrected, uncorrected, pending, failed);
  const nvmlReturn_t result = ReadRows(call, &rows);
  if (result != NVML_SUCCESS) return result;
  *corrected = rows.corrected;
  *uncorrected = rows.uncorrected;
  *pending = rows.pending;
  *failed = rows.failed;
  return NVML_SUCCESS;
}

GPURING_EXPORT nvmlReturn_t nvmlDeviceGetRemappedRows_v2(nvmlDevice_t device,
                                                         nvmlRemappedRowsInfo_v2_t* info) {
  RemappedRows rows;
  const DeviceCall call(__func__, device, info);
  const nvmlReturn_t result = ReadRows(call, &rows);
  if (result != NVML_SUCCESS) return result;
  *info = {rows.corrected,   rows.inactive_corrected,
           rows.uncorrected, rows.inactive_uncorrected,
           rows.pending,     rows.failed};
  return NVML_SUCCESS;
}

// Each remapped row is in a bank of its own, as long as there are banks.
GPURING_EXPORT nvmlReturn_t
nvmlDeviceGetRowRemapperHistogram(nvmlDevice_t device, nvmlRowRemapperHistogramValues_t* values) {
  RemappedRows rows;
  const DeviceCall call(__func__, device, values);
  const nvmlReturn_t result = ReadRows(call, &rows);
  if (result != NVML_SUCCESS) return result;
  const unsigned int touched = std::min(rows.corrected + rows.uncorrected, kBanks);
  *values = {};
  values->max = kBanks - touched;
  (rows.failed != 0 ? values->none : values->high) = touched;
  return NVML_SUCCESS;
}

}  // namespace gpuring::simulator
