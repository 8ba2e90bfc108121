// atan, atan2, asin and acos: all are the arc tangent of a ratio.
#ifndef BNSYN_REFERENCE_SEQUENCES_ARC_H_
#define BNSYN_REFERENCE_SEQUENCES_ARC_H_

#include "reference/sequences.h"

namespace bnsyn::reference::sequences {

// pi/2 as a pair; its half and its double are these times a power of two.
inline constexpr double kHalfPi = 0x1.921fb54442d18p0;
inline constexpr double kHalfPiLow = 0x1.1a62633145c07p-54;

// atan(n/d) for n, d >= 0 that are not both 0, as an unevaluated sum. For |t| <= tan(pi/8) the arc
// tangent of t is t + t^3 P(t^2). The result is the arc tangent of t = n/d, or pi/4 plus that of
// t = (n - d)/(n + d), or pi/2 plus that of t = -d/n, whichever t is small enough.
template <class A>
Pair<A> AtanOfRatio(A& m, Pair<A> n, Pair<A> d) {
  // With these the arc tangent has a relative error of 2^-59.4.
  static constexpr double kCoefficients[] = {
      -0x1.555555555553cp-2, 0x1.9999999995698p-3, -0x1.24924922a3599p-3, 0x1.c71c70e27ca44p-4,
      -0x1.745cf87c423a8p-4, 0x1.3b1112c1f85edp-4, -0x1.10eb72deadbf3p-4, 0x1.df0b78c26088fp-5,
      -0x1.9cc1f498d2afp-5,  0x1.37abe5ed0d967p-5, -0x1.25108233de5d4p-6};
  constexpr double kTanEighthTurn = 0x1.a827999fcef32p-2;
  const auto small = n.high < d.high * kTanEighthTurn;
  const auto large = d.high < n.high * kTanEighthTurn;
  const auto choose = [&](typename A::F if_small, typename A::F if_large, typename A::F between) {
    return m.Select(small, if_small, m.Select(large, if_large, between));
  };
  const auto difference = TwoSum<A>(n.high, -d.high);
  const auto sum = TwoSum<A>(n.high, d.high);
  const Pair<A> above = {choose(n.high, -d.high, difference.high),
                         choose(n.low, -d.low, difference.low + (n.low - d.low))};
  const Pair<A> below = {choose(d.high, n.high, sum.high),
                         choose(d.low, n.low, sum.low + (n.low + d.low))};
  const auto base = choose(0.0, kHalfPi, kHalfPi / 2);
  const auto base_low = choose(0.0, kHalfPiLow, kHalfPiLow / 2);

  const auto t = Quotient(m, above, below);
  const auto z = t.high * t.high;
  const auto slope = m.Fma(-z, t.low, t.low);
  const auto rest = m.Fma(z * t.high, Polynomial(m, kCoefficients, z), slope);
  const auto head = FastTwoSum<A>(base, t.high);
  return {head.high, head.low + (rest + base_low)};
}

template <class A>
typename A::F Atan(A& m, typename A::F x) {
  // Beyond 2^60 the result does not change, and infinity has no ratio.
  const auto size = m.Min(m.Abs(x), 0x1p60);
  const auto angle = AtanOfRatio<A>(m, {size, 0.0}, {1.0, 0.0});
  return WithSignOf(m, angle.high + angle.low, x);
}

// The supplement pi - angle.
template <class A>
typename A::F Supplement(Pair<A> angle) {
  const auto head = FastTwoSum<A>(2 * kHalfPi, -angle.high);
  return head.high + (head.low + (2 * kHalfPiLow - angle.low));
}

// The angle of the point (x, y). Both coordinates are scaled: up where none is large, so that the
// inverse of the larger one is finite and no remainder of a tiny one is lost, and down where their
// sum could overflow. Two infinite ones act like equal ones, and one like 1 beside 0.
template <class A>
typename A::F Atan2(A& m, typename A::F y, typename A::F x) {
  const auto n = m.Abs(y);
  const auto d = m.Abs(x);
  const auto larger = m.Max(n, d);
  const auto infinite = larger == kInfinity;
  const auto small = m.Select(larger < 0x1p100, 0x1p600, 1.0);
  const auto scale = m.Select(larger > 0x1p1000, 0x1p-10, small);
  const auto ratio = [&](typename A::F part) {
    return m.Select(infinite, m.Select(part == kInfinity, 1.0, 0.0), part * scale);
  };
  const auto below = m.Select(larger == 0.0, 1.0, ratio(d));
  const auto angle = AtanOfRatio<A>(m, {ratio(n), 0.0}, {below, 0.0});
  const auto left = m.Not(m.Equal(m.ToBits(x) & kSignBit, uint64_t{0}));
  const auto size = m.Select(left, Supplement<A>(angle), angle.high + angle.low);
  return m.Select(m.Or(x != x, y != y), kNaN, WithSignOf(m, size, y));
}

// sqrt(1 - x^2) for |x| <= 1; NaN beyond.
template <class A>
Pair<A> OtherSide(A& m, typename A::F x) {
  const auto square = TwoProduct(m, x, x);
  const auto head = FastTwoSum<A>(1.0, -square.high);
  const auto root = m.Sqrt(head.high);
  const auto remainder = m.Fma(-root, root, head.high) + (head.low - square.low);
  // Where the root is 0, so is the remainder.
  return {root, remainder / m.Max(root * 2.0, 0x1p-100)};
}

template <class A>
typename A::F Asin(A& m, typename A::F x) {
  const auto size = m.Abs(x);
  const auto angle = AtanOfRatio<A>(m, {size, 0.0}, OtherSide(m, size));
  return WithSignOf(m, angle.high + angle.low, x);
}

template <class A>
typename A::F Acos(A& m, typename A::F x) {
  const auto size = m.Abs(x);
  const auto angle = AtanOfRatio<A>(m, OtherSide(m, size), {size, 0.0});
  return m.Select(x < 0.0, Supplement<A>(angle), angle.high + angle.low);
}

}  // namespace bnsyn::reference::sequences

#endif  // BNSYN_REFERENCE_SEQUENCES_ARC_H_
