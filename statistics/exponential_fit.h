// Fits b m^k to the slopes of a multistep regression.
#ifndef BNSYN_STATISTICS_EXPONENTIAL_FIT_H_
#define BNSYN_STATISTICS_EXPONENTIAL_FIT_H_

#include <cstdint>
#include <optional>

#include "absl/types/span.h"

namespace bnsyn::statistics {

struct ExponentialFit {
  double m = 0;
  double b = 0;
  double explained = 0;  // the part of the sum of squared slopes

  // -1/log(m); infinite for m >= 1.
  double TimeConstant() const;
};

// The b > 0 and m > 0 with the least sum of (slopes[i] - b m^lags[i])^2. For each m the best b is
// known, so that m alone is searched: over a grid of time constants first, since the sum may have
// several minima, then between the neighbours of the best. nullopt where no b > 0 is better than 0.
std::optional<ExponentialFit> FitExponential(absl::Span<const uint32_t> lags,
                                             absl::Span<const double> slopes);

}  // namespace bnsyn::statistics

#endif  // BNSYN_STATISTICS_EXPONENTIAL_FIT_H_
