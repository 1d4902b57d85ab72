// NVML as a source of samples.
#pragma once

#include <array>
#include <string>
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

  Status Open() override;
  [[nodiscard]] const SourceIdentity& identity() const override { return identity_; }
  [[nodiscard]] std::vector<DeviceIdentity> devices() const override { return devices_; }
  // With low power, nothing is looked for while a device sleeps.
  Status Survey(bool* changed) override;
  [[nodiscard]] std::vector<TopologyCell> Topology() const override;
  Status Poll(size_t slot, Tier tier, Sample* sample) override;
  Status Drain(size_t slot, size_t series, int64_t after_us, std::span<SeriesPoint> out,
               size_t* count) override;
  Status ReadDetail(size_t slot, DeviceDetail* detail) override;
  Status WaitEvent(int64_t timeout_ns, SourceEvent* event) override;
  [[nodiscard]] bool OpenWouldWake() override;
  void Close() override;

 private:
  friend Status ProbeDriver(const NvmlOptions& options);

  Status Connect();
  Status Initialise();
  Status Count(unsigned int* count) const;
  Status Enumerate(unsigned int count);
  bool Settle(DeviceSurvey* now);
  void RegisterOthers();
  void Admit(const Sighting& sighting, std::vector<DeviceIdentity>* devices);
  DeviceIdentity Describe(const Sighting& sighting, const std::vector<DeviceIdentity>& above) const;
  Status Prepare(Target* target, size_t slot);
  bool AnyAsleep() const;

  const NvmlOptions options_;
  NvmlLibrary library_;
  bool initialised_ = false;
  SourceIdentity identity_;
  std::vector<DeviceIdentity> devices_;
  Targets targets_;
  DriverEvents events_;
  std::array<DeviceSurvey, 2> surveys_;  // the latest, and room for the next
  size_t latest_ = 0;
};

// Opens and closes at once. Ok when the driver answers and counts a device; may block for seconds.
Status ProbeDriver(const NvmlOptions& options);

}  // namespace gpuring
