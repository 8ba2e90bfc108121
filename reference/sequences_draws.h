// Draws (R3) from words of 32 random bits.
#ifndef BNSYN_REFERENCE_SEQUENCES_DRAWS_H_
#define BNSYN_REFERENCE_SEQUENCES_DRAWS_H_

#include "ir/mutant.h"
#include "reference/sequences.h"
#include "reference/sequences_log.h"

namespace bnsyn::reference::sequences {

inline constexpr uint64_t kHalfBits = 0x3fe0000000000000;
inline constexpr uint64_t kTwo20Bits = 0x4130000000000000;
inline constexpr uint64_t kTwo25Bits = 0x4180000000000000;

// 2^20 + bits * 2^-32, by setting the low half of a double.
template <class A>
typename A::F RaisedFraction(A& m, typename A::W bits) {
  return m.FromBits(m.Widen(bits) | kTwo20Bits);
}

// The upper 27 bits of one word before the upper 26 of the other: a multiple of 2^-53 in [0, 1).
template <class A>
typename A::F Uniform(A& m, typename A::W bits0, typename A::W bits1) {
  const auto high_bits = m.Widen(m.ShiftRight(bits0, Mutant("R3.uniform") ? 6 : 5)) | kTwo25Bits;
  const auto low_bits = m.Widen(m.ShiftRight(bits1, 6)) | kHalfBits;
  // 2^25 + high 2^-27 and 1/2 + low 2^-53; every sum is exact.
  return (m.FromBits(high_bits) - (0x1p25 + 0.5)) + m.FromBits(low_bits);
}

// Box and Muller: sqrt(-2 log u) cos(2 pi t) with u = (bits0 + 1/2) 2^-32, t = bits1 2^-32.
template <class A>
typename A::F Normal(A& m, typename A::W bits0, typename A::W bits1) {
  // sin(2 pi v)/v on |v| <= 1/4, as a polynomial in v^2.
  static constexpr double kCoefficients[] = {
      0x1.921fb54442d18p2,  -0x1.4abbce625be39p5,  0x1.466bc67759fccp6,
      -0x1.32d2cce5e66ebp6, 0x1.5078346ab756fp5,   -0x1.e30741a6ba9a8p3,
      0x1.e8f023f73b57ep1,  -0x1.6f0536efc7256p-1, 0x1.8f9e5a0862007p-4};
  const auto u = RaisedFraction(m, bits0) - (0x1p20 - (Mutant("R3.normal") ? 0x1p-32 : 0x1p-33));
  const auto radius = m.Sqrt(LogNormal(m, u) * -2.0);
  // cos(2 pi t) = sin(2 pi v) for v = |t - 1/2| - 1/4, exactly.
  const auto v = m.Abs(RaisedFraction(m, bits1) - (0x1p20 + 0.5)) - 0.25;
  const auto cosine = v * Polynomial(m, kCoefficients, v * v);
  return radius * cosine;
}

// -log u for the uniform u = 1 - Uniform in (0, 1]; subtracted from 0, lest it be -0.
template <class A>
typename A::F Exponential(A& m, typename A::W bits0, typename A::W bits1) {
  if (Mutant("R3.exponential")) return 0.0 - LogNormal(m, 0x1p-53 + Uniform(m, bits0, bits1));
  return 0.0 - LogNormal(m, 1.0 - Uniform(m, bits0, bits1));
}

// How many places a Bernoulli rule of probability p passes over before the next synapse, for
// log_miss = log(1 - p): the floor of log(u)/log_miss, with u = 1 - Uniform in (0, 1].
template <class A>
typename A::F Skip(A& m, typename A::W bits0, typename A::W bits1, typename A::F log_miss) {
  return m.Floor(Log(m, 1.0 - Uniform(m, bits0, bits1)) / log_miss);
}

// bits 2^-32 < p.
template <class A>
typename A::B Bernoulli(A& m, typename A::F p, typename A::W bits0) {
  return RaisedFraction(m, bits0) - (Mutant("R3.bernoulli") ? 0x1p20 + 0x1p-32 : 0x1p20) < p;
}

}  // namespace bnsyn::reference::sequences

#endif  // BNSYN_REFERENCE_SEQUENCES_DRAWS_H_
