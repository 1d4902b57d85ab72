#include "core/public_view.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

namespace gpuring {
namespace {

// Bounds the scratch on the stack; a longer range is read in several goes.
constexpr size_t kSamplesAtOnce = 64;

// A row is written once a period and copied in well under a microsecond.
constexpr int kCopyAttempts = 1000;

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

PublishedBlock<StdAtomics> BlockOf(const Sampler& sampler) {
  return {sampler.block()->cells(), {Sampler::kRows, kRowWords}};
}

void Convert(const Sample& sample, Tier tier, std::span<double> out) {
  const MetricRange metrics = kTierMetrics[static_cast<size_t>(tier)];
  out[0] = static_cast<double>(sample.sequence);
  out[1] = NsToMs(sample.start_ns);
  out[2] = UsToMs(sample.wall_us);
  for (size_t i = 0; i < metrics.size(); i++) {
    const auto metric = static_cast<MetricId>(metrics.begin + i);
    out[kPublicSampleHeader + i] = PublicValue(sample, metric);
    out[kPublicSampleHeader + metrics.size() + i] = static_cast<double>(sample.StateOf(metric));
  }
}

double InPublicUnit(int64_t raw, MetricId metric) {
  return static_cast<double>(raw) / kMetrics[static_cast<size_t>(metric)].divisor;
}

}  // namespace

uint64_t ReadPublicHistory(const Sampler& sampler, const Sampler::HistoryRange& range,
                           std::span<double> out) {
  std::array<Sample, kSamplesAtOnce> scratch;
  const size_t doubles = PublicSampleDoubles(range.tier);
  const uint64_t room = out.size() / doubles;
  Sampler::HistoryRange rest = range;
  uint64_t copied = 0;
  while (copied < room) {
    const auto wanted = static_cast<size_t>(std::min<uint64_t>(kSamplesAtOnce, room - copied));
    HistoryRead read;
    sampler.ReadHistory(rest, std::span(scratch).first(wanted), &read);
    for (size_t i = 0; i < read.count; i++, copied++) {
      Convert(scratch[i], range.tier, out.subspan(copied * doubles, doubles));
    }
    if (read.count == 0 || read.next > read.newest) break;
    rest.from_sequence = read.next;
  }
  return copied;
}

RingRead ReadPublicSeries(const Sampler& sampler, const Sampler::SeriesRange& range,
                          std::span<double> out) {
  std::array<SeriesRecord, kSamplesAtOnce> scratch;
  const uint64_t room = out.size() / kPublicSeriesDoubles;
  Sampler::SeriesRange rest = range;
  RingRead whole;
  whole.next = std::max<uint64_t>(range.from_sequence, 1);
  do {
    const auto wanted = static_cast<size_t>(std::min(kSamplesAtOnce, room - whole.count));
    RingRead read;
    sampler.ReadSeries(rest, std::span(scratch).first(wanted), &read);
    for (size_t i = 0; i < read.count; i++) {
      double* const record = out.data() + (whole.count + i) * kPublicSeriesDoubles;
      record[0] = UsToMs(scratch[i].wall_us);
      record[1] = InPublicUnit(scratch[i].value, kSeriesMetrics[range.series]);
      record[2] = static_cast<double>(scratch[i].polled);
    }
    whole = {whole.count + read.count, whole.lost + read.lost, read.newest, read.next};
    rest.from_sequence = read.next;
    if (read.count == 0) break;
  } while (whole.count < room && whole.next <= whole.newest);
  return whole;
}

bool ReadPublicReports(const Sampler& sampler, size_t row, std::span<double> out) {
  std::array<MetricReport, kMetricCount> reports;
  if (!sampler.ReadReports(row, reports)) return false;
  for (size_t metric = 0; metric < kMetricCount; metric++) {
    const MetricReport& report = reports[metric];
    const bool known = report.known_ns != 0;
    double* const at = out.data() + metric * kPublicReportDoubles;
    at[0] = known ? InPublicUnit(report.value, static_cast<MetricId>(metric)) : kUnknown;
    at[1] = known ? NsToMs(report.known_ns) : kUnknown;
    at[2] = known ? UsToMs(report.known_wall_us) : kUnknown;
    at[3] = known ? NsToMs(report.changed_ns) : kUnknown;
    at[4] = known ? UsToMs(report.changed_wall_us) : kUnknown;
    at[5] = static_cast<double>(report.state);
    at[6] = static_cast<double>(report.invalid_count);
  }
  return true;
}

bool CopyRow(const Sampler& sampler, size_t row, std::span<uint64_t> words) {
  if (row >= Sampler::kRows) return false;
  const auto block = BlockOf(sampler);
  for (int attempt = 0; attempt < kCopyAttempts; attempt++) {
    uint64_t version = 0;
    if (block.TryReadRow(row, words.subspan(1), &version) == LockedRead::kConsistent) {
      words[kRowLockWord] = 2 * version;
      return version != 0;
    }
  }
  return false;
}

uint64_t HeaderWord(const Sampler& sampler, size_t word) {
  return BlockOf(sampler).LoadHeader(word);
}

}  // namespace gpuring
