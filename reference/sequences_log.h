// log, log1p, log10, log2, pow and cbrt.
#ifndef BNSYN_REFERENCE_SEQUENCES_LOG_H_
#define BNSYN_REFERENCE_SEQUENCES_LOG_H_

#include "reference/sequences.h"
#include "reference/sequences_exp.h"

namespace bnsyn::reference::sequences {

inline constexpr double kSmallestNormal = 0x1p-1022;
inline constexpr uint64_t kMantissaMask = 0x000fffffffffffff;
inline constexpr uint64_t kOneBits = 0x3ff0000000000000;
inline constexpr uint64_t kSqrtHalfBits = 0x3fe6a09e00000000;  // just below sqrt(1/2)

// A positive normal number as 2^k (1 + f), with 1 + f from sqrt(1/2) to sqrt(2); f is exact.
template <class A>
struct LogArgument {
  typename A::F k;
  typename A::F f;
};

template <class A>
LogArgument<A> SplitNormal(A& m, typename A::F x) {
  const auto bits = m.ToBits(x) + (kOneBits - kSqrtHalfBits);
  const auto mantissa = m.FromBits((bits & kMantissaMask) + kSqrtHalfBits);
  // The biased exponent as a double: 2^52 with it in the low bits, less 2^52.
  const auto exponent = m.FromBits((bits >> 52) | kTwo52Bits);
  return {exponent - (0x1p52 + kExponentBias), mantissa - 1.0};
}

// The same for subnormal numbers too, which are scaled first.
template <class A>
LogArgument<A> SplitPositive(A& m, typename A::F x) {
  const auto subnormal = x < kSmallestNormal;
  const auto split = SplitNormal(m, m.Select(subnormal, x * 0x1p54, x));
  return {m.Select(subnormal, split.k - 54.0, split.k), split.f};
}

// k ln 2 + log(1 + f) + low (1 - 2s + 2s^2) with s = f/(2 + f), which is log(2^k (1 + f + low))
// for a `low` below an ulp of 1 + f, as 1/(1 + f) = (1 - s)/(1 + s). The terms are those of
// fdlibm's log: log(1 + f) = f - (f^2/2 - s (f^2/2 + R(s^2))).
template <class A>
typename A::F LogTerms(A& m, typename A::F k, typename A::F f, typename A::F low) {
  // R(z)/z for s R = log(1 + f) - 2s; with it the logarithm has a relative error of 2^-57.6.
  static constexpr double kCoefficients[] = {
      0x1.5555555555558p-1, 0x1.99999999952b9p-2, 0x1.2492492dfb9b8p-2, 0x1.c71c62d649d9p-3,
      0x1.7462b925f9dc5p-3, 0x1.39fdcbbcf2b6dp-3, 0x1.2b5f5b2f2fd08p-3};
  const auto s = f / (f + 2.0);
  const auto z = s * s;
  const auto half_square = (f * 0.5) * f;
  const auto bracket = m.Fma(z, Polynomial(m, kCoefficients, z), half_square);
  const auto rest = half_square - m.Fma(s, bracket, m.Fma(k, kLn2Low, low));
  const auto sum = FastTwoSum<A>(k * kLn2High, f);
  return sum.high + (sum.low - rest);
}

// log x for a positive normal x.
template <class A>
typename A::F LogNormal(A& m, typename A::F x) {
  const auto split = SplitNormal(m, x);
  return LogTerms<A>(m, split.k, split.f, 0.0);
}

// `finite` for x in (bottom, inf), -inf at the bottom, NaN below it, x itself for inf and NaN.
template <class A>
typename A::F LogSpecials(A& m, typename A::F x, double bottom, typename A::F finite) {
  const auto upper = m.Select(x < kInfinity, finite, x);
  const auto lower = m.Select(x < bottom, kNaN, -kInfinity);
  return m.Select(x <= bottom, lower, upper);
}

template <class A>
typename A::F Log(A& m, typename A::F x) {
  const auto split = SplitPositive(m, x);
  return LogSpecials(m, x, 0.0, LogTerms<A>(m, split.k, split.f, 0.0));
}

template <class A>
typename A::F Log1p(A& m, typename A::F x) {
  const auto sum = TwoSum<A>(1.0, x);
  const auto split = SplitNormal(m, sum.high);
  // Beyond 2^60 the rounding of the sum does not change the result, so the power may be wrong
  // there.
  const auto low = sum.low * PowerOfTwo(m, -m.Min(split.k, 60.0));
  const auto s = split.f / (split.f + 2.0);
  const auto slope = m.Fma(s * 2.0, s - 1.0, 1.0);
  const auto finite = LogTerms(m, split.k, split.f, low * slope);
  return m.Select(x == 0.0, x, LogSpecials(m, x, -1.0, finite));
}

// log x as a pair with a relative error of about 2^-66, for positive finite x.
template <class A>
Pair<A> LogPair(A& m, typename A::F x) {
  // With s = f/(2 + f) and z = s^2: log(1 + f) = 2s + s z (2/3 + z q(z)).
  static constexpr double kCoefficients[] = {
      0x1.999999999999ap-2, 0x1.24924924922fep-2, 0x1.c71c71c74c77ap-3, 0x1.745d173ce41bap-3,
      0x1.3b13a9cbb9295p-3, 0x1.111551154f71fp-3, 0x1.e01971bc08c64p-4, 0x1.daa559ed9e488p-4};
  constexpr double kTwoThirds = 0x1.5555555555555p-1;
  constexpr double kTwoThirdsLow = 0x1.5555555555555p-55;
  const auto split = SplitPositive(m, x);
  const auto f = split.f;
  const auto divisor = FastTwoSum<A>(2.0, f);
  const auto inverse = 1.0 / divisor.high;
  const auto s = f * inverse;
  const auto s_low = m.Fma(-s, divisor.low, m.Fma(-s, divisor.high, f)) * inverse;
  const auto z = s * s;
  const auto z_low = m.Fma(s * 2.0, s_low, m.Fma(s, s, -z));
  const auto tail = TwoProduct(m, z, Polynomial(m, kCoefficients, z));
  const auto t = FastTwoSum<A>(kTwoThirds, tail.high);
  const auto t_low = t.low + (tail.low + m.Fma(z_low, kCoefficients[0], kTwoThirdsLow));
  const auto cube = TwoProduct(m, s, z);
  const auto cube_low = cube.low + m.Fma(s, z_low, s_low * z);
  const auto rest = TwoProduct(m, cube.high, t.high);
  const auto rest_low = rest.low + m.Fma(cube.high, t_low, cube_low * t.high);
  const auto first = FastTwoSum<A>(split.k * kLn2High, s * 2.0);
  const auto second = FastTwoSum<A>(first.high, rest.high);
  const auto small = m.Fma(split.k, kLn2Low, m.Fma(s_low, 2.0, rest_low));
  return FastTwoSum<A>(second.high, (first.low + second.low) + small);
}

// a (high + low), for numbers `high` and `low` that are constant.
template <class A>
Pair<A> TimesConstant(A& m, Pair<A> a, double high, double low) {
  const auto product = TwoProduct(m, a.high, high);
  return {product.high, m.Fma(a.high, low, m.Fma(a.low, high, product.low))};
}

template <class A>
typename A::F Log10(A& m, typename A::F x) {
  constexpr double kLog10E = 0x1.bcb7b1526e50ep-2;
  constexpr double kLog10ELow = 0x1.95355baaafad3p-57;
  const auto log = TimesConstant(m, LogPair(m, x), kLog10E, kLog10ELow);
  return LogSpecials(m, x, 0.0, log.high + log.low);
}

template <class A>
typename A::F Log2(A& m, typename A::F x) {
  constexpr double kLog2ELow = 0x1.777d0ffda0d24p-56;
  const auto log = TimesConstant(m, LogPair(m, x), kLog2E, kLog2ELow);
  return LogSpecials(m, x, 0.0, log.high + log.low);
}

// e^(high + low) = (head + rest) * scale.first * scale.second, for a `low` below 2^-40 where the
// result is neither 0 nor infinite.
template <class A>
struct ScaledExponential {
  typename A::F head;
  typename A::F rest;
  Factors<A> scale;
};

template <class A>
ScaledExponential<A> ScaledExp(A& m, Pair<A> x) {
  const auto bounded = m.Max(m.Min(x.high, 710.0), -746.0);
  const auto low = m.Max(m.Min(x.low, 0x1p-40), -0x1p-40);
  const auto shifted = m.Fma(bounded, kLog2E, kScaleShift);
  const auto k = shifted - kScaleShift;
  const auto head = m.Fma(k, -kLn2High, bounded);  // exact
  const auto r = FastTwoSum<A>(head, m.Fma(k, -kLn2Low, low));
  // e^r - 1 - r.high; r.low is so small that it is multiplied by 1 + r.high alone.
  const auto low_part = m.Fma(r.low, r.high, r.low);
  const auto tail = m.Fma(r.high * r.high, Expm1Quotient(m, r.high), low_part);
  const auto sum = FastTwoSum<A>(1.0, r.high);
  return {sum.high, sum.low + tail, ScaleFactors(m, shifted)};
}

template <class A>
typename A::F ExpOfPair(A& m, Pair<A> x) {
  const auto power = ScaledExp(m, x);
  return (power.head + power.rest) * power.scale.first * power.scale.second;
}

// e^(log|x|/3) with the sign of x.
template <class A>
typename A::F Cbrt(A& m, typename A::F x) {
  constexpr double kThird = 0x1.5555555555555p-2;
  constexpr double kThirdLow = 0x1.5555555555555p-56;
  const auto size = m.Abs(x);
  const auto root = ExpOfPair(m, TimesConstant(m, LogPair(m, size), kThird, kThirdLow));
  return m.Select(m.And(size > 0.0, size < kInfinity), WithSignOf(m, root, x), x);
}

template <class A>
typename A::F Pow(A& m, typename A::F x, typename A::F y) {
  const auto size = m.Abs(x);
  const auto log = LogPair(m, size);
  // An exponent beyond 2^64 acts like infinity, and 2^64 does as well: no |log x| but 0 is below
  // 2^-54.
  const auto exponent = m.Max(m.Min(y, 0x1p64), -0x1p64);
  const auto product = TwoProduct(m, exponent, log.high);
  const auto finite = ExpOfPair<A>(m, {product.high, m.Fma(exponent, log.low, product.low)});

  // The special values of Annex F.
  const auto infinite_base = size == kInfinity;
  const auto outermost = m.Or(infinite_base, size == 0.0);
  const auto negative_power = y < 0.0;
  const auto limit = m.Select(m.Xor(infinite_base, negative_power), kInfinity, 0.0);
  const auto magnitude = m.Select(outermost, limit, finite);

  const auto integral = m.Rint(y) == y;
  const auto half = y * 0.5;
  const auto odd = m.And(integral, m.Rint(half) != half);
  const auto sign = m.Select(odd, m.ToBits(x) & kSignBit, uint64_t{0});
  const auto signed_power = m.FromBits(m.ToBits(magnitude) | sign);

  const auto negative_base = m.And(x<0.0, x> - kInfinity);
  const auto invalid = m.And(negative_base, m.Not(integral));
  const auto unordered = m.Or(x != x, y != y);
  const auto power = m.Select(m.Or(invalid, unordered), kNaN, signed_power);
  return m.Select(m.Or(x == 1.0, y == 0.0), 1.0, power);
}

}  // namespace bnsyn::reference::sequences

#endif  // BNSYN_REFERENCE_SEQUENCES_LOG_H_
