#include <array>
#include <span>

#include "simulator/trace_cell.h"

namespace gpuring::simulator {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;

// Days since 1970-01-01 in the Gregorian calendar; years begin in March so that the leap day is
// the last one.
int64_t DaysSinceEpoch(int64_t year, int64_t month, int64_t day) {
  if (month <= 2) --year;
  const int64_t era = year / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

int64_t DaysInMonth(int64_t year, int64_t month) {
  const int64_t next_year = month == 12 ? year + 1 : year;
  return DaysSinceEpoch(next_year, month % 12 + 1, 1) - DaysSinceEpoch(year, month, 1);
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  // Exactly `digits` digits between `least` and `most`.
  struct Bounds {
    size_t digits;
    int64_t least;
    int64_t most;
  };
  bool Number(const Bounds& bounds, int64_t* value) {
    if (rest_.size() < bounds.digits) return false;
    *value = 0;
    for (size_t i = 0; i < bounds.digits; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return false;
      *value = *value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(bounds.digits);
    return *value >= bounds.least && *value <= bounds.most;
  }

  bool OneOf(std::string_view choices) {
    if (rest_.empty() || choices.find(rest_[0]) == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    return true;
  }

  // ".236" as nanoseconds; nothing is zero.
  bool Fraction(int64_t* nanoseconds) {
    *nanoseconds = 0;
    if (!OneOf(".")) return true;
    int64_t unit = kSecondNs / 10;
    size_t digits = 0;
    for (; !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9'; ++digits, unit /= 10) {
      *nanoseconds += unit * (rest_[0] - '0');
      rest_.remove_prefix(1);
    }
    return digits >= 1 && digits <= 9;
  }

  // "+08:00", "Z" or nothing, as seconds east.
  bool Zone(int64_t* seconds) {
    *seconds = 0;
    if (rest_.empty() || OneOf("Z")) return true;
    const bool west = rest_[0] == '-';
    int64_t hours = 0;
    int64_t minutes = 0;
    if (!OneOf("+-") || !Number({2, 0, 23}, &hours) || !OneOf(":") ||
        !Number({2, 0, 59}, &minutes)) {
      return false;
    }
    *seconds = (hours * 60 + minutes) * (west ? -60 : 60);
    return true;
  }

  [[nodiscard]] bool AtEnd() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

}  // namespace

std::optional<int64_t> ReadTimestamp(std::string_view text) {
  Scanner scanner(text);
  int64_t year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  const bool date = scanner.Number({4, 1970, 2199}, &year) && scanner.OneOf("/-") &&
                    scanner.Number({2, 1, 12}, &month) && scanner.OneOf("/-") &&
                    scanner.Number({2, 1, 31}, &day) && day <= DaysInMonth(year, month);
  const bool time = date && scanner.OneOf(" T") && scanner.Number({2, 0, 23}, &hour) &&
                    scanner.OneOf(":") && scanner.Number({2, 0, 59}, &minute) &&
                    scanner.OneOf(":") && scanner.Number({2, 0, 60}, &second);
  int64_t nanoseconds = 0;
  int64_t zone = 0;
  if (!time || !scanner.Fraction(&nanoseconds) || !scanner.Zone(&zone) || !scanner.AtEnd()) {
    return std::nullopt;
  }
  const int64_t days = DaysSinceEpoch(year, month, day);
  const int64_t seconds = ((days * 24 + hour) * 60 + minute) * 60 + second - zone;
  return seconds * kSecondNs + nanoseconds;
}

}  // namespace gpuring::simulator
