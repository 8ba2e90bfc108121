// Statistics of the spikes of a run, and of how far those of two runs are apart.
//
//   const std::vector<uint64_t> a = CountsPerStep(reference.Spikes(exc), steps);
//   const std::vector<uint64_t> b = CountsPerStep(accelerated.Spikes(exc), steps);
//   const double difference = CountDifference(a, b);   // 0.001 is one spike in a thousand
#ifndef BNSYN_STATISTICS_COMPARISON_H_
#define BNSYN_STATISTICS_COMPARISON_H_

#include <cstdint>
#include <map>
#include <vector>

#include "absl/types/span.h"
#include "bnsyn/simulation.h"

namespace bnsyn::statistics {

// The number of spikes in each of the steps from 0 to `steps` - 1; later spikes are left out.
std::vector<uint64_t> CountsPerStep(const SpikeTrain& train, uint64_t steps);

// Sums of `width` counts each, of at least 1; what is left at the end is dropped.
std::vector<uint64_t> Rebinned(absl::Span<const uint64_t> counts, uint64_t width);

// The sum of the magnitudes of the differences, step by step, as a part of the spikes of `a`. 0 of
// equal counts; infinite if `b` alone has spikes. Both have the same length.
double CountDifference(absl::Span<const uint64_t> a, absl::Span<const uint64_t> b);

// How many intervals between successive spikes of a neuron have each length in steps.
using IntervalHistogram = std::map<uint64_t, uint64_t>;
IntervalHistogram IntervalsOf(const SpikeTrain& train);

// The total variation distance of two histograms as distributions: the part of the intervals that
// would have to move to make them equal, from 0 to 1. 1 if one of them alone is empty.
double TotalVariation(const IntervalHistogram& a, const IntervalHistogram& b);

// Pearson's correlation of the activity vectors of two runs of one population: the numbers of
// spikes of each of `neurons` neurons in each bin of `bin` steps, over `steps` steps. Of vectors
// without variance it is 1 if they are equal, else 0.
double ActivityCorrelation(const SpikeTrain& a, const SpikeTrain& b, uint64_t neurons, uint64_t bin,
                           uint64_t steps);

// The branching ratio as the original BN-Syn network estimates it, after each step: the ratios
// max(A(t + 1), 1)/max(A(t), 1) of the counts A, smoothed as sigma = (1 - alpha) sigma + alpha
// ratio from 1 on. Silence reads as 1.
std::vector<double> RunningSigma(absl::Span<const uint64_t> counts, double alpha = 0.05);

// The mean of these ratios, without smoothing; 1 of fewer than two counts.
double MeanRatio(absl::Span<const uint64_t> counts);

// The mean of numbers, and the standard error of that mean; an error of 0 for fewer than two.
struct Mean {
  double value = 0;
  double error = 0;
};
Mean MeanOf(absl::Span<const double> numbers);

// Of four runs to the same time with steps h, h/2, h/4 and h/8: how the values of a state converge.
struct Convergence {
  double magnitude = 0;   // the greatest of the values with the step h
  double difference = 0;  // the median distance between the values with h and with h/2
  // The median of log2 |x(h/2) - x(h/4)| / |x(h/4) - x(h/8)|: 1 for Euler's method. Where h/8
  // changes a value by rounding alone, it is that of h, h/2 and h/4. NaN if half of the values or
  // more change by no more than rounding from h to h/2.
  double order = 0;
};
// `values[k]` are the values with the step h/2^k; all have the same length. Rounding is what is
// below `rounding` times the magnitude.
Convergence ConvergenceOf(absl::Span<const std::vector<double>> values, double rounding);

}  // namespace bnsyn::statistics

#endif  // BNSYN_STATISTICS_COMPARISON_H_
