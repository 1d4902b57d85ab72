// Faults: calls that fail, answer late or never, and the world under many threads.
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "simulator_columns.h"

namespace gpuring {
namespace {

using check::Control;
using check::Driver;
using check::ReadColumn;

using Milliseconds = std::chrono::milliseconds;

nvmlReturn_t AskPower(nvmlDevice_t device) { return ReadColumn("power.draw", device).result; }

template <typename Work>
Milliseconds Time(const Work& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now() - start);
}

void Inject(const std::string& faults) { CHECK_EQ(Control("inject", faults).text, ""); }

constexpr const char* kTwo = R"({"devices":[{"board":"l4","count":2}]})";

}  // namespace

TEST("a fault strikes its function, its device, and only its share of the calls") {
  Driver driver(R"({"devices":[{"board":"l4","count":2}],"faults":[
      {"function":"nvmlDeviceGetPower*","device":1,"return":15,"afterCalls":2,"calls":3}]})");
  const nvmlDevice_t first = driver.Device(0);
  const nvmlDevice_t second = driver.Device(1);
  std::string pattern;
  for (int call = 0; call < 7; ++call) {
    CHECK_EQ(AskPower(first), NVML_SUCCESS);
    CHECK_EQ(ReadColumn("temperature.gpu", second).result, NVML_SUCCESS);
    const nvmlReturn_t result = AskPower(second);
    pattern += result == NVML_SUCCESS ? '.' : result == NVML_ERROR_GPU_IS_LOST ? 'x' : '?';
  }
  CHECK_EQ(pattern, "..xxx..");
}

TEST("an injected fault tells how many calls it saw and how many it struck") {
  Driver driver(kTwo);
  CHECK_EQ(Control("faults", "").text, "[]");
  Inject(R"([{"function":"*Power*","device":1,"return":15,"afterCalls":1,"calls":2},
             {"function":"nvmlDeviceGetPowerUsage","return":4}])");
  for (int call = 0; call < 4; ++call) AskPower(driver.Device(1));
  AskPower(driver.Device(0));
  CHECK_EQ(Control("faults", "").text,
           R"([{"function":"*Power*","device":1,"seen":4,"struck":2},)"
           R"({"function":"nvmlDeviceGetPowerUsage","seen":5,"struck":3}])");
  CHECK_EQ(Control("faults", "[]").result, NVML_ERROR_INVALID_ARGUMENT);
}

TEST("injected faults come first, replace each other, and go with an empty list") {
  Driver driver(R"({"devices":[{"board":"l4"}],
                    "faults":[{"function":"nvmlDeviceGetPowerUsage","return":4}]})");
  const nvmlDevice_t device = driver.Device(0);
  CHECK_EQ(AskPower(device), NVML_ERROR_NO_PERMISSION);
  Inject(R"([{"function":"*PowerUsage","return":999}])");
  CHECK_EQ(AskPower(device), NVML_ERROR_UNKNOWN);
  Inject(R"([{"function":"*Temperature*","return":3}])");
  CHECK_EQ(AskPower(device), NVML_ERROR_NO_PERMISSION);
  CHECK_EQ(ReadColumn("temperature.gpu", device).result, NVML_ERROR_NOT_SUPPORTED);
  Inject("[]");
  CHECK_EQ(ReadColumn("temperature.gpu", device).result, NVML_SUCCESS);
  CHECK_EQ(Control("load", kTwo).result, NVML_SUCCESS);
  CHECK_EQ(AskPower(driver.Device(0)), NVML_SUCCESS);
}

TEST("wrong faults are refused and leave the injected ones in place") {
  Driver driver(kTwo);
  Inject(R"([{"function":"nvmlDeviceGetPowerUsage","return":9}])");
  CHECK_EQ(Control("inject", "{}").text, "faults:1:1: expected an array of faults, got an object");
  CHECK_EQ(Control("inject", "[").text,
           "faults:1:2: expected a JSON value, got the end of the text");
  CHECK_EQ(Control("inject", R"([{"function":"*","return":"x"}])").text,
           "faults:1:27: faults[0].return: expected an integer from 0 to 65534, got \"x\"");
  CHECK_EQ(
      Control("inject", R"([{"function":"*","return":1,"devise":2}])").text,
      "faults:1:29: faults[0]: expected only function, device, return, delayMs, afterCalls, "
      "calls, everyCalls, probability, value, text, grow, overrun, field, fieldReturn, got the "
      "member \"devise\"");
  CHECK_EQ(AskPower(driver.Device(0)), NVML_ERROR_DRIVER_NOT_LOADED);
}

TEST("a fault on a function that NVML does not have is refused, with the nearest it has") {
  Driver driver(kTwo);
  Inject(R"([{"function":"nvmlDeviceGetPowerUsage","return":9}])");
  struct Typo {
    const char* pattern;
    const char* meant;
  };
  for (const Typo& typo : {Typo{"nvmlDeviceGetPowerUsag", "nvmlDeviceGetPowerUsage"},
                           {"nvmlDeviceGetTemprature*", "nvmlDeviceGetTemperature"},
                           {"*powerusage", "nvmlDeviceGetPowerUsage"},
                           {"nvmlDeviceGetHandleByIndex_v3", "nvmlDeviceGetHandleByIndex_v2"},
                           {"nvmlint*", "nvmlInit"}}) {
    const std::string pattern = "\"" + std::string(typo.pattern) + "\"";
    const std::string rest =
        "faults[0].function: expected a function of NVML, or a pattern of "
        "some, such as \"" +
        std::string(typo.meant) + "\", got " + pattern;
    const std::string faults = "[{\"function\":" + pattern + ",\"return\":1}]";
    CHECK_EQ(Control("inject", faults).text, "faults:1:14: " + rest);
    const std::string scenario = "{\"devices\":[],\n\"faults\":" + faults + "}";
    CHECK_EQ(Control("load", scenario).text, "scenario:2:23: " + rest);
  }
  const std::string endless(4096, 'x');
  CHECK_EQ(Control("inject", "[{\"function\":\"" + endless + "\",\"return\":1}]").result,
           NVML_ERROR_INVALID_ARGUMENT);
  CHECK_EQ(AskPower(driver.Device(0)), NVML_ERROR_DRIVER_NOT_LOADED);
}

TEST("a fault on a device that is not there is refused") {
  Driver driver(kTwo);
  for (const char* index : {"2", "63", "64", "-1", "0.5", "\"0\""}) {
    const std::string faults =
        R"([{"function":"*","return":1,"device":)" + std::string(index) + "}]";
    const std::string got = std::string(index) == "0.5" ? "a number that is no integer" : index;
    CHECK_EQ(
        Control("inject", faults).text,
        "faults:1:38: faults[0].device: expected the index of a device, from 0 to 1, got " + got);
  }
  Inject(R"([{"function":"*PowerUsage","return":9,"device":1}])");
  CHECK_EQ(AskPower(driver.Device(1)), NVML_ERROR_DRIVER_NOT_LOADED);
  CHECK_EQ(Control("load", R"({"faults":[{"function":"*","return":1,"device":3}],
                              "devices":[{"board":"l4","count":2},{"board":"t4"}]})")
               .text,
           "scenario:1:48: faults[0].device: expected the index of a device, from 0 to 2, got 3");
  CHECK_EQ(
      Control("load", R"({"devices":[],"faults":[{"function":"*","return":1,"device":0}]})").text,
      "scenario:1:61: faults[0].device: expected no device where the scenario has none, got "
      "0");
}

TEST("a star stands for any run of characters, anywhere") {
  Driver driver(kTwo);
  const nvmlDevice_t device = driver.Device(0);
  struct Pattern {
    const char* glob;
    bool matches;
  };
  for (const Pattern& pattern : {Pattern{"*", true},
                                 {"nvmlDeviceGetPowerUsage", true},
                                 {"nvml*Power*", true},
                                 {"*Usage", true},
                                 {"n*e*P*U*e", true},
                                 {"nvmlDeviceGetPowerUsage*", true},
                                 {"**", true},
                                 {"nvmlDeviceGetPowerState", false},
                                 {"nvmlDeviceGetPower*Limit", false},
                                 {"*Power*_v*", false},
                                 {"*State", false}}) {
    Inject(R"([{"function":")" + std::string(pattern.glob) + R"(","return":10}])");
    CHECK_EQ(AskPower(device), pattern.matches ? NVML_ERROR_TIMEOUT : NVML_SUCCESS);
  }
}

TEST("init fails as often as it is told to") {
  CHECK_EQ(Control("load", R"({"devices":[{"board":"l4"}],
                              "faults":[{"function":"nvmlInit*","return":9,"calls":2}]})")
               .result,
           NVML_SUCCESS);
  CHECK_EQ(Driver::Call("nvmlInit_v2"), NVML_ERROR_DRIVER_NOT_LOADED);
  CHECK_EQ(Driver::Call("nvmlInit"), NVML_ERROR_DRIVER_NOT_LOADED);
  CHECK_EQ(Driver::Call("nvmlInit_v2"), NVML_SUCCESS);
  CHECK_EQ(Driver::Call("nvmlShutdown"), NVML_SUCCESS);
}

TEST("a late call is late, and holds up no other") {
  Driver driver(kTwo);
  const nvmlDevice_t slow = driver.Device(0);
  const nvmlDevice_t quick = driver.Device(1);
  Inject(R"([{"function":"*PowerUsage","device":0,"delayMs":300}])");
  std::thread late([slow] {
    CHECK(Time([slow] { CHECK_EQ(AskPower(slow), NVML_SUCCESS); }) >= Milliseconds(295));
  });
  std::this_thread::sleep_for(Milliseconds(50));
  CHECK(Time([quick] { CHECK_EQ(AskPower(quick), NVML_SUCCESS); }) < Milliseconds(200));
  late.join();
}

TEST("a call that hangs for ever comes back when the faults are replaced") {
  Driver driver(kTwo);
  const nvmlDevice_t device = driver.Device(0);
  Inject(R"([{"function":"*PowerUsage","device":0,"delayMs":-1,"return":15}])");
  std::atomic<bool> back{false};
  std::thread hung([device, &back] {
    CHECK_EQ(AskPower(device), NVML_ERROR_GPU_IS_LOST);
    back = true;
  });
  std::this_thread::sleep_for(Milliseconds(200));
  CHECK(!back);
  CHECK_EQ(AskPower(driver.Device(1)), NVML_SUCCESS);
  Inject("[]");
  hung.join();
  CHECK_EQ(AskPower(device), NVML_SUCCESS);
}

TEST("threads ask, step, inject, describe and load at once") {
  Driver driver(GPURING_SCENARIOS_DIR "/mixed.json");
  std::atomic<bool> done{false};
  std::vector<std::thread> threads;
  for (unsigned int i = 0; i < 4; ++i) {
    threads.emplace_back([i, &done] {
      const unsigned int index = i % 2;
      char uuid[96];
      while (!done) {
        // Loading makes handles stale, at any point of this.
        const auto fits = [](nvmlReturn_t result) {
          return result == NVML_SUCCESS || result == NVML_ERROR_INVALID_ARGUMENT;
        };
        nvmlDevice_t device = nullptr;
        CHECK(fits(Driver::Call("nvmlDeviceGetHandleByIndex_v2", index, &device)));
        for (const char* column :
             {"power.draw", "memory.used", "temperature.gpu", "total_energy"}) {
          CHECK(fits(ReadColumn(column, device).result));
        }
        CHECK(fits(Driver::Call("nvmlDeviceGetUUID", device, uuid, 96u)));
        CHECK(check::Describe().size() > 20);
      }
    });
  }
  for (int round = 0; round < 30; ++round) {
    CHECK_EQ(Control("load", kTwo).result, NVML_SUCCESS);
    Inject(R"([{"function":"nvmlUnitGetCount","return":3}])");
    CHECK_EQ(Control("load", GPURING_SCENARIOS_DIR "/h100x8.json").result, NVML_SUCCESS);
  }
  done = true;
  for (std::thread& thread : threads) thread.join();
}

}  // namespace gpuring
