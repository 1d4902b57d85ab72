#include "core/public_view.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

namespace gpuring {
namespace {

// Bounds the scratch on the stack; a longer range is read in several goes.
constexpr size_t kRecordsAtOnce = 64;

// A row is written once a period and copied in well under a microsecond.
constexpr int kCopyAttempts = 1000;

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

PublishedBlock<StdAtomics> BlockOf(const Sampler& sampler) {
  return {sampler.block()->cells(), Sampler::kLayout};
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

struct CopyRange {
  uint64_t from;
  size_t doubles;  // of a record
};

// Reads records in as many goes as it takes. `read`: (from, records) to RingRead. `convert`:
// (record, sequence, doubles).
template <class Record, class Read, class Convert>
uint64_t CopyAll(const CopyRange& range, std::span<double> out, Read read, Convert convert) {
  std::array<Record, kRecordsAtOnce> scratch;
  const uint64_t room = out.size() / range.doubles;
  uint64_t from = range.from;
  uint64_t copied = 0;
  while (copied < room) {
    const auto wanted = static_cast<size_t>(std::min<uint64_t>(kRecordsAtOnce, room - copied));
    const RingRead part = read(from, std::span(scratch).first(wanted));
    for (uint64_t i = 0; i < part.count; i++, copied++) {
      convert(scratch[i], part.next - part.count + i,
              out.subspan(copied * range.doubles, range.doubles));
    }
    if (part.count == 0 || part.next > part.newest) break;
    from = part.next;
  }
  return copied;
}

double InPublicUnit(int64_t raw, MetricId metric) {
  return static_cast<double>(raw) / kMetrics[static_cast<size_t>(metric)].divisor;
}

}  // namespace

uint64_t ReadPublicHistory(const Sampler& sampler, const Sampler::HistoryRange& range,
                           std::span<double> out) {
  const auto read = [&](uint64_t from, std::span<Sample> samples) {
    HistoryRead part;
    sampler.ReadHistory({range.row, range.tier, from}, samples, &part);
    return part;
  };
  return CopyAll<Sample>({range.from_sequence, PublicSampleDoubles(range.tier)}, out, read,
                         [&](const Sample& sample, uint64_t, std::span<double> at) {
                           Convert(sample, range.tier, at);
                         });
}

uint64_t ReadPublicSeries(const Sampler& sampler, const Sampler::SeriesRange& range,
                          std::span<double> out) {
  const auto read = [&](uint64_t from, std::span<SeriesRecord> records) {
    RingRead part;
    sampler.ReadSeries({range.row, range.series, from}, records, &part);
    return part;
  };
  return CopyAll<SeriesRecord>(
      {range.from_sequence, kPublicSeriesDoubles}, out, read,
      [&](const SeriesRecord& record, uint64_t sequence, std::span<double> at) {
        at[0] = static_cast<double>(sequence);
        at[1] = UsToMs(record.wall_us);
        at[2] = InPublicUnit(record.value, kSeriesMetrics[range.series]);
        at[3] = static_cast<double>(record.polled);
      });
}

uint64_t ReadPublicEvents(const Sampler& sampler, uint64_t from_sequence, std::span<double> out) {
  const auto read = [&](uint64_t from, std::span<EventRecord> events) {
    return sampler.events().Read(from, events);
  };
  return CopyAll<EventRecord>({from_sequence, kPublicEventDoubles}, out, read,
                              [](const EventRecord& event, uint64_t, std::span<double> at) {
                                at[0] = static_cast<double>(event.sequence);
                                at[1] = UsToMs(event.wall_us);
                                at[2] = NsToMs(event.monotonic_ns);
                                at[3] = static_cast<double>(event.kind);
                                at[4] = static_cast<double>(event.device);
                                at[5] = static_cast<double>(event.code);
                                at[6] = static_cast<double>(event.count);
                              });
}

bool ReadPublicReports(const Sampler& sampler, size_t row, std::span<double> out) {
  if (out.size() < kMetricCount * kPublicReportDoubles) return false;
  std::array<MetricReport, kMetricCount> reports;
  if (!sampler.ReadReports(row, reports)) return false;
  for (size_t metric = 0; metric < kMetricCount; metric++) {
    const MetricReport& report = reports[metric];
    const bool known = report.known_ns != 0;
    double* const at = out.data() + metric * kPublicReportDoubles;
    at[0] = known ? InPublicUnit(report.value, static_cast<MetricId>(metric)) : kUnknown;
    at[1] = known ? NsToMs(report.known_ns) : 0;
    at[2] = known ? UsToMs(report.known_wall_us) : 0;
    at[3] = known ? NsToMs(report.changed_ns) : 0;
    at[4] = known ? UsToMs(report.changed_wall_us) : 0;
    at[5] = static_cast<double>(report.state);
    at[6] = static_cast<double>(report.invalid_count);
  }
  return true;
}

bool CopyRow(const Sampler& sampler, size_t row, std::span<uint64_t> words) {
  if (row >= Sampler::kRows || words.size() < kRowWords) return false;
  const auto block = BlockOf(sampler);
  for (int attempt = 0; attempt < kCopyAttempts; attempt++) {
    uint64_t version = 0;
    if (block.TryReadRow(row, words.subspan(1, kRowWords - 1), &version) ==
        LockedRead::kConsistent) {
      words[kRowLockWord] = 2 * version;
      return version != 0;
    }
  }
  return false;
}

uint64_t HeaderWord(const Sampler& sampler, size_t word) {
  return word < kBlockHeaderWords ? BlockOf(sampler).LoadHeader(word) : 0;
}

}  // namespace gpuring
