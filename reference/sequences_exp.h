// exp and its kin: exp, exp2, expm1, exprel, sinh, cosh, tanh, logistic.
#ifndef BNSYN_REFERENCE_SEQUENCES_EXP_H_
#define BNSYN_REFERENCE_SEQUENCES_EXP_H_

#include <bit>
#include <cstdint>

#include "reference/sequences.h"

namespace bnsyn::reference::sequences {

inline constexpr double kLog2E = 0x1.71547652b82fep0;

// (e^r - 1 - r)/r^2 on |r| <= ln(2)/2, with which e^r has a relative error of 2^-57.8.
template <class A>
typename A::F ExpQuotient(A& m, typename A::F r) {
  static constexpr double kCoefficients[] = {
      0x1.000000000000ap-1,  0x1.55555555554fep-3,  0x1.55555555506bap-5,  0x1.1111111126b3p-7,
      0x1.6c16c18477afp-10,  0x1.a01a012ff293bp-13, 0x1.a019995cdc321p-16, 0x1.71df18e256641p-19,
      0x1.28adfefac771ap-22, 0x1.ad9303fae2c04p-26};
  return Polynomial(m, kCoefficients, r);
}

// The same, with which 1 + r q, that is (e^r - 1)/r, has a relative error of 2^-55.5 and e^r one of
// 2^-56.9.
template <class A>
typename A::F ExprelQuotient(A& m, typename A::F r) {
  static constexpr double kCoefficients[] = {
      0x1.0000000000005p-1,  0x1.555555555553bp-3,  0x1.555555555211p-5,   0x1.1111111118833p-7,
      0x1.6c16c17f2d91dp-10, 0x1.a01a0177efd45p-13, 0x1.a019a6a6f3fcfp-16, 0x1.71de81141e3b5p-19,
      0x1.28a2891ce12e4p-22, 0x1.ae775dc44a21dp-26};
  return Polynomial(m, kCoefficients, r);
}

// The same with one more term, with which e^r - 1 has a relative error of 2^-61.5.
template <class A>
typename A::F Expm1Quotient(A& m, typename A::F r) {
  static constexpr double kCoefficients[] = {0x1p-1,
                                             0x1.5555555555559p-3,
                                             0x1.555555555554dp-5,
                                             0x1.111111110f659p-7,
                                             0x1.6c16c16c1aafap-10,
                                             0x1.a01a01b000a1cp-13,
                                             0x1.a01a018e0fb83p-16,
                                             0x1.71ddf819199dfp-19,
                                             0x1.27e5133c92e3cp-22,
                                             0x1.af5f17c20c511p-26,
                                             0x1.1f1a283c7cf11p-29};
  return Polynomial(m, kCoefficients, r);
}

// ln 2 = kLn2 + kLn2Rest, the first part rounded to nearest.
inline constexpr double kLn2 = 0x1.62e42fefa39efp-1;
inline constexpr double kLn2Rest = 0x1.abc9e3b39803fp-56;

// x = k ln 2 + r + low with |r| <= ln(2)/2 and |low| < 2^-45; `shifted` is k + `shift`, which is
// kRounder plus an integer that the caller wants added to k in the low bits. r is exact: where k is
// not 0, x and k ln 2 are multiples of 2^-54, and so is their difference below 1/2.
template <class A>
struct ReducedExponent {
  typename A::F shifted;
  typename A::F k;
  typename A::F r;
  typename A::F low;
};

template <class A>
ReducedExponent<A> ReduceExponent(A& m, typename A::F x, double shift) {
  const auto shifted = m.Fma(x, kLog2E, shift);
  const auto k = shifted - shift;
  return {shifted, k, m.Fma(k, -kLn2, x), k * -kLn2Rest};
}

template <class A>
typename A::F Exp(A& m, typename A::F x) {
  // Beyond these bounds the result is 0 or infinity, and within them k fits ScaleFactors.
  const auto bounded = m.Max(m.Min(x, 710.0), -746.0);
  const auto e = ReduceExponent(m, bounded, kScaleShift);
  const auto r = m.Fma(e.k, -kLn2Rest, e.r);
  const auto slope = m.Fma(r, ExpQuotient(m, r), 1.0);
  const auto scale = ScaleFactors(m, e.shifted);
  return m.Fma(r, slope, 1.0) * scale.first * scale.second;
}

template <class A>
typename A::F Exp2(A& m, typename A::F x) {
  const auto bounded = m.Max(m.Min(x, 1025.0), -1080.0);
  const auto shifted = bounded + kScaleShift;
  const auto fraction = bounded - (shifted - kScaleShift);  // exact
  const auto r = fraction * kLn2;
  const auto low = m.Fma(fraction, kLn2, -r) + fraction * kLn2Rest;
  const auto tail = m.Fma(r * r, ExpQuotient(m, r), low);
  const auto scale = ScaleFactors(m, shifted);
  return (1.0 + (r + tail)) * scale.first * scale.second;
}

// e^(r + low) - 1 - r, given q = (e^r - 1 - r)/r^2.
template <class A>
typename A::F Expm1Tail(A& m, typename A::F r, typename A::F low, typename A::F q) {
  const auto tail = r * r * q;
  return tail + m.Fma(low, r + tail, low);
}

// (e^x - 1) 2^-12 as a pair, for x in [-40, 718]: the scale keeps it finite beyond the range of
// e^x, and is small enough to be exact. `e` is x reduced with kExpm1Shift, q = (e^r - 1 - r)/r^2.
// The sum 2^k - 1 is exact where x is known to be `negative`; otherwise it is exact for k >= 0, and
// its error is negligible beside 1.
inline constexpr double kExpm1Scale = 0x1p-12;
inline constexpr double kExpm1Shift = kRounder + kExponentBias - 12;

template <class A>
Pair<A> ScaledExpm1(A& m, const ReducedExponent<A>& e, typename A::F q, bool negative = false) {
  const auto power = m.FromBits(m.ToBits(e.shifted) << 52);  // 2^(k - 12)
  // 2^k (e^r - 1) + (2^k - 1)
  const auto less_one =
      negative ? FastTwoSum<A>(-kExpm1Scale, power) : FastTwoSum<A>(power, -kExpm1Scale);
  const auto sum = FastTwoSum<A>(less_one.high, power * e.r);
  const auto low = m.Fma(power, Expm1Tail(m, e.r, e.low, q), less_one.low);
  return FastTwoSum<A>(sum.high, sum.low + low);
}

template <class A>
typename A::F Expm1(A& m, typename A::F x) {
  const auto e = ReduceExponent(m, m.Max(m.Min(x, 710.0), -40.0), kExpm1Shift);
  const auto scaled = ScaledExpm1(m, e, Expm1Quotient(m, e.r));
  // Tiny numbers, which the scale might push out of range, are their own result; so is -0.
  return m.Select(m.Abs(x) < 0x1p-54, x, scaled.high * (1 / kExpm1Scale));
}

// Near 0, where r = x, the polynomial alone is the result. One select takes everything else for
// other x.
template <class A>
typename A::F Exprel(A& m, typename A::F x) {
  const auto e = ReduceExponent(m, x, kExpm1Shift);
  const auto q = ExprelQuotient(m, e.r);
  const auto scaled = ScaledExpm1(m, e, q);
  const auto inverse = 1.0 / x;
  const auto quotient = scaled.high * inverse;
  const auto remainder = m.Fma(-quotient, x, scaled.high) + scaled.low;
  const auto ratio = m.Fma(remainder, inverse, quotient) * (1 / kExpm1Scale);
  // The result overflows at 716.4, later than e^x; and below -40 e^x is negligible beside 1.
  const auto bounded = m.Select(x > 717.0, kInfinity, ratio);
  const auto beyond = m.Select(x < -40.0, -inverse, bounded);
  return m.Select(e.k == 0.0, m.Fma(e.r, q, 1.0), beyond);
}

// exprel x, by another polynomial where kExprelLeast <= x <= -0. Arguments of variables that decay
// lie there: the product of the rate and the step is negative, and small unless the step is too
// long. One comparison of integers finds such an x, since the bits of -x rise with -x. The
// polynomial has a relative error of 2^-56.1.
inline constexpr double kExprelLeast = -0x1.cp-2;
template <class A>
typename A::F ExprelSmall(A& m, typename A::F x) {
  static constexpr double kCoefficients[] = {
      0x1.fffffffffffc1p-2,  0x1.555555555293fp-3,  0x1.55555553feb4cp-5,
      0x1.111110bf13bbep-7,  0x1.6c16ab238032ap-10, 0x1.a01655a223bp-13,
      0x1.9fba1ecfd3781p-16, 0x1.6bed335293552p-19, 0x1.e5b1c84acfabp-23};
  constexpr auto kMost = std::bit_cast<uint64_t>(-kExprelLeast);
  const auto near = m.ToBits(x) - kSignBit <= kMost;
  return m.Select(near, m.Fma(x, Polynomial(m, kCoefficients, x), 1.0), Exprel(m, x));
}

// tanh |x| = -t/(t + 2) with t = e^(-2|x|) - 1.
template <class A>
typename A::F Tanh(A& m, typename A::F x) {
  const auto size = m.Abs(x);
  const auto e = ReduceExponent(m, m.Max(-2.0 * size, -40.0), kExpm1Shift);
  const auto t = ScaledExpm1(m, e, Expm1Quotient(m, e.r), /*negative=*/true);
  const auto sum = FastTwoSum<A>(2 * kExpm1Scale, t.high);
  const auto sum_low = sum.low + t.low;
  const auto inverse = 1.0 / sum.high;
  const auto quotient = t.high * inverse;
  const auto remainder = m.Fma(-quotient, sum.high, t.high) + m.Fma(-quotient, sum_low, t.low);
  const auto ratio = WithSignOf(m, m.Fma(remainder, inverse, quotient), x);
  return m.Select(size < 0x1p-27, x, ratio);
}

// sinh |x| = (t + t/(t + 1))/2 with t = e^|x| - 1; it overflows at 710.5.
template <class A>
typename A::F Sinh(A& m, typename A::F x) {
  const auto size = m.Abs(x);
  const auto e = ReduceExponent(m, m.Min(size, 712.0), kExpm1Shift);
  const auto t = ScaledExpm1(m, e, Expm1Quotient(m, e.r));
  const auto power = TwoSum<A>(t.high, kExpm1Scale);
  const auto ratio = Quotient(m, t, {power.high, power.low + t.low});
  const auto sum = FastTwoSum<A>(t.high, ratio.high * kExpm1Scale);
  const auto rest = m.Fma(ratio.low, kExpm1Scale, sum.low + t.low);
  const auto result = WithSignOf(m, (sum.high + rest) * (0.5 / kExpm1Scale), x);
  return m.Select(size < 0x1p-27, x, result);
}

// cosh x = (p + 1/p)/2 with p = e^|x|.
template <class A>
typename A::F Cosh(A& m, typename A::F x) {
  const auto e = ReduceExponent(m, m.Min(m.Abs(x), 712.0), kExpm1Shift);
  const auto t = ScaledExpm1(m, e, Expm1Quotient(m, e.r));
  const auto power = TwoSum<A>(t.high, kExpm1Scale);
  const auto power_low = power.low + t.low;
  const auto inverse = Quotient<A>(m, {kExpm1Scale * kExpm1Scale, 0.0}, {power.high, power_low});
  const auto sum = FastTwoSum<A>(power.high, inverse.high);
  const auto rest = sum.low + (power_low + inverse.low);
  return (sum.high + rest) * (0.5 / kExpm1Scale);
}

// With e^-x = 2^k e^r the result is a/(a + b e^r), where a = 2^-k and b = 1 for k >= 0, and a = 1
// and b = 2^k otherwise: nothing overflows, and a result below the normal range is rounded to it
// by the last product.
template <class A>
typename A::F Logistic(A& m, typename A::F x) {
  const auto e = ReduceExponent(m, m.Max(m.Min(-x, 746.0), -40.0), kRounder);
  const auto tail = Expm1Tail(m, e.r, e.low, Expm1Quotient(m, e.r));
  const auto b_exponent = m.Min(e.k, 0.0);
  const auto b = PowerOfTwo(m, b_exponent);
  const auto scale = ScaleFactors(m, (b_exponent - e.k) + kScaleShift);
  const auto a = scale.first * scale.second;
  // a + b + b (r + tail), where the larger of a and b is 1.
  const auto sum = a + b;
  const auto sum_low = m.Min(a, b) - (sum - 1.0);
  const auto high = m.Fma(b, e.r, sum);
  const auto rest = m.Fma(b, e.r, sum - high) + m.Fma(b, tail, sum_low);
  const auto divisor = FastTwoSum<A>(high, rest);
  const auto inverse = 1.0 / divisor.high;
  const auto error = m.Fma(-divisor.low, inverse, m.Fma(-divisor.high, inverse, 1.0));
  return m.Fma(error, inverse, inverse) * scale.first * scale.second;
}

}  // namespace bnsyn::reference::sequences

#endif  // BNSYN_REFERENCE_SEQUENCES_EXP_H_
