// Makes one series of one device out of the driver's buffer, or of polls where that has nothing.
#pragma once

#include <cstdint>
#include <span>

#include "core/driver_clock.h"
#include "core/report_book.h"
#include "core/sample.h"
#include "core/series_log.h"
#include "core/source.h"

namespace gpuring {

// Measurements that are fetched with one call.
inline constexpr size_t kDrainPoints = 512;

// Thread rules: the owner's. Allocates nothing.
class SeriesReader {
 public:
  struct Target {
    SeriesLog* log;
    ReportBook* book;
  };

  explicit SeriesReader(MetricId metric) : metric_(metric) {}

  // What to ask the driver for next: measurements newer than this. 0: for all that it has, because
  // there was nothing for so long that its clock may have stepped back.
  [[nodiscard]] int64_t AskAfterUs(int64_t now_ns, int64_t dry_ns);
  // The driver has no such buffer: it is not asked again before Restart().
  [[nodiscard]] bool supported() const { return supported_; }
  [[nodiscard]] uint64_t clock_steps() const { return clock_.steps(); }

  // The driver's answer to that question, at most kDrainPoints.
  void Accept(StatusCode code, std::span<const SeriesPoint> points, const Moment& now,
              const Target& target);
  // A fast sample: stands in where the buffer has been dry for `dry_ns`.
  void AcceptPolled(const Sample& sample, int64_t dry_ns, SeriesLog* log);
  // The driver was opened again.
  void Restart() { supported_ = true; }

 private:
  using Points = std::span<const SeriesPoint>;
  [[nodiscard]] Points BehindStep(Points points) const;
  void Append(Points points, const Moment& now, const Target& target);
  void StepBack(int64_t newest_us, const Moment& now);

  MetricId metric_;
  DriverClock clock_;
  bool supported_ = true;
  bool asked_all_ = false;              // the question under way was for all
  int64_t newest_us_ = 0;               // the last one taken; 0: none
  int64_t before_step_us_ = INT64_MIN;  // the last one taken before the latest step back
  int64_t dry_since_ns_ = -1;
  int64_t asked_all_ns_ = 0;  // void while there are measurements
};

}  // namespace gpuring
