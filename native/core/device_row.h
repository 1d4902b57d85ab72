// One row: what is asked about its device, and what has come of it.
#pragma once

#include <array>
#include <atomic>
#include <memory>

#include "core/driver_call.h"
#include "core/energy_meter.h"
#include "core/published_row.h"
#include "core/report_book.h"
#include "core/row_memory.h"
#include "core/series_reader.h"
#include "core/source.h"
#include "core/status.h"
#include "core/work_schedule.h"

namespace gpuring {

// What a call into the source is for.
enum class Task : uint8_t { kFast, kMedium, kSlow, kDetail, kDrain, kSubscribe };

// A call about one device, with room for its answer.
struct RowCall : DriverCall {
  Task task = Task::kFast;
  size_t slot = 0;
  size_t series = 0;
  int64_t after_us = 0;
  Sample sample;  // its times are the call's
  DeviceDetail detail;
  std::array<SeriesPoint, kDrainPoints> points;
  size_t count = 0;
  StatusCode code = StatusCode::kOk;
  uint32_t driver_return = 0;
  bool answered = false;  // the device said something

  void Make(Source* source);
};

[[nodiscard]] constexpr Tier TierOf(Task task) {
  if (task == Task::kMedium) return Tier::kMedium;
  return task == Task::kSlow ? Tier::kSlow : Tier::kFast;
}

// Works beside the fast readings, in the order in which a round does them.
inline constexpr std::array<Task, 4> kWorks = {Task::kDrain, Task::kMedium, Task::kSlow,
                                               Task::kDetail};

// Thread rules: any thread may touch the first two; the rest is for whoever has the baton.
struct DeviceRow {
  std::atomic<uint32_t> watchers{0};
  std::atomic<bool> newly_watched{false};

  uint64_t number = 0;   // of its device
  bool present = false;  // in the source, under `slot`
  bool lost = false;     // said so, or vanished
  bool hung = false;
  size_t slot = SIZE_MAX;
  size_t place = SIZE_MAX;  // where the source lists it
  std::shared_ptr<RowCall> call;
  PublishedRow published;
  EnergyMeter energy;
  std::unique_ptr<ReportBook> book;  // since the first device was there
  std::array<SeriesReader, kSeriesCount> series = {SeriesReader(kSeriesMetrics[0]),
                                                   SeriesReader(kSeriesMetrics[1]),
                                                   SeriesReader(kSeriesMetrics[2])};
  std::array<WorkSchedule, kWorks.size()> works;
  int64_t processes = -1;  // of the latest detail
  int64_t reading_ns = 0;  // how long the latest fast one took; 0 where it hung
  int64_t busy_ns = 0;     // when it was last not known to be idle

  [[nodiscard]] bool IsWatched() const { return watchers.load(std::memory_order_relaxed) != 0; }
  // Nobody is left in a call about it.
  [[nodiscard]] bool IsFree() const { return call == nullptr || call->IsFree(); }
  [[nodiscard]] bool IsSaidHung() const {
    return hung && published.status() == StatusCode::kDeviceHung;
  }
  // Forgets a source: a thread stuck in it keeps its call.
  void Detach();
  // Forgets a device; another one has the row from now on. Who watches the row goes on doing so.
  void GiveTo(uint64_t number);
};

}  // namespace gpuring
