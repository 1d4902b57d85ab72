#include "simulator/samples.h"

#include <algorithm>
#include <array>
#include <optional>

namespace gpuring::simulator {
namespace {

constexpr int64_t kMillisecondNs = 1'000'000;
constexpr int64_t kUsualCapacity = 120;

// By nvmlSamplingType_t. None: no board measures its module.
constexpr std::array<std::optional<Column>, kSampleTypeNames.size()> kColumns = {
    Column::kPowerDraw,          Column::kUtilizationGpu,
    Column::kUtilizationMemory,  Column::kUtilizationEncoder,
    Column::kUtilizationDecoder, Column::kClockSm,
    Column::kClockMemory,        std::nullopt,
    Column::kUtilizationJpeg,    Column::kUtilizationOfa,
};

bool IsUtilization(nvmlSamplingType_t type) {
  const bool early = type >= NVML_GPU_UTILIZATION_SAMPLES && type <= NVML_DEC_UTILIZATION_SAMPLES;
  return early || type >= NVML_JPG_UTILIZATION_SAMPLES;
}

int64_t SettingNow(const Device& device, ValueKey key, int64_t otherwise) {
  return device.overrides().ValueOr(key, device.time_ns(), otherwise);
}

// The driver measures as often as the single call refreshes.
int64_t PeriodNs(const Device& device, nvmlSamplingType_t type) {
  const Board& board = device.board();
  const int64_t usual = IsUtilization(type) ? board.utilization_refresh_ms : board.power_refresh_ms;
  return SettingNow(device, KeyOf(ValueGroup::kSamplePeriod, type), usual) * kMillisecondNs;
}

}  // namespace

bool OffersSamples(const Device& device, nvmlSamplingType_t type) {
  const std::optional<Column> column = kColumns[type];
  const bool usual = column.has_value() && device.Offers(*column);
  return SettingNow(device, KeyOf(ValueGroup::kSampleSupport, type), usual ? 1 : 0) != 0;
}

uint32_t SampleCapacity(const Device& device) {
  return static_cast<uint32_t>(SettingNow(device, KeyOf(Setting::kSampleCapacity), kUsualCapacity));
}

std::vector<TimedValue> SamplesSince(const Device& device, nvmlSamplingType_t type,
                                     uint64_t last_seen_us) {
  const int64_t period = PeriodNs(device, type);
  const int64_t newest = device.time_ns() / period;
  const int64_t oldest = std::max<int64_t>(newest - SampleCapacity(device) + 1, 0);
  const ValueKey dry = KeyOf(ValueGroup::kSampleDry, type);
  std::vector<TimedValue> samples;
  for (int64_t number = oldest; number <= newest; ++number) {
    const int64_t time_ns = number * period;
    const int64_t time_us = device.DriverTimeUs(time_ns);
    if (static_cast<uint64_t>(time_us) <= last_seen_us) continue;
    if (device.overrides().ValueOr(dry, time_ns, 0) != 0) continue;
    const Column column = kColumns[type].value_or(Column::kPowerDraw);
    const Answer answer = device.ValueAt(column, time_ns);
    if (answer.result == NVML_SUCCESS) samples.push_back({time_us, answer.value});
  }
  return samples;
}

}  // namespace gpuring::simulator
