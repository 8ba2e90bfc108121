// Sums floats in the one order of R7, whatever the width and the number of threads.
#ifndef BNSYN_REFERENCE_REDUCTION_H_
#define BNSYN_REFERENCE_REDUCTION_H_

#include "absl/types/span.h"

namespace bnsyn::reference {

inline constexpr size_t kReductionGroup = 64;

// Sum of up to 64 values; missing ones count as +0: for h = 32, 16, ..., 1, x[i] += x[i + h] for
// i < h.
double GroupSum(absl::Span<const double> values);
// Sum of the groups' sums: while n > 1, h = ceil(n/2), p[i] += p[i + h] for i < n - h, n = h.
// Overwrites `partials`; 0 if there are none.
double TreeSum(absl::Span<double> partials);

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_REDUCTION_H_
