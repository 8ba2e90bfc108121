// The models of synapses of the library: isolated pairs point by point, spike trains and protocols
// against programs that sum over spikes in place of traces, and the same bits on every engine.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "networks.h"

namespace bnsyn {
namespace {

constexpr double kDt = 0.1;

// The steps of the spikes of a source and of its target.
struct Trains {
  std::vector<int> pre;
  std::vector<int> post;
};

// A population of neurons that spike in given steps.
std::string Population(const std::string& name, const std::vector<Trains>& pairs, bool post) {
  std::vector<std::string> times;
  std::vector<std::string> indices;
  for (size_t neuron = 0; neuron < pairs.size(); ++neuron) {
    for (const int step : post ? pairs[neuron].post : pairs[neuron].pre) {
      times.push_back(absl::StrCat("\"", step, "*dt\""));
      indices.push_back(absl::StrCat(neuron));
    }
  }
  return absl::StrCat("[populations.", name, "]\nmodel = \"relay\"\nsize = ", pairs.size(),
                      "\n[stimuli.to_", name, "]\ntype = \"spikes\"\ntarget = \"", name,
                      "\"\ntimes = [", absl::StrJoin(times, ", "), "]\nindex = [",
                      absl::StrJoin(indices, ", "), "]\non_event = \"v = 1\"\n");
}

// Pairs of neurons, each joined by one synapse "ee" of a model. Weights are in nS.
std::string Network(const std::string& model, const std::string& parameters, double weight,
                    const std::vector<Trains>& pairs) {
  return absl::StrCat(R"toml(
[network]
dt = "0.1 ms"
[models.relay]
equations = """
v : 1
g : siemens (input)
received : siemens
"""
update = "received += g"
threshold = "v > 0.5"
reset = "v = 0"
)toml",
                      Population("source", pairs, false), Population("target", pairs, true),
                      "[projections.ee]\nsource = \"source\"\ntarget = \"target\"\n"
                      "rule = \"one_to_one\"\nweight = \"",
                      weight, " nS\"\nmodel = \"", model, "\"\ninto = \"g\"\nparameters = { ",
                      parameters, " }\n");
}

// The weights of all pairs after their spikes, the same on all engines.
std::vector<double> Weights(const std::string& network, const std::vector<Trains>& pairs) {
  int last = 0;
  for (const Trains& trains : pairs) {
    for (const int step : trains.pre) last = std::max(last, step);
    for (const int step : trains.post) last = std::max(last, step);
  }
  const auto steps = static_cast<uint64_t>(last) + 3;
  Simulation reference = CompiledNetwork(network, Reference());
  const absl::Status status = reference.Step(steps);
  EXPECT_TRUE(status.ok()) << status.message();
  EXPECT_GT(reference.report().spikes, 0u) << "nothing spikes";
  for (const int threads : {1, 2}) {
    Simulation accelerated = CompiledNetwork(network, Accelerated(threads, threads == 1 ? 1 : 8));
    EXPECT_TRUE(accelerated.Step(steps).ok());
    EXPECT_EQ(accelerated.Digest(), reference.Digest()) << threads << " threads";
  }
  return reference.StateByName("ee.w").value();
}

// Which earlier spikes of the other side a spike pairs with.
enum class Pairing { kAll, kSymmetric, kPreCentered, kRestricted };

// What a rule of pairs does to w, for the sum over the pairs of exp(-|D|/tau).
struct Rule {
  std::function<double(double w, double sum)> at_pre;   // pairs of D < 0
  std::function<double(double w, double sum)> at_post;  // pairs of D >= 0
  double tau_plus = 20;
  double tau_minus = 20;
};

// The spikes among `others` with which a spike in `step` pairs. A spike of the source comes before
// one of the target in the same step.
std::vector<int> Partners(Pairing pairing, bool at_post, int step, const std::vector<int>& others,
                          const std::vector<int>& own) {
  std::vector<int> earlier;
  for (const int other : others) {
    if (other < step || (at_post && other == step)) earlier.push_back(other);
  }
  if (pairing == Pairing::kAll || earlier.empty()) return earlier;
  // The last spike of its own side, which comes before the others of its step at a source.
  int last_own = -1;
  for (const int other : own) {
    if (other < step) last_own = std::max(last_own, other);
  }
  const auto is_since = [&](int other) { return at_post ? other > last_own : other >= last_own; };
  if (pairing == Pairing::kSymmetric) return {earlier.back()};
  if (pairing == Pairing::kPreCentered && !at_post) return {earlier.back()};
  std::vector<int> since;
  std::copy_if(earlier.begin(), earlier.end(), std::back_inserter(since), is_since);
  if (pairing == Pairing::kRestricted && !since.empty()) return {since.back()};
  return since;
}

double After(const Rule& rule, Pairing pairing, const Trains& trains, double w) {
  struct Spike {
    int step;
    bool post;
  };
  std::vector<Spike> spikes;
  for (const int step : trains.pre) spikes.push_back({step, false});
  for (const int step : trains.post) spikes.push_back({step, true});
  std::stable_sort(spikes.begin(), spikes.end(),
                   [](const Spike& a, const Spike& b) { return a.step < b.step; });
  for (const Spike& spike : spikes) {
    double sum = 0;
    const double tau = spike.post ? rule.tau_plus : rule.tau_minus;
    for (const int other :
         Partners(pairing, spike.post, spike.step, spike.post ? trains.pre : trains.post,
                  spike.post ? trains.post : trains.pre)) {
      sum += std::exp(-(spike.step - other) * kDt / tau);
    }
    w = spike.post ? rule.at_post(w, sum) : rule.at_pre(w, sum);
  }
  return w;
}

double Clip(double w, double low, double high) { return std::min(std::max(w, low), high); }

// A model of pairs, with parameters of a test, and the same rule as a program.
struct PairModel {
  std::string name;
  std::string parameters;
  Pairing pairing;
  Rule rule;
};

constexpr double kMost = 4;  // w_max

Rule Powers(double lambda, double alpha, double mu_plus, double mu_minus) {
  const auto less = [=](double w, double sum) {
    return Clip(w - alpha * lambda * kMost * std::pow(w / kMost, mu_minus) * sum, 0, kMost);
  };
  const auto more = [=](double w, double sum) {
    return Clip(w + lambda * kMost * std::pow(std::max(1 - w / kMost, 0.0), mu_plus) * sum, 0,
                kMost);
  };
  return {less, more, 17, 34};
}

std::vector<PairModel> PairModels() {
  const std::string taus = "w_max = '4 nS', tau_plus = '17 ms', tau_minus = '34 ms'";
  const std::string powers = taus + ", lambda = 0.02, alpha = 1.1, mu_plus = 0.3, mu_minus = 0.7";
  std::vector<PairModel> models;
  models.push_back(
      {"stdp",
       taus + ", A_plus = 0.01, A_minus = 0.012",
       Pairing::kAll,
       {[](double w, double sum) { return Clip(w - 0.012 * kMost * sum, 0, kMost); },
        [](double w, double sum) { return Clip(w + 0.01 * kMost * sum, 0, kMost); }, 17, 34}});
  models.push_back({"stdp_multiplicative",
                    taus + ", w_min = '0.1 nS', A_plus = 0.01, A_minus = 0.012",
                    Pairing::kAll,
                    {[](double w, double sum) { return w - 0.012 * (w - 0.1) * sum; },
                     [](double w, double sum) { return w + 0.01 * (kMost - w) * sum; }, 17, 34}});
  models.push_back(
      {"stdp_power_law",
       "w_0 = '0.8 nS', tau_plus = '17 ms', tau_minus = '34 ms', lambda = 0.03",
       Pairing::kAll,
       {[](double w, double sum) { return std::max(w - 0.03 * w * sum, 0.0); },
        [](double w, double sum) { return w + 0.03 * 0.8 * std::pow(w / 0.8, 0.4) * sum; }, 17,
        34}});
  models.push_back({"stdp_gutig", powers, Pairing::kAll, Powers(0.02, 1.1, 0.3, 0.7)});
  models.push_back({"stdp_nn_symm", powers, Pairing::kSymmetric, Powers(0.02, 1.1, 0.3, 0.7)});
  models.push_back(
      {"stdp_nn_pre_centered", powers, Pairing::kPreCentered, Powers(0.02, 1.1, 0.3, 0.7)});
  models.push_back({"stdp_nn_restr", powers, Pairing::kRestricted, Powers(0.02, 1.1, 0.3, 0.7)});
  // Without powers, the additive and the multiplicative rule of nearest neighbours.
  const std::string additive = taus + ", lambda = 0.02, mu_plus = 0, mu_minus = 0";
  const std::string multiplicative = taus + ", lambda = 0.02";
  models.push_back({"stdp_nn_symm", additive, Pairing::kSymmetric, Powers(0.02, 1, 0, 0)});
  models.push_back(
      {"stdp_nn_pre_centered", multiplicative, Pairing::kPreCentered, Powers(0.02, 1, 1, 1)});
  return models;
}

// The window: one spike of the source and one of the target, at each distance.
TEST(SynapseLibrary, IsolatedPairsHaveTheWindow) {
  constexpr int kPre = 600;
  std::vector<Trains> pairs;
  for (int post = 20; post < 1200; post += 40) pairs.push_back({{kPre}, {post}});
  for (int post = kPre - 2; post <= kPre + 2; ++post) pairs.push_back({{kPre}, {post}});
  for (const PairModel& model : PairModels()) {
    const std::vector<double> weights =
        Weights(Network(model.name, model.parameters, 1.5, pairs), pairs);
    for (size_t p = 0; p < pairs.size(); ++p) {
      const int distance = pairs[p].post[0] - kPre;
      const double sum = distance >= 0 ? std::exp(-distance * kDt / model.rule.tau_plus)
                                       : std::exp(distance * kDt / model.rule.tau_minus);
      const double expected =
          distance >= 0 ? model.rule.at_post(1.5, sum) : model.rule.at_pre(1.5, sum);
      EXPECT_NEAR(weights[p], expected, 1e-13) << model.name << ", D = " << distance << " steps";
      EXPECT_NE(weights[p], 1.5) << model.name << ", D = " << distance << " steps";
    }
  }
}

// Spike trains, with coincidences and bursts, against sums over pairs of spikes.
std::vector<Trains> RandomTrains(size_t count, int steps, int mean_interval) {
  std::vector<Trains> pairs(count);
  uint64_t random = 88172645463325252u;
  const auto next = [&] {
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    return static_cast<int>(random % static_cast<uint64_t>(2 * mean_interval)) + 1;
  };
  for (Trains& trains : pairs) {
    for (int step = next(); step < steps; step += next()) trains.pre.push_back(step);
    for (int step = next(); step < steps; step += next()) trains.post.push_back(step);
    // A coincidence, and pairs of neighbouring steps.
    for (const int step : {steps + 10, steps + 30}) {
      trains.pre.push_back(step);
      trains.post.push_back(step);
      trains.pre.push_back(step + 1);
      trains.post.push_back(step + 2);
    }
  }
  return pairs;
}

TEST(SynapseLibrary, TrainsChangeWeightsByTheirPairs) {
  const std::vector<Trains> pairs = RandomTrains(12, 3000, 90);
  for (const PairModel& model : PairModels()) {
    const std::vector<double> weights =
        Weights(Network(model.name, model.parameters, 1.5, pairs), pairs);
    for (size_t p = 0; p < pairs.size(); ++p) {
      EXPECT_NEAR(weights[p], After(model.rule, model.pairing, pairs[p], 1.5), 1e-11)
          << model.name << " { " << model.parameters << " }, pair " << p;
      EXPECT_NE(weights[p], 1.5) << model.name;
    }
  }
}

// Weights stay within their bounds, and reach them.
TEST(SynapseLibrary, WeightsStayWithinBounds) {
  const std::vector<Trains> pairs = RandomTrains(12, 3000, 90);
  for (const std::string model : {"stdp", "stdp_gutig", "stdp_nn_symm"}) {
    const std::string amplitudes =
        model == "stdp" ? "A_plus = 0.3, A_minus = 0.3" : "lambda = 0.3, mu_plus = 0, mu_minus = 0";
    const std::vector<double> weights = Weights(
        Network(model, absl::StrCat("w_max = '2 nS', w_min = '0.5 nS', ", amplitudes), 1, pairs),
        pairs);
    for (const double w : weights) {
      EXPECT_GE(w, 0.5) << model;
      EXPECT_LE(w, 2) << model;
    }
    const auto is_at_bound = [](double w) { return w == 0.5 || w == 2; };
    EXPECT_TRUE(std::any_of(weights.begin(), weights.end(), is_at_bound)) << model;
  }
}

// The full triplet rule, all-to-all, by sums over spikes.
struct Triplet {
  double tau_plus, tau_minus, tau_x, tau_y;
  double a2_plus, a3_plus, a2_minus, a3_minus;

  double After(const Trains& trains, double w, double most) const {
    const auto trace = [](const std::vector<int>& spikes, int step, bool with_last, double tau) {
      double sum = 0;
      for (const int spike : spikes) {
        if (spike < step || (with_last && spike == step)) {
          sum += std::exp(-(step - spike) * kDt / tau);
        }
      }
      return sum;
    };
    std::vector<std::pair<int, bool>> spikes;
    for (const int step : trains.pre) spikes.emplace_back(step, false);
    for (const int step : trains.post) spikes.emplace_back(step, true);
    std::sort(spikes.begin(), spikes.end());
    for (const auto& [step, post] : spikes) {
      if (post) {
        w += most * trace(trains.pre, step, true, tau_plus) *
             (a2_plus + a3_plus * trace(trains.post, step, false, tau_y));
      } else {
        w -= most * trace(trains.post, step, false, tau_minus) *
             (a2_minus + a3_minus * trace(trains.pre, step, false, tau_x));
      }
      w = Clip(w, 0, most);
    }
    return w;
  }
};

constexpr Triplet kVisual = {16.8, 33.7, 101, 125, 5e-10, 6.2e-3, 7e-3, 2.3e-4};
constexpr Triplet kHippocampal = {16.8, 33.7, 946, 27, 6.1e-3, 6.7e-3, 1.6e-3, 1.4e-3};

// Pairs of spikes at a rate, the target `distance` ms behind the source.
Trains PairsAt(double rate, double distance, int count) {
  Trains trains;
  for (int n = 0; n < count; ++n) {
    const int at = 1000 + static_cast<int>(std::lround(n * 1000 / rate / kDt));
    trains.pre.push_back(at);
    trains.post.push_back(at + static_cast<int>(std::lround(distance / kDt)));
  }
  return trains;
}

// Pfister & Gerstner 2006, Table 1 and Fig. 4: 60 pairs in visual cortex, as Sjostrom, Turrigiano &
// Nelson (2001) measured them.
TEST(SynapseLibrary, TripletHasTheFrequencyDependenceOfVisualCortex) {
  struct Measured {
    double rate, distance, change, error;
  };
  constexpr Measured kMeasured[] = {
      {0.1, 10, -0.04, 0.05}, {10, 10, 0.14, 0.1},   {20, 10, 0.29, 0.14},
      {40, 10, 0.53, 0.11},   {50, 10, 0.56, 0.26},  {0.1, -10, -0.29, 0.08},
      {10, -10, -0.41, 0.11}, {20, -10, -0.34, 0.1}, {40, -10, 0.56, 0.32},
      {50, -10, 0.75, 0.19},
  };
  std::vector<Trains> pairs;
  for (const Measured& m : kMeasured) {
    if (m.rate >= 1) pairs.push_back(PairsAt(m.rate, m.distance, 60));
  }
  const std::vector<double> weights =
      Weights(Network("stdp_triplet", "w_max = '4 nS'", 2, pairs), pairs);
  size_t p = 0;
  for (const Measured& m : kMeasured) {
    if (m.rate < 1) continue;
    EXPECT_NEAR(weights[p], kVisual.After(pairs[p], 2, 4), 1e-11) << m.rate << " Hz";
    // Amplitudes are in w_max.
    EXPECT_NEAR((weights[p] - 2) / 4, m.change, 2 * m.error) << m.rate << " Hz, " << m.distance;
    ++p;
  }
}

// The triplet protocols of Wang, Gerkin, Nauen & Bi (2005) in hippocampal cultures, one a
// second.
TEST(SynapseLibrary, TripletsOfHippocampalCultures) {
  const auto triplets = [](const std::vector<double>& pre, const std::vector<double>& post) {
    Trains trains;
    for (int n = 0; n < 12; ++n) {
      for (const double at : pre) {
        trains.pre.push_back(1000 + n * 10000 + static_cast<int>(std::lround(at / kDt)));
      }
      for (const double at : post) {
        trains.post.push_back(1000 + n * 10000 + static_cast<int>(std::lround(at / kDt)));
      }
    }
    return trains;
  };
  // pre-post-pre and post-pre-post, with 5 or 10 ms on each side.
  const std::vector<Trains> pairs = {
      triplets({0, 10}, {5}),  triplets({0, 20}, {10}), triplets({0, 15}, {5}),
      triplets({0, 15}, {10}), triplets({5}, {0, 10}),  triplets({10}, {0, 20}),
      triplets({5}, {0, 15}),  triplets({10}, {0, 15}),
  };
  const std::vector<double> weights =
      Weights(Network("stdp_triplet",
                      "w_max = '4 nS', tau_x = '946 ms', tau_y = '27 ms', A2_plus = 6.1e-3, "
                      "A3_plus = 6.7e-3, A2_minus = 1.6e-3, A3_minus = 1.4e-3",
                      1.5, pairs),
              pairs);
  for (size_t p = 0; p < pairs.size(); ++p) {
    EXPECT_NEAR(weights[p], kHippocampal.After(pairs[p], 1.5, 4), 1e-10) << p;
  }
  // post-pre-post potentiates more than pre-post-pre: the asymmetry that pairs cannot have.
  for (size_t p = 0; p < 2; ++p) EXPECT_GT(weights[p + 4], weights[p] + 0.02) << p;
}

// Each pair adds, and each spike of the source takes.
TEST(SynapseLibrary, VogelsAddsByPairsAndTakesBySpikes) {
  const std::vector<Trains> pairs = RandomTrains(12, 3000, 90);
  const std::vector<double> weights =
      Weights(Network("vogels", "w_max = '4 nS', rho_0 = '5 Hz', eta = 0.0005", 2, pairs), pairs);
  for (size_t p = 0; p < pairs.size(); ++p) {
    double w = 2;
    for (const int pre : pairs[p].pre) {
      w -= 0.0005 * 4 * 0.2;
      for (const int post : pairs[p].post)
        w += 0.0005 * 4 * std::exp(-std::abs(pre - post) / 200.0);
    }
    EXPECT_NEAR(weights[p], w, 1e-11) << p;
    EXPECT_NE(weights[p], 2);
  }
}

// Inhibition grows until the target has the rate rho_0, whatever drives it.
TEST(SynapseLibrary, VogelsLeadsTheTargetToItsRate) {
  constexpr char kText[] = R"toml(
[network]
dt = "0.1 ms"
seed = 5
[populations]
inh = { model = "poisson_source", size = 200, parameters = { rate = "10 Hz" } }
driven = { model = "lif_exp", size = 4, parameters = { I_e = "450 pA" } }
[groups]
more = { neurons = "driven[2:]" }
[projections.onto]
source = "inh"
target = "driven"
rule = "all_to_all"
weight = "1 pA"
model = "vogels"
into = "I_in"
parameters = { w_max = "400 pA", rho_0 = "8 Hz", eta = 0.002, sign = -1 }
[stimuli.drive]
type = "current"
target = "more"
variable = "I_ext"
value = "150 pA"
)toml";
  Simulation simulation = CompiledNetwork(kText, Accelerated());
  ASSERT_TRUE(simulation.Step(200000).ok());
  const auto driven = *simulation.Population("driven");
  const uint64_t before = simulation.SpikeCount(driven);
  EXPECT_GT(before, 100u);
  ASSERT_TRUE(simulation.Step(400000).ok());
  const double rate = static_cast<double>(simulation.SpikeCount(driven) - before) / 4 / 40;
  EXPECT_NEAR(rate, 8, 0.8);
  const std::vector<double> weights = simulation.StateByName("onto.w").value();
  EXPECT_GT(*std::max_element(weights.begin(), weights.end()), 1.5);
}

// Clopath's rule against a program that reads the recorded voltage of the target.
TEST(SynapseLibrary, ClopathFollowsTheVoltage) {
  constexpr char kText[] = R"toml(
[network]
dt = "0.1 ms"
seed = 2
[populations]
source = { model = "poisson_source", size = 6, parameters = { rate = "60 Hz" } }
target = { model = "adex", size = 2, parameters = { I_e = "900 pA" } }
[projections.ee]
source = "source"
target = "target"
rule = "all_to_all"
weight = "1 pA"
model = "clopath"
into = "I_ex"
parameters = { w_0 = "1 pA" }
)toml";
  Simulation simulation = CompiledNetwork(kText, Reference());
  Simulation accelerated = CompiledNetwork(kText, Accelerated(2, 8));
  const auto source = *simulation.Population("source");
  const std::vector<double> first = simulation.StateByName("target.V").value();
  constexpr double kTauX = 15, kTauMinus = 10, kTauPlus = 7;
  struct Synapse {
    double w, x, u_minus, u_plus;
  };
  std::vector<Synapse> synapses;
  for (int s = 0; s < 12; ++s) {
    const double v = first[static_cast<size_t>(s % 2)];
    synapses.push_back({1, 0, v, v});
  }
  size_t seen = 0;
  for (int step = 0; step < 6000; ++step) {
    // What spiked in the last step arrives at the beginning of this one.
    const std::vector<double> v = simulation.StateByName("target.V").value();
    const SpikeTrain& train = simulation.Spikes(source);
    std::vector<int> arrived(6);
    for (; seen < train.neurons.size(); ++seen) ++arrived[train.neurons[seen]];
    for (size_t s = 0; s < synapses.size(); ++s) {
      Synapse& synapse = synapses[s];
      const double voltage = v[s % 2];
      if (arrived[s / 2] > 0) {
        synapse.w = Clip(synapse.w - 14e-5 * std::max(synapse.u_minus + 70.6, 0.0), 0, 3);
        synapse.x += 1 / kTauX;
      }
      const double up = std::max(voltage + 45.3, 0.0) * std::max(synapse.u_plus + 70.6, 0.0);
      synapse.w = Clip(synapse.w + kDt * 8e-5 * synapse.x * up, 0, 3);
      synapse.x *= std::exp(-kDt / kTauX);
      synapse.u_minus = voltage + (synapse.u_minus - voltage) * std::exp(-kDt / kTauMinus);
      synapse.u_plus = voltage + (synapse.u_plus - voltage) * std::exp(-kDt / kTauPlus);
    }
    ASSERT_TRUE(simulation.Step(1).ok());
  }
  const std::vector<double> weights = simulation.StateByName("ee.w").value();
  ASSERT_EQ(weights.size(), synapses.size());
  for (size_t s = 0; s < weights.size(); ++s) {
    EXPECT_NEAR(weights[s], synapses[s].w, 1e-9) << s;
    EXPECT_GT(std::abs(weights[s] - 1), 1e-3) << s;
  }
  ASSERT_TRUE(accelerated.Step(6000).ok());
  EXPECT_EQ(accelerated.Digest(), simulation.Digest());
  EXPECT_GT(simulation.SpikeCount(*simulation.Population("target")), 10u);
}

}  // namespace
}  // namespace bnsyn
