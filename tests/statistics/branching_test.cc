// The branching ratio of processes whose ratio is known.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "bnsyn/criticality.h"
#include "statistics/exponential_fit.h"

namespace bnsyn {
namespace {

std::vector<double> Process(const BranchingProcess& process) {
  const auto counts = SimulateBranchingProcess(process);
  EXPECT_TRUE(counts.ok()) << counts.status();
  return *counts;
}

BranchingEstimate Estimate(const std::vector<std::vector<double>>& trials,
                           const BranchingOptions& options = {}) {
  const auto estimate = EstimateBranchingRatio(trials, options);
  EXPECT_TRUE(estimate.ok()) << estimate.status();
  return *estimate;
}

double Mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

TEST(BranchingProcess, HasTheMeanAndTheVarianceOfItsRatio) {
  for (const double observed : {1.0, 0.1}) {
    const std::vector<double> counts = Process({0.9, 100, observed, 200'000, 3});
    const double mean = Mean(counts);
    EXPECT_NEAR(mean, 100 * observed, observed);
    double variance = 0;
    for (const double count : counts) variance += (count - mean) * (count - mean);
    variance /= static_cast<double>(counts.size());
    // That of A is mean/(1 - m^2); of a part p of it p^2 that, and p (1 - p) mean.
    const double whole = 100 / (1 - 0.81);
    EXPECT_NEAR(variance / (observed * observed * whole + observed * (1 - observed) * 100), 1,
                0.03);
  }
}

TEST(BranchingProcess, RefusesWhatIsNoProcess) {
  EXPECT_FALSE(SimulateBranchingProcess({.m = 1}).ok());
  EXPECT_FALSE(SimulateBranchingProcess({.m = -0.1}).ok());
  EXPECT_FALSE(SimulateBranchingProcess({.mean = 1e9}).ok());
  EXPECT_FALSE(SimulateBranchingProcess({.observed = 1.5}).ok());
}

TEST(BranchingRatio, IsFoundWhereAllIsSeenAndWhereATenthIs) {
  for (const double m : {0.9, 0.98, 0.999}) {
    for (const double observed : {1.0, 0.1}) {
      const std::vector<double> counts = Process({m, 100, observed, 100'000, 1});
      const BranchingEstimate estimate = Estimate({counts});
      ASSERT_EQ(estimate.verdict, BranchingVerdict::kEstimated) << estimate.reason;
      // Within a third of the time constant.
      EXPECT_NEAR(estimate.TimeConstant() * -std::log(m), 1, 0.33) << m << " " << observed;
      EXPECT_LE(estimate.low, m) << observed;
      EXPECT_GE(estimate.high, m) << observed;
      EXPECT_GT(estimate.explained, 0.9);
      // The original estimator is near 1 for all of them, and further from it the less is seen.
      const double original = EstimateOriginalSigma(counts).mean;
      EXPECT_GT(original, 1.002);
      if (observed < 1) {
        EXPECT_GT(original, 1.05);
      }
      // Regression over one bin takes what is not seen for what does not branch.
      if (observed < 1) {
        EXPECT_LT(estimate.one_step_slope, m - 0.005);
      }
    }
  }
}

TEST(BranchingRatio, LiesInMostOfTheIntervals) {
  int held = 0;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    const BranchingEstimate estimate =
        Estimate({Process({0.9, 20, 1, 10'000, seed})}, {.resamples = 100, .seed = seed});
    ASSERT_EQ(estimate.verdict, BranchingVerdict::kEstimated) << estimate.reason;
    held += estimate.low <= 0.9 && 0.9 <= estimate.high ? 1 : 0;
    EXPECT_LT(estimate.high - estimate.low, 0.08);
  }
  EXPECT_GE(held, 32);
}

TEST(BranchingRatio, IsThatOfTrialsTogether) {
  std::vector<std::vector<double>> trials;
  for (uint64_t seed = 1; seed <= 30; ++seed) trials.push_back(Process({0.9, 100, 1, 1000, seed}));
  const BranchingEstimate estimate = Estimate(trials);
  ASSERT_EQ(estimate.verdict, BranchingVerdict::kEstimated) << estimate.reason;
  EXPECT_EQ(estimate.blocks, 30u);
  EXPECT_EQ(estimate.bins, 30'000u);
  EXPECT_NEAR(estimate.m, 0.9, 0.015);
  // A pair does not reach from one trial into another: the means of two levels of activity would
  // else count as memory.
  EXPECT_LE(estimate.low, 0.9);
  EXPECT_GE(estimate.high, 0.9);
}

TEST(BranchingRatio, IsNotToldOfSilence) {
  const BranchingEstimate silent = Estimate({std::vector<double>(10'000)});
  EXPECT_EQ(silent.verdict, BranchingVerdict::kTooSilent);
  EXPECT_TRUE(absl::StrContains(silent.reason, "only 0 spikes")) << silent.reason;
  // The original estimator takes silence for criticality.
  EXPECT_EQ(EstimateOriginalSigma(std::vector<double>(10'000)).mean, 1);
  EXPECT_EQ(EstimateOriginalSigma(std::vector<double>(10'000)).last, 1);
  std::vector<double> few(10'000);
  for (size_t k = 0; k < 99; ++k) few[k * 100] = 1;
  EXPECT_EQ(Estimate({few}).verdict, BranchingVerdict::kTooSilent);
  EXPECT_EQ(Estimate({std::vector<double>(10'000, 5.0)}).verdict, BranchingVerdict::kTooSilent);
  EXPECT_EQ(Estimate({Process({0.9, 100, 1, 150, 1})}).verdict, BranchingVerdict::kTooSilent);
  EXPECT_EQ(Estimate({}).verdict, BranchingVerdict::kTooSilent);
}

TEST(BranchingRatio, IsNotToldOfAPoissonProcess) {
  int told = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const std::vector<double> counts = Process({0, 5, 1, 10'000, seed});
    EXPECT_GT(EstimateOriginalSigma(counts).mean, 1.2);
    told += Estimate({counts}, {.resamples = 100}).verdict == BranchingVerdict::kEstimated;
  }
  // The lower end of a 95 % interval is above 0 in one of 40.
  EXPECT_LE(told, 2);
}

TEST(BranchingRatio, IsNotToldOfADriftOrAnOscillation) {
  std::vector<double> drift = Process({0, 5, 1, 20'000, 1});
  std::vector<double> wave = drift;
  for (size_t t = 0; t < drift.size(); ++t) {
    drift[t] += 1e-3 * static_cast<double>(t);
    wave[t] += 20 + 20 * std::sin(0.4 * static_cast<double>(t));
  }
  EXPECT_EQ(Estimate({drift}).verdict, BranchingVerdict::kNotBranching);
  EXPECT_NE(Estimate({wave}).verdict, BranchingVerdict::kEstimated);
}

TEST(BranchingRatio, IsTheSameInEveryRun) {
  const std::vector<double> counts = Process({0.9, 20, 0.5, 5000, 9});
  EXPECT_EQ(counts, Process({0.9, 20, 0.5, 5000, 9}));
  EXPECT_NE(counts, Process({0.9, 20, 0.5, 5000, 10}));
  const BranchingEstimate one = Estimate({counts});
  const BranchingEstimate other = Estimate({counts});
  EXPECT_EQ(one.m, other.m);
  EXPECT_EQ(one.low, other.low);
  EXPECT_EQ(one.high, other.high);
}

TEST(BranchingRatio, RefusesWhatIsNoRecord) {
  const std::vector<double> counts(1000, 1.0);
  const auto code = [&](const std::vector<std::vector<double>>& trials,
                        const BranchingOptions& options) {
    return EstimateBranchingRatio(trials, options).status().code();
  };
  EXPECT_EQ(code({{1, -1, 2}}, {}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code({{1, NAN, 2}}, {}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code({counts}, {.lags = 501}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code({counts}, {.resamples = 5}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code({counts}, {.confidence = 1}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code({counts}, {.lags = 500}), absl::StatusCode::kOk);
}

TEST(OriginalSigma, IsItsDefinition) {
  // Ratios 2/1, 4/2, max(0, 1)/4 and 1/1.
  const OriginalSigma sigma = EstimateOriginalSigma({1, 2, 4, 0, 1}, 0.5);
  EXPECT_EQ(sigma.mean, (2 + 2 + 0.25 + 1) / 4);
  EXPECT_EQ(sigma.last, 0.5 * (0.5 * (0.5 * (0.5 * 1 + 0.5 * 2) + 0.5 * 2) + 0.5 * 0.25) + 0.5);
}

TEST(CountInBins, CountsTheStepsOfWholeBins) {
  const auto counts = CountInBins({12, 10, 19, 20, 29, 30, 9, 20}, 10, 33, 10);
  ASSERT_TRUE(counts.ok());
  EXPECT_EQ(*counts, (std::vector<double>{3, 3}));
  EXPECT_FALSE(CountInBins({1}, 0, 9, 10).ok());
  EXPECT_FALSE(CountInBins({1}, 0, 9, 0).ok());
  EXPECT_FALSE(CountInBins({1}, 9, 0, 1).ok());
}

TEST(ExponentialFit, FindsWhatItWasMadeOf) {
  std::vector<uint32_t> lags;
  std::vector<double> slopes;
  for (const double m : {0.3, 0.9, 0.9995, 1.01}) {
    lags.clear();
    slopes.clear();
    for (uint32_t k = 1; k <= 50; ++k) {
      lags.push_back(3 * k);
      slopes.push_back(0.2 * std::pow(m, 3 * k));
    }
    const auto fit = statistics::FitExponential(lags, slopes);
    ASSERT_TRUE(fit.has_value());
    EXPECT_NEAR(fit->m, m, 1e-6);
    EXPECT_NEAR(fit->b, 0.2, 1e-5);
    EXPECT_NEAR(fit->explained, 1, 1e-9);
  }
  for (double& slope : slopes) slope = -slope;
  EXPECT_FALSE(statistics::FitExponential(lags, slopes).has_value());
}

}  // namespace
}  // namespace bnsyn
