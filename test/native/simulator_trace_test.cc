// Recorded traces: which are taken, which are refused and where, and how their cells are read.
#include <string>
#include <vector>

#include "simulator_columns.h"
#include "simulator_folder.h"

namespace gpuring {
namespace {

using check::Control;
using check::Driver;
using check::Folder;
using check::ReadColumn;
using check::Reply;

void CheckRefused(const std::string& scenario, const std::string& expected) {
  const Reply reply = Control("load", scenario);
  CHECK_EQ(reply.result, NVML_ERROR_INVALID_ARGUMENT);
  CHECK_EQ(reply.text, expected);
}

bool Mentions(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

struct Cell {
  std::string column;
  std::string text;
};

// The refusal of a trace of one good row and these cells below it, without the file's name.
std::string RefusalOf(Folder* folder, const std::vector<Cell>& cells) {
  std::string header = "timestamp", good = "2024/02/29 23:59:59.000", time = good, row;
  for (const Cell& cell : cells) {
    if (cell.column == "timestamp") {
      time = cell.text;
      continue;
    }
    header += ", " + cell.column;
    good += ", [N/A]";
    row += ", " + cell.text;
  }
  const std::string trace =
      folder->Write("t.csv", header + ", name\n" + good + ", a\n" + time + row + ", a");
  const std::string scenario =
      folder->Write("s.json", R"({"devices":[{"board":"t4","trace":"t.csv"}]})");
  const Reply reply = Control("load", scenario);
  if (reply.result == NVML_SUCCESS) return "loaded";
  const size_t at = reply.text.find(trace);
  return at == std::string::npos ? reply.text : reply.text.substr(at + trace.size());
}

}  // namespace

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
       ":2: column \"power.draw [W]\": expected a power from 0 to 4294967.295 W, like 46.19 or "
       "46.19 W, got \"many\""},
      {"timestamp, power.draw [W]\n2024/01/01 00:00:00.000, -1\n",
       ":2: column \"power.draw [W]\": expected a power from 0 to 4294967.295 W, like 46.19 or "
       "46.19 W, got \"-1\""},
      {"timestamp, power.draw\n2024/01/01 00:00:00.000, 1 kW\n",
       ":2: column \"power.draw\": expected a power from 0 to 4294967.295 W, like 46.19 or 46.19 "
       "W, got \"1 kW\""},
      {"timestamp, pstate\n2024/01/01 00:00:00.000, P16\n",
       ":2: column \"pstate\": expected a performance state P0 to P15, got \"P16\""},
      {"timestamp, utilization.gpu [%]\n2024/01/01 00:00:00.000, 99999999999999999999\n",
       ":2: column \"utilization.gpu [%]\": expected a percentage from 0 to 100, like 52 or 52 %, "
       "got \"99999999999999999999\""},
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
    CheckRefused(scenario, scenario + ":1:35: devices[0].trace: " + trace + wrong.reply);
  }
}

TEST("what NVML's types do not hold or no board shows is refused, the bounds themselves are not") {
  struct Bound {
    const char* column;
    const char* fits;
    const char* beyond;
    const char* expected;
  };
  const char* percent = "a percentage from 0 to 100, like 52 or 52 %";
  const char* size = "a size from 0 to 8589934592 MiB, like 19691 or 19691 MiB";
  const char* power = "a power from 0 to 4294967.295 W, like 46.19 or 46.19 W";
  const char* clock = "a clock from 0 to 4294967295 MHz, like 1410 or 1410 MHz";
  const char* word = "a whole number from 0 to 4294967295";
  const Bound bounds[] = {
      {"utilization.gpu [%]", "100", "101", percent},
      {"utilization.memory", "0 %", "150 %", percent},
      {"utilization.encoder", "100 %", "4294967297 %", percent},
      {"utilization.decoder", "100 %", "-1 %", percent},
      {"fan.speed [%]", "1000", "1001", "a percentage from 0 to 1000, like 30 or 30 %"},
      {"memory.total", "1 B", "0", "a size from 1 B to 8589934592 MiB, like 32768 or 32768 MiB"},
      {"memory.used", "8589934592 MiB", "8589934592.001 MiB", size},
      {"memory.free", "0", "17592186044416", size},
      {"memory.reserved", "0", "-1", size},
      {"power.draw", "4294967.295 W", "4294968 W", power},
      {"power.draw.instant [W]", "0", "4294967.296", power},
      {"power.draw.average [W]", "0", "-0.0001", power},
      {"enforced.power.limit [mW]", "4294967295", "4294967296", power},
      {"temperature.gpu", "-273", "-274", "a temperature from -273 to 2147483647, like 54"},
      {"temperature.gpu", "2147483647", "4294967336",
       "a temperature from -273 to 2147483647, like 54"},
      {"temperature.memory", "0", "-1", "a temperature from 0 to 2147483647, like 54"},
      {"clocks.current.sm [MHz]", "4294967295", "4294968296", clock},
      {"clocks.current.memory", "0 MHz", "-1 MHz", clock},
      {"pstate", "P15", "P16", "a performance state P0 to P15"},
      {"clocks_event_reasons.active", "0x7fffffffffffffff", "0x8000000000000000",
       "flags up to 0x7fffffffffffffff, like 0x0000000000000001"},
      {"pcie.link.gen.current", "4294967295", "4294967296", word},
      {"pcie.link.width.current", "16", "-16", word},
      {"timestamp", "2024/03/01 00:00:00", "2024/02/30 00:00:00",
       "a time like 2023/07/08 19:28:27.236"},
      {"timestamp", "2024-12-31T00:00:00Z", "2024/04/31 00:00:00",
       "a time like 2023/07/08 19:28:27.236"},
  };
  Folder folder;
  for (const Bound& bound : bounds) {
    std::vector<Cell> cells = {{"clocks.current.video", "1"}, {bound.column, bound.fits}};
    CHECK_EQ(RefusalOf(&folder, cells), "loaded");
    cells.back().text = bound.beyond;
    CHECK_EQ(RefusalOf(&folder, cells), ":3: column \"" + std::string(bound.column) +
                                            "\": expected " + bound.expected + ", got \"" +
                                            bound.beyond + "\"");
  }
}

TEST("the 29th of February is there in leap years alone") {
  Folder folder;
  const auto load = [&folder](const std::string& date) {
    const std::string trace = folder.Write("t.csv", "timestamp,pstate\n" + date + " 00:00:00,P0");
    return Control("load",
                   folder.Write("s.json", R"({"devices":[{"board":"t4","trace":"t.csv"}]})"))
        .result;
  };
  for (const char* date : {"2024/02/29", "2000/02/29", "2023/02/28", "2023/01/31", "2023/12/31"}) {
    CHECK_EQ(load(date), NVML_SUCCESS);
  }
  for (const char* date : {"2023/02/29", "2100/02/29", "2024/02/30", "2023/06/31", "2023/11/31"}) {
    CHECK_EQ(load(date), NVML_ERROR_INVALID_ARGUMENT);
  }
}

TEST("memory's parts that exceed the recorded whole are refused, rounding to MiB is not") {
  Folder folder;
  const Cell total = {"memory.total [MiB]", "200"};
  const Cell used = {"memory.used [MiB]", "120"};
  const auto refusal = [](int64_t mebibytes) {
    return ":3: column \"memory.total [MiB]\": expected no less than the " +
           std::to_string(mebibytes << 20) +
           " B that are used, free or reserved in this row, got \"200\"";
  };
  CHECK_EQ(RefusalOf(&folder, {total, {"memory.used", "200"}}), "loaded");
  CHECK_EQ(RefusalOf(&folder, {{"memory.used", "201"}, total}), refusal(201));
  CHECK_EQ(RefusalOf(&folder, {total, {"memory.free", "300"}}), refusal(300));
  CHECK_EQ(RefusalOf(&folder, {total, {"memory.reserved", "300"}}), refusal(300));
  CHECK_EQ(RefusalOf(&folder, {total, used, {"memory.free", "81"}}), "loaded");
  CHECK_EQ(RefusalOf(&folder, {total, used, {"memory.free", "82"}}), refusal(202));
  CHECK_EQ(RefusalOf(&folder, {total, used, {"memory.free", "80"}, {"memory.reserved", "3"}}),
           refusal(203));
  CHECK_EQ(RefusalOf(&folder, {{"memory.total [MiB]", "[N/A]"}, {"memory.used", "9000000"}}),
           "loaded");
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
  CheckRefused(scenario, scenario +
                             ":1:13: devices[0]: expected at most 4000000 trace rows over all "
                             "devices");
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
