// Numbers worked out by hand.
#include "statistics/comparison.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace bnsyn::statistics {
namespace {

SpikeTrain Train(std::vector<uint64_t> steps, std::vector<uint32_t> neurons) {
  SpikeTrain train;
  train.steps = std::move(steps);
  train.neurons = std::move(neurons);
  return train;
}

using Counts = std::vector<uint64_t>;

TEST(Comparison, CountsSpikesPerStep) {
  const SpikeTrain train = Train({0, 2, 2, 9}, {5, 1, 3, 0});
  EXPECT_EQ(CountsPerStep(train, 4), (Counts{1, 0, 2, 0}));
  EXPECT_EQ(Rebinned(Counts{1, 0, 2, 0, 7}, 2), (Counts{1, 2}));
}

TEST(Comparison, CountDifferenceIsAPartOfTheSpikes) {
  const Counts a = {3, 0, 7};
  EXPECT_EQ(CountDifference(a, a), 0);
  EXPECT_EQ(CountDifference(a, Counts{3, 1, 6}), 0.2);
  EXPECT_EQ(CountDifference(Counts{0, 0}, Counts{0, 0}), 0);
  EXPECT_EQ(CountDifference(Counts{0, 0}, Counts{0, 2}), std::numeric_limits<double>::infinity());
}

TEST(Comparison, IntervalsAreThoseOfEachNeuron) {
  const SpikeTrain train = Train({0, 1, 5, 6, 9}, {2, 7, 2, 7, 2});
  EXPECT_EQ(IntervalsOf(train), (IntervalHistogram{{4, 1}, {5, 2}}));
}

TEST(Comparison, TotalVariationIsWhatWouldHaveToMove) {
  const IntervalHistogram a = {{4, 1}, {5, 3}};
  EXPECT_EQ(TotalVariation(a, a), 0);
  EXPECT_EQ(TotalVariation(a, {{4, 2}, {5, 6}}), 0);  // as distributions they are equal
  EXPECT_EQ(TotalVariation(a, {{5, 4}}), 0.25);
  EXPECT_EQ(TotalVariation(a, {{6, 1}}), 1);
  EXPECT_EQ(TotalVariation(a, {}), 1);
  EXPECT_EQ(TotalVariation({}, {}), 0);
}

TEST(Comparison, ActivityCorrelationSeesWhoSpikesWhen) {
  const SpikeTrain a = Train({0, 1, 12}, {0, 0, 1});
  EXPECT_EQ(ActivityCorrelation(a, a, 2, 10, 20), 1);
  // The bins are (2, 0) and (0, 1); of b they are (1, 0) and (0, 2). Both have the mean 3/4:
  // covariance 4 - 4*9/16 and variances 5 - 4*9/16.
  const SpikeTrain b = Train({0, 13, 12}, {0, 1, 1});
  EXPECT_NEAR(ActivityCorrelation(a, b, 2, 10, 20), 1.75 / 2.75, 1e-12);
  // One spike that another neuron has.
  const SpikeTrain c = Train({0, 1, 12}, {0, 0, 0});
  EXPECT_LT(ActivityCorrelation(a, c, 2, 10, 20), 0.9);
  // Every neuron spikes in each bin: there is no variance.
  const SpikeTrain all = Train({0, 0, 10, 10}, {0, 1, 0, 1});
  EXPECT_EQ(ActivityCorrelation(all, all, 2, 10, 20), 1);
  EXPECT_EQ(ActivityCorrelation(all, a, 2, 10, 20), 0);
}

TEST(Comparison, SigmaIsThatOfTheOriginal) {
  const std::vector<double> sigma = RunningSigma(Counts{2, 1, 0}, 0.5);
  EXPECT_EQ(sigma, (std::vector<double>{1.5, 1, 1}));
  EXPECT_EQ(RunningSigma(Counts{0, 0, 0}), (std::vector<double>{1, 1, 1}));
  EXPECT_EQ(MeanRatio(Counts{2, 1, 4}), (0.5 + 4) / 2);
  EXPECT_EQ(MeanRatio(Counts{2}), 1);
}

TEST(Comparison, MeansHaveErrors) {
  const Mean mean = MeanOf({1, 2, 3});
  EXPECT_NEAR(mean.value, 2, 1e-15);
  EXPECT_NEAR(mean.error, std::sqrt(1.0 / 3), 1e-15);
  EXPECT_EQ(MeanOf({5}).error, 0);
}

// Values 1 + c h^order for h = 1, 1/2, 1/4, 1/8.
std::vector<std::vector<double>> Converging(double order) {
  std::vector<std::vector<double>> values(4);
  for (size_t level = 0; level < 4; ++level) {
    for (const double c : {0.3, -0.2, 0.1}) {
      values[level].push_back(1 + c * std::exp2(-order * static_cast<double>(level)));
    }
  }
  return values;
}

TEST(Comparison, ConvergenceHasAnOrder) {
  for (const double order : {1.0, 2.0, 4.0}) {
    EXPECT_NEAR(ConvergenceOf(Converging(order), 1e-13).order, order, 1e-9);
  }
  const Convergence first = ConvergenceOf(Converging(1), 1e-13);
  EXPECT_NEAR(first.magnitude, 1.3, 1e-15);
  EXPECT_NEAR(first.difference, 0.1, 1e-15);
  // Converged to the last places at h/2: by the fourth power, and by the first.
  const auto converged = [](double factor) {
    const double first = 1.2e-13;
    const double second = first / factor;
    const std::vector<std::vector<double>> values = {
        {1}, {1 + first}, {1 + first + second}, {1 + first + second}};
    return ConvergenceOf(values, 1e-13).order;
  };
  EXPECT_GT(converged(16), 3.5);
  EXPECT_NEAR(converged(2), 1, 0.1);
  const std::vector<std::vector<double>> equal(4, {1, 2});
  EXPECT_EQ(ConvergenceOf(equal, 1e-13).difference, 0);
  EXPECT_TRUE(std::isnan(ConvergenceOf(equal, 1e-13).order));
}

}  // namespace
}  // namespace bnsyn::statistics
