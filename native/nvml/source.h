// NVML as a source of samples.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "core/source.h"
#include "nvml/library.h"

namespace gpuring {

struct NvmlOptions {
  // "": the environment's GPURING_NVML_PATH (ignored in set-uid programs), else
  // "libnvidia-ml.so.1".
  std::string library_path;
  // A scenario file or inline JSON for the simulated driver; "": none named.
  std::string scenario;
};

// The library to load where `named` is what a caller named. Reads the environment: for threads that
// may do that.
[[nodiscard]] std::string DriverLibraryPath(const std::string& named);

// Equal for options that open the same driver with the same scenario.
[[nodiscard]] std::string DriverKey(const NvmlOptions& options);

class NvmlSource final : public Source {
 public:
  explicit NvmlSource(NvmlOptions options) : options_(std::move(options)) {}
  ~NvmlSource() override { Close(); }
  NvmlSource(const NvmlSource&) = delete;
  NvmlSource& operator=(const NvmlSource&) = delete;

  Status Open() override;
  [[nodiscard]] const std::vector<DeviceIdentity>& devices() const override { return devices_; }
  [[nodiscard]] const SourceIdentity& identity() const override { return identity_; }
  // An error has a code and the driver's return but no text, which would need memory. It is
  // kDeviceLost when the device is dead, the library's failure when all of NVML is, and the first
  // reading's failure when nothing at all could be read.
  Status Poll(size_t device, Sample* sample) override;
  void Close() override;

 private:
  friend Status ProbeDriver(const NvmlOptions& options);

  // How one device is asked.
  struct Target {
    nvmlDevice_t handle;
    bool stale = false;          // needs a new handle before the next poll
    bool answers_fields = true;  // false: nvmlDeviceGetFieldValues will never answer
    // Per reading, which of its calls to begin with: those before it will never answer.
    std::array<uint8_t, kReadings.size()> first_call{};
  };

  Status Connect();
  [[nodiscard]] Status RefuseUnasked() const;
  Status LoadScenario() const;
  Status Initialise();
  Status Count(unsigned int* count) const;
  Status Enumerate(unsigned int count);
  nvmlReturn_t Renew(size_t device);
  nvmlReturn_t PollReading(size_t reading, Target* target, Sample* sample);
  nvmlReturn_t PollFields(Target* target, Sample* sample);

  const NvmlOptions options_;
  NvmlLibrary library_;
  bool initialised_ = false;
  SourceIdentity identity_;
  std::vector<DeviceIdentity> devices_;
  std::vector<Target> targets_;  // parallel to devices_
};

// Opens and closes at once. Ok when the driver answers and counts a device; may block for seconds.
Status ProbeDriver(const NvmlOptions& options);

// Loads the library without initialising it and says which symbols it has.
Status ListSymbols(const NvmlOptions& options, std::vector<SymbolState>* symbols);

}  // namespace gpuring
