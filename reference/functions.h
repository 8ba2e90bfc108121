// The functions of R2 and the draws of R3 as C++ functions of doubles. Each is the fixed
// sequence of R1 ops written once in sequences.h, evaluated directly; the expand_math pass
// writes the same sequence as nodes. f32 functions are the f64 ones, rounded once to f32.
#ifndef BNSYN_REFERENCE_FUNCTIONS_H_
#define BNSYN_REFERENCE_FUNCTIONS_H_

#include <cstdint>

namespace bnsyn::reference {

// The functions of ops.def with one argument, each under the name of its op: double Exp(double x),
// double Log10(double x), ... At most 1 ulp from the true value, with the special values of C,
// Annex F.
#define BNSYN_FUNCTION(name, ...) double name(double x);
#include "ir/ops.def"
// The functions of two arguments: double Pow(double x, double y), ...
#define BNSYN_FUNCTION_OF_TWO(name, ...) double name(double x, double y);
#include "ir/ops.def"

// Draws from 32 random bits (two draw numbers, 0 and 1, of one stream where there are two).
double UniformFromBits(uint32_t bits0, uint32_t bits1);      // [0, 1), multiples of 2^-53
double NormalFromBits(uint32_t bits0, uint32_t bits1);       // mean 0, variance 1
double ExponentialFromBits(uint32_t bits0, uint32_t bits1);  // mean 1
bool BernoulliFromBits(double p, uint32_t bits0);            // true with probability p
// Misses before the first hit, each with probability 1 - p, for log_miss = log(1 - p).
double SkipFromBits(uint32_t bits0, uint32_t bits1, double log_miss);
// The count of a Poisson draw; NaN unless 0 <= mean <= kPoissonMaxMean.
double PoissonFromBits(double mean, uint32_t bits0, uint32_t bits1);

inline constexpr double kPoissonMaxMean = 1e6;
// Up to this mean the count depends on bits0 alone, by PoissonSum.
inline constexpr double kPoissonSearchedMean = 16;
// No count with at most this mean exceeds it: 7 standard deviations, and what few events need.
double PoissonMaxCount(double mean);

// The probability of a Poisson count of at most k, for k = 0, 1, ..., to the bits of the search
// (sequences_poisson.h).
class PoissonSum {
 public:
  explicit PoissonSum(double mean) : mean_(mean), q_(Exp(-mean)), cdf_(q_) {}
  double cdf() const { return cdf_; }
  void Advance();

 private:
  double mean_;
  double k_ = 0;
  double inverse_factorial_ = 1;
  double q_;  // mean^k exp(-mean)
  double cdf_;
};

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_FUNCTIONS_H_
