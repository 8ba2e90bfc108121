#include "bnsyn/spike_statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ir/out_of_memory.h"
#include "reference/rule_draws.h"

namespace bnsyn {
namespace {

constexpr uint32_t kChoosing = 5;  // a stream of random numbers
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// The coefficient of variation of the intervals between at least three spikes.
double VariationOf(const std::vector<uint64_t>& train) {
  const auto intervals = static_cast<double>(train.size() - 1);
  const double mean = static_cast<double>(train.back() - train.front()) / intervals;
  double squares = 0;
  for (size_t k = 1; k < train.size(); ++k) {
    const double away = static_cast<double>(train[k] - train[k - 1]) - mean;
    squares += away * away;
  }
  return std::sqrt(squares / intervals) / mean;
}

// Some of the neurons that spiked, at random, sorted.
std::vector<size_t> Choose(const std::vector<std::vector<uint64_t>>& trains, uint32_t most,
                           uint64_t seed) {
  std::vector<size_t> spiking;
  for (size_t neuron = 0; neuron < trains.size(); ++neuron) {
    if (!trains[neuron].empty()) spiking.push_back(neuron);
  }
  reference::RuleDraws draws(seed, kChoosing, 0, 0);
  const size_t chosen = std::min<size_t>(most, spiking.size());
  for (size_t k = 0; k < chosen; ++k) {
    std::swap(spiking[k], spiking[k + draws.Below(spiking.size() - k)]);
  }
  spiking.resize(chosen);
  return spiking;
}

// The mean correlation coefficient over all pairs. The sum over the pairs is that of the squared
// sum of all standardised trains, without the squares themselves, which are 1 each.
double CorrelationOf(const std::vector<std::vector<uint64_t>>& trains,
                     const std::vector<size_t>& chosen, const SpikeStatisticsOptions& options) {
  const uint64_t bins = (options.end - options.begin) / options.steps_per_bin;
  std::vector<double> sum(bins);
  std::vector<double> counts(bins);
  double neurons = 0;
  for (const size_t neuron : chosen) {
    std::fill(counts.begin(), counts.end(), 0);
    for (const uint64_t step : trains[neuron]) {
      const uint64_t bin = (step - options.begin) / options.steps_per_bin;
      if (bin < bins) counts[bin] += 1;
    }
    const double mean =
        std::accumulate(counts.begin(), counts.end(), 0.0) / static_cast<double>(bins);
    double variance = 0;
    for (double& count : counts) {
      count -= mean;
      variance += count * count;
    }
    if (variance == 0) continue;
    const double length = std::sqrt(variance);
    for (uint64_t bin = 0; bin < bins; ++bin) sum[bin] += counts[bin] / length;
    neurons += 1;
  }
  if (neurons < 2) return kNan;
  double squares = 0;
  for (const double value : sum) squares += value * value;
  return (squares - neurons) / (neurons * (neurons - 1));
}

}  // namespace

absl::StatusOr<SpikeStatistics> DescribeSpikes(absl::Span<const uint64_t> steps,
                                               absl::Span<const uint32_t> neurons,
                                               const SpikeStatisticsOptions& options) {
  if (steps.size() != neurons.size()) {
    return absl::InvalidArgumentError(absl::StrCat("there are ", steps.size(), " steps of spikes, ",
                                                   "and neurons of ", neurons.size()));
  }
  if (options.neurons == 0 || options.steps_per_bin == 0 || options.end < options.begin ||
      options.end - options.begin < options.steps_per_bin) {
    return absl::InvalidArgumentError(
        absl::StrCat("no bin of ", options.steps_per_bin, " steps of ", options.neurons,
                     " neurons fits between the steps ", options.begin, " and ", options.end));
  }
  for (const uint32_t neuron : neurons) {
    if (neuron < options.neurons) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "neuron ", neuron, " spikes, and the population ", "has ", options.neurons, " neurons"));
  }
  return ir::WithinMemory([&]() -> absl::StatusOr<SpikeStatistics> {
    SpikeStatistics statistics;
    std::vector<std::vector<uint64_t>> trains(options.neurons);
    for (size_t k = 0; k < steps.size(); ++k) {
      if (steps[k] < options.begin || steps[k] >= options.end) continue;
      trains[neurons[k]].push_back(steps[k]);
      ++statistics.spikes;
    }
    const double seconds = static_cast<double>(options.end - options.begin) * options.dt_ms / 1000;
    statistics.rate_hz = static_cast<double>(statistics.spikes) / options.neurons / seconds;
    double variations = 0;
    for (const std::vector<uint64_t>& train : trains) {
      if (train.size() < 3) continue;
      variations += VariationOf(train);
      ++statistics.cv_neurons;
    }
    statistics.cv = statistics.cv_neurons > 0 ? variations / statistics.cv_neurons : kNan;
    const std::vector<size_t> chosen = Choose(trains, options.correlated, options.seed);
    statistics.correlated = static_cast<uint32_t>(chosen.size());
    statistics.correlation = CorrelationOf(trains, chosen, options);
    return statistics;
  });
}

}  // namespace bnsyn
