// The branching ratio: the original estimator, multistep regression, and a process to try them on.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "bnsyn/criticality.h"
#include "ir/out_of_memory.h"
#include "ir/status_macros.h"
#include "reference/functions.h"
#include "reference/philox.h"
#include "reference/rule_draws.h"
#include "reference/sampling.h"
#include "statistics/exponential_fit.h"

namespace bnsyn {
namespace {

// Streams of random numbers.
constexpr uint32_t kResampling = 1;
constexpr uint32_t kProcess = 2;
constexpr uint32_t kObserver = 3;

constexpr uint32_t kMostLags = 50;     // that are evaluated
constexpr uint64_t kFewestBins = 200;  // that say anything
constexpr double kFewestSpikes = 100;
constexpr double kLeastExplained = 0.3;  // of the slopes, by the fit
constexpr uint64_t kFewestBlocks = 20;   // that a bootstrap draws from
constexpr uint64_t kBlocks = 50;         // into which a record is cut, if they are long enough

// Sums over the pairs (A(t), A(t+k)) whose t is in a block, of counts from which the mean is taken,
// so that their squares lose no digits.
struct PairSums {
  double pairs = 0;
  double x = 0;
  double y = 0;
  double xx = 0;
  double xy = 0;

  void Add(const PairSums& other) {
    pairs += other.pairs;
    x += other.x;
    y += other.y;
    xx += other.xx;
    xy += other.xy;
  }
  // The slope of the regression of y on x; 0 where x does not vary.
  double Slope() const {
    const double variance = xx * pairs - x * x;
    return variance > 0 ? (xy * pairs - x * y) / variance : 0;
  }
};

struct Block {
  size_t trial = 0;
  uint64_t begin = 0;
  uint64_t end = 0;
};

std::vector<uint32_t> LagsUpTo(uint32_t most) {
  const uint32_t stride = (most + kMostLags - 1) / kMostLags;
  std::vector<uint32_t> lags;
  for (uint32_t lag = stride; lag <= most; lag += stride) lags.push_back(lag);
  return lags;
}

// Trials as blocks, or blocks of trials.
std::vector<Block> BlocksOf(absl::Span<const std::vector<double>> trials, uint32_t most_lag) {
  std::vector<Block> blocks;
  uint64_t bins = 0;
  for (const std::vector<double>& trial : trials) bins += trial.size();
  uint64_t length = std::numeric_limits<uint64_t>::max();
  if (trials.size() < kFewestBlocks) {
    length = std::max<uint64_t>(bins / kBlocks, 2 * uint64_t{most_lag});
    length = std::max<uint64_t>(std::min(length, bins / kFewestBlocks), 1);
  }
  for (size_t t = 0; t < trials.size(); ++t) {
    const uint64_t size = trials[t].size();
    const uint64_t number = std::max<uint64_t>(size / length, 1);
    for (uint64_t k = 0; k < number; ++k) {
      blocks.push_back({t, size * k / number, size * (k + 1) / number});
    }
  }
  return blocks;
}

PairSums SumsOf(const std::vector<double>& trial, const Block& block, uint32_t lag, double mean) {
  PairSums sums;
  const uint64_t end =
      std::min<uint64_t>(block.end, trial.size() - std::min<uint64_t>(lag, trial.size()));
  for (uint64_t t = block.begin; t < end; ++t) {
    const double x = trial[t] - mean;
    const double y = trial[t + lag] - mean;
    sums.x += x;
    sums.y += y;
    sums.xx += x * x;
    sums.xy += x * y;
  }
  sums.pairs = end > block.begin ? static_cast<double>(end - block.begin) : 0;
  return sums;
}

// The slopes of one set of blocks, each as often as it is named.
std::vector<double> SlopesOf(const std::vector<std::vector<PairSums>>& sums,
                             absl::Span<const size_t> named) {
  std::vector<double> slopes;
  for (const std::vector<PairSums>& of_lag : sums) {
    PairSums total;
    for (const size_t block : named) total.Add(of_lag[block]);
    slopes.push_back(total.Slope());
  }
  return slopes;
}

double MeanOf(absl::Span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// The value below which the part `part` of the sorted values lies.
double Quantile(const std::vector<double>& sorted, double part) {
  const double place = part * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - std::floor(place)) * (sorted[above] - sorted[below]);
}

absl::Status CheckOptions(absl::Span<const std::vector<double>> trials,
                          const BranchingOptions& options) {
  uint64_t shortest = std::numeric_limits<uint64_t>::max();
  for (const std::vector<double>& trial : trials) {
    shortest = std::min<uint64_t>(shortest, trial.size());
    for (const double count : trial) {
      if (count >= 0 && std::isfinite(count)) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("a count is ", count, "; expected a number of at least 0"));
    }
  }
  if (options.resamples < 20) {
    return absl::InvalidArgumentError(
        absl::StrCat(options.resamples, " resamples; expected at least 20"));
  }
  if (!(options.confidence > 0 && options.confidence < 1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("a confidence of ", options.confidence, "; expected one between 0 and 1"));
  }
  if (!trials.empty() && options.lags > shortest / 2) {
    return absl::InvalidArgumentError(absl::StrCat(options.lags, " lags; the shortest trial has ",
                                                   shortest,
                                                   " bins, which allow at most half as many"));
  }
  return absl::OkStatus();
}

// The regression of one record over lags up to a greatest one.
struct Regression {
  std::vector<uint32_t> lags;
  std::vector<double> slopes;
  std::optional<statistics::ExponentialFit> fit;
};

class Estimator {
 public:
  Estimator(absl::Span<const std::vector<double>> trials, const BranchingOptions& options)
      : trials_(trials), options_(options) {}

  BranchingEstimate Run() {
    shortest_ = std::numeric_limits<uint64_t>::max();
    for (const std::vector<double>& trial : trials_) {
      estimate_.bins += trial.size();
      shortest_ = std::min<uint64_t>(shortest_, trial.size());
      for (const double count : trial) estimate_.spikes += count;
    }
    if (TooLittle()) return estimate_;
    mean_ = estimate_.spikes / static_cast<double>(estimate_.bins);
    estimate_.one_step_slope = TotalOf(1).Slope();
    const Regression regression = Regress();
    estimate_.lags = regression.lags;
    estimate_.slopes = regression.slopes;
    Bootstrap(regression);
    return estimate_;
  }

 private:
  bool TooLittle() {
    if (estimate_.spikes < kFewestSpikes) {
      estimate_.reason = absl::StrCat("there are only ", estimate_.spikes, " spikes, and ",
                                      kFewestSpikes, " are needed");
    } else if (estimate_.bins < kFewestBins || shortest_ < 20) {
      estimate_.reason =
          absl::StrCat("there are only ", estimate_.bins, " bins, the shortest trial has ",
                       shortest_, ", and ", kFewestBins, " and 20 are needed");
    } else if (absl::c_all_of(trials_, [&](const std::vector<double>& trial) {
                 return absl::c_all_of(trial, [&](double count) { return count == trials_[0][0]; });
               })) {
      estimate_.reason = "all bins have the same number of spikes";
    }
    return !estimate_.reason.empty();
  }

  PairSums TotalOf(uint32_t lag) const {
    PairSums total;
    for (size_t t = 0; t < trials_.size(); ++t) {
      total.Add(SumsOf(trials_[t], {t, 0, trials_[t].size()}, lag, mean_));
    }
    return total;
  }

  Regression RegressUpTo(uint32_t most_lag) const {
    Regression regression;
    regression.lags = LagsUpTo(most_lag);
    for (const uint32_t lag : regression.lags) {
      regression.slopes.push_back(TotalOf(lag).Slope());
    }
    regression.fit = statistics::FitExponential(regression.lags, regression.slopes);
    return regression;
  }

  Regression Regress() const {
    if (options_.lags > 0) return RegressUpTo(options_.lags);
    const auto longest = static_cast<uint32_t>(
        std::min<uint64_t>({shortest_ / 2, std::max<uint64_t>(estimate_.bins / 10, 10), 1u << 20}));
    for (uint32_t most = std::min<uint32_t>(kMostLags, longest);;
         most = std::min(2 * most, longest)) {
      Regression regression = RegressUpTo(most);
      const bool enough = !regression.fit.has_value() || most >= 2 * regression.fit->TimeConstant();
      if (enough || most == longest) return regression;
    }
  }

  // Finds the verdict and the interval.
  void Bootstrap(const Regression& regression) {
    const std::vector<Block> blocks = BlocksOf(trials_, regression.lags.back());
    estimate_.blocks = static_cast<uint32_t>(blocks.size());
    std::vector<std::vector<PairSums>> sums;
    for (const uint32_t lag : regression.lags) {
      std::vector<PairSums>& of_lag = sums.emplace_back();
      for (const Block& block : blocks) {
        of_lag.push_back(SumsOf(trials_[block.trial], block, lag, mean_));
      }
    }
    std::vector<double> ratios;
    std::vector<double> means;
    std::vector<size_t> named(blocks.size());
    for (uint32_t sample = 0; sample < options_.resamples; ++sample) {
      reference::RuleDraws draws(options_.seed, kResampling, sample, 0);
      for (size_t& block : named) block = draws.Below(blocks.size());
      const std::vector<double> slopes = SlopesOf(sums, named);
      means.push_back(MeanOf(slopes));
      const auto fit = statistics::FitExponential(regression.lags, slopes);
      ratios.push_back(fit.has_value() ? fit->m : 0);
    }
    absl::c_sort(ratios);
    absl::c_sort(means);
    const double tail = (1 - options_.confidence) / 2;
    Judge(regression, Quantile(means, tail));
    if (estimate_.verdict != BranchingVerdict::kEstimated) return;
    estimate_.m = regression.fit->m;
    estimate_.b = regression.fit->b;
    estimate_.low = Quantile(ratios, tail);
    estimate_.high = Quantile(ratios, 1 - tail);
  }

  // The verdict; `least_mean` is the lower end of the interval of the mean slope.
  void Judge(const Regression& regression, double least_mean) {
    const auto& fit = regression.fit;
    estimate_.explained = fit.has_value() ? fit->explained : 0;
    if (!fit.has_value() || least_mean <= 0) {
      estimate_.verdict = BranchingVerdict::kUncorrelated;
      estimate_.reason = absl::StrFormat("the mean slope %.2g is not significantly above 0",
                                         MeanOf(regression.slopes));
    } else if (10 * fit->TimeConstant() > static_cast<double>(estimate_.bins)) {
      estimate_.verdict = BranchingVerdict::kNotBranching;
      estimate_.reason = "the slopes do not decay: the rate drifts, or the record is short";
    } else if (fit->explained < kLeastExplained) {
      estimate_.verdict = BranchingVerdict::kNotBranching;
      estimate_.reason = absl::StrFormat("b m^k explains only %.2g of the slopes", fit->explained);
    } else {
      estimate_.verdict = BranchingVerdict::kEstimated;
    }
  }

  absl::Span<const std::vector<double>> trials_;
  const BranchingOptions& options_;
  BranchingEstimate estimate_;
  uint64_t shortest_ = 0;
  double mean_ = 0;
};

}  // namespace

absl::StatusOr<std::vector<double>> CountInBins(absl::Span<const uint64_t> steps, uint64_t begin,
                                                uint64_t end, uint64_t per_bin) {
  if (per_bin == 0 || end < begin || end - begin < per_bin) {
    return absl::InvalidArgumentError(
        absl::StrCat("no bin of ", per_bin, " steps fits between the steps ", begin, " and ", end));
  }
  return ir::WithinMemory([&]() -> absl::StatusOr<std::vector<double>> {
    std::vector<double> counts((end - begin) / per_bin);
    for (const uint64_t step : steps) {
      if (step < begin) continue;
      const uint64_t bin = (step - begin) / per_bin;
      if (bin < counts.size()) counts[bin] += 1;
    }
    return counts;
  });
}

OriginalSigma EstimateOriginalSigma(absl::Span<const double> counts, double alpha) {
  OriginalSigma sigma;
  double sum = 0;
  for (size_t t = 0; t + 1 < counts.size(); ++t) {
    const double ratio = std::max(counts[t + 1], 1.0) / std::max(counts[t], 1.0);
    sigma.last = (1 - alpha) * sigma.last + alpha * ratio;
    sum += ratio;
  }
  if (counts.size() > 1) sigma.mean = sum / static_cast<double>(counts.size() - 1);
  return sigma;
}

double BranchingEstimate::TimeConstant() const {
  return m < 1 ? -1 / reference::Log(m) : std::numeric_limits<double>::infinity();
}

absl::StatusOr<BranchingEstimate> EstimateBranchingRatio(
    absl::Span<const std::vector<double>> trials, const BranchingOptions& options) {
  BNSYN_RETURN_IF_ERROR(CheckOptions(trials, options));
  return ir::WithinMemory(
      [&]() -> absl::StatusOr<BranchingEstimate> { return Estimator(trials, options).Run(); });
}

absl::StatusOr<std::vector<double>> SimulateBranchingProcess(const BranchingProcess& process) {
  if (!(process.m >= 0 && process.m < 1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("a branching ratio of ", process.m, "; expected one from 0 to below 1"));
  }
  if (!(process.observed >= 0 && process.observed <= 1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("a part of ", process.observed, " is observed; expected one from 0 to 1"));
  }
  if (!(process.mean >= 0 && process.mean <= 1e5)) {
    return absl::InvalidArgumentError(
        absl::StrCat("a mean of ", process.mean, "; expected one from 0 to 100,000"));
  }
  return ir::WithinMemory([&]() -> absl::StatusOr<std::vector<double>> {
    const auto forgotten = static_cast<uint64_t>(20 / (1 - process.m)) + 1;
    double active = std::rint(process.mean);
    std::vector<double> counts;
    counts.reserve(process.bins);
    reference::RuleDraws observer(process.seed, kObserver, 0, 0);
    for (uint64_t t = 0; t < forgotten + process.bins; ++t) {
      const double mean = process.m * active + (1 - process.m) * process.mean;
      active = reference::PoissonFromBits(std::min(mean, reference::kPoissonMaxMean),
                                          reference::RandomBits(process.seed, kProcess, 0, t, 0),
                                          reference::RandomBits(process.seed, kProcess, 0, t, 1));
      if (t < forgotten) continue;
      const double seen =
          process.observed == 1
              ? active
              : static_cast<double>(reference::CountOnLeft(static_cast<uint64_t>(active),
                                                           process.observed, 1 - process.observed,
                                                           /*repeat=*/true, observer.Next()));
      counts.push_back(seen);
    }
    return counts;
  });
}

}  // namespace bnsyn
