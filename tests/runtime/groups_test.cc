// Some of the neurons of populations, as sources and targets of projections and stimuli, on both
// backends.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bnsyn/bnsyn.h"
#include "networks.h"

namespace bnsyn {
namespace {

// 150 noisy neurons that spike, and 70 others.
constexpr const char* kNeurons = R"toml(
[constants]
half = 75
[models.cell]
equations = """
dV/dt = (-45 mV - V)/(20 ms) + xi*(8 mV)/sqrt(20 ms) : volt (unless refractory)
x : 1 (constant)
"""
bounds = { V = ["-500 mV", "500 mV"] }
threshold = "V >= -50 mV"
reset = "V = -60 mV"
refractory = "2 ms"
[populations.a]
model = "cell"
size = 150
initial = { V = "uniform(-60 mV, -50 mV)", x = "i/N" }
[populations.b]
model = "cell"
size = 70
initial = { V = "uniform(-60 mV, -50 mV)", x = "i/N" }
)toml";

struct Synapse {
  uint32_t source;
  uint32_t target;
  double weight;
  uint32_t delay;
  auto operator<=>(const Synapse&) const = default;
};

Network Parse(const std::string& text) {
  absl::StatusOr<Network> network = ParseNetwork(text, "groups.toml");
  EXPECT_TRUE(network.ok()) << network.status().message();
  return network.ok() ? *std::move(network) : Network();
}

Simulation Made(const Network& network, Backend backend = Backend::kReference, int threads = 1) {
  absl::StatusOr<Simulation> simulation =
      Compile(network, {.backend = backend, .threads = threads});
  if (!simulation.ok()) {
    ADD_FAILURE() << simulation.status().message();
    std::abort();
  }
  return *std::move(simulation);
}

// The synapses of all projections of a network, by source and target.
std::vector<Synapse> SynapsesOf(const Network& network) {
  std::vector<Synapse> all;
  const Simulation simulation = Made(network);
  for (const Network::ProjectionDescription& projection : network.projections) {
    const absl::StatusOr<SynapseList> list = simulation.Synapses(projection.name);
    EXPECT_TRUE(list.ok()) << list.status().message();
    for (size_t s = 0; list.ok() && s < list->sources.size(); ++s) {
      all.push_back({list->sources[s], list->targets[s], list->weights[s], list->delays[s]});
    }
  }
  std::sort(all.begin(), all.end());
  return all;
}

// Both backends and all numbers of threads end with the same digest, and neurons spike.
void ExpectSameOnAllEngines(const std::string& text) {
  const Network network = Parse(text);
  Simulation reference = Made(network);
  ASSERT_TRUE(reference.Step(100).ok());
  EXPECT_GT(reference.report().spikes, 0u);
  for (const int threads : {1, 3}) {
    Simulation accelerated = Made(network, Backend::kAccelerated, threads);
    ASSERT_TRUE(accelerated.Step(100).ok());
    EXPECT_EQ(accelerated.Digest(), reference.Digest()) << threads << " threads\n" << text;
  }
}

struct Split {
  const char* name;
  const char* rule;    // and what belongs to it
  const char* source;  // of the whole
  const char* target;
  // Two or more parts of them.
  const char* sources;
  const char* targets;
};

const Split kSplits[] = {
    {"all_to_all", R"(rule = { type = "all_to_all", self = false })", "a", "a",
     R"(["a[:half]", "a[half:]"])", R"(["a[::2]", "a[1::2]"])"},
    {"one_to_one", R"(rule = "one_to_one")", "a", "a", R"("a[:half]")", R"("a[:half]")"},
    {"bernoulli", R"(rule = { type = "bernoulli", p = 0.2, self = false })", "a", "a",
     R"(["a[i % 3 == 0]", "a[i % 3 != 0]"])", R"(["a[:31]", "a[31:90]", "a[90:]"])"},
    {"bernoulli_condition",
     R"(rule = { type = "bernoulli", p = 0.5, condition = "abs(i_pre - i_post) < 20" })", "a", "b",
     R"(["a[:half]", "a[-75:]"])", R"(["b[[3, 5, 8, 60]]", "b[[0, 1]]", "b[2]"])"},
    {"bernoulli_distance",
     R"x(rule = { type = "bernoulli", p = "exp(-abs(x_pre - x_post)/0.2)" })x", "a", "b",
     R"(["a[:half]", "a[half:]"])", R"(["b[:1]", "b[1:]"])"},
    {"fixed_in_degree", R"(rule = { type = "fixed_in_degree", n = 12, self = false })", "a", "a",
     R"("a")", R"(["a[:half]", "a[half:]"])"},
    {"fixed_in_degree_multiple", R"(rule = { type = "fixed_in_degree", n = 12, multiple = true })",
     "a", "b", R"("a")", R"(["b[i % 2 == 0]", "b[i % 2 == 1]"])"},
    {"fixed_out_degree", R"(rule = { type = "fixed_out_degree", n = 12, self = false })", "a", "a",
     R"(["a[:half]", "a[half:]"])", R"("a")"},
};

class GroupsOfRules : public ::testing::TestWithParam<Split> {};

// Of rules that draw pair by pair or neuron by neuron, parts have the synapses of the whole.
TEST_P(GroupsOfRules, R8_PartsHaveTheSynapsesOfTheWhole) {
  const Split& split = GetParam();
  const auto projection = [&](const std::string& source, const std::string& target) {
    return absl::StrCat(kNeurons, "[projections.p]\nsource = ", source, "\ntarget = ", target, "\n",
                        split.rule, R"toml(
stream = "draws"
weight = "uniform(0.1 mV, 0.3 mV)*(1 + i_pre/1000 + i_post/100)"
delay = "clip(normal(1.5 ms, 0.75 ms), dt, 10 ms)"
on_pre = "V_post += w*0.1"
)toml");
  };
  const std::string whole =
      projection(absl::StrCat("\"", split.source, "\""), absl::StrCat("\"", split.target, "\""));
  const std::string parts = projection(split.sources, split.targets);
  std::vector<Synapse> expected = SynapsesOf(Parse(whole));
  const std::vector<Synapse> found = SynapsesOf(Parse(parts));
  const auto in_part = [&](const Synapse& synapse) {
    const std::string name = split.name;
    if (name == "one_to_one") return synapse.source < 75;
    if (name != "bernoulli_condition") return true;
    const std::vector<uint32_t> targets = {0, 1, 2, 3, 5, 8, 60};
    return std::find(targets.begin(), targets.end(), synapse.target) != targets.end();
  };
  std::erase_if(expected, [&](const Synapse& synapse) { return !in_part(synapse); });
  EXPECT_GT(expected.size(), 60u);
  EXPECT_EQ(found, expected);
  ExpectSameOnAllEngines(parts);
}

INSTANTIATE_TEST_SUITE_P(Rules, GroupsOfRules, ::testing::ValuesIn(kSplits),
                         [](const auto& rule) { return std::string(rule.param.name); });

// Rules that no split keeps, groups that overlap, and lists: the same on all engines, and only
// neurons of the groups are joined.
TEST(Groups, R8_JoinTheirNeuronsAlone) {
  for (const char* rule :
       {R"({ type = "fixed_total", n = 300, self = false })",
        R"({ type = "fixed_total", n = 300, multiple = true })",
        R"({ type = "fixed_total", n = 300, p = "1 + x_pre", self = false })",
        R"({ type = "fixed_total", n = 300, p = "1 + i + j", multiple = true })",
        R"({ type = "fixed_in_degree", n = 19, self = false })",
        R"({ type = "fixed_out_degree", n = 6, self = false })", R"("one_to_one")"}) {
    const bool square = std::string(rule) == R"("one_to_one")";
    const std::string text =
        absl::StrCat(kNeurons, "[projections.p]\nsource = \"a[10:90:4]\"\ntarget = ",
                     square ? "\"a[40:60]\"" : "\"a[40:120][i % 5 != 1]\"", "\nrule = ", rule,
                     "\nweight = \"0.1 mV*(1 + i + 100*j)\"\non_pre = \"V_post += w*0.01\"\n");
    const std::vector<Synapse> synapses = SynapsesOf(Parse(text));
    EXPECT_GE(synapses.size(), 20u) << rule;
    for (const Synapse& synapse : synapses) {
      const uint32_t i = (synapse.source - 10) / 4;
      EXPECT_TRUE(synapse.source >= 10 && synapse.source < 90 && (synapse.source - 10) % 4 == 0);
      const uint32_t t = synapse.target - 40;
      EXPECT_TRUE(square ? t < 20 : t < 80 && t % 5 != 1) << synapse.target;
      // Ranks: of each five targets, the second is left out.
      const uint32_t j = square ? t : t / 5 * 4 + (t % 5 == 0 ? 0 : t % 5 - 1);
      EXPECT_NEAR(synapse.weight, 0.1 * (1 + i + 100 * j), 1e-9);
      if (square) {
        EXPECT_EQ(i, j);
      }
      if (std::string(rule).find("self = false") != std::string::npos) {
        EXPECT_NE(synapse.source, synapse.target);
      }
    }
    ExpectSameOnAllEngines(text);
  }
}

// The numbers of neurons in a list count within the groups.
TEST(Groups, R8_ListsCountWithin) {
  const std::string path = ::testing::TempDir() + "/groups_list.csv";
  FILE* const file = std::fopen(path.c_str(), "w");
  ASSERT_NE(file, nullptr);
  std::fputs("pre,post,weight,delay\n0,0,1,1.5\n1,2,3,1\n9,1,2,0.5\n", file);
  std::fclose(file);
  const std::string text = absl::StrCat(
      kNeurons, "[projections.p]\nsource = \"a[100:110]\"\ntarget = \"b[[5, 6, 68]]\"\n",
      "rule = { type = \"list\", file = \"", path, "\" }\nweight = \"1 mV\"\n",
      "on_pre = \"V_post += w\"\n");
  const std::vector<Synapse> expected = {{100, 5, 1, 15}, {101, 68, 3, 10}, {109, 6, 2, 5}};
  std::vector<Synapse> found = SynapsesOf(Parse(text));
  ASSERT_EQ(found.size(), 3u);
  for (size_t s = 0; s < 3; ++s) {
    EXPECT_EQ(found[s].source, expected[s].source);
    EXPECT_EQ(found[s].target, expected[s].target);
    EXPECT_EQ(found[s].weight, expected[s].weight);
  }
  ExpectSameOnAllEngines(text);
}

// Plasticity between groups: traces of the source and the target, and variables of synapses.
TEST(Groups, R5_PlasticSynapsesOfGroups) {
  ExpectSameOnAllEngines(absl::StrCat(kNeurons, R"toml(
[groups]
inner = "outer[5:45]"
outer = "a[10:90]"
[projections.p]
source = "outer"
target = ["inner", "b[::3]"]
rule = { type = "bernoulli", p = 0.3, self = false }
weight = "0.2 mV"
equations = """
w : volt
dx/dt = -x/(20 ms) : volt (event-driven)
dy/dt = -y/(20 ms) : volt (event-driven)
"""
on_pre = "V_post += w; x += 0.01 mV; w = clip(w - y + 0.001 mV*i, 0 mV, 1 mV)"
on_post = "y += 0.01 mV; w = clip(w + x + 0.001 mV*j, 0 mV, 1 mV)"
)toml"));
}

// Stimuli of each kind at groups, several in one population.
TEST(Groups, R3_StimuliOfGroups) {
  const std::string path = ::testing::TempDir() + "/groups_events.csv";
  FILE* const file = std::fopen(path.c_str(), "w");
  ASSERT_NE(file, nullptr);
  std::fputs("time,index\n1,0\n1.5,2\n2,1\n", file);
  std::fclose(file);
  ExpectSameOnAllEngines(absl::StrCat(R"toml(
[groups]
odd = "a[i % 2 == 1]"
[models.cell]
equations = """
dV/dt = (-65 mV - V + I)/(20 ms) : volt (unless refractory)
I : volt (input)
"""
threshold = "V >= -50 mV"
reset = "V = -65 mV"
refractory = "1 ms"
[populations.a]
model = "cell"
size = 100
initial = { V = "-65 mV" }
[stimuli.current]
type = "current"
target = ["a[:10]", "a[20:30]"]
variable = "I"
value = "(20 + i) * 1 mV"
[stimuli.noise]
type = "ornstein_uhlenbeck"
target = ["a[30:40]", "odd[20:30]"]
variable = "I"
mean = "30 mV"
sigma = "(5 + i/N)*1 mV"
tau = "5 ms"
[stimuli.rain]
type = "poisson"
target = ["odd[40:]", "a[[0, 2, 70]]"]
rate = "(100 + 10*i)*1 Hz"
weight = "20 mV"
on_event = "V += w"
[stimuli.listed]
type = "file"
target = "a[[3, 11, 64]]"
file = ")toml",
                                      path, R"toml("
weight = "16 mV"
on_event = "V += w"
[stimuli.times]
type = "spikes"
target = "odd"
times = ["3 ms", "4 ms"]
index = [0, 49]
weight = "16 mV"
on_event = "V += w"
)toml"));
}

// Only neurons of a group receive, and `i` is the number within it.
TEST(Groups, StimuliReachTheirNeuronsAlone) {
  Network network({.seed = 3});
  const ModelHandle cell =
      network.AddModel(Model("cell").Equations("V : 1\nI : 1 (input)").Update("V = I"));
  const PopulationHandle a = network.AddPopulation("a", cell, 10);
  const GroupHandle upper = network.AddGroup("upper", a.Slice(4, 10));
  Stimulus current;
  current.name = "drive";
  current.kind = StimulusKind::kCurrent;
  current.targets = {upper.Where("i % 2 == 1")};
  current.value = "10 + i";
  network.AddStimulus(current.Variable("I"));
  for (const Backend backend : {Backend::kReference, Backend::kAccelerated}) {
    Simulation simulation = Made(network, backend);
    ASSERT_TRUE(simulation.Step(1).ok());
    EXPECT_EQ(*simulation.State<double>(a, "V"),
              (std::vector<double>{0, 0, 0, 0, 0, 10, 0, 11, 0, 12}));
  }
}

// The builder and the file make the same network.
TEST(Groups, TheBuilderSlices) {
  const std::string file = absl::StrCat(kNeurons, R"toml(
[groups]
left = "a[0:100]"
[projections.p]
source = "left"
target = "left[i % 2 == 0]"
rule = { type = "bernoulli", p = 0.2 }
weight = "0.1 mV"
on_pre = "V_post += w"
)toml");
  const Network parsed = Parse(file);
  Network built = Parse(kNeurons);
  const GroupHandle left = built.AddGroup("left", PopulationHandle{0}.Slice(0, 100));
  ConnectOptions options;
  options.weight = "0.1 mV";
  built.Connect("p", left, left.Slice(0, 100, 2), Bernoulli(0.2), options.OnPre("V_post += w"));
  EXPECT_EQ(SynapsesOf(built), SynapsesOf(parsed));
  EXPECT_GT(SynapsesOf(built).size(), 800u);
}

}  // namespace
}  // namespace bnsyn
