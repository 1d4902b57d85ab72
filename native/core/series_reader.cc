#include "core/series_reader.h"

namespace gpuring {

int64_t SeriesReader::AskAfterUs(int64_t now_ns, int64_t dry_ns) {
  asked_all_ = newest_us_ != 0 && dry_since_ns_ >= 0 && now_ns - asked_all_ns_ > dry_ns;
  if (asked_all_) asked_all_ns_ = now_ns;
  return asked_all_ ? 0 : newest_us_;
}

namespace {

// Where in the driver's order stamps fall last, because its clock went back; 0: nowhere.
size_t LastFall(std::span<const SeriesPoint> points) {
  for (size_t at = points.size(); at-- > 1;) {
    if (points[at].driver_us < points[at - 1].driver_us) return at;
  }
  return 0;
}

}  // namespace

// Of all that the driver has: what it measured after its clock went back, if it did.
SeriesReader::Points SeriesReader::BehindStep(Points points) const {
  if (points.empty() || points.back().driver_us >= newest_us_) return {};
  const size_t fall = LastFall(points);
  if (fall > 0) return points.subspan(fall);
  // The newest of all is older than what was seen: so are all the others.
  return points.size() < kDrainPoints ? points : Points();
}

void SeriesReader::Accept(StatusCode code, std::span<const SeriesPoint> points, const Moment& now,
                          const Target& target) {
  const bool asked_all = asked_all_;
  asked_all_ = false;
  if (code == StatusCode::kNotSupported) supported_ = false;
  if (code != StatusCode::kOk) points = {};
  if (asked_all) {
    points = BehindStep(points);
    if (!points.empty()) StepBack(points.back().driver_us, now);
  } else if (const size_t fall = LastFall(points); fall > 0) {
    // Before the fall: what was taken before the step and is still there, or the last before it.
    const bool seen = points[fall - 1].driver_us <= before_step_us_;
    if (!seen) {
      Append(points.first(fall), now, target);
      StepBack(points.back().driver_us, now);
    }
    points = points.subspan(fall);
  } else if (!points.empty() && points.back().driver_us == before_step_us_) {
    points = {};
  }
  if (points.empty()) {
    if (dry_since_ns_ < 0) dry_since_ns_ = asked_all_ns_ = now.monotonic_ns;
    return;
  }
  dry_since_ns_ = -1;
  Append(points, now, target);
}

void SeriesReader::StepBack(int64_t newest_us, const Moment& now) {
  before_step_us_ = newest_us_;
  clock_.Reanchor(newest_us, now);
}

// REQUIRES: stamps do not fall.
void SeriesReader::Append(Points points, const Moment& now, const Target& target) {
  clock_.Observe(points.back().driver_us, now);
  newest_us_ = points.back().driver_us;
  const MetricRow& info = kMetrics[static_cast<size_t>(metric_)];
  for (const SeriesPoint& point : points) {
    if (point.value < info.minimum || point.value > info.maximum) {
      target.book->CountInvalid(metric_);
      continue;
    }
    const int64_t time_ns = clock_.ToMonotonicNs(point.driver_us, now);
    const int64_t wall_us = now.wall_us - (now.monotonic_ns - time_ns) / 1'000;
    if (target.log != nullptr) target.log->Append({time_ns, wall_us, point.value, 0});
  }
}

void SeriesReader::AcceptPolled(const Sample& sample, int64_t dry_ns, SeriesLog* log) {
  const bool dry = dry_since_ns_ >= 0 && sample.start_ns - dry_since_ns_ > dry_ns;
  if ((supported_ && !dry) || !sample.Knows(metric_)) return;
  clock_.NotBefore(sample.start_ns);
  if (log != nullptr) log->Append({sample.start_ns, sample.wall_us, sample.ValueOf(metric_), 1});
}

}  // namespace gpuring
