// Rates, irregularity and correlation of spikes whose statistics are known.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "bnsyn/spike_statistics.h"
#include "reference/rule_draws.h"

namespace bnsyn {
namespace {

struct Spikes {
  std::vector<std::pair<uint64_t, uint32_t>> all;

  SpikeStatistics Describe(const SpikeStatisticsOptions& options) {
    std::sort(all.begin(), all.end());
    std::vector<uint64_t> steps;
    std::vector<uint32_t> neurons;
    for (const auto& [step, neuron] : all) {
      steps.push_back(step);
      neurons.push_back(neuron);
    }
    const auto statistics = DescribeSpikes(steps, neurons, options);
    EXPECT_TRUE(statistics.ok()) << statistics.status();
    return *statistics;
  }
};

TEST(SpikeStatistics, AreThoseOfARegularTrain) {
  Spikes spikes;
  for (uint64_t step = 5; step < 10'000; step += 100) spikes.all.emplace_back(step, 1);
  spikes.all.emplace_back(7, 0);  // one spike has no interval
  const SpikeStatistics statistics =
      spikes.Describe({.dt_ms = 0.1, .end = 10'000, .steps_per_bin = 20, .neurons = 4});
  EXPECT_EQ(statistics.spikes, 101u);
  EXPECT_DOUBLE_EQ(statistics.rate_hz, 101.0 / 4);
  EXPECT_EQ(statistics.cv, 0);
  EXPECT_EQ(statistics.cv_neurons, 1u);
  EXPECT_EQ(statistics.correlated, 2u);
}

TEST(SpikeStatistics, AreThoseOfPoissonTrains) {
  Spikes spikes;
  reference::RuleDraws draws(1, 9, 0, 0);
  for (uint32_t neuron = 0; neuron < 100; ++neuron) {
    for (uint64_t step = 0; step < 100'000; ++step) {
      if (draws.Next() < 1e-3) spikes.all.emplace_back(step, neuron);
    }
  }
  const SpikeStatistics statistics =
      spikes.Describe({.dt_ms = 0.1, .end = 100'000, .steps_per_bin = 20, .neurons = 100});
  EXPECT_NEAR(statistics.rate_hz, 10, 0.4);
  EXPECT_NEAR(statistics.cv, 1, 0.02);
  EXPECT_EQ(statistics.cv_neurons, 100u);
  EXPECT_NEAR(statistics.correlation, 0, 1e-3);
}

TEST(SpikeStatistics, SeeSpikesInCommon) {
  // Half of the spikes of each neuron are of all: a correlation of 0.5.
  Spikes spikes;
  reference::RuleDraws draws(2, 9, 0, 0);
  for (uint64_t step = 0; step < 100'000; step += 20) {
    if (draws.Next() < 0.01) {
      for (uint32_t neuron = 0; neuron < 30; ++neuron) spikes.all.emplace_back(step, neuron);
    }
    for (uint32_t neuron = 0; neuron < 30; ++neuron) {
      if (draws.Next() < 0.01) spikes.all.emplace_back(step + 1, neuron);
    }
  }
  const SpikeStatistics statistics = spikes.Describe(
      {.dt_ms = 0.1, .end = 100'000, .steps_per_bin = 20, .neurons = 30, .correlated = 20});
  EXPECT_EQ(statistics.correlated, 20u);
  EXPECT_NEAR(statistics.correlation, 0.5, 0.06);
}

TEST(SpikeStatistics, LeaveOutWhatIsNotAsked) {
  Spikes spikes;
  spikes.all = {{5, 0}, {10, 0}, {15, 0}, {24, 0}, {30, 0}};
  const SpikeStatistics statistics =
      spikes.Describe({.dt_ms = 1, .begin = 10, .end = 30, .steps_per_bin = 5, .neurons = 1});
  EXPECT_EQ(statistics.spikes, 3u);
  EXPECT_DOUBLE_EQ(statistics.rate_hz, 150);
  EXPECT_DOUBLE_EQ(statistics.cv, 2.0 / 7);  // of the intervals 5 and 9
  EXPECT_TRUE(std::isnan(statistics.correlation));
}

TEST(SpikeStatistics, RefuseWhatIsNoTrain) {
  EXPECT_FALSE(DescribeSpikes({1}, {0, 1}, {.end = 100, .neurons = 2}).ok());
  EXPECT_FALSE(DescribeSpikes({1}, {2}, {.end = 100, .neurons = 2}).ok());
  EXPECT_FALSE(DescribeSpikes({1}, {0}, {.end = 10, .neurons = 2}).ok());
  EXPECT_FALSE(DescribeSpikes({1}, {0}, {.end = 100, .neurons = 0}).ok());
}

}  // namespace
}  // namespace bnsyn
