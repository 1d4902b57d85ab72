// Sums that keep what each addition loses: the result is as good as one in twice the digits,
// rounded once. Results stay finite where sums of magnitudes do.
#pragma once

#include <cmath>

namespace gpuring {

class CompensatedSum {
 public:
  // What the addition rounds away (Knuth's TwoSum) is added up beside it.
  void Add(double value) {
    const double sum = high_ + value;
    const double part = sum - high_;
    low_ += (high_ - (sum - part)) + (value - part);
    high_ = sum;
  }

  void AddProduct(double a, double b) {
    const double product = a * b;
    Add(product);
    low_ += std::fma(a, b, -product);
  }

  double Value() const { return high_ + low_; }

 private:
  double high_ = 0;
  double low_ = 0;
};

}  // namespace gpuring
