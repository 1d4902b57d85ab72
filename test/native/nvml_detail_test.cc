// Fans and links of the simulated boards, and what becomes of them when the driver fails.
#include <memory>

#include "check.h"
#include "nvml/detail.h"
#include "nvml_fixture.h"
#include "nvml_list.h"
#include "simulator_columns.h"

namespace gpuring {
namespace {

constexpr const char* kTwoWithFans =
    R"({"name":"desk","step":"manual","devices":[{"board":"rtx3090","count":2}]})";
constexpr const char* kLinked = R"({"name":"linked","step":"manual","devices":[{"board":"h100"}]})";

void Inject(const std::string& faults) {
  CHECK_EQ(check::Control("inject", "[" + faults + "]").text, "");
}

void Set(const std::string& values) {
  const std::string argument = R"({"device":0,"values":)" + values + "}";
  CHECK_EQ(check::Control("set", argument).result, NVML_SUCCESS);
}

class Host {
 public:
  explicit Host(NvmlOptions options) : source_(std::move(options)) {
    CHECK_EQ(source_.Open().message(), "");
  }
  ~Host() { source_.Close(); }

  const DeviceDetail& Read(size_t device = 0) {
    *detail_ = DeviceDetail();
    code_ = source_.ReadDetail(source_.devices()[device].slot, detail_.get());
    return *detail_;
  }
  // Of the latest Read.
  StatusCode code() const { return code_.code(); }
  const Status& status() const { return code_; }
  NvmlSource& source() { return source_; }

 private:
  NvmlSource source_;
  std::unique_ptr<DeviceDetail> detail_ = std::make_unique<DeviceDetail>();
  Status code_;
};

bool IsBlank(const FanDetail& fan) {
  return fan.speed_percent == kUnknownNumber && fan.speed_rpm == kUnknownNumber &&
         fan.target_percent == kUnknownNumber;
}

}  // namespace

TEST("detail: fan by fan, with speed, RPM and target") {
  Host host(OnSimulator(kTwoWithFans));
  Set(R"({"fan.speed.0": 40, "fan.speed.1": 110})");
  const DeviceDetail& detail = host.Read();
  CHECK_EQ(host.code(), StatusCode::kOk);
  CHECK_EQ(detail.fan_count, 2);
  CHECK_EQ(detail.fans[0].speed_percent, 40);
  CHECK_EQ(detail.fans[0].target_percent, 40);
  CHECK(detail.fans[0].speed_rpm > 0);
  CHECK_EQ(detail.fans[1].speed_percent, 110);
  CHECK(detail.fans[1].speed_rpm > detail.fans[0].speed_rpm);
  CHECK(IsBlank(detail.fans[2]));
}

TEST("detail: a fan's failure is that number's alone, and nonsense is unknown") {
  Host host(OnSimulator(kTwoWithFans));
  Inject(R"({"function":"nvmlDeviceGetFanSpeedRPM","return":999})");
  CHECK_EQ(host.Read().fans[0].speed_rpm, kUnknownNumber);
  CHECK_EQ(host.code(), StatusCode::kOk);
  CHECK(host.Read().fans[0].speed_percent != kUnknownNumber);
  for (const char* value : {"max", "sentinel"}) {
    Inject(R"({"function":"nvmlDeviceGet*Fan*","value":")" + std::string(value) + "\"}");
    CHECK_EQ(host.Read().fan_count, -1);
    CHECK_EQ(host.code(), StatusCode::kOk);
    Inject(R"({"function":"nvmlDeviceGetFanSpeed*","value":")" + std::string(value) +
           R"("},{"function":"nvmlDeviceGetTargetFanSpeed","value":")" + value + "\"}");
    CHECK_EQ(host.Read().fan_count, 2);
    CHECK(IsBlank(host.Read().fans[0]));
  }
  Inject(R"({"function":"nvmlDeviceGet*Fan*","overrun":64})");
  CHECK_EQ(host.Read().fan_count, 2);
}

TEST("detail: boards without fans or links have an unknown number of them") {
  Host host(OnSimulator(R"({"name":"bare","devices":[{"board":"l4"}]})"));
  CHECK_EQ(host.Read().fan_count, -1);
  CHECK_EQ(host.Read().link_count, -1);
  CHECK_EQ(host.code(), StatusCode::kOk);
}

TEST("detail: links with state, version, speed, bytes and errors, in one call") {
  Host host(OnSimulator(kLinked));
  Set(R"({"field.165.2": 0, "field.164.3": 50000, "field.161.4": 7, "field.162.4": 8,
          "field.163.4": 9, "field.138.5": 1000, "field.139.5": 2000})");
  CHECK_EQ(check::Control("misuse", "reset").result, NVML_SUCCESS);
  const DeviceDetail& detail = host.Read();
  CHECK(check::Control("calls", "").text.find("\"nvmlDeviceGetFieldValues\":2") !=
        std::string::npos);
  CHECK_EQ(detail.link_count, 18);
  CHECK_EQ(detail.links[0].active, 1);
  CHECK_EQ(detail.links[2].active, 0);
  CHECK_EQ(detail.links[3].speed_mbps, 50'000);
  CHECK_EQ(detail.links[0].version, 6);
  CHECK_EQ(detail.links[4].replay_errors, 7);
  CHECK_EQ(detail.links[4].recovery_errors, 8);
  CHECK_EQ(detail.links[4].crc_errors, 9);
  CHECK_EQ(detail.links[0].crc_errors, 0);
  CHECK_EQ(detail.links[5].transmit_bytes, 1000 * 1024);
  CHECK_EQ(detail.links[5].receive_bytes, 2000 * 1024);
  CHECK_EQ(detail.links[18].active, kUnknownNumber);
}

TEST("detail: a link's field that is not told is unknown, and so is nonsense") {
  Host host(OnSimulator(kLinked));
  Inject(R"({"function":"nvmlDeviceGetFieldValues","field":164,"fieldReturn":3})");
  CHECK_EQ(host.Read().links[1].speed_mbps, kUnknownNumber);
  CHECK_EQ(host.Read().links[1].version, 6);
  for (const char* value : {"max", "sentinel", "unknownType"}) {
    Inject(R"({"function":"nvmlDeviceGetFieldValues","value":")" + std::string(value) + "\"}," +
           R"({"function":"nvmlDeviceGetNvLinkState","return":3})");
    const DeviceDetail& detail = host.Read();
    CHECK_EQ(detail.link_count, -1);
    CHECK_EQ(detail.links[0].transmit_bytes, kUnknownNumber);
  }
  for (const char* field : {"138", "139", "161", "163", "164", "166"}) {
    Inject(R"({"function":"nvmlDeviceGetFieldValues","value":"sentinel","field":)" +
           std::string(field) + "}");
    const LinkDetail& link = host.Read().links[0];
    const std::array numbers = {link.version,       link.speed_mbps,    link.transmit_bytes,
                                link.receive_bytes, link.replay_errors, link.recovery_errors,
                                link.crc_errors,    link.active};
    CHECK_EQ(std::ranges::count(numbers, kUnknownNumber), 1);
  }
  Inject(R"({"function":"nvmlDeviceGetFieldValues","overrun":64})");
  CHECK_EQ(host.Read().link_count, 18);
}

TEST("detail: without the fields each link is asked for its state") {
  Host host(OnSimulator(kLinked));
  Inject(R"({"function":"nvmlDeviceGetFieldValues","return":3})");
  CHECK_EQ(host.Read().link_count, 18);
  CHECK_EQ(host.Read().links[17].active, 1);
  CHECK_EQ(host.Read().links[0].version, kUnknownNumber);
  Inject(R"({"function":"nvmlDeviceGetFieldValues","field":165,"fieldReturn":3})");
  CHECK_EQ(host.Read().links[17].active, 1);
  CHECK_EQ(host.Read().links[0].version, 6);
  Inject(R"({"function":"nvmlDeviceGetNvLinkState","value":"max"},)"
         R"({"function":"nvmlDeviceGetFieldValues","return":3})");
  CHECK_EQ(host.Read().links[0].active, kUnknownNumber);
}

TEST("detail: the death of device or library ends it at once, as what it is") {
  struct Death {
    int result;
    StatusCode code;
  };
  constexpr auto kDeaths = std::to_array<Death>({{15, StatusCode::kDeviceLost},
                                                 {16, StatusCode::kDeviceLost},
                                                 {1, StatusCode::kDriverGone},
                                                 {9, StatusCode::kDriverNotLoaded},
                                                 {18, StatusCode::kDriverMismatch}});
  constexpr auto kCalls = std::to_array<const char*>(
      {"nvmlDeviceGetNumFans", "nvmlDeviceGetFanSpeed_v2", "nvmlDeviceGetFanSpeedRPM",
       "nvmlDeviceGetTargetFanSpeed", "nvmlDeviceGetFieldValues",
       "nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetMPSComputeRunningProcesses_v3"});
  Host host(OnSimulator(kTwoWithFans));
  for (const char* call : kCalls) {
    for (const Death& death : kDeaths) {
      Inject(R"({"function":")" + std::string(call) + R"(","return":)" +
             std::to_string(death.result) + R"(,"calls":1})");
      host.Read();
      CHECK_EQ(host.code(), death.code);
      CHECK(host.status().message().empty());
      CHECK_EQ(host.status().driver_return(), static_cast<uint32_t>(death.result));
    }
  }
  Inject("");
  CHECK_EQ(host.Read().fan_count, 2);
  CHECK_EQ(host.code(), StatusCode::kOk);
  CHECK_EQ(host.Read(1).fan_count, 2);
}

TEST("detail: an instance has no fans and no links of its own, its GPU has") {
  Host host(OnHost("mig"));
  const std::vector<DeviceIdentity> devices = host.source().devices();
  for (size_t at = 0; at < devices.size(); ++at) {
    const DeviceDetail& detail = host.Read(at);
    CHECK_EQ(host.code(), StatusCode::kOk);
    CHECK_EQ(detail.fan_count, -1);
    CHECK_EQ(detail.link_count, devices[at].parent_uuid.empty()
                                    ? (devices[at].name.find("A100") != std::string::npos ? 12 : 18)
                                    : -1);
  }
}

TEST("detail: a driver of 2018 tells what it can") {
  Host host(OnHost("pre-2019"));
  for (size_t at = 0; at < host.source().devices().size(); ++at) {
    CHECK_EQ(host.Read(at).fan_count, -1);
    CHECK_EQ(host.code(), StatusCode::kOk);
    CHECK_EQ(host.Read(at).process_count, 0);
  }
}

}  // namespace gpuring
