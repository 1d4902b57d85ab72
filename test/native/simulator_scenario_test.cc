// Scenarios: those that ship load and answer; those that are wrong are refused with their place.
#include <string>

#include "simulator_columns.h"
#include "simulator_folder.h"

namespace gpuring {
namespace {

using check::Control;
using check::Describe;
using check::Driver;
using check::Folder;
using check::ReadColumn;
using check::Reply;

constexpr const char* kBoardList =
    "b200, gb10, thor, h100, h200, gh200, a100, l40s, l4, rtx4090, t4, rtx3090, rtxa5000, v100s, "
    "k40m";

struct Refused {
  const char* scenario;
  std::string reply;
};

void CheckRefused(const Refused& refused) {
  const Reply reply = Control("load", refused.scenario);
  CHECK_EQ(reply.result, NVML_ERROR_INVALID_ARGUMENT);
  CHECK_EQ(reply.text, refused.reply);
}

bool Mentions(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST("every scenario that ships loads, and each of its devices answers") {
  struct Shipped {
    const char* name;
    unsigned int devices;
  };
  for (const Shipped& shipped :
       {Shipped{"mixed", 8}, {"h100x8", 8}, {"inference", 8}, {"degraded", 4}, {"idle", 4}}) {
    const std::string path = GPURING_SCENARIOS_DIR "/" + std::string(shipped.name) + ".json";
    Driver driver(path);
    CHECK(Mentions(Describe(), "\"scenario\":\"" + std::string(shipped.name) + "\""));
    unsigned int count = 0;
    CHECK_EQ(Driver::Call("nvmlDeviceGetCount_v2", &count), NVML_SUCCESS);
    CHECK_EQ(count, shipped.devices);
    for (unsigned int i = 0; i < count; ++i) {
      const nvmlDevice_t device = driver.Device(i);
      for (const char* column : {"utilization.gpu", "memory.used", "power.draw", "temperature.gpu",
                                 "pstate", "pcie.link.gen.current"}) {
        CHECK_EQ(ReadColumn(column, device).result, NVML_SUCCESS);
      }
    }
  }
}

TEST("a scenario's mistake is named with file, line, column, path, expectation and what came") {
  const Refused refusals[] = {
      {"{\n  \"devices\": [ {\"board\": \"t4\"}, {\"board\": \"l4\"},\n    {\"board\": \"h1000\"} "
       "]\n}",
       "scenario:3:15: devices[2].board: expected one of " + std::string(kBoardList) +
           ", got \"h1000\""},
      {R"({"devices":[{}]})", "scenario:1:13: devices[0].board: expected one of " +
                                  std::string(kBoardList) + ", got nothing"},
      {R"({"devices": 7})", "scenario:1:13: devices: expected an array, got 7"},
      {R"({"name":"x"})", "scenario:1:1: expected a member \"devices\""},
      {R"({"devices":[],"sead":1})",
       "scenario:1:15: expected only name, note, seed, driverVersion, step, baseDirectory, "
       "devices, faults, lacks, processRecordBytes, got the member \"sead\""},
      {R"({"devices":[],"seed":-1})",
       "scenario:1:22: seed: expected an integer from 0 to 9007199254740991, got -1"},
      {R"({"devices":[],"seed":1.5})",
       "scenario:1:22: seed: expected an integer from 0 to 9007199254740991, got a number that is "
       "no integer"},
      {R"({"devices":[],"step":"hour"})",
       "scenario:1:22: step: expected one of clock, round, manual, got \"hour\""},
      {R"({"devices":[],"driverVersion":"a b"})",
       "scenario:1:31: driverVersion: expected 1 to 79 printable characters without blanks, got "
       "\"a b\""},
      {R"({"devices":[{"board":"t4","count":65}]})",
       "scenario:1:35: devices[0].count: expected an integer from 1 to 64, got 65"},
      {R"({"devices":[{"board":"t4","count":60},{"board":"l4","count":5}]})",
       "scenario:1:39: devices[1]: expected at most 64 devices in all"},
      {R"({"devices":[{"board":"t4","load":{"shape":"sin"}}]})",
       "scenario:1:43: devices[0].load.shape: expected one of constant, sine, square, ramp, steps, "
       "noise, inference, got \"sin\""},
      {R"({"devices":[{"board":"t4","load":{"shape":"constant","minPercent":3}}]})",
       "scenario:1:54: devices[0].load: expected only shape, percent, got the member "
       "\"minPercent\""},
      {R"({"devices":[{"board":"t4","load":{"shape":"sine","maxPercent":101}}]})",
       "scenario:1:63: devices[0].load.maxPercent: expected a number from 0 to 100, got 101"},
      {R"({"devices":[{"board":"t4","load":{"shape":"sine","periodSeconds":0}}]})",
       "scenario:1:66: devices[0].load.periodSeconds: expected a number from 0.001 to 86400, got "
       "0"},
      {R"({"devices":[{"board":"t4","load":{"shape":"sine","minPercent":50,"maxPercent":40}}]})",
       "scenario:1:34: devices[0].load: expected minPercent no greater than maxPercent"},
      {R"({"devices":[{"board":"t4","load":{"shape":"steps","percents":[1,"2"]}}]})",
       "scenario:1:65: devices[0].load.percents: expected a number from 0 to 100, got \"2\""},
      {R"({"devices":[{"board":"t4","atEnd":"hold"}]})",
       "scenario:1:13: devices[0]: expected a \"trace\" beside \"select\" and \"atEnd\""},
      {R"({"devices":[{"board":"t4","trace":"a.csv","load":{"shape":"constant"}}]})",
       "scenario:1:13: devices[0]: expected \"load\" or \"trace\", not both"},
      {R"({"devices":[{"board":"t4","trace":"/nowhere/a.csv"}]})",
       "scenario:1:35: devices[0].trace: /nowhere/a.csv: expected a readable file: No such file or "
       "directory"},
      {R"({"devices":[],"faults":[{"return":3}]})",
       "scenario:1:25: faults[0]: expected a member \"function\""},
      {R"({"devices":[],"faults":[{"function":"*"}]})",
       "scenario:1:25: faults[0]: expected a \"return\" other than 0, a \"delayMs\" other than 0, "
       "a \"value\", \"text\", \"grow\", \"overrun\" or \"fieldReturn\""},
      {R"({"devices":[],"faults":[{"function":"*","return":3,"delayMs":-2}]})",
       "scenario:1:62: faults[0].delayMs: expected a number from 0 to 86400000, -1 for "
       "ever, or an object, got -2"},
  };
  for (const Refused& refused : refusals) CheckRefused(refused);
}

TEST("a scenario file is named by its path, one that cannot be read too") {
  Folder folder;
  const std::string file = folder.Write("wrong.json", "{\"devices\": [\n 5]}");
  CheckRefused({file.c_str(), file + ":2:2: devices[0]: expected an object, got 5"});
  const std::string nul = folder.Write("nul.json", std::string("{\0}", 3));
  CheckRefused({nul.c_str(), nul + ":1:2: expected a member name in double quotes, got byte 0x00"});
  CheckRefused(
      {"/nowhere/x.json", "/nowhere/x.json: expected a readable file: No such file or directory"});
  CheckRefused({"/tmp", "/tmp: expected a readable file: Is a directory"});
  CheckRefused({"/dev/zero", "/dev/zero: expected at most 1048576 bytes"});
}

TEST("a refused scenario leaves the one before as it was") {
  Driver driver(R"({"name":"kept","seed":9,"devices":[{"board":"l4","count":3}]})");
  const std::string before = Describe();
  CHECK_EQ(Control("load", R"({"devices":[{"board":"z"}]})").result, NVML_ERROR_INVALID_ARGUMENT);
  CHECK_EQ(Describe(), before);
  unsigned int count = 0;
  CHECK_EQ(Driver::Call("nvmlDeviceGetCount_v2", &count), NVML_SUCCESS);
  CHECK_EQ(count, 3u);
}

TEST("the description tells recorded columns from modelled ones") {
  Driver driver(R"({"name":"\"q\"","seed":4,"baseDirectory":")" GPURING_TRACES_DIR
                R"(","devices":[
      {"board":"a100","trace":"gpu-power-benchmark/transient_A100.csv"},{"board":"k40m"}]})");
  const std::string text = Describe();
  CHECK(text.starts_with(
      R"({"simulated":true,"scenario":"\"q\"","seed":4,"devices":[{"uuid":"GPU-)"));
  CHECK(Mentions(text,
                 R"("board":"a100","trace":"transient_A100.csv","recorded":["utilization.gpu",)"
                 R"("power.draw","power.draw.instant","temperature.gpu","clocks.current.sm",)"
                 R"("pstate"],"modelled":["utilization.memory","memory.total",)"));
  CHECK(Mentions(text,
                 R"("board":"k40m","trace":null,"recorded":[],"modelled":["utilization.gpu",)"));
  const std::string old_board = text.substr(text.find("k40m"));
  for (const char* absent : {"total_energy", "instant", "average", "fan", "temperature.memory"}) {
    CHECK(!Mentions(old_board, absent));
  }
}

TEST("no devices at all is a scenario too: a host without a GPU") {
  Driver driver(R"({"devices":[]})");
  unsigned int count = 7;
  CHECK_EQ(Driver::Call("nvmlDeviceGetCount_v2", &count), NVML_SUCCESS);
  CHECK_EQ(count, 0u);
}

}  // namespace gpuring
