// Numbers of NVML's rarer calls. Same rules and source as nvml/abi.h.
#pragma once

#include "nvml/abi.h"

namespace gpuring {

enum nvmlUUIDType_t : unsigned int { NVML_UUID_TYPE_ASCII = 1, NVML_UUID_TYPE_BINARY = 2 };

enum nvmlBusType_t : unsigned int { NVML_BUS_TYPE_PCI = 1, NVML_BUS_TYPE_PCIE = 2 };

enum nvmlGpuVirtualizationMode_t : unsigned int { NVML_GPU_VIRTUALIZATION_MODE_NONE = 0 };

enum nvmlGpuP2PCapsIndex_t : unsigned int {
  NVML_P2P_CAPS_INDEX_READ = 0,
  NVML_P2P_CAPS_INDEX_WRITE = 1,
  NVML_P2P_CAPS_INDEX_NVLINK = 2,
  NVML_P2P_CAPS_INDEX_ATOMICS = 3,
  NVML_P2P_CAPS_INDEX_PCI = 4,
};

enum nvmlGpuP2PStatus_t : unsigned int {
  NVML_P2P_STATUS_OK = 0,
  NVML_P2P_STATUS_CHIPSET_NOT_SUPPORTED = 1,
  NVML_P2P_STATUS_NOT_SUPPORTED = 5,
  NVML_P2P_STATUS_UNKNOWN = 6,
};

enum nvmlIntNvLinkDeviceType_t : unsigned int {
  NVML_NVLINK_DEVICE_TYPE_GPU = 0,
  NVML_NVLINK_DEVICE_TYPE_SWITCH = 2,
  NVML_NVLINK_DEVICE_TYPE_UNKNOWN = 0xFF,
};

inline constexpr unsigned int NVML_AFFINITY_SCOPE_NODE = 0;
inline constexpr unsigned int NVML_AFFINITY_SCOPE_SOCKET = 1;  // the widest
inline constexpr unsigned int NVML_DEVICE_MIG_DISABLE = 0;
inline constexpr unsigned int NVML_DEVICE_MIG_ENABLE = 1;
inline constexpr unsigned int NVML_NVLINK_MAX_LINKS = 36;
inline constexpr unsigned int NVML_MAX_GPU_PERF_PSTATES = 16;
inline constexpr unsigned int NVML_POWER_SCOPE_GPU = 0;
inline constexpr unsigned int NVML_POWER_SCOPE_COUNT = 4;
inline constexpr unsigned int NVML_ADAPTIVE_CLOCKING_INFO_STATUS_ENABLED = 1;

// Device events, bits of nvmlDeviceRegisterEvents.
inline constexpr unsigned long long nvmlEventTypeSingleBitEccError = 0x1;
inline constexpr unsigned long long nvmlEventTypeDoubleBitEccError = 0x2;
inline constexpr unsigned long long nvmlEventTypePState = 0x4;
inline constexpr unsigned long long nvmlEventTypeXidCriticalError = 0x8;
inline constexpr unsigned long long nvmlEventTypeClock = 0x10;
inline constexpr unsigned long long nvmlEventTypePowerSourceChange = 0x80;
inline constexpr unsigned long long nvmlEventMigConfigChange = 0x100;
inline constexpr unsigned long long nvmlEventTypeSingleBitEccErrorStorm = 0x200;
inline constexpr unsigned long long nvmlEventTypeDramRetirementEvent = 0x400;
inline constexpr unsigned long long nvmlEventTypeDramRetirementFailure = 0x800;
inline constexpr unsigned long long nvmlEventTypeNonFatalPoisonError = 0x1000;
inline constexpr unsigned long long nvmlEventTypeFatalPoisonError = 0x2000;
inline constexpr unsigned long long nvmlEventTypeGpuUnavailableError = 0x4000;
inline constexpr unsigned long long nvmlEventTypeGpuRecoveryAction = 0x8000;

// Fields of nvmlDeviceGetFieldValues beyond those of nvml/abi.h.
inline constexpr unsigned int NVML_FI_DEV_PCIE_REPLAY_COUNTER = 94;
inline constexpr unsigned int NVML_FI_DEV_PCIE_REPLAY_ROLLOVER_COUNTER = 95;
inline constexpr unsigned int NVML_FI_DEV_NVLINK_THROUGHPUT_DATA_TX = 138;  // KiB
inline constexpr unsigned int NVML_FI_DEV_NVLINK_THROUGHPUT_DATA_RX = 139;
inline constexpr unsigned int NVML_FI_DEV_NVLINK_ERROR_DL_REPLAY = 161;
inline constexpr unsigned int NVML_FI_DEV_NVLINK_ERROR_DL_RECOVERY = 162;
inline constexpr unsigned int NVML_FI_DEV_NVLINK_ERROR_DL_CRC = 163;
inline constexpr unsigned int NVML_FI_DEV_NVLINK_GET_SPEED = 164;
inline constexpr unsigned int NVML_FI_DEV_NVLINK_GET_STATE = 165;
inline constexpr unsigned int NVML_FI_DEV_NVLINK_GET_VERSION = 166;
inline constexpr unsigned int NVML_FI_DEV_ENERGY = 191;
inline constexpr unsigned int NVML_FI_DEV_NVLINK_COUNT_XMIT_BYTES = 202;
inline constexpr unsigned int NVML_FI_DEV_NVLINK_COUNT_RCV_BYTES = 204;

}  // namespace gpuring
