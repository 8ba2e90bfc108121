// Synapses that tire, recover and grow with use, and that release at random: sequences of their
// amplitudes against the recursion from spike to spike, and the statistics of what is drawn.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "networks.h"

namespace bnsyn {
namespace {

constexpr double kDt = 0.1;  // ms

// Steps at whose ends all sources spike: bursts and pauses.
const std::vector<int>& Train() {
  static const auto* const steps =
      new std::vector<int>{50, 120, 150, 260, 700, 705, 1400, 4000, 4100, 4200, 9000, 9001};
  return *steps;
}

// `sources` neurons that spike together, and as many targets as `targets` that sum what arrives
// without a delay.
std::string Together(int sources, int targets, const std::string& projection) {
  std::vector<std::string> times;
  std::vector<std::string> indices;
  for (const int step : Train()) {
    for (int neuron = 0; neuron < sources; ++neuron) {
      times.push_back(absl::StrCat("\"", step, "*dt\""));
      indices.push_back(absl::StrCat(neuron));
    }
  }
  return absl::StrCat(R"toml(
network = { dt = "0.1 ms", seed = 3 }
[models.relay]
equations = """
v : 1
s : siemens
"""
threshold = "v > 0.5"
reset = "v = 0"
[populations]
pre = { model = "relay", size = )toml",
                      sources, " }\npost = { model = \"relay\", size = ", targets, R"toml( }
[stimuli.spikes]
type = "spikes"
target = "pre"
on_event = "v = 1"
times = [)toml",
                      absl::StrJoin(times, ", "), "]\nindex = [", absl::StrJoin(indices, ", "),
                      "]\n", projection);
}

// The amplitudes of the train in the form of NEST's tsodyks2_synapse, before the first spike of
// which nothing was ever released.
std::vector<double> Amplitudes(double use, double recovery, double facilitation) {
  std::vector<double> amplitudes;
  double u = 0;
  double x = 1;
  int last = 0;
  for (const int step : Train()) {
    const double h = (step - last) * kDt;
    x = 1 + (x - x * u - 1) * std::exp(-h / recovery);
    u = use + u * (1 - use) * (facilitation > 0 ? std::exp(-h / facilitation) : 0);
    amplitudes.push_back(u * x);
    last = step;
  }
  return amplitudes;
}

// What reaches the first target at each spike of the train.
std::vector<double> Arriving(Simulation& simulation) {
  std::vector<double> arriving;
  double before = 0;
  for (const int step : Train()) {
    EXPECT_TRUE(simulation.Step(static_cast<uint64_t>(step) + 2 - simulation.step()).ok());
    const double sum = (*simulation.StateByName("post.s"))[0];
    arriving.push_back(sum - before);
    before = sum;
  }
  EXPECT_EQ(simulation.SpikeCount(*simulation.Population("pre")), Train().size());
  return arriving;
}

void ExpectAmplitudes(const std::string& projection, const std::vector<double>& amplitudes) {
  Simulation simulation = CompiledNetwork(Together(1, 1, projection), Reference());
  const std::vector<double> arriving = Arriving(simulation);
  for (size_t n = 0; n < amplitudes.size(); ++n) {
    // Sums are rounded to 2^-24 of what arrives.
    EXPECT_NEAR(arriving[n], 2 * amplitudes[n], 2e-7) << "spike " << n;
  }
}

void ExpectEnginesAgree(const std::string& text, uint64_t steps) {
  Simulation reference = CompiledNetwork(text, Reference());
  ASSERT_TRUE(reference.Step(steps).ok());
  EXPECT_GT(reference.report().spikes, 10u) << "it is silent";
  for (const auto& [threads, width] : {std::pair(1, 1), {1, 8}, {2, 4}, {3, 8}, {4, 8}}) {
    Simulation accelerated = CompiledNetwork(text, Accelerated(threads, width));
    const absl::Status status = accelerated.Step(steps);
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(accelerated.Digest(), reference.Digest()) << threads << " threads, width " << width;
  }
}

constexpr char kFacilitating[] = R"toml(
[projections.syn]
source = "pre"
target = "post"
rule = "all_to_all"
model = "tsodyks_markram"
into = "s"
weight = "2 nS"
parameters = { U = 0.15 }
)toml";

constexpr char kDepressing[] = R"toml(
[projections.syn]
source = "pre"
target = "post"
rule = "all_to_all"
model = "tsodyks_depressing"
into = "s"
weight = "2 nS"
)toml";

constexpr char kStochastic[] = R"toml(
[projections.syn]
source = "pre"
target = "post"
rule = "all_to_all"
model = "stochastic_plasticity"
into = "s"
weight = "2 nS"
parameters = { U = 0.15, tau_rec = "130 ms", tau_fac = "530 ms" }
)toml";

constexpr char kReleased[] = R"toml(
[projections.syn]
source = "pre"
target = "post"
rule = "all_to_all"
model = "stochastic_release"
into = "s"
weight = "2 nS"
parameters = { p_transmit = 0.3 }
)toml";

TEST(ShortTerm, FacilitationHasItsAmplitudes) {
  const std::vector<double> amplitudes = Amplitudes(0.15, 130, 530);
  EXPECT_GT(*std::max_element(amplitudes.begin(), amplitudes.end()), 2 * amplitudes[0]);
  ExpectAmplitudes(kFacilitating, amplitudes);
}

TEST(ShortTerm, DepressionHasItsAmplitudes) {
  const std::vector<double> amplitudes = Amplitudes(0.5, 800, 0);
  EXPECT_LT(amplitudes[3], 0.3 * amplitudes[0]);
  ExpectAmplitudes(kDepressing, amplitudes);
}

// Each synapse is a site that is full or empty. It is full, and then releases, with the probability
// that the deterministic model has as its amplitude.
TEST(ShortTerm, ReleaseIsDrawnForEachSynapseAndStep) {
  constexpr int kSources = 90;
  constexpr int kTargets = 110;
  constexpr double kSynapses = kSources * kTargets;
  Simulation simulation =
      CompiledNetwork(Together(kSources, kTargets, kStochastic), Accelerated(2));
  const std::vector<double> amplitudes = Amplitudes(0.15, 130, 530);
  std::vector<double> previous(static_cast<size_t>(kSynapses));
  for (size_t n = 0; n < amplitudes.size(); ++n) {
    ASSERT_TRUE(simulation.Step(static_cast<uint64_t>(Train()[n]) + 2 - simulation.step()).ok());
    const std::vector<double> released = *simulation.StateByName("syn.released");
    ASSERT_EQ(released.size(), previous.size());
    const double p = amplitudes[n];
    const double number = std::accumulate(released.begin(), released.end(), 0.0);
    EXPECT_NEAR(number / kSynapses, p, 4.5 * std::sqrt(p * (1 - p) / kSynapses)) << "spike " << n;
    // The numbers that reach the targets are binomial: those of one target have the variance of
    // independent draws.
    std::vector<double> of_target(kTargets);
    for (size_t s = 0; s < released.size(); ++s) of_target[s % kTargets] += released[s];
    double variance = 0;
    for (const double count : of_target) variance += std::pow(count - kSources * p, 2) / kTargets;
    EXPECT_NEAR(variance, kSources * p * (1 - p),
                4.5 * std::sqrt(2.0 / kTargets) * kSources * p * (1 - p))
        << "spike " << n;
    EXPECT_NE(released, previous) << "spike " << n << " drew what the one before drew";
    previous = released;
  }
}

// Of 2 nS, what reaches a target at each spike is the number of its 90 synapses that release.
TEST(ShortTerm, ReleaseHasItsProbability) {
  constexpr int kSources = 90;
  constexpr int kTargets = 110;
  Simulation simulation = CompiledNetwork(Together(kSources, kTargets, kReleased), Accelerated());
  std::vector<double> before(kTargets);
  double number = 0;
  double squares = 0;
  for (const int step : Train()) {
    ASSERT_TRUE(simulation.Step(static_cast<uint64_t>(step) + 2 - simulation.step()).ok());
    const std::vector<double> sums = *simulation.StateByName("post.s");
    for (size_t j = 0; j < sums.size(); ++j) {
      const double released = (sums[j] - before[j]) / 2;
      EXPECT_NEAR(released, std::round(released), 1e-6);
      number += released;
      squares += std::pow(released - kSources * 0.3, 2);
    }
    before = sums;
  }
  const double counts = static_cast<double>(Train().size() * kTargets);
  const double variance = kSources * 0.3 * 0.7;
  EXPECT_NEAR(number / counts, kSources * 0.3, 4.5 * std::sqrt(variance / counts));
  EXPECT_NEAR(squares / counts, variance, 4.5 * std::sqrt(2 / counts) * variance);
}

TEST(ShortTerm, R11_EnginesAgree) {
  for (const char* projection : {kFacilitating, kDepressing, kStochastic, kReleased}) {
    ExpectEnginesAgree(Together(9, 11, projection), 4300);
  }
}

}  // namespace
}  // namespace bnsyn
