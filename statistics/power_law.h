// Discrete power laws: P(x) = x^-exponent/Z for the whole numbers x from `least` to `most`.
#ifndef BNSYN_STATISTICS_POWER_LAW_H_
#define BNSYN_STATISTICS_POWER_LAW_H_

#include <cstdint>
#include <utility>
#include <vector>

namespace bnsyn::statistics {

// Numbers, rising, and how often each occurs.
using Histogram = std::vector<std::pair<uint64_t, uint64_t>>;

struct PowerLaw {
  double exponent = 2;
  uint64_t least = 1;
  uint64_t most = 0;  // 0 for no greatest number; then the exponent is above 1
};

// The sum of x^-exponent over x from `from` on, to `to` if that is not 0: terms, and from 16 on the
// formula of Euler and Maclaurin, whose error is below 1e-7 of the sum for exponents up to 8.
double SumOfPowers(double exponent, uint64_t from, uint64_t to);

// The law of the greatest likelihood for numbers that are all in its range.
PowerLaw MostLikely(const Histogram& numbers, uint64_t least, uint64_t most);
// The standard error of the exponent that `count` numbers give.
double StandardError(const PowerLaw& law, uint64_t count);
// The distance of Kolmogorov and Smirnov: the greatest difference of the cumulative distributions.
double Distance(const Histogram& numbers, const PowerLaw& law);

// Draws numbers of a law.
class Sampler {
 public:
  explicit Sampler(const PowerLaw& law);
  // The number whose part of the distribution holds `u`, which is uniform in (0, 1].
  uint64_t Draw(double u) const;

 private:
  PowerLaw law_;
  double total_;
  std::vector<double> above_;  // P(x > least + k)
};

}  // namespace bnsyn::statistics

#endif  // BNSYN_STATISTICS_POWER_LAW_H_
