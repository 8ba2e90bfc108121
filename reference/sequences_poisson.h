// The Poisson draw (R3): counts whose mean differs from element to element.
#ifndef BNSYN_REFERENCE_SEQUENCES_POISSON_H_
#define BNSYN_REFERENCE_SEQUENCES_POISSON_H_

#include <cstddef>
#include <iterator>

#include "reference/functions.h"
#include "reference/sequences.h"
#include "reference/sequences_draws.h"
#include "reference/sequences_exp.h"

namespace bnsyn::reference::sequences {

// No word reaches the threshold of a higher count: with the mean 16 its probability is 2^-34.
inline constexpr size_t kPoissonSearchedCounts = 48;

// Exp(-mean) for a mean from 0 to 16, to the bit: no argument is out of range, and 2^k has an
// exponent of its own.
template <class A>
typename A::F PoissonNone(A& m, typename A::F mean) {
  const auto e = ReduceExponent(m, -mean, kRounder + kExponentBias);
  const auto r = m.Fma(e.k, -kLn2Rest, e.r);
  const auto slope = m.Fma(r, ExpQuotient(m, r), 1.0);
  return m.Fma(r, slope, 1.0) * m.FromBits(m.ToBits(e.shifted) << 52);
}

// The number of k with u >= cdf_k, for u = (bits0 + 1/2) 2^-32 and a mean from 0 to 16: with
// q_0 = exp(-mean) and q_k = q_(k-1) mean, cdf_0 = q_0 and cdf_k = cdf_(k-1) + q_k (1/k!), rounded
// once. Higher counts are arms of their own, which kernels compute where some lane needs them.
template <class A>
typename A::F PoissonBySearch(A& m, typename A::F mean, typename A::W bits0) {
  using F = typename A::F;
  static constexpr size_t kEnds[] = {5, 27, kPoissonSearchedCounts};
  constexpr size_t kArms = std::size(kEnds);
  const F u = RaisedFraction(m, bits0) - (0x1p20 - 0x1p-33);
  F q = PoissonNone(m, mean);
  F cdf = q;
  F counts[kArms];  // of each arm
  F ends[kArms];    // the last cdf of each
  double inverse_factorial = 1;
  for (size_t arm = 0, k = 0; arm < kArms; ++arm) {
    for (bool first = true; k < kEnds[arm]; ++k, first = false) {
      if (k > 0) {
        inverse_factorial /= static_cast<double>(k);
        q = q * mean;
        cdf = m.Fma(q, F(inverse_factorial), cdf);
      }
      const F one = m.Select(u >= cdf, F(1.0), F(0.0));
      counts[arm] = first ? one : counts[arm] + one;
    }
    ends[arm] = cdf;
  }
  F count = counts[kArms - 1];
  for (size_t arm = kArms - 1; arm-- > 0;) {
    count = counts[arm] + m.Select(u >= ends[arm], count, F(0.0));
  }
  return count;
}

// For a mean from 16 on: where the distribution function of counts, made continuous by the
// incomplete gamma function, has the value that the normal one has at z. With s = z/sqrt(mean) it
// is
//
//   x = mean f_0(s) + f_1(s) + f_2(s)/mean + ...
//
// The f_i are the Taylor series whose coefficients follow from
// (dx/dmean) phi(z) = (mean^(x-1) exp(-mean)/Gamma(x)) (dx/dz) for x(z, mean), order by order, with
// Stirling's series of the gamma function. Counts floor(x) are Poisson's to within 2^-26 in total
// variation for the mean 16, and to within 2^-30 from 24 on.
template <class A>
typename A::F PoissonPoint(A& m, typename A::F mean, typename A::F z) {
  static constexpr double kF0[] = {0x1p0,
                                   0x1p0,
                                   0x1.5555555555555p-3,
                                   -0x1.c71c71c71c71cp-7,
                                   0x1.e573ac901e574p-9,
                                   -0x1.5ceb240795cebp-10,
                                   0x1.24cfee2e4b309p-11,
                                   -0x1.0e962060208e6p-12,
                                   0x1.0b207f76956fbp-13,
                                   -0x1.14be086208b0dp-14,
                                   0x1.2973239d6affbp-15,
                                   -0x1.491e452f89344p-16,
                                   0x1.74ce7ee26aadap-17,
                                   -0x1.ae8f1cf3b12fep-18,
                                   0x1.f96b12952c0cfp-19,
                                   -0x1.2cc9ad3135c4ep-19,
                                   0x1.6a5159dc694f7p-20,
                                   -0x1.b900296404afbp-21};
  static constexpr double kF1[] = {
      0x1.5555555555555p-2,  -0x1.c71c71c71c71cp-6,  0x1.1b2e24a967083p-7,  -0x1.cdda7ed755c13p-9,
      0x1.b1706c5c1b17p-10,  -0x1.bb8cd09c27e3dp-11, 0x1.e10e8b654e50fp-12, -0x1.0fdfa3de49f92p-12,
      0x1.3ce0b7905be83p-13, -0x1.7a23c38af7f8p-14,  0x1.cbb94488698dap-15, -0x1.1bb0a9a89128ap-15,
      0x1.627d1379db3f2p-16, -0x1.bf92e22600e5fp-17};
  static constexpr double kF2[] = {
      -0x1.43a2730abee4dp-6,  0x1.1ac243d863734p-6,  -0x1.a080bf5af8d8ap-7, 0x1.273136bedc5f4p-7,
      -0x1.9e848576e7f8bp-8,  0x1.22993b229ed98p-8,  -0x1.97b63934833cdp-9, 0x1.1e53d5d5827f1p-9,
      -0x1.9297e7a9aff8bp-10, 0x1.1b4ac4b1b6205p-10, -0x1.8efb69349c40fp-11};
  static constexpr double kF3[] = {
      -0x1.48c5892f7cd83p-11, 0x1.ea47c3993b314p-10, -0x1.75aecd25cde43p-9, 0x1.b21d6cbd253c8p-9,
      -0x1.b59fe9a639b07p-9,  0x1.95810f76ee0c8p-9,  -0x1.63d49723b225ap-9, 0x1.2cc8ca6fd715fp-9};
  static constexpr double kF4[] = {0x1.9b92c82e2c67cp-10, -0x1.17e117eb05cf5p-8,
                                   0x1.d296952813297p-8, -0x1.355cd1ce8571dp-7,
                                   0x1.67248d83560cp-7};
  static constexpr double kF5[] = {0x1.7d51e327c437p-13, -0x1.ee9bb05854abbp-11,
                                   0x1.45ed583fd82adp-9};
  const auto root = 1.0 / m.Sqrt(mean);
  const auto s = z * root;
  const auto inverse = root * root;
  auto rest = m.Fma(Polynomial(m, kF5, s), inverse, Polynomial(m, kF4, s));
  rest = m.Fma(rest, inverse, Polynomial(m, kF3, s));
  rest = m.Fma(rest, inverse, Polynomial(m, kF2, s));
  rest = m.Fma(rest, inverse, Polynomial(m, kF1, s));
  return m.Fma(Polynomial(m, kF0, s), mean, rest);
}

// The count of a mean from 16 on.
template <class A>
typename A::F PoissonByNormal(A& m, typename A::F mean, typename A::W bits0, typename A::W bits1) {
  return m.Max(m.Floor(PoissonPoint(m, mean, Normal(m, bits0, bits1))), 0.0);
}

// The count of a Poisson draw; NaN unless 0 <= mean <= 1e6. Nothing but the comparison with 0 is
// needed for a mean of 0.
template <class A>
typename A::F Poisson(A& m, typename A::F mean, typename A::W bits0, typename A::W bits1) {
  const auto count = m.Select(mean > kPoissonSearchedMean, PoissonByNormal(m, mean, bits0, bits1),
                              PoissonBySearch(m, mean, bits0));
  const auto valid = m.Select(mean <= kPoissonMaxMean, count, kNaN);
  return m.Select(mean > 0.0, valid, m.Select(mean == 0.0, 0.0, kNaN));
}

}  // namespace bnsyn::reference::sequences

#endif  // BNSYN_REFERENCE_SEQUENCES_POISSON_H_
