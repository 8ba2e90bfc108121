// Statistics of the values of a variable: those of a million weights in a line.
#ifndef BNSYN_TOOLS_STATISTICS_H_
#define BNSYN_TOOLS_STATISTICS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "bnsyn/simulation.h"
#include "ir/program.h"
#include "tools/output.h"

namespace bnsyn::tools {

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

// A variable, as --statistics names it: "ee.w", or "ee.w, 0 mV, 1 mV, 20" with the range and the
// number of bins. Without a range that of the bounds of the variable is taken, if it has both.
struct StatisticsOption {
  std::string variable;
  std::string unit;  // empty for none
  std::optional<Bins> bins;
};
absl::StatusOr<StatisticsOption> ParseStatisticsOption(const std::string& text,
                                                       const Simulation& simulation);

// The header and a row of a CSV file, without the time.
std::string HeaderOf(const std::optional<Bins>& bins);
std::string RowOf(const Statistics& statistics);

// The statistics at the end of a run, for its report: a JSON object and a line for people.
struct NamedStatistics {
  StatisticsOption option;
  Statistics values;
};
Json ToJson(const NamedStatistics& statistics);
std::string ToLine(const NamedStatistics& statistics);

}  // namespace bnsyn::tools

#endif  // BNSYN_TOOLS_STATISTICS_H_
