// The arithmetic in which the sequences of R2 are written.
//
// Each function is written once, without branches, as a template over an arithmetic A. Two
// arithmetics run it: Direct (functions.cc) computes with numbers, and NodeArithmetic (of the
// expand_math pass) writes ops of the IR. So the oracle and the expansion cannot differ.
//
// A has the types F (f64), U (u64), W (u32) and B (bool). F and U have the operators that stand for
// ops (of F + - * / and the comparisons; of U + - & | ^, and << >> by a constant) and are made from
// constants of the types double and uint64_t. The other ops are members of A:
//   F Fma(F, F, F), Abs(F), Sqrt(F), Min(F, F), Max(F, F), Floor(F), Rint(F)
//   B And(B, B), Or(B, B), Xor(B, B), Not(B), Equal(U, U)
//   F Select(B, F, F), U Select(B, U, U)
//   U ToBits(F), F FromBits(U), U Widen(W), W ShiftRight(W, int)
// Sequences reach integers through the bits of doubles, not by conversions: no vector unit below
// AVX-512 converts between f64 and 64-bit integers, multiplies these, or shifts them
// arithmetically.
//
// Polynomials were fitted by Sollya's fpminimax: minimax approximations among those whose
// coefficients are doubles. An ulp is the spacing of doubles at the result.
#ifndef BNSYN_REFERENCE_SEQUENCES_H_
#define BNSYN_REFERENCE_SEQUENCES_H_

#include <cstddef>
#include <cstdint>
#include <limits>

namespace bnsyn::reference::sequences {

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();
inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
inline constexpr uint64_t kSignBit = uint64_t{1} << 63;
inline constexpr uint64_t kTwo52Bits = 0x4330000000000000;  // of 2^52

// Added to a double of magnitude below 2^51 it leaves the nearest integer in the low bits of the
// sum; subtracted again, it leaves that integer as a double.
inline constexpr double kRounder = 0x1.8p52;
inline constexpr double kExponentBias = 1023.0;

// ln 2 = kLn2High + kLn2Low. A product of the high part with an integer below 2^11 is exact.
inline constexpr double kLn2High = 0x1.62e42fefa38p-1;
inline constexpr double kLn2Low = 0x1.ef35793c7673p-45;

// An unevaluated sum of two numbers, the second small beside the first.
template <class A>
struct Pair {
  typename A::F high;
  typename A::F low;
};

// a + b exactly, when |a| >= |b| or a = 0.
template <class A>
Pair<A> FastTwoSum(typename A::F a, typename A::F b) {
  const auto sum = a + b;
  return {sum, b - (sum - a)};
}

// a + b exactly.
template <class A>
Pair<A> TwoSum(typename A::F a, typename A::F b) {
  const auto sum = a + b;
  const auto b_part = sum - a;
  const auto a_part = sum - b_part;
  const auto b_error = b - b_part;
  return {sum, (a - a_part) + b_error};
}

// a * b exactly, short of underflow.
template <class A>
Pair<A> TwoProduct(A& m, typename A::F a, typename A::F b) {
  const auto product = a * b;
  return {product, m.Fma(a, b, -product)};
}

// a / b for pairs with a normal quotient: the rounded quotient and its error.
template <class A>
Pair<A> Quotient(A& m, Pair<A> a, Pair<A> b) {
  const auto inverse = 1.0 / b.high;
  const auto quotient = a.high * inverse;
  const auto remainder = m.Fma(-quotient, b.high, a.high) + m.Fma(-quotient, b.low, a.low);
  return {quotient, remainder * inverse};
}

// The polynomial with coefficients c[0], c[1], ...: pairs of terms, then Horner's rule in x^2, so
// that the chain of dependent operations is half as long as that of Horner's rule in x.
template <class A, size_t n>
typename A::F Polynomial(A& m, const double (&c)[n], typename A::F x) {
  static_assert(n >= 3);
  const auto x2 = x * x;
  size_t i = n % 2 == 0 ? n - 2 : n - 3;
  auto sum = m.Fma(x, c[i + 1], c[i]);
  if (n % 2 != 0) sum = m.Fma(x2, c[n - 1], sum);
  while (i > 0) {
    i -= 2;
    sum = m.Fma(sum, x2, m.Fma(x, c[i + 1], c[i]));
  }
  return sum;
}

// 2^k for an integral k in [-1022, 1023].
template <class A>
typename A::F PowerOfTwo(A& m, typename A::F k) {
  return m.FromBits(m.ToBits(k + (kRounder + kExponentBias)) << 52);
}

// 2^k for an integral k in [-2044, 2046], given `shifted` = k + kScaleShift: as two factors near
// 2^(k/2), so that in y * first * second only the last product can round, overflow or underflow.
template <class A>
struct Factors {
  typename A::F first;
  typename A::F second;
};
inline constexpr double kScaleShift = kRounder + 2 * kExponentBias;

template <class A>
Factors<A> ScaleFactors(A& m, typename A::F shifted) {
  const auto exponents = m.ToBits(shifted);
  const auto half = exponents >> 1;
  const auto other_half = exponents - half;
  return {m.FromBits(half << 52), m.FromBits(other_half << 52)};
}

// |magnitude| with the sign of x.
template <class A>
typename A::F WithSignOf(A& m, typename A::F magnitude, typename A::F x) {
  const auto sign = m.ToBits(x) & kSignBit;
  return m.FromBits(m.ToBits(m.Abs(magnitude)) | sign);
}

}  // namespace bnsyn::reference::sequences

#endif  // BNSYN_REFERENCE_SEQUENCES_H_
