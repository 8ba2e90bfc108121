#include "tools/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "compiler/language/code.h"
#include "ir/status_macros.h"
#include "ir/text.h"
#include "runtime/simulation_internal.h"
#include "tools/table.h"

namespace bnsyn::tools {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr uint32_t kMostBins = 10000;

std::string Text(double value) { return ir::PrintLiteral(ir::Element::kF64, ir::BitsOfF64(value)); }

std::string WithUnit(double value, const std::string& unit) {
  return absl::StrCat(absl::StrFormat("%.4g", value), unit.empty() ? "" : " ", unit);
}

// The bin of a value, which lies within the bins.
size_t BinOf(const Bins& bins, double value) {
  const double part = (value - bins.low) / (bins.high - bins.low);
  auto bin = std::min(static_cast<uint32_t>(part * bins.number), bins.number - 1);
  // The quotient may have rounded across an edge.
  while (bin > 0 && value < bins.edge(bin)) --bin;
  while (bin + 1 < bins.number && value >= bins.edge(bin + 1)) ++bin;
  return bin;
}

absl::Status Wrong(const std::string& option, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat("--statistics '", option, "': ", what));
}

absl::StatusOr<double> ParseEdge(const std::string& option, absl::string_view text,
                                 const std::string& unit) {
  const SourceText source = {"--statistics", std::string(text), 1, 1};
  BNSYN_ASSIGN_OR_RETURN(const Quantity edge, compiler::EvaluateConstant(source, {}));
  const std::optional<Unit> of_variable = ParseUnit(unit.empty() ? "1" : unit);
  if (of_variable.has_value() && of_variable->dimension != edge.dimension) {
    return Wrong(option,
                 absl::StrCat("'", std::string(text), "' is ", DescribeDimension(edge.dimension),
                              ", but the variable is ", DescribeDimension(of_variable->dimension)));
  }
  return edge.value;
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

absl::StatusOr<StatisticsOption> ParseStatisticsOption(const std::string& text,
                                                       const Simulation& simulation) {
  std::vector<std::string> parts = absl::StrSplit(text, ',');
  for (std::string& part : parts) absl::StripAsciiWhitespace(&part);
  StatisticsOption option;
  option.variable = parts[0];
  // Says what is wrong with the name.
  BNSYN_RETURN_IF_ERROR(simulation.StateByName(option.variable).status());
  const ir::Program& program = ProgramOf(simulation);
  Bins bins;
  if (const std::optional<ir::StateId> id = program.FindState(option.variable)) {
    const ir::State& state = program.states[*id];
    option.unit = state.unit;
    constexpr double kMax = std::numeric_limits<double>::max();
    if (state.lower > -kMax && state.upper < kMax && state.lower < state.upper) {
      bins.low = state.lower;
      bins.high = state.upper;
      option.bins = bins;
    }
  }
  if (parts.size() == 1) return option;
  if (parts.size() != 3 && parts.size() != 4) {
    return Wrong(text,
                 "expected VARIABLE, or VARIABLE, LOW, HIGH[, BINS], as in "
                 "'ee.w, 0 mV, 1 mV, 20'");
  }
  BNSYN_ASSIGN_OR_RETURN(bins.low, ParseEdge(text, parts[1], option.unit));
  BNSYN_ASSIGN_OR_RETURN(bins.high, ParseEdge(text, parts[2], option.unit));
  if (!(bins.low < bins.high) || !std::isfinite(bins.low) || !std::isfinite(bins.high)) {
    return Wrong(text, "the bins go from a lower to a higher number");
  }
  if (parts.size() == 4 &&
      (!absl::SimpleAtoi(parts[3], &bins.number) || bins.number == 0 || bins.number > kMostBins)) {
    return Wrong(text, absl::StrCat("the number of bins is from 1 to ", kMostBins));
  }
  option.bins = bins;
  return option;
}

std::string HeaderOf(const std::optional<Bins>& bins) {
  std::string header = "count,mean,deviation,least,greatest";
  if (!bins.has_value()) return header;
  absl::StrAppend(&header, ",at_low,at_high");
  for (uint32_t bin = 0; bin < bins->number; ++bin) {
    absl::StrAppendFormat(&header, ",from_%.6g", bins->edge(bin));
  }
  return header;
}

std::string RowOf(const Statistics& statistics) {
  std::string row = absl::StrCat(statistics.count);
  for (const double number :
       {statistics.mean, statistics.deviation, statistics.least, statistics.greatest}) {
    absl::StrAppend(&row, ",", Text(number));
  }
  if (statistics.bins.empty()) return row;
  absl::StrAppend(&row, ",", statistics.at_low, ",", statistics.at_high);
  for (const uint64_t bin : statistics.bins) absl::StrAppend(&row, ",", bin);
  return row;
}

Json ToJson(const NamedStatistics& statistics) {
  const auto& [option, values] = statistics;
  Json json = {{"variable", option.variable},   {"unit", option.unit},
               {"count", values.count},         {"mean", values.mean},
               {"deviation", values.deviation}, {"least", values.least},
               {"greatest", values.greatest}};
  if (!option.bins.has_value()) return json;
  json["low"] = option.bins->low;
  json["high"] = option.bins->high;
  json["at_low"] = values.at_low;
  json["at_high"] = values.at_high;
  json["bins"] = values.bins;
  return json;
}

std::string ToLine(const NamedStatistics& statistics) {
  const auto& [option, values] = statistics;
  std::string line = absl::StrCat(option.variable, ": ", Short(static_cast<double>(values.count)),
                                  " values, mean ", WithUnit(values.mean, option.unit),
                                  ", deviation ", WithUnit(values.deviation, option.unit),
                                  ", from ", WithUnit(values.least, option.unit), " to ",
                                  WithUnit(values.greatest, option.unit));
  if (!option.bins.has_value() || values.count == 0) return line;
  const auto percent = [&, all = values.count](uint64_t part) {
    return 100 * static_cast<double>(part) / static_cast<double>(all);
  };
  absl::StrAppendFormat(&line, "; %.3g %% at most %s, %.3g %% at least %s", percent(values.at_low),
                        WithUnit(option.bins->low, option.unit), percent(values.at_high),
                        WithUnit(option.bins->high, option.unit));
  return line;
}

}  // namespace bnsyn::tools
