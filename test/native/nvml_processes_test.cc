// Processes, whatever the driver's records look like.
#include <cstring>
#include <memory>
#include <vector>

#include "check.h"
#include "nvml/processes.h"
#include "nvml/target.h"
#include "nvml_hooked.h"
#include "simulator_columns.h"

namespace gpuring {
namespace {

constexpr int64_t kMebibyte = 1'048'576;

void Inject(const std::string& faults) {
  CHECK_EQ(check::Control("inject", "[" + faults + "]").text, "");
}

std::string Board(const std::string& more, const std::string& top = "") {
  return R"({"name":"processes","step":"manual",)" + top + R"("devices":[{"board":"h100",)" + more +
         "}]}";
}

std::string Processes(const std::string& list) { return R"("processes":[)" + list + "]"; }

constexpr const char* kThree = R"(
    {"pid": 101, "memoryMiB": 1024, "smPercent": 40, "memoryPercent": 20, "encoderPercent": 3,
     "decoderPercent": 4},
    {"pid": 102, "memoryMiB": 1, "kind": "graphics"},
    {"pid": 101, "memoryMiB": 1024, "kind": "graphics"},
    {"pid": 103, "memoryMiB": 64, "kind": "mps", "smPercent": 10})";

class Host {
 public:
  explicit Host(NvmlOptions options) : source_(std::move(options)) {
    CHECK_EQ(source_.Open().message(), "");
  }
  ~Host() { source_.Close(); }

  const DeviceDetail& Read(size_t device = 0) {
    *detail_ = DeviceDetail();
    CHECK_EQ(source_.ReadDetail(source_.devices()[device].slot, detail_.get()).code(),
             StatusCode::kOk);
    return *detail_;
  }
  NvmlSource& source() { return source_; }

 private:
  NvmlSource source_;
  std::unique_ptr<DeviceDetail> detail_ = std::make_unique<DeviceDetail>();
};

const ProcessDetail& Of(const DeviceDetail& detail, int64_t pid) {
  static const ProcessDetail none;
  for (int64_t at = 0; at < detail.process_count; ++at) {
    if (detail.processes[static_cast<size_t>(at)].pid == pid) {
      return detail.processes[static_cast<size_t>(at)];
    }
  }
  CHECK_EQ(pid, 0);
  return none;
}

// As kThree has them, but for what a caller says.
void CheckThree(const DeviceDetail& detail) {
  CHECK_EQ(detail.process_count, 3);
  CHECK_EQ(detail.processes_left_out, 0);
  CHECK_EQ(Of(detail, 101).kinds, kComputeProcess | kGraphicsProcess);
  CHECK_EQ(Of(detail, 101).memory_bytes, 1024 * kMebibyte);
  CHECK_EQ(Of(detail, 101).gpu_instance_id, kUnknownNumber);
  CHECK_EQ(Of(detail, 102).kinds, kGraphicsProcess);
  CHECK_EQ(Of(detail, 102).memory_bytes, kMebibyte);
  CHECK_EQ(Of(detail, 103).kinds, kComputeProcess);
}

bool IsBlank(const DeviceDetail& detail) {
  return detail.process_count == -1 && detail.processes_left_out == 0 &&
         detail.processes[0].pid == 0 && detail.processes[0].kinds == 0;
}

}  // namespace

TEST("processes: records of 24 and of 32 bytes are told apart") {
  for (const int bytes : {24, 32}) {
    const std::string option = R"("processRecordBytes":)" + std::to_string(bytes) + ",";
    Host host(OnSimulator(Board(Processes(kThree), option)));
    for (int again = 0; again < 2; ++again) {
      CheckThree(host.Read());
      CHECK_EQ(host.Read().process_record_bytes, bytes);
    }
  }
}

TEST("processes: the lists of an older driver have records of 16 bytes") {
  for (const std::string lacks : {R"("nvmlDeviceGet*RunningProcesses_v3")", ""}) {
    Host host(OnSimulator(Board(Processes(kThree))));
    std::string faults;
    for (const char* kind : {"Compute", "Graphics", "MPSCompute"}) {
      for (const char* version : {"_v3", "_v2"}) {
        if (!lacks.empty() && std::string(version) == "_v2") continue;
        faults += (faults.empty() ? "" : ",") + std::string(R"({"function":"nvmlDeviceGet)") +
                  kind + "RunningProcesses" + version + R"(","return":13})";
      }
    }
    Inject(faults);
    CheckThree(host.Read());
    CHECK_EQ(host.Read().process_record_bytes, lacks.empty() ? 16 : 24);
    Inject("");
    CheckThree(host.Read());  // by the version that answered
    CHECK_EQ(host.Read().process_record_bytes, lacks.empty() ? 16 : 24);
  }
}

TEST("processes: none is none, and their memory may be unknown") {
  Host host(OnSimulator(Board(R"("values":{"processMemoryHidden":1})")));
  CHECK_EQ(host.Read().process_count, 0);
  CHECK_EQ(host.Read().process_record_bytes, 0);
  CHECK_EQ(check::Control("processes", R"({"device":0,)" + Processes(kThree) + "}").text, "");
  CHECK_EQ(host.Read().process_count, 3);
  CHECK_EQ(Of(host.Read(), 101).memory_bytes, kUnknownNumber);
  CHECK_EQ(Of(host.Read(), 101).kinds, kComputeProcess | kGraphicsProcess);
}

TEST("processes: as busy as the driver last measured, and no longer so when it measures nothing") {
  Host host(OnSimulator(Board(Processes(kThree))));
  const ProcessDetail busy = Of(host.Read(), 101);
  CHECK_EQ(busy.sm_percent, 40);
  CHECK_EQ(busy.memory_percent, 20);
  CHECK_EQ(busy.encoder_percent, 3);
  CHECK_EQ(busy.decoder_percent, 4);
  CHECK_EQ(Of(host.Read(), 102).sm_percent, kUnknownNumber);
  CHECK_EQ(Of(host.Read(), 101).sm_percent, kUnknownNumber);  // nothing new
  CHECK_EQ(check::Control("step", "50").result, NVML_SUCCESS);
  CHECK_EQ(Of(host.Read(), 101).sm_percent, 40);
  CHECK_EQ(check::Control("set", R"({"device":0,"values":{"samplesDry.gpu":1}})").result,
           NVML_SUCCESS);
  CHECK_EQ(check::Control("step", "50").result, NVML_SUCCESS);
  CHECK_EQ(Of(host.Read(), 101).sm_percent, kUnknownNumber);
  CHECK_EQ(host.Read().process_count, 3);
}

TEST("processes: an older driver measures them through its older call") {
  Host host(OnSimulator(Board(Processes(kThree))));
  Inject(R"({"function":"nvmlDeviceGetProcessesUtilizationInfo","return":13})");
  CHECK_EQ(Of(host.Read(), 101).sm_percent, 40);
  CHECK_EQ(check::Control("step", "50").result, NVML_SUCCESS);
  Inject(R"({"function":"nvmlDeviceGetProcessesUtilizationInfo","return":13},)"
         R"({"function":"nvmlDeviceGetProcessUtilization","value":"max"})");
  CHECK_EQ(Of(host.Read(), 101).sm_percent, kUnknownNumber);
  Inject(R"({"function":"nvmlDeviceGetProcess*Utilization*","return":999})");
  CHECK_EQ(Of(host.Read(), 101).sm_percent, kUnknownNumber);
  CHECK_EQ(host.Read().process_count, 3);
}

TEST("processes: those that find no room are counted") {
  std::string many;
  for (int pid = 1; pid <= 300; ++pid) {
    many += (many.empty() ? "" : ",") + std::string(R"({"pid":)") + std::to_string(pid) +
            R"(,"memoryMiB":2})";
  }
  for (const char* option : {"", R"("processRecordBytes":32,)"}) {
    Host host(OnSimulator(Board(Processes(many), option)));
    const DeviceDetail& detail = host.Read();
    CHECK_EQ(detail.process_count, static_cast<int64_t>(kMostProcesses));
    CHECK_EQ(detail.processes_left_out, 300 - static_cast<int64_t>(kMostProcesses));
    CHECK_EQ(detail.processes[100].pid, 101);
    CHECK_EQ(detail.processes[100].memory_bytes, 2 * kMebibyte);
  }
  for (int pid = 301; pid <= 1'500; ++pid) many += R"(,{"pid":)" + std::to_string(pid) + "}";
  Host host(OnSimulator(Board(Processes(many))));
  CHECK_EQ(host.Read().process_count, 0);
  CHECK_EQ(host.Read().processes_left_out, 1'500);
}

TEST("processes: a list that grows between two calls is read, one that grows for ever is not") {
  Host host(OnSimulator(Board(Processes(kThree))));
  constexpr const char* kGrows =
      R"({"function":"nvmlDeviceGetComputeRunningProcesses_v3","grow":2)";
  Inject(kGrows + std::string(R"(,"calls":3})"));
  CheckThree(host.Read());
  Inject(kGrows + std::string(R"(,"calls":1000})"));
  CHECK(IsBlank(host.Read()));
  Inject("");
  CheckThree(host.Read());
}

TEST("processes: part of the lists is no list") {
  Host host(OnSimulator(Board(Processes(kThree))));
  for (const char* function : {"Compute", "Graphics", "MPSCompute"}) {
    for (const char* result : {"4", "10", "999"}) {
      Inject(R"({"function":"nvmlDeviceGet)" + std::string(function) +
             R"(RunningProcesses_v3","return":)" + result + "}");
      CHECK(IsBlank(host.Read()));
    }
    Inject(R"({"function":"nvmlDeviceGet)" + std::string(function) +
           R"(RunningProcesses_v3","return":3})");
    CHECK(host.Read().process_count > 0);
  }
  Inject(R"({"function":"nvmlDeviceGet*RunningProcesses*","return":3})");
  CHECK(IsBlank(host.Read()));
}

TEST("processes: a record that is longer or shorter than any, or full of nonsense, is not read") {
  Host host(OnSimulator(Board(Processes(kThree))));
  for (const char* value : {"zero", "max", "sentinel"}) {
    Inject(R"({"function":"nvmlDeviceGetComputeRunningProcesses_v3","value":")" +
           std::string(value) + "\"}");
    CHECK(IsBlank(host.Read()));
  }
  for (const int overrun : {1, 4, 12, 24, 64}) {
    Inject(R"({"function":"nvmlDeviceGetGraphicsRunningProcesses_v3","overrun":)" +
           std::to_string(overrun) + "}");
    CHECK(IsBlank(host.Read()));
  }
  // As much as makes two records of 24 bytes as long as two of 32.
  Inject(R"({"function":"nvmlDeviceGetGraphicsRunningProcesses_v3","overrun":16})");
  CHECK(IsBlank(host.Read()));
  Inject("");
  CheckThree(host.Read());
}

TEST("processes: an instance has its own, its GPU all of them") {
  Host host(OnSimulator(Board(R"("mig":["1g.10gb","1g.10gb"])")));
  const std::vector<DeviceIdentity> devices = host.source().devices();
  CHECK_EQ(devices.size(), 3u);
  const auto process = [](int pid, const DeviceIdentity& instance) {
    return R"({"pid":)" + std::to_string(pid) + R"(,"memoryMiB":5,"gpuInstanceId":)" +
           std::to_string(instance.gpu_instance_id.value_or(99)) + R"(,"computeInstanceId":0})";
  };
  const std::string list =
      process(1, devices[1]) + "," + process(2, devices[1]) + "," + process(2, devices[2]);
  CHECK_EQ(check::Control("processes", R"({"device":0,)" + Processes(list) + "}").text, "");
  CHECK_EQ(host.Read(0).process_count, 3);
  CHECK_EQ(host.Read(1).process_count, 2);
  CHECK_EQ(host.Read(2).process_count, 1);
  const ProcessDetail& only = host.Read(2).processes[0];
  CHECK_EQ(only.pid, 2);
  CHECK_EQ(only.gpu_instance_id, devices[2].gpu_instance_id.value_or(99));
  CHECK_EQ(only.compute_instance_id, 0);
}

TEST("processes: of a list about the whole GPU an instance takes its own") {
  HookedDriver driver;
  NvmlLibrary library;
  CHECK(library.Open(HookedDriver::path()).ok());
  driver->compute_processes = [](unsigned int* count, void* elements) {
    const nvmlProcessInfo_v2_t records[] = {
        {1, 0, 1, 0}, {2, 0, 2, 0}, {3, 0, 0xFFFFFFFF, 0xFFFFFFFF}};
    std::memcpy(elements, records, sizeof(records));
    *count = 3;
    return NVML_SUCCESS;
  };
  const auto read = [&](unsigned int instance) {
    Target target;
    target.handle = driver.Handle(0);
    target.is_mig = true;
    target.gpu_instance_id = instance;
    auto detail = std::make_unique<DeviceDetail>();
    CHECK_EQ(ReadProcesses(library, &target, detail.get()), NVML_SUCCESS);
    return detail->process_count;
  };
  CHECK_EQ(read(2), 2);
  CHECK_EQ(read(5), 1);
  CHECK_EQ(read(Target::kNoInstance), 3);
}

// Writes `count` records of `bytes`, after clearing room for `cleared` of them.
void FakeList(DriverHooks* hooks, unsigned int count, size_t bytes, bool clears) {
  hooks->compute_processes = [=](unsigned int* room, void* elements) {
    if (clears) std::memset(elements, 0, *room * bytes);
    for (unsigned int at = 0; at < count; ++at) {
      const nvmlProcessDetail_v1_t record = {100 + at, 3 * kMebibyte, 0xFFFFFFFF, 0xFFFFFFFF, 0};
      std::memcpy(static_cast<char*>(elements) + at * bytes, &record, bytes);
    }
    *room = count;
    return NVML_SUCCESS;
  };
}

TEST("processes: a driver that clears the room first is read as well") {
  HookedDriver driver;
  Host host(Hooked());
  for (const size_t bytes : {16, 24, 32}) {
    for (const unsigned int count : {0u, 1u, 5u, 128u}) {
      FakeList(driver.operator->(), count, bytes, true);
      if (bytes != 16) (void)host.Read();  // the first of another length is not trusted
      const DeviceDetail& detail = host.Read();
      CHECK_EQ(detail.process_count, static_cast<int64_t>(count));
      if (count > 0) CHECK_EQ(detail.processes[count - 1].pid, 99 + count);
      if (count > 0) CHECK_EQ(detail.processes[count - 1].memory_bytes, 3 * kMebibyte);
    }
  }
}

TEST("processes: a length that changes is not trusted at once") {
  HookedDriver driver;
  Host host(Hooked());
  FakeList(driver.operator->(), 3, 24, false);
  CHECK_EQ(host.Read().process_count, 3);
  FakeList(driver.operator->(), 3, 32, false);
  CHECK(IsBlank(host.Read()));
  CHECK_EQ(host.Read().process_count, 3);
  CHECK_EQ(host.Read().process_record_bytes, 32);
}

TEST("processes: more than there is room for, and fewer than were written, are no list") {
  HookedDriver driver;
  Host host(Hooked());
  for (const unsigned int claimed : {0u, 2u, 4u, 200u, 0xFFFFFFFFu}) {
    FakeList(driver.operator->(), 3, 24, false);
    driver->compute_processes = [list = driver->compute_processes, claimed](unsigned int* count,
                                                                            void* elements) {
      const nvmlReturn_t result = list(count, elements);
      *count = claimed;
      return result;
    };
    CHECK(IsBlank(host.Read()));
  }
}

}  // namespace gpuring
