#include "nvml/process_list.h"

#include <algorithm>
#include <cstring>
#include <span>

namespace gpuring {
namespace {

constexpr unsigned char kUntouched = 0xAA;
constexpr unsigned int kFirstRoom = 128;
constexpr int kMostAttempts = 4;
constexpr unsigned int kLargestPid = 1u << 22;  // the kernel's own limit
constexpr unsigned int kLargestInstance = 0xFFFF;

constexpr std::array<uint32_t, 3> kRecordBytes = {
    sizeof(nvmlProcessInfo_v1_t), sizeof(nvmlProcessInfo_v2_t), sizeof(nvmlProcessDetail_v1_t)};

bool IsInstance(unsigned int id) {
  return id <= kLargestInstance || id == NVML_VALUE_NOT_AVAILABLE_U32;
}

}  // namespace

// The list may grow between two calls.
nvmlReturn_t ProcessList::Ask(NvmlFunctions::ListProcesses list, nvmlDevice_t device) {
  size_ = left_out_ = record_bytes_ = 0;
  unsigned int room = kFirstRoom;
  unsigned int count = 0;
  nvmlReturn_t result = NVML_ERROR_INSUFFICIENT_SIZE;
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    std::memset(bytes_.data(), kUntouched, room * kLongestRecord + kRoomBehind);
    count = room;
    result = list(device, &count, bytes_.data());
    if (result != NVML_ERROR_INSUFFICIENT_SIZE) break;
    if (count > kLargestPid) return result;
    if (count > kRoom) {
      left_out_ = count;
      return NVML_SUCCESS;
    }
    room = std::min(kRoom, std::max(room, count + count / 4) + 8);
  }
  if (result != NVML_SUCCESS) return result;
  if (count > room) return NVML_ERROR_INVALID_STATE;
  record_bytes_ = RecordBytes(count, room);
  if (record_bytes_ == 0 && (count > 0 || WrittenBytes(room) > 0)) return NVML_ERROR_INVALID_STATE;
  if (count == 0) record_bytes_ = 0;
  size_ = count;
  return MakesSense() ? NVML_SUCCESS : NVML_ERROR_INVALID_STATE;
}

size_t ProcessList::WrittenBytes(size_t room) const {
  size_t end = room * kLongestRecord + kRoomBehind;
  while (end > 0 && bytes_[end - 1] == kUntouched) --end;
  return end;
}

// By where the written bytes end: behind the last element, or behind all the room where the driver
// clears it first. 0: no length fits.
uint32_t ProcessList::RecordBytes(size_t count, size_t room) const {
  const size_t written = WrittenBytes(room);
  for (const size_t elements : {count, room}) {
    for (const uint32_t bytes : kRecordBytes) {
      if (written > 0 && written == elements * bytes) return bytes;
    }
  }
  return 0;
}

ProcessRecord ProcessList::operator[](size_t place) const {
  const unsigned char* const at = bytes_.data() + place * record_bytes_;
  nvmlProcessInfo_v2_t info{};
  info.gpuInstanceId = info.computeInstanceId = NVML_VALUE_NOT_AVAILABLE_U32;
  std::memcpy(&info, at, std::min<size_t>(record_bytes_, sizeof(info)));
  return {info.pid, info.usedGpuMemory, info.gpuInstanceId, info.computeInstanceId};
}

// Elements read at a wrong length are a muddle of memory and ids.
bool ProcessList::MakesSense() const {
  for (size_t place = 0; place < size_; ++place) {
    const ProcessRecord record = (*this)[place];
    if (record.pid == 0 || record.pid > kLargestPid || !IsInstance(record.gpu_instance_id) ||
        !IsInstance(record.compute_instance_id)) {
      return false;
    }
  }
  return true;
}

}  // namespace gpuring
