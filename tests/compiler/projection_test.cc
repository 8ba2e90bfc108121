// Projections of network descriptions: which synapses they make, checked against what they say.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <numbers>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bnsyn/network.h"
#include "compiler/lowering/lower.h"
#include "gtest/gtest.h"
#include "ir/text.h"
#include "reference/connectivity.h"
#include "reference/machine.h"
#include "tests/compiler/network_testing.h"
#include "unistd.h"

namespace bnsyn {
namespace {

struct Synapse {
  uint32_t source;
  uint32_t target;
  double weight;
  uint32_t delay;
  friend bool operator==(const Synapse&, const Synapse&) = default;
};

std::vector<Synapse> SynapsesOf(const ir::Program& program, ir::ProjectionId id, uint32_t begin,
                                uint32_t end) {
  const ir::Projection& projection = program.projections[id];
  const std::vector<reference::Array> states = reference::InitialStates(program).value();
  const auto connectivity = reference::Connectivity::Create(program, id, states);
  EXPECT_TRUE(connectivity.ok()) << connectivity.status().message();
  const absl::StatusOr<reference::SynapseRows> rows = connectivity->Build(begin, end);
  EXPECT_TRUE(rows.ok()) << rows.status().message();
  std::vector<Synapse> synapses;
  if (!rows.ok()) return synapses;
  for (uint32_t source = 0; source + size_t{1} < rows->begin.size(); ++source) {
    for (uint64_t k = rows->begin[source]; k < rows->begin[source + size_t{1}]; ++k) {
      synapses.push_back({source, rows->targets[k],
                          rows->weights.empty() ? projection.weight : rows->weights[k],
                          rows->delays.empty() ? projection.delay : rows->delays[k]});
    }
  }
  return synapses;
}
std::vector<Synapse> SynapsesOf(const ir::Program& program, ir::ProjectionId id = 0) {
  return SynapsesOf(program, id, 0, program.populations[program.projections[id].target].size);
}

// Populations a, of 300 neurons on a line of 1 m, and b, of 200 at random places of it.
std::string Populations(const std::string& more = "") {
  return absl::StrCat(R"toml(
[constants]
L = "1 m"
[models.m]
parameters = { gain = 3 }
equations = """
v : volt
x : metre (constant)
"""
threshold = "v > 1 mV"
reset = "v = 0 mV"
[populations.a]
model = "m"
size = 300
initial = { x = "L*i/N" }
[populations.b]
model = "m"
size = 200
initial = { x = "uniform(0 m, L)" }
)toml",
                      more);
}

std::string Projection(const std::string& rule, const std::string& rest = "weight = \"1 mV\"",
                       const char* source = "a", const char* target = "b") {
  return Populations(absl::StrCat("[projections.p]\nsource = \"", source, "\"\ntarget = \"", target,
                                  "\"\nrule = ", rule, "\n", rest, "\non_pre = \"v_post += w\"\n"));
}

using Pairs = std::set<std::pair<uint32_t, uint32_t>>;
Pairs PairsOf(const std::vector<Synapse>& synapses) {
  Pairs pairs;
  for (const Synapse& s : synapses) pairs.insert({s.source, s.target});
  return pairs;
}

// The largest distance between the distribution of `values` and `cdf`, times sqrt(n). For the right
// distribution it is above 1.95 once in a thousand times (Kolmogorov).
double Kolmogorov(std::vector<double> values, const std::function<double(double)>& cdf) {
  std::sort(values.begin(), values.end());
  const auto n = static_cast<double>(values.size());
  double most = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const double expected = cdf(values[i]);
    most = std::max(most, std::fabs(static_cast<double>(i) / n - expected));
    most = std::max(most, std::fabs(static_cast<double>(i + 1) / n - expected));
  }
  return most * std::sqrt(n);
}

double NormalCdf(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }

std::vector<double> WeightsOf(const std::string& weight, const char* rule = "\"all_to_all\"") {
  std::vector<double> weights;
  const ir::Program program = MustLower(Projection(rule, "weight = \"" + weight + "\""));
  for (const Synapse& s : SynapsesOf(program)) weights.push_back(s.weight);
  EXPECT_EQ(weights.size(), 60000u);
  return weights;
}

TEST(Projection, R8_RulesJoinAsManyAsTheySay) {
  const auto counts = [](const std::string& rule, const char* target = "b") {
    const std::vector<Synapse> synapses =
        SynapsesOf(MustLower(Projection(rule, "weight = \"1 mV\"", "a", target)));
    std::map<uint32_t, int> in;
    std::map<uint32_t, int> out;
    for (const Synapse& s : synapses) {
      ++in[s.target];
      ++out[s.source];
    }
    return std::tuple(synapses, in, out);
  };
  {
    const auto [synapses, in, out] =
        counts(R"toml({ type = "fixed_in_degree", n = "N_pre/10" })toml");
    EXPECT_EQ(synapses.size(), 200u * 30);
    EXPECT_EQ(PairsOf(synapses).size(), synapses.size()) << "no pair twice";
    for (const auto& [neuron, count] : in) EXPECT_EQ(count, 30) << neuron;
  }
  {
    const auto [synapses, in, out] =
        counts(R"toml({ type = "fixed_out_degree", n = 20, self = false })toml", "a");
    EXPECT_EQ(synapses.size(), 300u * 20);
    for (const auto& [neuron, count] : out) EXPECT_EQ(count, 20) << neuron;
    for (const Synapse& s : synapses) EXPECT_NE(s.source, s.target);
  }
  {
    const auto [synapses, in, out] = counts(
        R"toml({ type = "fixed_total", n = "rint(log(1 - 0.1)/log(1 - 1/(N_pre*N_post)))", multiple = true })toml");
    EXPECT_EQ(synapses.size(),
              static_cast<size_t>(std::lround(std::log(0.9) / std::log1p(-1 / 60000.0))));
    EXPECT_LT(PairsOf(synapses).size(), synapses.size()) << "some pairs twice";
    // In-degrees are binomial.
    double chi = 0;
    const double mean = static_cast<double>(synapses.size()) / 200;
    for (const auto& [neuron, count] : in) chi += (count - mean) * (count - mean) / mean;
    EXPECT_GT(chi, 130);
    EXPECT_LT(chi, 280);  // 199 +- 4 sqrt(398)
  }
  {
    const auto [synapses, in, out] =
        counts(R"toml({ type = "bernoulli", p = 0.2, self = false })toml", "a");
    const double expected = 0.2 * 300 * 299;
    EXPECT_NEAR(static_cast<double>(synapses.size()), expected, 4 * std::sqrt(0.8 * expected));
    for (const Synapse& s : synapses) EXPECT_NE(s.source, s.target);
  }
  EXPECT_EQ(std::get<0>(counts(R"toml({ type = "all_to_all", self = false })toml", "a")).size(),
            300u * 299);
  const auto [pairs, in, out] = counts("\"one_to_one\"", "a");
  EXPECT_EQ(pairs.size(), 300u);
  for (const Synapse& s : pairs) EXPECT_EQ(s.source, s.target);
}

TEST(Projection, R8_ConditionsChoosePairs) {
  const std::vector<Synapse> near = SynapsesOf(MustLower(
      Projection(R"toml({ type = "all_to_all", condition = "i != j and abs(i - j) <= 2" })toml",
                 "weight = \"1 mV\"", "a", "a")));
  EXPECT_EQ(near.size(), 300u * 4 - 6);
  for (const Synapse& s : near) {
    const int apart = std::abs(static_cast<int>(s.source) - static_cast<int>(s.target));
    EXPECT_TRUE(apart == 1 || apart == 2) << s.source << " " << s.target;
  }
  // Only some of the pairs for which the condition holds.
  const std::vector<Synapse> some = SynapsesOf(MustLower(
      Projection(R"toml({ type = "bernoulli", p = 0.25, condition = "x_pre < 0.5*L" })toml")));
  EXPECT_NEAR(static_cast<double>(some.size()), 0.25 * 150 * 200, 4 * std::sqrt(0.75 * 7500));
  for (const Synapse& s : some) EXPECT_LT(s.source, 150u);
  // A condition may draw: this is a rule that joins half of the pairs, and another half than p
  // does.
  const std::vector<Synapse> half = SynapsesOf(
      MustLower(Projection(R"toml({ type = "all_to_all", condition = "rand() < 0.5" })toml")));
  EXPECT_NEAR(static_cast<double>(half.size()), 30000, 4 * std::sqrt(15000.0));
}

// p by the distance on a ring, in bins of distance: each within what a binomial number varies.
TEST(Projection, R8_ProbabilityByDistance) {
  const ir::Program program = MustLower(Projection(
      R"toml({ type = "bernoulli", p = "0.8*exp(-(periodic(x_pre - x_post, L)/(0.15*L))**2)" })toml"));
  EXPECT_EQ(program.projections[0].rule.kind, ir::RuleKind::kBernoulli);
  EXPECT_NEAR(program.projections[0].rule.p, 0.8, 1e-12) << "the most it can be";
  const std::vector<reference::Array> states = reference::InitialStates(program).value();
  const double* const from = states[*program.FindState("a.x")].as<double>();
  const double* const to = states[*program.FindState("b.x")].as<double>();
  const double length = 2 * from[150];
  const Pairs pairs = PairsOf(SynapsesOf(program));
  constexpr size_t kBins = 20;
  std::vector<double> joined(kBins), expected(kBins), variance(kBins);
  for (uint32_t i = 0; i < 300; ++i) {
    for (uint32_t j = 0; j < 200; ++j) {
      double apart = std::fabs(from[i] - to[j]) / length;
      apart = std::min(apart, 1 - apart);  // around the ring
      const double p = 0.8 * std::exp(-(apart / 0.15) * (apart / 0.15));
      const auto bin = std::min(kBins - 1, static_cast<size_t>(apart * 2 * kBins));
      joined[bin] += pairs.contains({i, j}) ? 1 : 0;
      expected[bin] += p;
      variance[bin] += p * (1 - p);
    }
  }
  double chi = 0;
  int bins = 0;
  for (size_t b = 0; b < kBins; ++b) {
    if (variance[b] < 5) continue;
    chi += (joined[b] - expected[b]) * (joined[b] - expected[b]) / variance[b];
    ++bins;
  }
  EXPECT_GE(bins, 12);
  EXPECT_LT(chi, bins + 5 * std::sqrt(2.0 * bins));
  // Around the ring: from the first neurons to the last places.
  EXPECT_TRUE(std::any_of(pairs.begin(), pairs.end(), [&](const auto& pair) {
    return from[pair.first] < 0.05 * length && to[pair.second] > 0.95 * length;
  }));
}

TEST(Projection, R8_WeightsAreDistributedAsTheySay) {
  const std::vector<double> normal = WeightsOf("normal(2 mV, 0.5 mV)");
  EXPECT_LT(Kolmogorov(normal, [](double w) { return NormalCdf((w - 2) / 0.5); }), 1.95);
  double mean = 0;
  for (const double w : normal) mean += w / 60000;
  EXPECT_NEAR(mean, 2, 4 * 0.5 / std::sqrt(60000.0));
  EXPECT_LT(Kolmogorov(WeightsOf("uniform(-1 mV, 3 mV)"), [](double w) { return (w + 1) / 4; }),
            1.95);
  EXPECT_LT(
      Kolmogorov(WeightsOf("exponential(2 mV)"), [](double w) { return 1 - std::exp(-w / 2); }),
      1.95);
  EXPECT_LT(Kolmogorov(WeightsOf("0.5 mV*lognormal(0.3, 0.8)"),
                       [](double w) { return NormalCdf((std::log(w / 0.5) - 0.3) / 0.8); }),
            1.95);
  // Each synapse draws for itself, and each draw of an expression.
  EXPECT_GT(Kolmogorov(normal, [](double w) { return NormalCdf((w - 2.02) / 0.5); }), 1.95)
      << "the test tells distributions apart";
  const std::vector<double> difference = WeightsOf("normal(0 mV, 3 mV) - normal(0 mV, 4 mV)");
  EXPECT_LT(Kolmogorov(difference, [](double w) { return NormalCdf(w / 5); }), 1.95);
  const std::vector<double> positive = WeightsOf("max(normal(0 mV, 1 mV), 0 mV)");
  EXPECT_NEAR(static_cast<double>(std::count(positive.begin(), positive.end(), 0)), 30000, 500);
  EXPECT_GE(*std::min_element(positive.begin(), positive.end()), 0);
}

TEST(Projection, R8_WeightsByExpression) {
  for (const Synapse& s :
       SynapsesOf(MustLower(Projection(R"toml({ type = "fixed_in_degree", n = 20 })toml",
                                       "weight = \"(i + 1000*j)*gain_post*1 mV\"")))) {
    EXPECT_EQ(s.weight, (s.source + 1000.0 * s.target) * 3);
  }
  const std::string table = "[tables.course]\nvalues = [1, 2, 4, 8]\nunit = \"mV\"\n";
  for (const Synapse& s : SynapsesOf(MustLower(
           absl::StrCat(Projection("\"all_to_all\"", "weight = \"course(i // 100)\""), table)))) {
    EXPECT_EQ(s.weight, std::exp2(s.source / 100));
  }
}

// To the nearest step, within the declared bounds. A program counts from the step of the spike, one
// step more.
TEST(Projection, R4_DelaysAreDistributedAsTheySay) {
  const ir::Program program = MustLower(Projection(
      "\"all_to_all\"", "weight = \"1 mV\"\ndelay = \"clip(normal(1.5 ms, 0.75 ms), dt, 4 ms)\""));
  EXPECT_EQ(program.projections[0].delay, 2u);
  EXPECT_EQ(program.projections[0].max_delay, 41u);
  std::vector<double> counts(42);
  for (const Synapse& s : SynapsesOf(program)) ++counts.at(s.delay - 1);
  EXPECT_EQ(counts[0] + counts[41], 0);
  double chi = 0;
  for (int d = 1; d <= 40; ++d) {
    const double below = d == 1 ? 0 : NormalCdf((0.1 * (d - 0.5) - 1.5) / 0.75);
    const double above = d == 40 ? 1 : NormalCdf((0.1 * (d + 0.5) - 1.5) / 0.75);
    const double expected = 60000 * (above - below);
    const double miss = counts[static_cast<size_t>(d)] - expected;
    chi += miss * miss / expected;
  }
  EXPECT_LT(chi, 39 + 5 * std::sqrt(78.0));
  EXPECT_GT(chi, 39 - 4 * std::sqrt(78.0));
}

TEST(Projection, R4_DelaysByDistanceHaveBounds) {
  const ir::Program program = MustLower(Projection(
      "\"all_to_all\"", "weight = \"1 mV\"\ndelay = \"dt + abs(x_pre - x_post)/(0.1 metre/ms)\""));
  const std::vector<reference::Array> states = reference::InitialStates(program).value();
  const double* const from = states[*program.FindState("a.x")].as<double>();
  const double* const to = states[*program.FindState("b.x")].as<double>();
  const double length = 2 * from[150];
  EXPECT_EQ(program.projections[0].delay, 2u);
  EXPECT_EQ(program.projections[0].max_delay, 102u) << "1 m at 0.1 m/ms, and two steps";
  for (const Synapse& s : SynapsesOf(program)) {
    const double steps = std::fabs(from[s.source] - to[s.target]) / length * 100 + 2;
    ASSERT_NEAR(s.delay, steps, 0.5 + 1e-9);
  }
}

// R8: any range of targets is built as part of the whole.
TEST(Projection, R8_PartsAreOfTheWhole) {
  const std::string rest =
      "weight = \"normal(1 mV, 0.1 mV)*(1 + i)\"\ndelay = \"clip(exponential(2 ms), dt, 5 ms)\"";
  for (const char* rule :
       {R"toml({ type = "bernoulli", p = "0.3*exp(-periodic(x_pre - x_post, L)/L)*rand()" })toml",
        R"toml({ type = "all_to_all", condition = "(i + j) % 3 == 0" })toml",
        R"toml({ type = "fixed_in_degree", n = 7, multiple = true })toml",
        R"toml({ type = "fixed_out_degree", n = 9 })toml",
        R"toml({ type = "fixed_total", n = 1234 })toml"}) {
    const ir::Program program = MustLower(Projection(rule, rest));
    const std::vector<Synapse> whole = SynapsesOf(program);
    EXPECT_GT(whole.size(), 500u) << rule;
    for (const auto& [begin, end] : {std::pair(0u, 77u), {77u, 78u}, {78u, 200u}}) {
      std::vector<Synapse> part;
      for (const Synapse& s : whole) {
        if (begin <= s.target && s.target < end) part.push_back(s);
      }
      EXPECT_EQ(SynapsesOf(program, 0, begin, end), part) << rule;
    }
  }
}

TEST(Projection, ConstantsOfManyPairs) {
  const ir::Program program = MustLower(Populations(R"toml(
[projections.p]
source = ["a", "b"]
target = ["a", "b"]
constants = { n = [[1, 2], [3, 4]], J = "2 mV" }
rule = { type = "fixed_in_degree", n = "n" }
weight = "n*J"
on_pre = "v_post += w*n/4"
[projections.q]
source = ["a", "b"]
target = "b"
constants = { n = [5, 6] }
rule = { type = "fixed_out_degree", n = "n" }
weight = "1 mV"
on_pre = "v_post += w"
)toml"));
  ASSERT_EQ(program.projections.size(), 6u);
  const auto describe = [&](size_t p) {
    const ir::Projection& projection = program.projections[p];
    return absl::StrCat(projection.name, " ", projection.rule.count, " ", projection.weight);
  };
  EXPECT_EQ(describe(0), "p_a_a 1 2");
  EXPECT_EQ(describe(1), "p_a_b 3 6") << "rows are targets";
  EXPECT_EQ(describe(2), "p_b_a 2 4");
  EXPECT_EQ(describe(3), "p_b_b 4 8");
  EXPECT_EQ(describe(4), "q_a 5 1");
  EXPECT_EQ(describe(5), "q_b 6 1");
}

class Lists : public testing::Test {
 protected:
  void SetUp() override {
    directory_ =
        (std::filesystem::temp_directory_path() / absl::StrCat("bnsyn_projection_test_", getpid()))
            .string();
    std::filesystem::create_directories(directory_);
    std::ofstream(directory_ + "/conn.csv")
        << "pre,post,weight,delay\n0,1,0.5,1.5\n2,0,-2,0.3\n2,1,4,0.74\n";
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string directory_;
};

TEST_F(Lists, HaveWeightsAndDelays) {
  const auto synapses = [&](const std::string& weight) {
    const ir::Program program = MustLower(
        Projection(R"toml({ type = "list", file = "conn.csv" })toml", weight), directory_);
    EXPECT_EQ(program.projections[0].delay, 4u);
    EXPECT_EQ(program.projections[0].max_delay, 16u);
    return SynapsesOf(program);
  };
  EXPECT_EQ(synapses("weight = \"2 mV\""),
            (std::vector<Synapse>{{0, 1, 0.5, 16}, {2, 0, -2, 4}, {2, 1, 4, 8}}))
      << "the 2 mV are a factor in on_pre";
  EXPECT_EQ(synapses("weight = \"(10 + i)*1 mV\""),
            (std::vector<Synapse>{{0, 1, 5, 16}, {2, 0, -24, 4}, {2, 1, 48, 8}}));
}

// R6: the scale is that of the largest contribution, where ranges tell it.
TEST(Projection, R6_QuantaOfContributions) {
  const auto scale = [](const std::string& weight, const std::string& on_pre,
                        const std::string& bounds = "") {
    std::string text = absl::StrCat(
        Populations(), "[projections.p]\nsource = \"a\"\ntarget = \"b\"\nrule = \"all_to_all\"\n",
        "weight = \"", weight, "\"\non_pre = \"", on_pre, "\"\n");
    if (!bounds.empty()) {
      text.replace(text.find("threshold"), 0, absl::StrCat("bounds = { v = ", bounds, " }\n"));
    }
    return MustLower(text).inputs[0].accumulator.scale_log2;
  };
  EXPECT_EQ(scale("1 mV", "v_post += w"), -30);
  EXPECT_EQ(scale("uniform(1 mV, 15 mV)", "v_post += w"), -27);
  // 300 synapses end at a neuron.
  EXPECT_EQ(scale("normal(0 mV, 1 mV)", "v_post += w"), 11 - 61) << "our normal is below 8";
  EXPECT_EQ(scale("1 mV*(1 + i)", "v_post -= 2*w"), 18 - 50) << "300*600 is below 2^18";
  EXPECT_EQ(scale("1 mV", "v_post += w*x_pre/(1 m)"), 9 - 50) << "positions are constant: below 1";
  EXPECT_EQ(scale("1 mV", "v_post += w*(v_pre - v_post)/(1 mV)"), -70) << "nothing bounds v";
  EXPECT_EQ(scale("1 mV", "v_post += w*(v_pre - v_post)/(1 mV)", R"toml(["-50 mV", "20 mV"])toml"),
            7 - 117)
      << "70 is below 2^7";
}

TEST(Projection, SetTakesExpressions) {
  absl::StatusOr<Network> network =
      ParseNetwork(Projection(R"toml({ type = "fixed_in_degree", n = 5 })toml"), "test.toml");
  ASSERT_TRUE(network.ok());
  EXPECT_TRUE(network->Set("p.n", "12").ok());
  EXPECT_TRUE(network->Set("p.weight", "0.1 mV*j").ok());
  EXPECT_TRUE(network->Set("p.delay", "uniform(1 ms, 2 ms)").ok());
  const absl::StatusOr<ir::Program> program = LowerNetwork(*network);
  ASSERT_TRUE(program.ok()) << program.status().message();
  EXPECT_EQ(program->projections[0].rule.count, 12u);
  EXPECT_EQ(program->projections[0].max_delay, 21u);
}

TEST(Projection, InCode) {
  Network net({.seed = 3});
  const ModelHandle model = net.AddModel(Model("m")
                                             .Equations("v : volt\nx : metre (constant)")
                                             .Threshold("v > 1 mV")
                                             .Reset("v = 0 mV"));
  const PopulationHandle a = net.AddPopulation("a", model, 50, {}, {{"x", "0.02 m*i"}});
  net.Connect("near", a, a, Bernoulli("exp(-abs(x_pre - x_post)/s)").Where("i != j"),
              ConnectOptions{.weight = "normal(m, 0.1*m)",
                             .delay = "clip(exponential(1 ms), dt, 5 ms)",
                             .constants = {{"s", "10 cm"}, {"m", "1 mV"}}}
                  .OnPre("v_post += w"));
  const absl::StatusOr<ir::Program> program = LowerNetwork(net);
  ASSERT_TRUE(program.ok()) << program.status().message();
  const std::vector<Synapse> synapses = SynapsesOf(*program);
  EXPECT_GT(synapses.size(), 300u);
  for (const Synapse& s : synapses) EXPECT_NE(s.source, s.target);
}

// Faults that are not known before are found when synapses are made.
TEST(Projection, FaultsAreFoundWhenSynapsesAreMade) {
  const auto error = [](const std::string& text) {
    const ir::Program program = MustLower(text);
    const std::vector<reference::Array> states = reference::InitialStates(program).value();
    return std::string(
        reference::Connectivity::Create(program, 0, states)->Build(0, 200).status().message());
  };
  EXPECT_TRUE(
      absl::StrContains(error(Projection(R"toml({ type = "bernoulli", p = "x_pre/x_post" })toml")),
                        "it must be from 0 to 1; clip(p, 0, 1) keeps it there"));
  EXPECT_TRUE(absl::StrContains(error(Projection("\"all_to_all\"", "weight = \"1 mV/i\"")),
                                "from neuron 0 of a to neuron 0 of b the weight is inf"));
}

}  // namespace
}  // namespace bnsyn
