#include "reference/functions.h"

#include <bit>
#include <cmath>

#include "ir/mutant.h"
#include "reference/all_sequences.h"
#include "reference/mutant_nodes.h"

namespace bnsyn::reference {
namespace {

// The arithmetic of numbers: each op as R1 has it.
struct Direct {
  using F = double;
  using U = uint64_t;
  using W = uint32_t;
  using B = bool;

  F Fma(F a, F b, F c) { return std::fma(a, b, c); }
  F Abs(F a) { return std::fabs(a); }
  F Sqrt(F a) { return std::sqrt(a); }
  F Min(F a, F b) { return b < a ? b : a; }
  F Max(F a, F b) { return a < b ? b : a; }
  F Floor(F a) { return std::floor(a); }
  F Rint(F a) { return std::nearbyint(a); }
  B And(B a, B b) { return a && b; }
  B Or(B a, B b) { return a || b; }
  B Xor(B a, B b) { return a != b; }
  B Not(B a) { return !a; }
  B Equal(U a, U b) { return a == b; }
  F Select(B c, F a, F b) { return c ? a : b; }
  U Select(B c, U a, U b) { return c ? a : b; }
  U ToBits(F a) { return std::bit_cast<uint64_t>(a); }
  F FromBits(U a) { return std::bit_cast<double>(a); }
  U Widen(W a) { return a; }
  W ShiftRight(W a, int places) { return a >> places; }
};

}  // namespace

#define BNSYN_FUNCTION(name, text, ...)                  \
  double name(double x) {                                \
    Direct m;                                            \
    return ValueOfFunction(text, sequences::name(m, x)); \
  }
#include "ir/ops.def"

#define BNSYN_FUNCTION_OF_TWO(name, text, ...)              \
  double name(double x, double y) {                         \
    Direct m;                                               \
    return ValueOfFunction(text, sequences::name(m, x, y)); \
  }
#include "ir/ops.def"

double UniformFromBits(uint32_t bits0, uint32_t bits1) {
  Direct m;
  return sequences::Uniform(m, bits0, bits1);
}

double NormalFromBits(uint32_t bits0, uint32_t bits1) {
  Direct m;
  return sequences::Normal(m, bits0, bits1);
}

double ExponentialFromBits(uint32_t bits0, uint32_t bits1) {
  Direct m;
  return sequences::Exponential(m, bits0, bits1);
}

bool BernoulliFromBits(double p, uint32_t bits0) {
  Direct m;
  return sequences::Bernoulli(m, p, bits0);
}

double SkipFromBits(uint32_t bits0, uint32_t bits1, double log_miss) {
  Direct m;
  return sequences::Skip(m, bits0, bits1, log_miss);
}

// Like sequences::Poisson, but computes one of its arms alone.
double PoissonFromBits(double mean, uint32_t bits0, uint32_t bits1) {
  Direct m;
  if (!(mean >= 0 && mean <= kPoissonMaxMean)) return sequences::kNaN;
  if (mean > (Mutant("R3.poisson_searched") ? 8 : kPoissonSearchedMean))
    return sequences::PoissonByNormal(m, mean, bits0, bits1);
  return sequences::PoissonBySearch(m, mean, bits0);
}

void PoissonSum::Advance() {
  k_ += 1;
  inverse_factorial_ /= k_;
  q_ *= mean_;
  cdf_ = Mutant("R3.poisson_sum") ? q_ * inverse_factorial_ + cdf_
                                  : std::fma(q_, inverse_factorial_, cdf_);
}

double PoissonMaxCount(double mean) { return std::floor(mean + 7 * std::sqrt(mean)) + 10; }

}  // namespace bnsyn::reference
