#include "core/device_row.h"

namespace gpuring {

void RowCall::Make(Source* source) {
  const Status answer = [&] {
    switch (task) {
      case Task::kDetail:
        return source->ReadDetail(slot, &detail);
      case Task::kDrain:
        return source->Drain(slot, {series, after_us, points}, &count);
      case Task::kSubscribe:
        return source->Subscribe(slot);
      default:
        return source->Poll(slot, TierOf(task), &sample);
    }
  }();
  code = answer.code();
  driver_return = answer.driver_return();
  const bool polled = task == Task::kFast || task == Task::kMedium || task == Task::kSlow;
  const bool alive = code != StatusCode::kDeviceLost;
  const bool told = task != Task::kSubscribe && code == StatusCode::kOk;
  answered = polled ? alive && sample.KnowsAnything() : told;
}

void DeviceRow::Detach() {
  slot = SIZE_MAX;
  if (call == nullptr || !call->IsFree()) call = std::make_shared<RowCall>();
  for (SeriesReader& reader : series) reader.Restart();
}

void DeviceRow::GiveTo(uint64_t its_number) {
  Detach();
  number = its_number;
  present = lost = hung = false;
  place = SIZE_MAX;
  published = PublishedRow();
  energy = EnergyMeter();
  book = nullptr;
  for (size_t at = 0; at < series.size(); at++) series[at] = SeriesReader(kSeriesMetrics[at]);
  processes = -1;
  reading_ns = 0;
}

}  // namespace gpuring
