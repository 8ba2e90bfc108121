// What the examples that learn have learned, and the same bits on both backends.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "networks.h"

namespace bnsyn {
namespace {

using namespace literals;

struct Setting {
  const char* name;
  const char* value;
};

Network Example(const char* name, const std::vector<Setting>& settings) {
  absl::StatusOr<Network> network =
      ReadNetwork(absl::StrCat(BNSYN_SOURCE_DIR, "/examples/networks/", name, ".toml"));
  EXPECT_TRUE(network.ok()) << network.status().message();
  for (const Setting& setting : settings) {
    const absl::Status set = network->Set(setting.name, setting.value);
    EXPECT_TRUE(set.ok()) << set.message();
  }
  return *std::move(network);
}

uint64_t Spikes(const Simulation& simulation) {
  uint64_t spikes = 0;
  for (const ir::Population& population : ProgramOf(simulation).populations) {
    spikes += simulation.SpikeCount(*simulation.Population(population.name));
  }
  return spikes;
}

struct Case {
  const char* name;
  const char* weights;
  std::vector<Setting> settings;  // that make it small
};

void PrintTo(const Case& example, std::ostream* out) { *out << example.name; }

class LearningExamples : public testing::TestWithParam<Case> {};

TEST_P(LearningExamples, R11_LearnTheSameOnBothBackends) {
  const Network network = Example(GetParam().name, GetParam().settings);
  std::string expected;
  for (const EngineOptions& options :
       {Reference(), Accelerated(1), Accelerated(2, 4), Accelerated(3), Accelerated(4, 1)}) {
    Simulation simulation = CompiledNetwork(network, options);
    const std::vector<double> before = *simulation.StateByName(GetParam().weights);
    ASSERT_TRUE(simulation.Step(1000).ok());
    EXPECT_GT(Spikes(simulation), 100u);
    const std::vector<double> after = *simulation.StateByName(GetParam().weights);
    size_t lower = 0, higher = 0;
    for (size_t synapse = 0; synapse < before.size(); ++synapse) {
      lower += after[synapse] < before[synapse];
      higher += after[synapse] > before[synapse];
    }
    EXPECT_GT(lower, before.size() / 50);
    EXPECT_GT(higher, before.size() / 50);
    const std::string digest = simulation.Digest().ToString();
    if (expected.empty()) expected = digest;
    EXPECT_EQ(digest, expected) << options.threads << " threads, width " << options.compile.width;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Files, LearningExamples,
    testing::Values(Case{"brunel-three-factor", "ee.w", {{"N", "500"}, {"p", "0.2"}}},
                    Case{"learning/distal-reward", "ee.w", {{"N", "200"}, {"reward", "2"}}},
                    Case{"learning/stdp-selectivity", "learn.w", {{"A", "0.02"}}},
                    Case{"learning/stdp-latency", "learn.w", {}}),
    [](const auto& instance) {
      return absl::StrReplaceAll(instance.param.name, {{"-", "_"}, {"/", "_"}});
    });

// The part of the values from `low` to `high`.
double Part(const std::vector<double>& values, double low, double high) {
  const auto within = [&](double value) { return value >= low && value <= high; };
  return static_cast<double>(std::count_if(values.begin(), values.end(), within)) /
         static_cast<double>(values.size());
}

double Mean(const std::vector<double>& values, size_t first, size_t end) {
  double sum = 0;
  for (size_t k = first; k < end; ++k) sum += values[k];
  return sum / static_cast<double>(end - first);
}

TEST(StdpSelectivity, DividesWeightsIntoTwoGroups) {
  Simulation simulation =
      CompiledNetwork(Example("learning/stdp-selectivity", {{"A", "0.01"}}), Accelerated(1));
  constexpr double kTop = 0.015;
  const auto part = [&](double low, double high) {
    return Part(*simulation.StateByName("learn.w"), low * kTop, high * kTop);
  };
  EXPECT_NEAR(part(0, 0.1), 0.1, 0.03);
  EXPECT_NEAR(part(0.9, 1), 0.1, 0.03);
  ASSERT_TRUE(simulation.Run(200_s).ok());
  const double between = part(0.3, 0.7) / 4;
  EXPECT_GT(part(0, 0.1), 4 * between);
  EXPECT_GT(part(0.9, 1), 2 * between);
}

TEST(StdpLatency, FirstSpikesComeSooner) {
  Simulation simulation = CompiledNetwork(Example("learning/stdp-latency", {}), Accelerated(1));
  ASSERT_TRUE(simulation.Run(30_s).ok());
  constexpr double kPeriod = 300;
  std::vector<double> first(100, kPeriod);  // after the beginning of each presentation
  for (const double time : TimesOf(simulation, "cell")) {
    const double presentation = std::floor(time / kPeriod);
    double& earliest = first.at(static_cast<size_t>(presentation));
    earliest = std::min(earliest, time - presentation * kPeriod);
  }
  const double before = Mean(first, 0, 5), after = Mean(first, 80, 100);
  EXPECT_GT(before, 30);
  EXPECT_LT(before, 50);
  EXPECT_GT(after, 5);
  EXPECT_LT(after, 20);
  // The inputs of latencies up to 8 ms, and from 20 ms on.
  const std::vector<double> weights = *simulation.StateByName("learn.w");
  EXPECT_GT(Mean(weights, 0, 80), 0.9 * 0.015);
  EXPECT_LT(Mean(weights, 200, 500), 0.05 * 0.015);
}

// A small network and large rewards.
TEST(DistalReward, TheRewardedWeightPassesTheOthers) {
  Simulation simulation = CompiledNetwork(
      Example("learning/distal-reward", {{"N", "100"}, {"reward", "0.5"}}), Accelerated(1));
  const auto rewarded = [&] { return simulation.StateByName("ee.w")->front(); };
  EXPECT_EQ(rewarded(), 0);
  for (int times = 0; times < 30 && rewarded() < 3.5; ++times) {
    ASSERT_TRUE(simulation.Run(100_s).ok());
  }
  EXPECT_GE(rewarded(), 3.5);
  const std::vector<double> weights = *simulation.StateByName("ee.w");
  EXPECT_LT(Part(weights, rewarded(), 4), 0.01);
  EXPECT_LT(Mean(weights, 1, weights.size()), 0.9);
}

}  // namespace
}  // namespace bnsyn
