// Neuromodulators: where they come from, and what they make of pairs of spikes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "networks.h"

namespace bnsyn {
namespace {

constexpr double kDt = 0.5;  // ms
constexpr uint64_t kSteps = 1200;

// Poisson neurons that learn by three factors, with the sections `modulator` for M.
std::string Learning(const std::string& modulator) {
  return absl::StrCat(R"toml(
network = { dt = "0.5 ms", seed = 9 }
[models.noisy]
equations = "dv/dt = -v/(10 ms) : 1"
threshold = "v > 1"
reset = "v = 0"
[populations.exc]
model = "noisy"
size = 20
[stimuli.ext]
type = "poisson"
target = "exc"
rate = "200 Hz"
weight = 0.4
on_event = "v += w"
[projections.ee]
source = "exc"
target = "exc"
rule = { type = "all_to_all", self = false }
model = "three_factor"
into = "v"
weight = 0.01
parameters = { w_max = 0.02, eta = 1e-4 }
)toml",
                      modulator);
}

// The neuromodulator in the step k.
double Modulator(uint64_t k) {
  return k < 200 ? 0 : std::ldexp(static_cast<double>(k % 64) - 20, -5);
}

void ExpectLearned(const std::vector<double>& weights) {
  EXPECT_LT(*std::min_element(weights.begin(), weights.end()), 0.009);
  EXPECT_GT(*std::max_element(weights.begin(), weights.end()), 0.011);
}

std::vector<double> Weights(const std::string& text, const EngineOptions& options) {
  Simulation simulation = CompiledNetwork(text, options);
  const absl::Status status = simulation.Step(kSteps);
  EXPECT_TRUE(status.ok()) << status.message();
  EXPECT_GT(simulation.report().spikes, 100u) << "it is silent";
  return *simulation.StateByName("ee.w");
}

// By an expression, by a table, by a stimulus of a population, and by the host in each step: the
// same numbers, the same weights to the bit.
TEST(Modulators, ComeFromEverywhereToTheSameWeights) {
  const std::string by_expression = Learning(R"toml(
[uniform]
equations = "M : 1"
update = "M = ((timestep(t, dt) % 64) - 20)/32 if timestep(t, dt) >= 200 else 0"
)toml");
  std::vector<double> course;
  for (uint64_t k = 0; k <= kSteps; ++k) course.push_back(Modulator(k));
  const std::string by_table = Learning(absl::StrCat("[tables.course]\ndt = \"0.5 ms\"\nvalues = [",
                                                     absl::StrJoin(course, ", "), R"toml(]
[uniform]
equations = "M : 1"
update = "M = course(t)"
)toml"));
  // What reaches a neuron in a step is known to the network at its end.
  const std::string by_stimulus = Learning(absl::StrCat(
      "[tables.course]\ndt = \"0.5 ms\"\nvalues = [", absl::StrJoin(course, ", "), R"toml(]
[models.nucleus]
equations = """
level : 1
arrived : 1 (input)
"""
update = "level = arrived"
[populations.nucleus]
model = "nucleus"
size = 1
[stimuli.drive]
type = "current"
target = "nucleus"
variable = "arrived"
value = "course(t + dt)"
[uniform]
equations = "M : 1"
update = "M = sum(nucleus.level)"
)toml"));
  const std::string by_host = Learning("[uniform]\nequations = \"M : 1\"\n");

  const std::vector<double> expected = Weights(by_expression, Reference());
  ExpectLearned(expected);
  for (const EngineOptions& options : {Reference(), Accelerated(1), Accelerated(3)}) {
    EXPECT_EQ(Weights(by_expression, options), expected);
    EXPECT_EQ(Weights(by_table, options), expected);
    EXPECT_EQ(Weights(by_stimulus, options), expected);
    Simulation hosted = CompiledNetwork(by_host, options);
    for (uint64_t k = 0; k < kSteps; ++k) {
      ASSERT_TRUE(hosted.SetState("M", 0, Modulator(k)).ok());
      ASSERT_TRUE(hosted.Step().ok());
    }
    EXPECT_EQ(*hosted.StateByName("ee.w"), expected);
  }
}

// A tunable parameter as a drive that the host gives now and then.
TEST(Modulators, DecayBehindADriveOfTheHost) {
  const std::string text = Learning(R"toml(
[uniform]
parameters = { drive = 0, tau_M = "200 ms" }
tunable = ["drive"]
equations = "M : 1"
update = "M = M*exp(-dt/tau_M) + drive"
)toml");
  std::vector<std::string> digests;
  for (const EngineOptions& options : {Reference(), Accelerated(1), Accelerated(2)}) {
    Simulation simulation = CompiledNetwork(text, options);
    const auto run = [&](double drive, uint64_t steps) {
      ASSERT_TRUE(simulation.SetParameter("drive", Quantity(drive)).ok());
      ASSERT_TRUE(simulation.Step(steps).ok());
    };
    run(0, 400);
    EXPECT_EQ(*simulation.Uniform("M"), 0);
    EXPECT_EQ(*simulation.StateByName("ee.w"), std::vector<double>(20 * 19, 0.01));
    run(4, 1);
    run(0, 400);
    EXPECT_NEAR(*simulation.Uniform("M"), 4 * std::exp(-400 * kDt / 200), 1e-12);
    ExpectLearned(*simulation.StateByName("ee.w"));
    digests.push_back(simulation.Digest().ToString());
  }
  EXPECT_EQ(digests[1], digests[0]);
  EXPECT_EQ(digests[2], digests[0]);
}

constexpr double kTauC = 1000;
constexpr double kTauD = 200;
constexpr int kReward = 2000;  // the step before which dopamine comes
constexpr double kDopamine = 0.5;
constexpr double kEta = 0.25;  // nS/s

// Pairs of neurons, with one spike each at `source` and at `targets`, which are rewarded later.
std::string Rewarded(const std::vector<int>& sources, const std::vector<int>& targets) {
  std::string text = R"toml(
network = { dt = "0.5 ms", seed = 1 }
[models.relay]
equations = """
v : 1
s : siemens
"""
threshold = "v > 0.5"
reset = "v = 0"
[uniform]
equations = "M : 1"
update = "M = M*exp(-dt/(200 ms)) + (0.5 if timestep(t, dt) == 2000 else 0)"
[projections.syn]
source = "pre"
target = "post"
rule = "one_to_one"
model = "reward_stdp"
into = "s"
weight = "1 nS"
parameters = { w_max = "4 nS", eta = "0.25 nS/second", b = 0 }
)toml";
  for (const auto& [name, steps] : {std::pair("pre", sources), {"post", targets}}) {
    std::vector<std::string> times;
    std::vector<size_t> indices;
    for (size_t neuron = 0; neuron < steps.size(); ++neuron) {
      times.push_back(absl::StrCat("\"", steps[neuron], "*dt\""));
      indices.push_back(neuron);
    }
    absl::StrAppend(&text, "[populations.", name, "]\nmodel = \"relay\"\nsize = ", steps.size(),
                    "\n[stimuli.to_", name, "]\ntype = \"spikes\"\ntarget = \"", name,
                    "\"\ntimes = [", absl::StrJoin(times, ", "), "]\nindex = [",
                    absl::StrJoin(indices, ", "), "]\non_event = \"v = 1\"\n");
  }
  return text;
}

// Izhikevich (2007): what a pair leaves is turned into weight by the dopamine that comes a second
// later.
TEST(Modulators, RewardTurnsThePairsOfThePastIntoWeight) {
  std::vector<int> sources;
  std::vector<int> targets;
  for (int difference = -90; difference <= 90; difference += 15) {
    sources.push_back(400);
    targets.push_back(400 + difference);
  }
  const std::string text = Rewarded(sources, targets);
  Simulation simulation = CompiledNetwork(text, Reference());
  ASSERT_TRUE(simulation.Step(kReward).ok());
  EXPECT_EQ(*simulation.StateByName("syn.w"), std::vector<double>(sources.size(), 1));
  ASSERT_TRUE(simulation.Step(8000).ok());
  EXPECT_EQ(simulation.report().spikes, 2 * sources.size());
  const std::vector<double> weights = *simulation.StateByName("syn.w");
  for (size_t pair = 0; pair < sources.size(); ++pair) {
    const double difference = (targets[pair] - sources[pair]) * kDt;
    const double coincidence =
        difference >= 0 ? std::exp(-difference / 20) : -1.5 * std::exp(difference / 20);
    // The arrival of the later spike is a step after it.
    const double since = (kReward - std::max(sources[pair], targets[pair]) - 1) * kDt;
    // The sum of the products of both decays over all steps.
    const double decay = 1 - std::exp(-kDt / kTauC - kDt / kTauD);
    const double seconds = kDt / 1000;
    const double expected =
        1 + kEta * kDopamine * coincidence * std::exp(-since / kTauC) * seconds / decay;
    EXPECT_NEAR(weights[pair], expected, 1e-12) << "difference " << difference << " ms";
    EXPECT_GT(std::fabs(expected - 1), 1e-4);
  }
  std::vector<std::string> digests;
  for (const EngineOptions& options : {Reference(), Accelerated(1, 1), Accelerated(4, 4)}) {
    Simulation again = CompiledNetwork(text, options);
    ASSERT_TRUE(again.Step(2500).ok());
    digests.push_back(again.Digest().ToString());
  }
  EXPECT_EQ(digests[1], digests[0]);
  EXPECT_EQ(digests[2], digests[0]);
}

}  // namespace
}  // namespace bnsyn
