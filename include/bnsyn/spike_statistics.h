// Rate, irregularity and correlation of the spikes of a population: what models of cortex are
// compared by.
#ifndef BNSYN_SPIKE_STATISTICS_H_
#define BNSYN_SPIKE_STATISTICS_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace [[gnu::visibility("default")]] bnsyn {

struct SpikeStatisticsOptions {
  double dt_ms = 0.1;
  uint64_t begin = 0;  // the steps [begin, end) count
  uint64_t end = 0;
  uint64_t steps_per_bin = 20;  // of correlations
  uint32_t neurons = 0;         // of the population
  uint32_t correlated = 200;    // neurons whose correlations are taken, at most
  uint64_t seed = 42;           // chooses them
};

struct SpikeStatistics {
  uint64_t spikes = 0;
  double rate_hz = 0;  // the mean over all neurons
  // The mean, over the neurons with at least three spikes, of the coefficient of variation of their
  // intervals, and the number of these neurons. NaN if there are none.
  double cv = 0;
  uint32_t cv_neurons = 0;
  // The mean of Pearson's correlation coefficient of the spikes in bins, over all pairs of
  // `correlated` neurons drawn among those that spiked, and the number of these neurons. NaN for
  // fewer than two.
  double correlation = 0;
  uint32_t correlated = 0;
};

// `steps` and `neurons` are those of the spikes of one population, in order of steps
// (SpikeTrain). InvalidArgument if they have different lengths, a neuron is not below
// options.neurons, or begin and end leave no bin.
absl::StatusOr<SpikeStatistics> DescribeSpikes(absl::Span<const uint64_t> steps,
                                               absl::Span<const uint32_t> neurons,
                                               const SpikeStatisticsOptions& options);

}  // namespace bnsyn

#endif  // BNSYN_SPIKE_STATISTICS_H_
