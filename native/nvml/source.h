// NVML as a source of samples.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/source.h"
#include "nvml/driver_library.h"
#include "nvml/events.h"
#include "nvml/library.h"
#include "nvml/survey.h"
#include "nvml/targets.h"

namespace gpuring {

class NvmlSource final : public Source {
 public:
  explicit NvmlSource(NvmlOptions options) : options_(std::move(options)) {}
  ~NvmlSource() override { Close(); }
  NvmlSource(const NvmlSource&) = delete;
  NvmlSource& operator=(const NvmlSource&) = delete;

  Status Connect() override;
  [[nodiscard]] const SourceIdentity& identity() const override { return identity_; }
  [[nodiscard]] std::vector<DeviceIdentity> devices() const override { return devices_; }
  // With low power, no survey while a device sleeps.
  Status Count(size_t* places) override;
  Status Look(size_t place) override;
  Status Settle(bool* changed) override;
  [[nodiscard]] std::vector<TopologyCell> TopologyOf(
      std::span<const DeviceIdentity> devices) const override;
  Status Subscribe(size_t slot) override;
  Status Poll(size_t slot, Tier tier, Sample* sample) override;
  Status Drain(size_t slot, const SeriesRequest& request, size_t* count) override;
  Status ReadDetail(size_t slot, DeviceDetail* detail) override;
  Status WaitEvent(int64_t timeout_ns, SourceEvent* event) override;
  [[nodiscard]] bool OpenWouldWake() override;
  void Close() override;

 private:
  Status Initialise();
  [[nodiscard]] Status Failure(nvmlReturn_t result, std::string_view function) const;
  [[nodiscard]] Status NothingSeen() const;
  void Admit(const Sighting& sighting, std::vector<DeviceIdentity>* devices);
  Status Prepare(Target* target, size_t slot);
  bool AnyAsleep() const;

  const NvmlOptions options_;
  NvmlLibrary library_;
  bool initialised_ = false;
  bool settled_ = false;  // since it was connected
  SourceIdentity identity_;
  std::vector<DeviceIdentity> devices_;
  Targets targets_;
  DriverEvents events_;
  std::array<PlaceSurvey, kSlots> places_;
  size_t places_counted_ = 0;
  size_t places_settled_ = 0;
  size_t places_used_ = 0;  // nobody was ever seen beyond
};

// Opens and closes at once. Ok when the driver answers and counts a device; may block for seconds.
Status ProbeDriver(const NvmlOptions& options);

}  // namespace gpuring
