// One list of processes as a driver gives it. The length of its elements is the driver's secret:
// some write 32 bytes through functions whose struct has 24.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "nvml/library.h"
#include "nvml/roomy.h"

namespace gpuring {

struct ProcessRecord {
  unsigned int pid = 0;
  unsigned long long memory_bytes = NVML_VALUE_NOT_AVAILABLE_U64;
  unsigned int gpu_instance_id = NVML_VALUE_NOT_AVAILABLE_U32;
  unsigned int compute_instance_id = NVML_VALUE_NOT_AVAILABLE_U32;
};

// Large: for the stack of a thread that has the system's usual one, once.
class ProcessList {
 public:
  // Results other than NVML_SUCCESS: there is no list. NVML_ERROR_INVALID_STATE: there is one, and
  // what it says cannot be told. Allocates nothing.
  nvmlReturn_t Ask(NvmlFunctions::ListProcesses list, nvmlDevice_t device);

  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] ProcessRecord operator[](size_t place) const;
  // Of an element; 0: there were none to tell it by.
  [[nodiscard]] uint32_t record_bytes() const { return record_bytes_; }
  // Processes that it had no room for; it lists none of the others either then.
  [[nodiscard]] size_t left_out() const { return left_out_; }

 private:
  static constexpr unsigned int kRoom = 1024;
  static constexpr size_t kLongestRecord = sizeof(nvmlProcessDetail_v1_t);

  [[nodiscard]] size_t WrittenBytes(size_t room) const;
  [[nodiscard]] uint32_t RecordBytes(size_t count, size_t room) const;
  [[nodiscard]] bool MakesSense() const;

  alignas(8) std::array<unsigned char, kRoom * kLongestRecord + kRoomBehind> bytes_;
  size_t size_ = 0;
  size_t left_out_ = 0;
  uint32_t record_bytes_ = 0;
};

}  // namespace gpuring
