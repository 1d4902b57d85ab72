// A source whose driver's events a test posts and waits for.
#pragma once

#include <string>

#include "check.h"
#include "nvml_fixture.h"
#include "nvml_list.h"
#include "simulator_columns.h"

namespace gpuring {

inline constexpr int64_t kMs = 1'000'000;
inline constexpr const char* kThree = R"({"name":"three","devices":[{"board":"h100","count":3}]})";

inline void Inject(const std::string& faults) {
  CHECK_EQ(check::Control("inject", "[" + faults + "]").text, "");
}

inline std::string Fault(const std::string& function, int result, const std::string& more = "") {
  return R"({"function":")" + function + R"(","return":)" + std::to_string(result) + more + "}";
}

inline void Post(const std::string& event) { CHECK_EQ(check::Control("event", event).text, ""); }

inline void PostXid(unsigned int device, unsigned int code) {
  Post(R"({"device":)" + std::to_string(device) + R"(,"type":"xid","data":)" +
       std::to_string(code) + "}");
}

inline int CallsOf(const std::string& function) {
  const std::string calls = check::Control("calls", "").text;
  const size_t at = calls.find("\"" + function + "\":");
  return at == std::string::npos ? 0 : std::stoi(calls.substr(at + function.size() + 3));
}

class EventHost {
 public:
  explicit EventHost(NvmlOptions options) : source_(std::move(options)) {
    CHECK_EQ(source_.Open().message(), "");
  }
  ~EventHost() { source_.Close(); }

  StatusCode Wait(int64_t timeout_ns = 10 * kMs) {
    event = SourceEvent();
    return source_.WaitEvent(timeout_ns, &event).code();
  }
  // The code of the next event, which must be an Xid of this device.
  uint64_t NextXid(size_t device) {
    CHECK_EQ(Wait(), StatusCode::kOk);
    CHECK_EQ(event.kind, EventKind::kXid);
    CHECK_EQ(event.slot, source_.devices()[device].slot);
    return event.code;
  }
  NvmlSource& source() { return source_; }

  SourceEvent event;

 private:
  NvmlSource source_;
};

// No misuse may be left behind by what a test did.
class NoMisuse {
 public:
  NoMisuse() { CHECK_EQ(check::Control("misuse", "reset").result, NVML_SUCCESS); }
  ~NoMisuse() {
    const std::string said = check::Control("misuse", "").text;
    for (const char* misuse : {"useAfterShutdown", "concurrentHandle", "openEventSets"}) {
      if (said.find("\"" + std::string(misuse) + "\":0") == std::string::npos) {
        CHECK_EQ(said, "no misuse");
      }
    }
  }
};

}  // namespace gpuring
