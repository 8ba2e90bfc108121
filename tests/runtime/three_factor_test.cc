// Plasticity of three factors against dense programs of plain loops, which share nothing with the
// library of models but the spikes that a run recorded; and the example that learns by it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "networks.h"

namespace bnsyn {
namespace {

constexpr size_t kNeurons = 24;
constexpr double kDt = 1;  // ms
constexpr double kTauE = 500;
constexpr double kLeast = 0;
constexpr double kGreatest = 0.02;
constexpr double kEta = 1e-4;
constexpr double kFirst = 0.01;

// Noisy neurons that are all joined, and a neuromodulator that decays and jumps up and down at
// random.
std::string Noisy(const std::string& projection, bool strict) {
  return absl::StrCat("[network]\ndt = \"", kDt, " ms\"\nseed = 5\nmath = \"",
                      strict ? "strict" : "default", "\"\n", R"toml(
[uniform]
equations = "M : 1"
update = "M = M*exp(-dt/(50 ms)) + (0.02 + 0.2*randn() if rand() < 0.05 else 0)"
[models.noisy]
equations = "dv/dt = -v/(10 ms) : 1"
threshold = "v > 1"
reset = "v = 0"
[populations.exc]
model = "noisy"
size = )toml",
                      kNeurons, R"toml(
[stimuli.ext]
type = "poisson"
target = "exc"
rate = "150 Hz"
weight = 0.4
on_event = "v += w"
[projections.ee]
source = "exc"
target = "exc"
rule = { type = "all_to_all", self = false }
weight = 0.01
into = "v"
)toml",
                      projection);
}

constexpr char kCoincidence[] = R"toml(
model = "three_factor_coincidence"
parameters = { w_max = 0.02, eta = 1e-4 }
)toml";

constexpr char kPairs[] = R"toml(
model = "three_factor"
parameters = { w_max = 0.02, eta = 1e-4, tau_minus = "15 ms" }
)toml";

// What a run leaves to repeat it by: who spiked in each step, and the neuromodulator before it.
struct Recorded {
  std::vector<std::vector<bool>> spiked;
  std::vector<double> modulator;
  std::vector<double> weights;
  std::vector<double> eligibilities;
};

Recorded Record(const std::string& text, size_t steps) {
  Recorded recorded;
  Simulation simulation = CompiledNetwork(text, Accelerated());
  for (size_t k = 0; k < steps; ++k) {
    recorded.modulator.push_back(*simulation.Uniform("M"));
    EXPECT_TRUE(simulation.Step().ok());
  }
  recorded.spiked.assign(steps, std::vector<bool>(kNeurons));
  const SpikeTrain& train = simulation.Spikes(*simulation.Population("exc"));
  for (size_t s = 0; s < train.steps.size(); ++s) {
    recorded.spiked[train.steps[s]][train.neurons[s]] = true;
  }
  EXPECT_GT(train.steps.size(), steps / 4) << "it is silent";
  recorded.weights = *simulation.StateByName("ee.w");
  recorded.eligibilities = *simulation.StateByName("ee.e");
  return recorded;
}

// A plain program of the three factors: dense matrices of weights and eligibilities, from row i to
// column j.
class Dense {
 public:
  Dense() : w_(kNeurons * kNeurons, kFirst), e_(kNeurons * kNeurons) {}

  // Adds what the coincidences of a step bring, and learns.
  template <typename Coincidence>
  void Step(double modulator, Coincidence coincidence) {
    const double decay = std::exp(-kDt / kTauE);
    for (size_t i = 0; i < kNeurons; ++i) {
      for (size_t j = 0; j < kNeurons; ++j) {
        double& e = e_[i * kNeurons + j];
        double& w = w_[i * kNeurons + j];
        e = coincidence(i, j, decay * e);
        w = std::min(std::max(w + e * (kEta * modulator), kLeast), kGreatest);
      }
    }
  }

  // Without the diagonal.
  std::vector<double> weights() const { return Joined(w_); }
  // As the simulation holds them between steps: decayed.
  std::vector<double> eligibilities() const {
    std::vector<double> values = Joined(e_);
    for (double& e : values) e *= std::exp(-kDt / kTauE);
    return values;
  }

 private:
  static std::vector<double> Joined(const std::vector<double>& matrix) {
    std::vector<double> values;
    for (size_t i = 0; i < kNeurons; ++i) {
      for (size_t j = 0; j < kNeurons; ++j) {
        if (i != j) values.push_back(matrix[i * kNeurons + j]);
      }
    }
    return values;
  }

  std::vector<double> w_;
  std::vector<double> e_;
};

// Expects weights that moved up and down, some of them as far as a bound.
void ExpectLearned(const std::vector<double>& weights) {
  const auto [least, greatest] = std::minmax_element(weights.begin(), weights.end());
  EXPECT_LT(*least, 0.8 * kFirst);
  EXPECT_GT(*greatest, 1.5 * kFirst);
  EXPECT_GT(std::count(weights.begin(), weights.end(), kLeast) +
                std::count(weights.begin(), weights.end(), kGreatest),
            0);
}

// Expects equal digests of all engines, which learn.
void ExpectEnginesAgree(const std::string& text, uint64_t steps) {
  Simulation reference = CompiledNetwork(text, Reference());
  ASSERT_TRUE(reference.Step(steps).ok());
  EXPECT_GT(reference.report().spikes, steps / 4) << "it is silent";
  EXPECT_NE(*reference.StateByName("ee.w"),
            std::vector<double>(reference.StateByName("ee.w")->size(), kFirst));
  for (const auto& [threads, width] : {std::pair(1, 1), {1, 4}, {1, 8}, {2, 8}, {3, 4}, {4, 8}}) {
    Simulation accelerated = CompiledNetwork(text, Accelerated(threads, width));
    const absl::Status status = accelerated.Step(steps);
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(accelerated.Digest(), reference.Digest()) << threads << " threads, width " << width;
  }
}

// The term of the original: 1 where both neurons spike in one step.
TEST(ThreeFactors, CoincidencesOfAStepAreThoseOfADenseProgram) {
  constexpr size_t kSteps = 4000;
  const Recorded recorded = Record(Noisy(kCoincidence, /*strict=*/true), kSteps);
  Dense dense;
  for (size_t k = 0; k < kSteps; ++k) {
    // The spikes of a step act in the next one.
    dense.Step(recorded.modulator[k], [&](size_t i, size_t j, double e) {
      const bool both = k > 0 && recorded.spiked[k - 1][i] && recorded.spiked[k - 1][j];
      return both ? e + 1 : e;
    });
  }
  ExpectLearned(recorded.weights);
  EXPECT_EQ(recorded.weights, dense.weights());
  EXPECT_EQ(recorded.eligibilities, dense.eligibilities());
}

// Pairs by their kernel: A+ exp(-D/tau+) for D > 0, -A- exp(D/tau-) for D < 0, and 0 for D = 0.
TEST(ThreeFactors, PairsAreThoseOfADenseProgram) {
  constexpr size_t kSteps = 4000;
  constexpr double kTauPlus = 20;
  constexpr double kTauMinus = 15;
  const Recorded recorded = Record(Noisy(kPairs, /*strict=*/true), kSteps);
  Dense dense;
  std::vector<double> x(kNeurons);  // of the spikes of earlier steps
  std::vector<double> y(kNeurons);
  size_t coincidences = 0;
  for (size_t k = 0; k < kSteps; ++k) {
    const std::vector<bool> none(kNeurons);
    const std::vector<bool>& arrived = k > 0 ? recorded.spiked[k - 1] : none;
    dense.Step(recorded.modulator[k], [&](size_t i, size_t j, double e) {
      coincidences += i != j && arrived[i] && arrived[j];
      if (arrived[i]) e -= 1.05 * y[j];
      if (arrived[j]) e += x[i];
      return e;
    });
    for (size_t i = 0; i < kNeurons; ++i) {
      x[i] = (x[i] + (arrived[i] ? 1 : 0)) * std::exp(-kDt / kTauPlus);
      y[i] = (y[i] + (arrived[i] ? 1 : 0)) * std::exp(-kDt / kTauMinus);
    }
  }
  EXPECT_GT(coincidences, 200u) << "no pair with D = 0";
  ExpectLearned(recorded.weights);
  const std::vector<double> weights = dense.weights();
  const std::vector<double> eligibilities = dense.eligibilities();
  for (size_t s = 0; s < weights.size(); ++s) {
    // Traces decay from spike to spike here, and from step to step there.
    EXPECT_NEAR(recorded.weights[s], weights[s], 1e-13) << "synapse " << s;
    EXPECT_NEAR(recorded.eligibilities[s], eligibilities[s], 1e-12) << "synapse " << s;
  }
}

TEST(ThreeFactors, R11_EnginesAgree) {
  for (const bool strict : {false, true}) {
    ExpectEnginesAgree(Noisy(kCoincidence, strict), 700);
    ExpectEnginesAgree(Noisy(kPairs, strict), 700);
  }
}

// examples/networks/three-factor.toml answers its cues, and its gate ends that: weights from a cue
// to its own group of outputs have grown.
TEST(ThreeFactors, TheExampleLearnsItsCues) {
  const absl::StatusOr<Network> network =
      ReadNetwork(BNSYN_SOURCE_DIR "/examples/networks/three-factor.toml");
  ASSERT_TRUE(network.ok()) << network.status().message();
  Simulation simulation = CompiledNetwork(*network, Accelerated(2));
  constexpr uint64_t kSecond = 2000;
  const auto run = [&](uint64_t seconds) {
    const absl::Status status = simulation.Step(seconds * kSecond);
    ASSERT_TRUE(status.ok()) << status.message();
  };
  run(12);
  EXPECT_GT(*simulation.Uniform("correct"), 0.85);
  EXPECT_GT(*simulation.Uniform("gate"), 0.98);
  const std::vector<double> weights = *simulation.StateByName("learn.w");
  double within = 0;
  double across = 0;
  for (size_t s = 0; s < weights.size(); ++s) {
    const bool crosses = (s / 40 < 50) != (s % 40 < 20);
    (crosses ? across : within) += weights[s] / (static_cast<double>(weights.size()) / 2);
  }
  EXPECT_GT(within, 0.45);
  EXPECT_LT(across, 0.3);
  const double spikes =
      static_cast<double>(simulation.SpikeCount(*simulation.Population("outputs")));
  EXPECT_NEAR(spikes / 40 / 12, 37, 6);
  EXPECT_TRUE(simulation.report().coarse.empty());
  // T is 0.95^60 at 30 s.
  run(18);
  EXPECT_LT(*simulation.Uniform("gate"), 0.07);
  EXPECT_GT(*simulation.Uniform("correct"), 0.99);
}

}  // namespace
}  // namespace bnsyn
