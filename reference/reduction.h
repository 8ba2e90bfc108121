// The one order in which numbers are summed (R7).
#ifndef BNSYN_REFERENCE_REDUCTION_H_
#define BNSYN_REFERENCE_REDUCTION_H_

#include "absl/types/span.h"

namespace bnsyn::reference {

inline constexpr size_t kReductionGroup = 64;

// Sum of up to 64 values, missing ones taken as +0: for h = 32, 16, ..., 1, x[i] += x[i + h] for i
// < h.
double GroupSum(absl::Span<const double> values);
// Sum of the groups' sums: while n > 1, h = ceil(n/2), p[i] += p[i + h] for i < n - h, n = h.
// Scratch is the argument itself; 0 for none.
double TreeSum(absl::Span<double> partials);

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_REDUCTION_H_
