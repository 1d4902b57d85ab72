// Metrics with several sources: in the order of the table, and none that is not needed.
#include "check.h"
#include "nvml_fixture.h"
#include "simulator_columns.h"

namespace gpuring {
namespace {

constexpr const char* kCannotFields = "nvmlDeviceGetFieldValues";

class Board {
 public:
  explicit Board(const std::string& board)
      : source_(OnSimulator(R"({"step":"manual","devices":[{"board":")" + board + "\"}]}")) {
    CHECK_EQ(source_.Open().message(), "");
  }
  // `faults`: members of an array.
  static void Inject(const std::string& faults) {
    CHECK_EQ(check::Control("inject", "[" + faults + "]").result, NVML_SUCCESS);
  }
  static void Set(const std::string& values) {
    CHECK_EQ(check::Control("set", R"({"device":0,"values":)" + values + "}").result, NVML_SUCCESS);
  }
  const Sample& Poll(Tier tier) {
    sample_ = Sample();
    CHECK(source_.Poll(source_.devices()[0].slot, tier, &sample_).ok());
    return sample_;
  }

 private:
  NvmlSource source_;
  Sample sample_;
};

std::string Refused(const std::string& function) {
  return R"({"function":")" + function + R"(","return":3})";
}

std::string FieldRefused(unsigned int id) {
  return R"({"function":"nvmlDeviceGetFieldValues","field":)" + std::to_string(id) +
         R"(,"fieldReturn":3})";
}

}  // namespace

TEST("fallback: a call after a field, for what the field did not tell") {
  Board board("a100");
  Board::Set(R"({"field.142": 5, "field.143": 6})");
  const auto corrected = MetricId::kRemappedRowsCorrectedCount;
  const auto uncorrected = MetricId::kRemappedRowsUncorrectedCount;
  const std::string call = Refused("nvmlDeviceGetRemappedRows");
  Board::Inject(R"({"function":"nvmlDeviceGetRemappedRows","return":15})");  // were it asked
  CHECK_EQ(ValueOf(board.Poll(Tier::kSlow), corrected), 5);
  Board::Inject(FieldRefused(142));
  CHECK_EQ(ValueOf(board.Poll(Tier::kSlow), corrected), 5);
  CHECK_EQ(ValueOf(board.Poll(Tier::kSlow), uncorrected), 6);
  Board::Inject(FieldRefused(142) + "," + call);
  CHECK_EQ(board.Poll(Tier::kSlow).StateOf(corrected), ValueState::kUnsupported);
  CHECK_EQ(ValueOf(board.Poll(Tier::kSlow), uncorrected), 6);
  Board::Inject(Refused(kCannotFields));
  CHECK_EQ(ValueOf(board.Poll(Tier::kSlow), corrected), 5);
  CHECK(board.Poll(Tier::kSlow).Knows(MetricId::kPowerLimitRequestedWatts));
}

TEST("fallback: a field after a call") {
  Board board("h100");
  Board::Set(R"({"field.94": 7})");
  Board::Inject(FieldRefused(94));
  CHECK_EQ(ValueOf(board.Poll(Tier::kSlow), MetricId::kPcieReplayCount), 7);
  Board::Inject(Refused("nvmlDeviceGetPcieReplayCounter"));
  CHECK_EQ(ValueOf(board.Poll(Tier::kSlow), MetricId::kPcieReplayCount), 7);
  Board::Inject(R"({"function":"nvmlDeviceGetPcieReplayCounter","return":4})" + std::string(",") +
                FieldRefused(94));
  CHECK_EQ(board.Poll(Tier::kSlow).StateOf(MetricId::kPcieReplayCount), ValueState::kDenied);
}

TEST("fallback: a field after a field, where NVLink 5 counts bytes elsewhere") {
  Board board("b200");
  Board::Set(R"({"field.138": 5, "field.202": 7777, "field.204": 9})");
  const auto sent = MetricId::kNvlinkTransmitBytes;
  CHECK_EQ(ValueOf(board.Poll(Tier::kMedium), sent), 5 * 1024);
  Board::Inject(FieldRefused(138));
  CHECK_EQ(ValueOf(board.Poll(Tier::kMedium), sent), 7777);
  Board::Inject(FieldRefused(139));
  CHECK_EQ(ValueOf(board.Poll(Tier::kMedium), sent), 5 * 1024);
  CHECK_EQ(ValueOf(board.Poll(Tier::kMedium), MetricId::kNvlinkReceiveBytes), 9);
}

TEST("fallback: the call that blocks is made only where there is no byte counter") {
  Board board("h100");
  const auto sent = MetricId::kPcieTransmitBytesPerSecond;
  const auto received = MetricId::kPcieReceiveBytesPerSecond;
  Board::Inject(R"({"function":"nvmlDeviceGetPcieThroughput","return":999})");
  const auto state = [&](MetricId metric) { return board.Poll(Tier::kSlow).StateOf(metric); };
  CHECK_EQ(state(sent), ValueState::kNotSampled);  // nothing is known of the counters yet
  board.Poll(Tier::kMedium);
  CHECK_EQ(state(sent), ValueState::kNotSampled);
  Board::Inject(FieldRefused(197));
  board.Poll(Tier::kMedium);
  CHECK_EQ(state(sent), ValueState::kKnown);
  CHECK_EQ(state(received), ValueState::kNotSampled);
  Board::Inject(R"({"function":"nvmlDeviceGetFieldValues","return":999})");
  board.Poll(Tier::kMedium);
  CHECK_EQ(state(sent), ValueState::kNotSampled);  // that the counter fails now is no lack of it
}

}  // namespace gpuring
