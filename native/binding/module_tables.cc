#include "binding/module_tables.h"

#include <array>
#include <cstdint>
#include <string>

#include "aggregate/columns.h"
#include "aggregate/statistics.h"
#include "core/public_names.h"
#include "core/published_row.h"
#include "core/row_memory.h"
#include "core/sampler.h"

namespace gpuring {
namespace {

template <size_t kCount, class Item, class Box>
Napi::Array BoxTable(Napi::Env env, const std::array<Item, kCount>& items, Box box) {
  Napi::Array array = Napi::Array::New(env, kCount);
  for (uint32_t i = 0; i < kCount; i++) array.Set(i, box(items[i]));
  return array;
}

template <size_t kCount>
Napi::Array Names(Napi::Env env, const std::array<const char*, kCount>& names) {
  return BoxTable(env, names, [](const char* name) { return name; });
}

Napi::Array StatusNames(Napi::Env env) {
  Napi::Array names = Napi::Array::New(env, kStatusCodeCount);
  for (uint32_t i = 0; i < kStatusCodeCount; i++) {
    names.Set(i, std::string(CodeName(static_cast<StatusCode>(i))));
  }
  return names;
}

void SetLedgerLayout(Napi::Object into) {
  constexpr BlockLayout kLayout = Sampler::kLayout;
  into.Set("ledgerClockWord", kBlockLedgerClockWord);
  into.Set("ledgerSharesWord", kBlockLedgerSharesWord);
  into.Set("ledgerShardsWord", kBlockLedgerShardsWord);
  into.Set("ledgerLogWord", kLayout.LedgerWord());
  into.Set("ledgerLogEntries", static_cast<double>(kLedgerLogEntries));
  into.Set("firstLedgerWord", kLayout.LedgerWord() + kLayout.Ledger().ShardWord(0));
  into.Set("ledgerShardCount", static_cast<double>(kLayout.ledger_shards));
  into.Set("ledgerShardStrideWords", kLayout.Ledger().ShardWords());
  into.Set("ledgerRowStrideWords", kLedgerRowWords);
}

Napi::Object Layout(Napi::Env env) {
  Napi::Object layout = Napi::Object::New(env);
  layout.Set("roundsWord", kBlockRoundsWord);
  layout.Set("roundStartMsWord", kBlockRoundStartWord);
  layout.Set("roundLengthMsWord", kBlockRoundLengthWord);
  layout.Set("missedDeadlinesWord", kBlockMissedDeadlinesWord);
  layout.Set("periodMsWord", kBlockPeriodWord);
  layout.Set("devicesWord", kBlockDevicesWord);
  layout.Set("eventsWord", kBlockEventsWord);
  layout.Set("driverWord", kBlockDriverWord);
  layout.Set("changesWord", kBlockChangesWord);
  SetLedgerLayout(layout);
  layout.Set("firstRowWord", kBlockHeaderWords);
  layout.Set("rowStrideWords", Sampler::kLayout.RowStride());
  layout.Set("rowWords", kRowWords);
  layout.Set("rowLockWord", kRowLockWord);
  layout.Set("rowStatusWord", kRowStatusWord);
  layout.Set("rowSequenceWord", kRowSequenceWord);
  layout.Set("rowStartMsWord", kRowStartWord);
  layout.Set("rowWallMsWord", kRowWallWord);
  layout.Set("rowEstimatedWord", kRowEstimatedWord);
  layout.Set("rowMetricsWord", kRowMetricsWord);
  return layout;
}

}  // namespace

void SetModuleTables(Napi::Env env, Napi::Object exports) {
  const auto key = [](const MetricRow& metric) { return metric.key; };
  const auto end = [](const MetricRange& tier) { return static_cast<double>(tier.end); };
  const auto index = [](MetricId metric) { return static_cast<double>(metric); };
  exports.Set("metricKeys", BoxTable(env, kMetrics, key));
  exports.Set("tierEnds", BoxTable(env, kTierMetrics, end));
  exports.Set("seriesMetrics", BoxTable(env, kSeriesMetrics, index));
  exports.Set("valueStates", Names(env, kValueStateNames));
  exports.Set("eventKinds", Names(env, kEventKindNames));
  exports.Set("driverStates", Names(env, kDriverStateNames));
  exports.Set("linkNames", Names(env, kLinkNames));
  exports.Set("statusNames", StatusNames(env));
  const uint64_t sample_bytes = kLeastBytesPerSample + MetricColumns::BytesPerSample(Tier::kFast);
  exports.Set("sampleBytes", static_cast<double>(sample_bytes));
  exports.Set("windowKinds", Names(env, kWindowByNames));
  exports.Set("statisticsDoubles", static_cast<double>(kStatisticsDoubles));
  exports.Set("mostPercentiles", static_cast<double>(kMostPercentiles));
  exports.Set("layout", Layout(env));
}

}  // namespace gpuring
