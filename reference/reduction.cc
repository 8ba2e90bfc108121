#include "reference/reduction.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "ir/mutant.h"

namespace bnsyn::reference {

double GroupSum(absl::Span<const double> values) {
  if (Mutant("R7.tree_of_a_group")) return std::accumulate(values.begin(), values.end(), 0.0);
  std::array<double, kReductionGroup> x = {};
  std::copy(values.begin(), values.end(), x.begin());
  for (size_t h = kReductionGroup / 2; h >= 1; h /= 2) {
    for (size_t i = 0; i < h; ++i) x[i] += x[i + h];
  }
  return x[0];
}

double TreeSum(absl::Span<double> partials) {
  if (partials.empty()) return 0;
  for (size_t n = partials.size(); n > 1;) {
    const size_t h = Mutant("R7.tree_of_groups") ? n / 2 : (n + 1) / 2;
    for (size_t i = 0; i < n - h; ++i) partials[i] += partials[i + h];
    n = h;
  }
  return partials[0];
}

}  // namespace bnsyn::reference
