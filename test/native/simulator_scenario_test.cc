// Scenarios: those that ship load and answer; those that are wrong are refused with their place.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <string>

#include "simulator_columns.h"

namespace gpuring {
namespace {

using check::Control;
using check::Describe;
using check::Driver;
using check::ReadColumn;
using check::Reply;

constexpr const char* kBoardList =
    "h100, h200, a100, l40s, l4, rtx4090, t4, rtx3090, rtxa5000, v100s, k40m";

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

// A folder of its own for a test's files, gone afterwards.
class Folder {
 public:
  Folder() { CHECK(mkdtemp(path_) != nullptr); }
  ~Folder() {
    for (const std::string& file : files_) std::remove(file.c_str());
    std::remove(path_);
  }
  std::string Write(const std::string& name, const std::string& text) {
    const std::string file = std::string(path_) + "/" + name;
    if (std::find(files_.begin(), files_.end(), file) == files_.end()) files_.push_back(file);
    std::ofstream(file, std::ios::binary) << text;
    return file;
  }

 private:
  char path_[40] = "/tmp/gpuring-scenario-XXXXXX";
  std::vector<std::string> files_;
};

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
       "devices, faults, got the member \"sead\""},
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
       "scenario:1:25: faults[0]: expected a \"return\" other than 0 or a \"delayMs\" other than "
       "0"},
      {R"({"devices":[],"faults":[{"function":"*","return":3,"delayMs":-2}]})",
       "scenario:1:62: faults[0].delayMs: expected an integer from -1 to 86400000, got -2"},
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

TEST("a trace's mistake is named with file, line, column and expectation") {
  struct Wrong {
    const char* text;
    const char* reply;
  };
  const Wrong wrongs[] = {
      {"", ":1: expected a header line, got an empty file"},
      {"a,b\n1,2\n", ":1: expected a header line with a column \"timestamp\", got \"a\""},
      {"timestamp, name\n",
       ":1: expected a column such as \"power.draw [W]\" or \"utilization.gpu\""},
      {"timestamp, pstate\n", ":1: expected at least one row"},
      {"timestamp, pstate, pstate\n",
       ":1: expected each quantity once, got \"pstate\" a second time"},
      {"timestamp, power.draw [W]\n2024/01/01 00:00:00.000, 1.5\n2024/01/01 00:00:01.000\n",
       ":3: expected 2 fields, got 1"},
      {"timestamp, power.draw [W]\n2024/01/01 00:00:00.000, 1,5\n", ":2: expected 2 fields, got 3"},
      {"timestamp, power.draw [W]\n2024/01/01 00:00:00.000, many\n",
       ":2: column \"power.draw [W]\": expected a power like 46.19 or 46.19 W, got \"many\""},
      {"timestamp, power.draw [W]\n2024/01/01 00:00:00.000, -1\n",
       ":2: column \"power.draw [W]\": expected a power like 46.19 or 46.19 W, got \"-1\""},
      {"timestamp, power.draw\n2024/01/01 00:00:00.000, 1 kW\n",
       ":2: column \"power.draw\": expected a power like 46.19 or 46.19 W, got \"1 kW\""},
      {"timestamp, pstate\n2024/01/01 00:00:00.000, P16\n",
       ":2: column \"pstate\": expected a performance state P0 to P15, got \"P16\""},
      {"timestamp, utilization.gpu [%]\n2024/01/01 00:00:00.000, 99999999999999999999\n",
       ":2: column \"utilization.gpu [%]\": expected a percentage like 52 or 52 %, got "
       "\"99999999999999999999\""},
      {"timestamp, pstate\n01/01/2024 00:00, P0\n",
       ":2: column \"timestamp\": expected a time like 2023/07/08 19:28:27.236, got "
       "\"01/01/2024 00:00\""},
      {"timestamp, pstate\n2024/01/02 00:00:00.000, P0\n2024/01/01 00:00:00.000, P0\n",
       ":3: column \"timestamp\": expected a time no earlier than the row before, got "
       "\"2024/01/01 00:00:00.000\""},
      {"timestamp, pstate\n2024/01/01 00:00:00.000, P0\n2026/01/01 00:00:00.000, P0\n",
       ":3: column \"timestamp\": expected at most 366 days in one trace, got "
       "\"2026/01/01 00:00:00.000\""},
  };
  for (const Wrong& wrong : wrongs) {
    Folder folder;
    const std::string trace = folder.Write("trace.csv", wrong.text);
    const std::string scenario =
        folder.Write("s.json", R"({"devices":[{"board":"t4","trace":"trace.csv"}]})");
    CheckRefused({scenario.c_str(), scenario + ":1:35: devices[0].trace: " + trace + wrong.reply});
  }
}

TEST("five thousand damaged traces: each is taken or refused with its line") {
  uint64_t state = 7;
  const auto next = [&state](uint64_t bound) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % bound;
  };
  const std::string valid =
      "timestamp, power.draw [W], utilization.gpu [%], memory.used [MiB], pstate, fan.speed [%]\n"
      "2024/01/01 00:00:00.000, 50.25 W, 10 %, 100 MiB, P0, [N/A]\n"
      "2024/01/01 00:00:00.100, 60, 20, 200 MiB, P2, 30 %\n"
      "2024-01-01T00:00:00.250+00:00, [Unknown Error], 30 %, 300, P8, 40\n";
  const std::string alphabet = "0123456789,.:/-+TZPW%[] \n\r\"x\xff";
  Folder folder;
  const std::string scenario =
      folder.Write("s.json", R"({"step":"manual","devices":[{"board":"t4","trace":"trace.csv"}]})");
  int refused = 0;
  for (int i = 0; i < 5'000; ++i) {
    std::string text = valid;
    for (uint64_t damage = 1 + next(5); damage > 0; --damage) {
      const size_t at = next(text.size());
      if (next(2) == 0) {
        text[at] = alphabet[next(alphabet.size())];
      } else {
        text.erase(at, 1 + next(12));
      }
      if (text.empty()) text = "\n";
    }
    folder.Write("trace.csv", text);
    const Reply reply = Control("load", scenario);
    if (reply.result == NVML_SUCCESS) continue;
    ++refused;
    CHECK_EQ(reply.result, NVML_ERROR_INVALID_ARGUMENT);
    CHECK(Mentions(reply.text, "/trace.csv:") && Mentions(reply.text, "expected"));
  }
  CHECK(refused > 1'000 && refused < 5'000);
}

TEST("the rows of all traces together are bounded") {
  Folder folder;
  std::string text = "timestamp, pstate\n";
  for (int row = 0; row < 63'000; ++row) text += "2024/01/01 00:00:00.000, P0\n";
  folder.Write("trace.csv", text);
  const std::string scenario =
      folder.Write("s.json", R"({"devices":[{"board":"t4","trace":"trace.csv","count":64}]})");
  CheckRefused({scenario.c_str(),
                scenario + ":1:13: devices[0]: expected at most 4000000 trace rows over all "
                           "devices"});
}

TEST("a row selection that fits nothing is refused") {
  const std::string head =
      R"({"baseDirectory":")" GPURING_TRACES_DIR
      R"(","devices":[{"board":"h100","trace":"h100-gpu-glasses/nvidia_smi.csv",)";
  CHECK(Mentions(Control("load", head + R"("select":{"gpu":"8"}}]})").text,
                 "nvidia_smi.csv:44: expected at least one row where \"gpu\" is \"8\""));
  CHECK(Mentions(Control("load", head + R"("select":{"card":"0"}}]})").text,
                 "nvidia_smi.csv:1: expected a column \"card\" to select rows by"));
  CHECK(Mentions(Control("load", head + R"("select":{"gpu":0}}]})").text,
                 "devices[0].select.gpu: expected a string, the cell's text, got 0"));
}

TEST("cells are read in every spelling: units anywhere, words for errors, CRLF, blank lines") {
  Folder folder;
  folder.Write("trace.csv",
               "\xEF\xBB\xBFtimestamp,power.draw [mW],memory.used,temperature.gpu,fan.speed [%],"
               "clocks.sm,clocks_throttle_reasons.active\r\n"
               "2025-09-08T17:26:50+08:00,46190,1.5 GiB,-3,[N/A],1410 MHz,0x0000000000000004\r\n"
               "\r\n"
               "2025-09-08T09:26:51.25Z,7 W,512 KiB,40,[Not Supported],[GPU is lost],0x1");
  const std::string scenario = folder.Write(
      "s.json", R"({"step":"manual","devices":[{"board":"rtx4090","trace":"trace.csv"}]})");
  Driver driver(scenario);
  const nvmlDevice_t device = driver.Device(0);
  CHECK_EQ(ReadColumn("power.draw", device).value, 46190);
  CHECK_EQ(ReadColumn("memory.used", device).value, int64_t{1536} << 20);
  CHECK_EQ(ReadColumn("temperature.gpu", device).value, -3);
  CHECK_EQ(ReadColumn("fan.speed", device).result, NVML_ERROR_NOT_SUPPORTED);
  CHECK_EQ(ReadColumn("clocks.current.sm", device).value, 1410);
  CHECK_EQ(ReadColumn("event_reasons", device).value, 4);
  CHECK_EQ(ReadColumn("total_energy", device).value, 0);
  CHECK_EQ(Control("step", "1").result, NVML_SUCCESS);
  CHECK_EQ(ReadColumn("power.draw", device).value, 7000);
  CHECK_EQ(ReadColumn("memory.used", device).value, 512 << 10);
  CHECK_EQ(ReadColumn("clocks.current.sm", device).result, NVML_ERROR_GPU_IS_LOST);
  CHECK_EQ(ReadColumn("total_energy", device).value, 57737);  // 1.25 s of 46.19 W
}

}  // namespace gpuring
