// Performance monitoring of Hopper and newer: two samples, and what happened between them.
#include <optional>

#include "nvml/abi_extended.h"
#include "simulator/call.h"
#include "simulator/device_number.h"
#include "simulator/gpm_samples.h"

namespace gpuring::simulator {
namespace {

// The counters behind a sample are refreshed this often: samples must lie further apart.
constexpr int64_t kRefreshNs = 100'000'000;
constexpr double kBytesPerMiB = 1 << 20;

enum class Meaning : uint8_t { kPercentOfLoad, kPcie, kNvLink };

// Shares are those of a training job at full load.
struct Metric {
  unsigned int id;
  Meaning meaning;
  double percent_at_full_load;
  Direction direction;
  const char* short_name;
  const char* long_name;
};

constexpr auto kShare = Meaning::kPercentOfLoad;
constexpr auto kOut = Direction::kTransmit;
constexpr auto kIn = Direction::kReceive;

constexpr Metric kMetrics[] = {
    {1, kShare, 100, kOut, "gract", "Graphics engine active"},
    {2, kShare, 92, kOut, "smact", "SM active"},
    {3, kShare, 38, kOut, "smocc", "SM occupancy"},
    {4, kShare, 12, kOut, "integer", "Integer pipe active"},
    {5, kShare, 41, kOut, "tensor", "Tensor pipe active"},
    {6, kShare, 0, kOut, "dfma", "Tensor DFMA active"},
    {7, kShare, 39, kOut, "hmma", "Tensor HMMA active"},
    {8, kShare, 0, kOut, "dmma", "Tensor DMMA active"},
    {9, kShare, 2, kOut, "imma", "Tensor IMMA active"},
    {10, kShare, 52, kOut, "dram", "DRAM bandwidth"},
    {11, kShare, 1, kOut, "fp64", "FP64 pipe active"},
    {12, kShare, 14, kOut, "fp32", "FP32 pipe active"},
    {13, kShare, 6, kOut, "fp16", "FP16 pipe active"},
    {20, Meaning::kPcie, 0, kOut, "pcietx", "PCIe sent"},
    {21, Meaning::kPcie, 0, kIn, "pcierx", "PCIe received"},
    {60, Meaning::kNvLink, 0, kIn, "nvlrx", "NVLink received"},
    {61, Meaning::kNvLink, 0, kOut, "nvltx", "NVLink sent"},
};

const Metric* FindMetric(unsigned int id) {
  for (const Metric& metric : kMetrics) {
    if (metric.id == id) return &metric;
  }
  return nullptr;
}

bool HasGpm(const Board& board) {
  const bool known = board.architecture != NVML_DEVICE_ARCH_UNKNOWN;
  return known && board.architecture >= NVML_DEVICE_ARCH_HOPPER;
}

int64_t NvLinkKib(const Board& board, const Counters& counters, Direction direction) {
  int64_t kib = 0;
  for (unsigned int link = 0; link < board.nvlink_count; ++link) {
    kib += NvLinkDataKib(board, counters, direction, link);
  }
  return kib;
}

struct Interval {
  const Board& board;
  const GpmSample& from;
  const GpmSample& to;
};

double Evaluate(const Metric& metric, const Interval& over) {
  const double seconds = over.to.counters.seconds() - over.from.counters.seconds();
  switch (metric.meaning) {
    case Meaning::kPcie:
      return static_cast<double>(PcieBytes(over.board, over.to.counters, metric.direction) -
                                 PcieBytes(over.board, over.from.counters, metric.direction)) /
             kBytesPerMiB / seconds;
    case Meaning::kNvLink:
      return static_cast<double>(NvLinkKib(over.board, over.to.counters, metric.direction) -
                                 NvLinkKib(over.board, over.from.counters, metric.direction)) /
             1024 / seconds;
    case Meaning::kPercentOfLoad:
      break;
  }
  const double load_seconds = over.to.counters.load_seconds() - over.from.counters.load_seconds();
  return load_seconds / seconds * metric.percent_at_full_load;
}

// NVML's struct wants writable texts; nobody writes to them.
void Describe(const Metric& metric, nvmlGpmMetric_t* out) {
  out->metricInfo.shortName = const_cast<char*>(metric.short_name);
  out->metricInfo.longName = const_cast<char*>(metric.long_name);
  const bool share = metric.meaning == Meaning::kPercentOfLoad;
  out->metricInfo.unit = const_cast<char*>(share ? "%" : "MiB/s");
}

void TellMetric(const Interval& over, const Device& device, nvmlGpmMetric_t* out) {
  const Metric* metric = FindMetric(out->metricId);
  const ValueKey key = KeyOf(ValueGroup::kGpm, out->metricId);
  const Override* set = device.overrides().At(key, device.time_ns());
  out->nvmlReturn = NVML_ERROR_NOT_SUPPORTED;
  if (metric == nullptr && set == nullptr) return;
  if (metric != nullptr) Describe(*metric, out);
  if (over.to.time_ns - over.from.time_ns <= kRefreshNs) {
    out->nvmlReturn = NVML_ERROR_NO_DATA;
    return;
  }
  out->nvmlReturn = NVML_SUCCESS;
  out->value = set != nullptr ? static_cast<double>(*set->value) : Evaluate(*metric, over);
}

// Of the board, or of one of its instances, which works as much of its time as the board does.
nvmlReturn_t TakeSample(const DeviceCall& call, uint32_t gpu_instance, nvmlGpmSample_t sample) {
  if (!call.ok()) return call.result();
  if (!HasGpm(call.board())) return NVML_ERROR_NOT_SUPPORTED;
  GpmSample taken;
  taken.device = PositionOf(call.device());
  taken.gpu_instance = gpu_instance;
  const nvmlReturn_t asked = World::Get().Ask(call.device(), [&taken](Device& device) {
    taken.time_ns = device.time_ns();
    taken.counters = device.counters();
    return NVML_SUCCESS;
  });
  return asked == NVML_SUCCESS ? StoreGpmSample(sample, taken) : asked;
}

bool HasGpuInstance(int device, uint32_t id) {
  for (unsigned int index = 0; index < static_cast<unsigned int>(kMigSlots); ++index) {
    const int instance = World::Get().InstanceAt(device, index);
    if (instance >= 0 && World::Get().InstanceOf(instance).gpu_instance_id == id) return true;
  }
  return false;
}

}  // namespace

GPURING_EXPORT nvmlReturn_t nvmlGpmQueryDeviceSupport(nvmlDevice_t device,
                                                      nvmlGpmSupport_t* support) {
  const DeviceCall call(__func__, device, support);
  if (!call.ok()) return call.result();
  if (support->version != NVML_GPM_SUPPORT_VERSION) return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
  support->isSupportedDevice = HasGpm(call.board()) ? 1 : 0;
  return NVML_SUCCESS;
}

GPURING_EXPORT nvmlReturn_t nvmlGpmSampleAlloc(nvmlGpmSample_t* sample) {
  const HostCall call(__func__, sample);
  return call.ok() ? AllocateGpmSample(sample) : call.result();
}

GPURING_EXPORT nvmlReturn_t nvmlGpmSampleFree(nvmlGpmSample_t sample) {
  const HostCall call(__func__, sample);
  return call.ok() ? FreeGpmSample(sample) : call.result();
}

GPURING_EXPORT nvmlReturn_t nvmlGpmSampleGet(nvmlDevice_t device, nvmlGpmSample_t sample) {
  const DeviceCall call(__func__, device, sample);
  const bool instance = call.ok() && IsInstance(call.device());
  const uint32_t id = instance ? World::Get().InstanceOf(call.device()).gpu_instance_id
                               : NVML_VALUE_NOT_AVAILABLE_U32;
  return TakeSample(call, id, sample);
}

GPURING_EXPORT nvmlReturn_t nvmlGpmMigSampleGet(nvmlDevice_t device, unsigned int gpu_instance,
                                                nvmlGpmSample_t sample) {
  const DeviceCall call(__func__, device, sample);
  if (!call.ok()) return call.result();
  if (!World::Get().IsMigOn(call.device())) return NVML_ERROR_NOT_SUPPORTED;
  if (!HasGpuInstance(call.device(), gpu_instance)) return NVML_ERROR_INVALID_ARGUMENT;
  return TakeSample(call, gpu_instance, sample);
}

// Samples no further apart than the counters are refreshed tell nothing: NO_DATA in each metric.
GPURING_EXPORT nvmlReturn_t nvmlGpmMetricsGet(nvmlGpmMetricsGet_t* get) {
  const HostCall call(__func__, get);
  if (!call.ok()) return call.result();
  if (get->version != NVML_GPM_METRICS_GET_VERSION) return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
  GpmSample from, to;
  const bool valid = get->numMetrics > 0 && get->numMetrics <= NVML_GPM_METRIC_MAX &&
                     LoadGpmSample(get->sample1, &from) == NVML_SUCCESS &&
                     LoadGpmSample(get->sample2, &to) == NVML_SUCCESS && from.device >= 0 &&
                     from.device == to.device && from.gpu_instance == to.gpu_instance;
  if (!valid) return NVML_ERROR_INVALID_ARGUMENT;
  return World::Get().Ask(from.device, [&](Device& device) {
    const Interval over = {device.board(), from, to};
    for (unsigned int i = 0; i < get->numMetrics; ++i) TellMetric(over, device, &get->metrics[i]);
    return NVML_SUCCESS;
  });
}

// Nobody streams: whether one may is for the administrator to say.
GPURING_EXPORT nvmlReturn_t nvmlGpmQueryIfStreamingEnabled(nvmlDevice_t device,
                                                           unsigned int* state) {
  const DeviceCall call(__func__, device, state);
  if (!call.ok()) return call.result();
  if (!HasGpm(call.board())) return NVML_ERROR_NOT_SUPPORTED;
  *state = NVML_FEATURE_DISABLED;
  return NVML_SUCCESS;
}

}  // namespace gpuring::simulator
