// mr_estimate in a network: the same bits on both backends, and the ratio that the library finds in
// the spikes of the run.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "bnsyn/criticality.h"
#include "networks.h"

namespace bnsyn {
namespace {

const std::string kFile = BNSYN_SOURCE_DIR "/examples/networks/topics/branching.toml";

Network With(const std::vector<std::pair<std::string, std::string>>& sets) {
  absl::StatusOr<Network> network = ReadNetwork(kFile);
  EXPECT_TRUE(network.ok()) << network.status().message();
  for (const auto& [name, value] : sets) {
    const absl::Status status = network->Set(name, value);
    EXPECT_TRUE(status.ok()) << status.message();
  }
  return *std::move(network);
}

EngineOptions Recorded(EngineOptions options) {
  options.record_spikes = true;
  return options;
}

// The estimate of the library, over the same lags.
BranchingEstimate Offline(const Simulation& simulation) {
  const SpikeTrain& train = simulation.Spikes(*simulation.Population("units"));
  const auto counts = CountInBins(train.steps, 0, simulation.step(), 1);
  EXPECT_TRUE(counts.ok());
  const auto estimate = EstimateBranchingRatio({{*counts}}, {.lags = 20, .resamples = 100});
  EXPECT_TRUE(estimate.ok());
  return *estimate;
}

TEST(MrEstimate, IsThatOfTheLibraryToTheBitOnBothBackends) {
  for (const char* ratio : {"0.5", "0.9", "0.97"}) {
    const Network network = With({{"unit.ratio", ratio}, {"size", "1000"}, {"unit.mean", "10"}});
    std::string digest;
    for (const EngineOptions& options : {Recorded(Reference()), Recorded(Accelerated(2, 4))}) {
      Simulation simulation = CompiledNetwork(network, options);
      ASSERT_TRUE(simulation.Step(8000).ok());
      EXPECT_GT(simulation.report().spikes, 50'000u) << ratio;
      const double m = *simulation.Uniform("m");
      const BranchingEstimate estimate = Offline(simulation);
      ASSERT_EQ(estimate.verdict, BranchingVerdict::kEstimated) << estimate.reason;
      EXPECT_NEAR(m, estimate.m, 2e-3) << ratio;
      EXPECT_GE(m, estimate.low - 0.01) << ratio;
      EXPECT_NEAR(m, std::stod(ratio), 0.04) << ratio;
      // Sigma knows nothing of the ratio.
      EXPECT_NEAR(*simulation.Uniform("sigma"), 1, 0.3) << ratio;
      if (digest.empty()) digest = simulation.Digest().ToString();
      EXPECT_EQ(simulation.Digest().ToString(), digest) << ratio;
    }
  }
}

TEST(MrEstimate, SaysNothingOfSilenceAndBeforeItHasSeenEnough) {
  Simulation silent = CompiledNetwork(With({{"unit.mean", "0"}, {"size", "500"}}), Accelerated());
  ASSERT_TRUE(silent.Step(1000).ok());
  EXPECT_EQ(silent.report().spikes, 0u);
  EXPECT_EQ(*silent.Uniform("m"), -1);
  EXPECT_EQ(*silent.Uniform("sigma"), 1);
  Simulation young = CompiledNetwork(With({{"size", "500"}, {"unit.mean", "10"}}), Accelerated());
  ASSERT_TRUE(young.Step(200).ok());
  EXPECT_GT(young.report().spikes, 1000u);
  EXPECT_EQ(*young.Uniform("m"), -1);
  ASSERT_TRUE(young.Step(1).ok());
  EXPECT_NEAR(*young.Uniform("m"), 0.9, 0.1);
}

// The text of a network whose ratio falls from 0.95 to 0.5 after 5 s, estimated by a clock.
std::string Falling(const std::string& call) {
  const std::string text = R"toml(
network = { dt = "1 ms", seed = 3 }
[models.unit]
parameters = { ratio = { value = 0.95, at = "5 s", to = 0.5 } }
equations = "p : 1"
update = "p = (ratio*A + (1 - ratio)*20)/2000"
threshold = "rand() < p"
[populations]
units = { model = "unit", size = 2000 }
[uniform]
equations = """
A : 1
m : 1
"""
initial = { A = 20 }
update = "A = count(units)"
[uniform.clocks.look]
every = "1 ms"
when = "end"
code = "m = CALL"
)toml";
  return Replaced(text, "CALL", call);
}

TEST(MrEstimate, ForgetsWithAMemory) {
  std::vector<double> ratios;
  for (const char* call :
       {"mr_estimate(count(units), 20, 1000)", "mr_estimate(count(units), 20)"}) {
    Simulation simulation = CompiledNetwork(Falling(call), Accelerated());
    ASSERT_TRUE(simulation.Step(5000).ok());
    EXPECT_NEAR(*simulation.Uniform("m"), 0.95, 0.06) << call;
    ASSERT_TRUE(simulation.Step(5000).ok());
    EXPECT_GT(simulation.report().spikes, 100'000u);
    ratios.push_back(*simulation.Uniform("m"));
  }
  EXPECT_NEAR(ratios[0], 0.5, 0.12);
  EXPECT_GT(ratios[1], 0.8);
}

}  // namespace
}  // namespace bnsyn
