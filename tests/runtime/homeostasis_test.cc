// Homeostatic scaling: weights against a program of plain loops, and rates that come to their
// target.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "networks.h"

namespace bnsyn {
namespace {

constexpr size_t kSources = 40;
constexpr size_t kTargets = 12;
constexpr uint64_t kPeriod = 1000;  // steps of a second
constexpr uint64_t kSteps = 200 * kPeriod;
constexpr double kRate = 5e-3;    // per ms
constexpr double kTauR = 10'000;  // ms

// Poisson sources onto neurons some of which are easier to excite than others.
constexpr char kScaled[] = R"toml(
network = { dt = "1 ms", seed = 4 }
[models.random]
equations = "x : 1"
threshold = "rand() < dt*20*Hz"
[models.cell]
equations = """
dv/dt = -v/(20 ms) : 1
top = 0.5 + 0.1*i : 1
"""
threshold = "v > top"
reset = "v = 0"
[populations]
pre = { model = "random", size = 40 }
post = { model = "cell", size = 12 }
[projections.syn]
source = "pre"
target = "post"
rule = "all_to_all"
model = "synaptic_scaling"
into = "v"
weight = "0.02 + 0.06*rand()"
parameters = { w_max = 1, eta = 0.02 }
)toml";

TEST(Homeostasis, WeightsAreScaledAsInAPlainProgram) {
  Simulation simulation = CompiledNetwork(kScaled, Accelerated());
  std::vector<double> w = *simulation.StateByName("syn.w");
  ASSERT_EQ(w.size(), kSources * kTargets);
  const std::vector<double> first = w;
  ASSERT_TRUE(simulation.Step(kSteps).ok());
  const SpikeTrain& train = simulation.Spikes(*simulation.Population("post"));
  std::vector<double> rates(kTargets);
  std::vector<double> counts(kTargets);  // of the last 50 s
  size_t spike = 0;
  for (uint64_t k = 0; k < kSteps; ++k) {
    for (double& rate : rates) rate *= std::exp(-1 / kTauR);
    for (; spike < train.steps.size() && train.steps[spike] + 1 == k; ++spike) {
      rates[train.neurons[spike]] += 1 / kTauR;
      counts[train.neurons[spike]] += k > kSteps - 50 * kPeriod ? 1 : 0;
    }
    if (k == 0 || k % kPeriod != 0) continue;
    for (size_t s = 0; s < w.size(); ++s) {
      const double scaled = w[s] * (1 + 0.02 * (kRate - rates[s % kTargets]) / kRate);
      w[s] = std::min(std::max(scaled, 0.0), 1.0);
    }
  }
  const std::vector<double> weights = *simulation.StateByName("syn.w");
  for (size_t s = 0; s < w.size(); ++s) {
    EXPECT_NEAR(weights[s], w[s], 1e-12) << "synapse " << s;
    EXPECT_NE(weights[s], first[s]);
  }
  for (const double count : counts) EXPECT_NEAR(count / 50, 5, 1);
}

TEST(Homeostasis, R11_EnginesAgree) {
  constexpr uint64_t kFew = 4 * kPeriod + 1;
  Simulation reference = CompiledNetwork(kScaled, Reference());
  ASSERT_TRUE(reference.Step(kFew).ok());
  EXPECT_GT(reference.SpikeCount(*reference.Population("post")), 50u);
  for (const int threads : {1, 2, 3, 4}) {
    Simulation accelerated = CompiledNetwork(kScaled, Accelerated(threads, threads == 1 ? 1 : 8));
    ASSERT_TRUE(accelerated.Step(kFew).ok());
    EXPECT_EQ(accelerated.Digest(), reference.Digest()) << threads << " threads";
  }
}

}  // namespace
}  // namespace bnsyn
