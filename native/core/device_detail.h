// What a device has several of: fans, links, processes. Read with the slow metrics.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace gpuring {

// In place of a number that is not known. It never leaves the native side.
inline constexpr int64_t kUnknownNumber = INT64_MIN;

struct FanDetail {
  int64_t speed_percent = kUnknownNumber;  // intended
  int64_t speed_rpm = kUnknownNumber;
  int64_t target_percent = kUnknownNumber;
};

struct LinkDetail {
  int64_t active = kUnknownNumber;      // 0 or 1
  int64_t version = kUnknownNumber;     // NVML's number
  int64_t speed_mbps = kUnknownNumber;  // MB/s
  int64_t transmit_bytes = kUnknownNumber;
  int64_t receive_bytes = kUnknownNumber;
  int64_t replay_errors = kUnknownNumber;
  int64_t recovery_errors = kUnknownNumber;
  int64_t crc_errors = kUnknownNumber;
};

// Bits of ProcessDetail::kinds.
inline constexpr int64_t kComputeProcess = 1;
inline constexpr int64_t kGraphicsProcess = 2;

struct ProcessDetail {
  int64_t pid = 0;
  int64_t kinds = 0;
  int64_t memory_bytes = kUnknownNumber;
  int64_t sm_percent = kUnknownNumber;  // of the driver's latest sample of the process
  int64_t memory_percent = kUnknownNumber;
  int64_t encoder_percent = kUnknownNumber;
  int64_t decoder_percent = kUnknownNumber;
  int64_t gpu_instance_id = kUnknownNumber;
  int64_t compute_instance_id = kUnknownNumber;
};

inline constexpr size_t kMostFans = 16;
inline constexpr size_t kMostLinks = 36;
inline constexpr size_t kMostProcesses = 128;

// 64-bit words only: it travels through a sequence lock. Memory is bounded: what does not fit is
// counted. A count of -1: the driver does not say.
struct DeviceDetail {
  int64_t start_ns = 0;  // monotonic clock before the first driver call
  int64_t wall_us = 0;
  int64_t fan_count = -1;
  int64_t link_count = -1;
  int64_t process_count = -1;        // of those listed here
  int64_t processes_left_out = 0;    // there was no room for them
  int64_t process_record_bytes = 0;  // the driver's element, as found out; 0: not asked yet
  std::array<FanDetail, kMostFans> fans{};
  std::array<LinkDetail, kMostLinks> links{};
  std::array<ProcessDetail, kMostProcesses> processes{};
};
static_assert(std::is_trivially_copyable_v<DeviceDetail>);
static_assert(sizeof(DeviceDetail) % sizeof(uint64_t) == 0);

}  // namespace gpuring
