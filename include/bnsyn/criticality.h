// How far a network is from criticality: its branching ratio and its avalanches, from the number of
// spikes in each of many equal bins of time.
//
//   std::vector<double> counts = *bnsyn::CountInBins(sim.Spikes(exc).steps, 0, sim.step(), 40);
//   absl::StatusOr<bnsyn::BranchingEstimate> m = bnsyn::EstimateBranchingRatio({{counts}});
//   if (m.ok() && m->verdict == bnsyn::BranchingVerdict::kEstimated)
//     std::printf("m = %.4f, from %.4f to %.4f\n", m->m, m->low, m->high);
//
// All results are functions of the arguments alone, the seed among them, to the bit on every
// machine.
#ifndef BNSYN_CRITICALITY_H_
#define BNSYN_CRITICALITY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace [[gnu::visibility("default")]] bnsyn {

// The spikes of the steps [begin, end) in bins of `per_bin` steps; a last bin that would be shorter
// is left out. `steps` are those of spikes, in any order (SpikeTrain::steps); spikes of other steps
// do not count. InvalidArgument if no bin fits between begin and end.
absl::StatusOr<std::vector<double>> CountInBins(absl::Span<const uint64_t> steps, uint64_t begin,
                                                uint64_t end, uint64_t per_bin);

// The branching ratio as the original BN-Syn estimates it: sigma_t = max(A(t+1), 1)/max(A(t), 1),
// and its exponential mean sigma, which begins at 1. It is close to 1 for every stationary
// activity, silence among them, whatever its branching ratio is: here to be compared with.
struct OriginalSigma {
  double last = 1;  // sigma after the last bin
  double mean = 1;  // the mean of all sigma_t
};
// `alpha` is the weight of the newest sigma_t, from 0 to 1.
OriginalSigma EstimateOriginalSigma(absl::Span<const double> counts, double alpha = 0.05);

// Whether a branching ratio can be told.
enum class BranchingVerdict {
  kEstimated,
  kTooSilent,     // there are too few spikes, or too few bins, to say anything
  kUncorrelated,  // counts do not depend on earlier ones, as those of a Poisson process: the slopes
                  // are not significantly above 0, so that there is nothing to fit
  kNotBranching,  // the slopes are not those of a stationary branching process: they do not decay
                  // within the record, or the fit explains less than 0.3 of them
};

struct BranchingOptions {
  // The slopes r_1, ..., r_lags are fitted. 0 chooses: at least 50, and twice the time constant
  // of the fit, where that is at most a tenth of the record.
  uint32_t lags = 0;
  uint32_t resamples = 500;  // of the bootstrap
  double confidence = 0.95;  // of the interval from low to high
  uint64_t seed = 42;        // of the bootstrap
};

struct BranchingEstimate {
  BranchingVerdict verdict = BranchingVerdict::kTooSilent;
  std::string reason;  // in one sentence, where the verdict is not kEstimated
  // What follows holds where there is an estimate. The branching ratio for a bin, its confidence
  // interval, and the factor b of the fit.
  double m = 0;
  double low = 0;
  double high = 0;
  double b = 0;
  // The part of the sum of squared slopes that the fit explains, at most 1. 0 where nothing fits.
  double explained = 0;
  // In any case: what was looked at.
  uint64_t bins = 0;
  double spikes = 0;
  uint32_t blocks = 0;         // that the bootstrap draws from
  std::vector<uint32_t> lags;  // in bins; at most 50, evenly spaced
  std::vector<double> slopes;  // r_k for each of them
  double one_step_slope = 0;   // r_1, the branching ratio by plain regression

  // The time constant -1/log(m) of correlations, in bins; infinite for m >= 1.
  double TimeConstant() const;
};

// The branching ratio m by multistep regression (Wilting & Priesemann, "Inferring collective
// dynamical states from widely unobserved systems", Nature Communications 9:2325, 2018): r_k is the
// slope of the linear regression of A(t+k) on A(t), and b m^k is fitted to the r_k by least
// squares. Where only a part of the spikes is observed, b is smaller and m the same.
//
// Each trial is a record of the same process; pairs do not reach from one into another, and means
// are those of all trials. The confidence interval is by bootstrap: of trials if there are at least
// 20, else of equal blocks of bins, at least twice as long as the longest lag where 20 of them fit.
//
// InvalidArgument if a count is negative or not finite, or an option outside its range: at least 20
// resamples, a confidence between 0 and 1, and lags of at most half the shortest trial.
absl::StatusOr<BranchingEstimate> EstimateBranchingRatio(
    absl::Span<const std::vector<double>> trials, const BranchingOptions& options = {});

// A branching process with drive: A(t+1) is a Poisson number of mean m A(t) + (1 - m) mean. Of each
// event an observer sees `observed`, at random.
struct BranchingProcess {
  double m = 0.98;      // from 0 to 0.9999
  double mean = 100;    // of A
  double observed = 1;  // a probability
  uint64_t bins = 100'000;
  uint64_t seed = 42;
};
// What the observer counts, after 20 time constants in which the process forgets how it began.
// InvalidArgument if m or `observed` is outside its range, or the mean negative or above 100,000.
absl::StatusOr<std::vector<double>> SimulateBranchingProcess(const BranchingProcess& process);

// Avalanches: the runs of bins that are not empty, between empty ones. A run at the beginning or
// the end of the record is left out, since it may be longer than what is seen.
struct Avalanches {
  std::vector<uint64_t> sizes;      // spikes
  std::vector<uint64_t> durations;  // bins
};
absl::StatusOr<Avalanches> FindAvalanches(absl::Span<const double> counts);

// The mean interval between successive spikes of all neurons together, in steps: the width of bins
// for avalanches (Beggs & Plenz, J. Neurosci. 23:11167, 2003). 0 for fewer than two spikes.
double MeanInterval(absl::Span<const uint64_t> steps);

struct PowerLawOptions {
  // Numbers from `least` to `most` are fitted. 0 lets the distance of Kolmogorov and Smirnov choose
  // the least one, and sets no greatest one.
  uint64_t least = 1;
  uint64_t most = 0;
  uint32_t resamples = 200;  // of the test of fit; 0 for no test
  uint64_t seed = 42;
};

struct PowerLawFit {
  std::string problem;  // in one sentence, if nothing was fitted; else empty
  double exponent = 0;  // alpha of P(x) ~ x^-alpha, x = least, ..., most
  double error = 0;     // its standard error
  uint64_t least = 1;
  uint64_t most = 0;    // 0 for none
  uint64_t count = 0;   // how many numbers are in that range
  double distance = 0;  // of Kolmogorov and Smirnov, from the fit
  // The part of samples of the fit, each fitted anew, that lie further from their fit: below 0.1
  // the numbers follow no power law. NaN without a test.
  double p = 0;
};

// Fits a discrete power law by maximum likelihood and tests it (Clauset, Shalizi & Newman, SIAM
// Review 51:661, 2009). InvalidArgument if a number is 0, or if most is below least.
absl::StatusOr<PowerLawFit> FitPowerLaw(absl::Span<const uint64_t> numbers,
                                        const PowerLawOptions& options = {});

}  // namespace bnsyn

#endif  // BNSYN_CRITICALITY_H_
