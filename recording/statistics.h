// Statistics of the values of a variable: those of a million weights in a line.
#ifndef BNSYN_RECORDING_STATISTICS_H_
#define BNSYN_RECORDING_STATISTICS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/types/span.h"

namespace bnsyn {

// Equal bins from `low` to `high`. A value belongs to the last bin whose lower edge it has reached;
// `high` itself belongs to the last one, and values outside to none.
struct Bins {
  double low = 0;
  double high = 1;
  uint32_t number = 20;

  double edge(uint32_t bin) const {
    return bin == number ? high : low + (high - low) * bin / number;
  }
};
inline constexpr uint32_t kMostBins = 10000;

struct Statistics {
  uint64_t count = 0;
  double mean = 0;       // NaN of no values, as all that follow
  double deviation = 0;  // the root of the mean squared distance from the mean
  double least = 0;
  double greatest = 0;
  // With bins: how many values are at most `low`, and at least `high`, and how many each bin has.
  uint64_t at_low = 0;
  uint64_t at_high = 0;
  std::vector<uint64_t> bins;
};

// Sums are taken in the order of the values, so that equal values give equal bits.
Statistics StatisticsOf(absl::Span<const double> values, const std::optional<Bins>& bins);

// What the numbers of NumbersOf are: "count", "mean", ..., "from_0.5" for the bin from 0.5 on.
std::vector<std::string> ColumnsOf(const std::optional<Bins>& bins);
// Statistics as numbers in that order.
std::vector<double> NumbersOf(const Statistics& statistics);

}  // namespace bnsyn

#endif  // BNSYN_RECORDING_STATISTICS_H_
