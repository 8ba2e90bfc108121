// hypot.
#ifndef BNSYN_REFERENCE_SEQUENCES_LENGTH_H_
#define BNSYN_REFERENCE_SEQUENCES_LENGTH_H_

#include "reference/sequences.h"

namespace bnsyn::reference::sequences {

// The root of the sum of squares as a pair, mended by what the root leaves. Where the larger number
// is not near 1, both are scaled, so that no square overflows and no error of one is lost.
template <class A>
typename A::F Hypot(A& m, typename A::F x, typename A::F y) {
  const auto x_size = m.Abs(x);
  const auto y_size = m.Abs(y);
  const auto larger = m.Max(x_size, y_size);
  const auto smaller = m.Min(x_size, y_size);
  const auto small = larger < 0x1p-400;
  const auto large = larger > 0x1p500;
  const auto scale = m.Select(small, 0x1p600, m.Select(large, 0x1p-600, 1.0));
  const auto unscale = m.Select(small, 0x1p-600, m.Select(large, 0x1p600, 1.0));
  const auto a = larger * scale;
  const auto b = smaller * scale;

  const auto a_square = TwoProduct(m, a, a);
  const auto b_square = TwoProduct(m, b, b);
  const auto sum = FastTwoSum<A>(a_square.high, b_square.high);
  const auto root = m.Sqrt(sum.high);
  const auto left = m.Fma(-root, root, sum.high) + (sum.low + (a_square.low + b_square.low));
  // Where the root is 0, so is what it leaves.
  const auto length = (root + left / m.Max(root * 2.0, 0x1p-1000)) * unscale;
  const auto infinite = m.Or(x_size == kInfinity, y_size == kInfinity);
  const auto known = m.Select(m.Or(x != x, y != y), kNaN, length);
  return m.Select(infinite, kInfinity, known);
}

}  // namespace bnsyn::reference::sequences

#endif  // BNSYN_REFERENCE_SEQUENCES_LENGTH_H_
