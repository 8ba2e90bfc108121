// erf and erfc.
#ifndef BNSYN_REFERENCE_SEQUENCES_ERF_H_
#define BNSYN_REFERENCE_SEQUENCES_ERF_H_

#include "reference/sequences.h"
#include "reference/sequences_exp.h"
#include "reference/sequences_log.h"

namespace bnsyn::reference::sequences {

// Polynomials here are least-squares fits on Chebyshev nodes, with 400 bits: the lowest coefficient
// was rounded to a double, the others were fitted anew, and so on.

// Below this magnitude erf x is a polynomial; above it erfc x is the one that is computed.
inline constexpr double kErfSmall = 0.5;

// erf x - x for |x| <= kErfSmall, with which erf x has a relative error of 2^-56.3.
template <class A>
typename A::F ErfTail(A& m, typename A::F x) {
  static constexpr double kCoefficients[] = {
      0x1.06eba8214db69p-3,  -0x1.812746b037a1cp-2,  0x1.ce2f21a0465dp-4, -0x1.b82ce3145267dp-6,
      0x1.565bcd888e3edp-8,  -0x1.c02dda23b32b5p-11, 0x1.f9aa4b899ccp-14, -0x1.f59a8d60400fap-17,
      0x1.c55a3b6ce1785p-20, -0x1.974ba60a9c995p-23};
  return x * Polynomial(m, kCoefficients, x * x);
}

// erfc x for x >= kErfSmall: e^(-x^2) f(q)/(1 + 1.5 x) with q = (x - 4)/(x + 4). Of all factors
// 1 + s x this one leaves an f, from 0.85 to 1.08, in which the rounding of q is felt least. f has
// a relative error of 2^-60.2.
template <class A>
typename A::F ErfcTail(A& m, typename A::F x) {
  constexpr double kMiddle = 0x1.eb018ce4f8a53p-1;
  constexpr double kMiddleLow = 0x1.d2aa904232a49p-55;
  static constexpr double kCoefficients[] = {
      -0x1.5b19d309b1b77p-3,  0x1.0f371a2170064p-4,   0x1.47f4030365b5ep-7,
      -0x1.8da09f8ab1359p-5,  0x1.bea654d2c3a7dp-5,   -0x1.576eecbc4f617p-5,
      0x1.941b0a6eb2b9fp-6,   -0x1.6cd05756aa7e3p-7,  0x1.d47a1c38b2796p-9,
      -0x1.2cd228104f4b5p-11, -0x1.0ffe8100c0f0dp-13, 0x1.c229a91fa80d5p-14,
      -0x1.3afb59d9a1c86p-16, -0x1.01b3cfc7b51dbp-17, 0x1.185db59d587ccp-18,
      0x1.3fb14be7a64e7p-23,  -0x1.3d26b74bf5c04p-21, 0x1.0dd2715195e51p-24,
      0x1.3cfbbee6d46f8p-24,  -0x1.ec5b726b8384fp-27, -0x1.d8c19f656c954p-28,
      0x1.9e70f338be2c5p-30};
  const auto bounded = m.Min(x, 28.0);  // beyond 27.23 the result is 0
  const auto divisor = m.Fma(bounded, 1.5, 1.0);
  const auto divisor_low = m.Fma(bounded, 1.5, 1.0 - divisor);
  // One division gives both quotients; that by the divisor is mended by its remainder.
  const auto sum = bounded + 4.0;
  const auto inverse = 1.0 / (sum * divisor);
  const auto q = (bounded - 4.0) * (inverse * divisor);
  const auto f = FastTwoSum<A>(kMiddle, q * Polynomial(m, kCoefficients, q));
  const auto inverse_divisor = inverse * sum;
  const auto ratio = f.high * inverse_divisor;
  const auto remainder =
      m.Fma(-ratio, divisor, f.high) + m.Fma(-ratio, divisor_low, f.low + kMiddleLow);
  const auto ratio_low = remainder * inverse_divisor;

  const auto square = TwoProduct(m, bounded, bounded);
  const auto power = ScaledExp<A>(m, {-square.high, -square.low});
  const auto e = FastTwoSum<A>(power.head, power.rest);
  const auto product = TwoProduct(m, e.high, ratio);
  const auto rest = m.Fma(e.high, ratio_low, m.Fma(e.low, ratio, product.low));
  return (product.high + rest) * power.scale.first * power.scale.second;
}

template <class A>
typename A::F Erf(A& m, typename A::F x) {
  const auto size = m.Abs(x);
  const auto large = WithSignOf(m, 1.0 - ErfcTail(m, size), x);
  return m.Select(size < kErfSmall, x + ErfTail(m, x), large);
}

template <class A>
typename A::F Erfc(A& m, typename A::F x) {
  const auto size = m.Abs(x);
  const auto tail = ErfcTail(m, size);
  const auto large = m.Select(x < 0.0, 2.0 - tail, tail);
  const auto head = FastTwoSum<A>(1.0, -x);
  const auto small = head.high + (head.low - ErfTail(m, x));
  return m.Select(size < kErfSmall, small, large);
}

}  // namespace bnsyn::reference::sequences

#endif  // BNSYN_REFERENCE_SEQUENCES_ERF_H_
