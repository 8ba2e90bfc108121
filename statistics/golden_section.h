// The search of the golden section.
#ifndef BNSYN_STATISTICS_GOLDEN_SECTION_H_
#define BNSYN_STATISTICS_GOLDEN_SECTION_H_

namespace bnsyn::statistics {

// The place of the greatest value of a function that has one maximum between `low` and `high`, to a
// 10^-9 of their distance.
template <typename Function>
double GreatestWithin(double low, double high, const Function& value) {
  constexpr double kSection = 0.6180339887498949;
  double left = high - kSection * (high - low);
  double right = low + kSection * (high - low);
  double at_left = value(left);
  double at_right = value(right);
  for (int k = 0; k < 44; ++k) {
    if (at_left >= at_right) {
      high = right;
      right = left;
      at_right = at_left;
      left = high - kSection * (high - low);
      at_left = value(left);
    } else {
      low = left;
      left = right;
      at_left = at_right;
      right = low + kSection * (high - low);
      at_right = value(right);
    }
  }
  return (low + high) / 2;
}

}  // namespace bnsyn::statistics

#endif  // BNSYN_STATISTICS_GOLDEN_SECTION_H_
