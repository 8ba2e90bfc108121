#include "statistics/exponential_fit.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "reference/functions.h"
#include "statistics/golden_section.h"

namespace bnsyn::statistics {
namespace {

constexpr int kGrid = 60;

}  // namespace

double ExponentialFit::TimeConstant() const {
  return m < 1 ? -1 / reference::Log(m) : std::numeric_limits<double>::infinity();
}

std::optional<ExponentialFit> FitExponential(absl::Span<const uint32_t> lags,
                                             absl::Span<const double> slopes) {
  // With p = m^lag the best b is (r p)/(p p), and it lowers the sum of squares by (r p)^2/(p p).
  double product = 0;  // r p
  double square = 0;   // p p
  const auto gain = [&](double log_m) {
    product = 0;
    square = 0;
    // Lags are equally spaced, so that powers are products.
    const double first = reference::Exp(log_m * lags.front());
    const double step = lags.size() > 1 ? reference::Exp(log_m * (lags[1] - lags[0])) : 1;
    double power = first;
    for (size_t i = 0; i < lags.size(); ++i) {
      product += slopes[i] * power;
      square += power * power;
      power *= step;
    }
    return product > 0 ? product * product / square : 0.0;
  };
  // Time constants from a fifth of a bin to a hundred times the longest lag, then m = 1 and above.
  std::vector<double> grid;
  const double longest = lags.back();
  const double ratio = reference::Log(100 * longest / 0.2) / (kGrid - 1);
  for (int k = 0; k < kGrid; ++k) grid.push_back(-1 / (0.2 * reference::Exp(ratio * k)));
  for (const double times : {0.0, 0.05, 0.2, 0.5, 1.0, 2.0}) grid.push_back(times / longest);
  size_t best = 0;
  double most = 0;
  for (size_t k = 0; k < grid.size(); ++k) {
    const double here = gain(grid[k]);
    if (here <= most) continue;
    most = here;
    best = k;
  }
  if (most == 0) return std::nullopt;
  const double log_m = GreatestWithin(grid[best == 0 ? 0 : best - 1],
                                      grid[std::min(best + 1, grid.size() - 1)], gain);
  const double explained = gain(log_m);
  double all = 0;
  for (const double slope : slopes) all += slope * slope;
  return ExponentialFit{reference::Exp(log_m), product / square, explained / all};
}

}  // namespace bnsyn::statistics
