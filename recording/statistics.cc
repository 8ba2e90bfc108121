#include "recording/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_format.h"

namespace bnsyn {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// The bin of a value, which lies within the bins.
size_t BinOf(const Bins& bins, double value) {
  const double part = (value - bins.low) / (bins.high - bins.low);
  auto bin = std::min(static_cast<uint32_t>(part * bins.number), bins.number - 1);
  // The quotient may have rounded across an edge.
  while (bin > 0 && value < bins.edge(bin)) --bin;
  while (bin + 1 < bins.number && value >= bins.edge(bin + 1)) ++bin;
  return bin;
}

}  // namespace

Statistics StatisticsOf(absl::Span<const double> values, const std::optional<Bins>& bins) {
  Statistics all;
  all.count = values.size();
  if (bins.has_value()) all.bins.resize(bins->number);
  const auto count = static_cast<double>(values.size());
  // From the first value, so that equal values have themselves as their mean.
  const double first = values.empty() ? kNan : values[0];
  double sum = 0;
  for (const double value : values) sum += value - first;
  all.mean = first + sum / count;
  double squares = 0;
  for (const double value : values) squares += (value - all.mean) * (value - all.mean);
  all.deviation = std::sqrt(squares / count);
  all.least = values.empty() ? kNan : *std::min_element(values.begin(), values.end());
  all.greatest = values.empty() ? kNan : *std::max_element(values.begin(), values.end());
  if (!bins.has_value()) return all;
  for (const double value : values) {
    if (value <= bins->low) ++all.at_low;
    if (value >= bins->high) ++all.at_high;
    if (value >= bins->low && value <= bins->high) ++all.bins[BinOf(*bins, value)];
  }
  return all;
}

std::vector<std::string> ColumnsOf(const std::optional<Bins>& bins) {
  std::vector<std::string> columns = {"count", "mean", "deviation", "least", "greatest"};
  if (!bins.has_value()) return columns;
  columns.insert(columns.end(), {"at_low", "at_high"});
  for (uint32_t bin = 0; bin < bins->number; ++bin) {
    columns.push_back(absl::StrFormat("from_%.6g", bins->edge(bin)));
  }
  return columns;
}

std::vector<double> NumbersOf(const Statistics& statistics) {
  std::vector<double> numbers = {static_cast<double>(statistics.count), statistics.mean,
                                 statistics.deviation, statistics.least, statistics.greatest};
  if (statistics.bins.empty()) return numbers;
  numbers.push_back(static_cast<double>(statistics.at_low));
  numbers.push_back(static_cast<double>(statistics.at_high));
  for (const uint64_t bin : statistics.bins) numbers.push_back(static_cast<double>(bin));
  return numbers;
}

}  // namespace bnsyn
