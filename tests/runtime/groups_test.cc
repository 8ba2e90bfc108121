// Some of the neurons of populations, as sources and targets of projections and stimuli, on both
// backends.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
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

// The synapses of all projections of a network, by source and target.
std::vector<Synapse> SynapsesOf(const Network& network) {
  std::vector<Synapse> all;
  const Simulation simulation = CompiledNetwork(network);
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

// Both backends and these numbers of threads end with the same digest, and neurons spike.
void ExpectSameOnAllEngines(const std::string& text, const std::vector<int>& threads = {3}) {
  const Network network = ParsedNetwork(text);
  Simulation reference = CompiledNetwork(network);
  ASSERT_TRUE(reference.Step(100).ok());
  EXPECT_GT(reference.report().spikes, 0u);
  for (const int number : threads) {
    Simulation accelerated = CompiledNetwork(network, Accelerated(number));
    ASSERT_TRUE(accelerated.Step(100).ok());
    EXPECT_EQ(accelerated.Digest(), reference.Digest()) << number << " threads\n" << text;
    EXPECT_EQ(accelerated.report().synapses, reference.report().synapses);
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
  std::vector<Synapse> expected = SynapsesOf(ParsedNetwork(whole));
  const std::vector<Synapse> found = SynapsesOf(ParsedNetwork(parts));
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
  EXPECT_EQ(CompiledNetwork(ParsedNetwork(parts)).report().synapses, expected.size());
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
    const std::vector<Synapse> synapses = SynapsesOf(ParsedNetwork(text));
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
  std::vector<Synapse> found = SynapsesOf(ParsedNetwork(text));
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
)toml"),
                         {1, 3});
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
  for (const EngineOptions& options : {Reference(), Accelerated()}) {
    Simulation simulation = CompiledNetwork(network, options);
    ASSERT_TRUE(simulation.Step(1).ok());
    EXPECT_EQ(*simulation.State<double>(a, "V"),
              (std::vector<double>{0, 0, 0, 0, 0, 10, 0, 11, 0, 12}));
  }
}

// Counts of spikes and of events, sums and means over groups, against those of the recorded spikes
// and states.
TEST(Groups, R7_CountsAndSums) {
  const std::string text = R"toml(
[groups]
left = "a[:70]"
[models.cell]
equations = """
dV/dt = (-45 mV - V)/(20 ms) + xi*(8 mV)/sqrt(20 ms) : volt
n : integer
"""
threshold = "V >= -50 mV"
reset = "V = -60 mV; n += 1"
events = { high = "V > -52 mV" }
initial = { V = "uniform(-60 mV, -50 mV)" }
[populations.a]
model = "cell"
size = 130
[uniform]
equations = """
spikes : integer
odd : integer
some : integer
events : integer
many : integer
volts : volt
total : 1
"""
update = """
spikes = count(left)
odd = count(a[i % 2 == 1])
some = count(a[[1, 5, 64, 128]])
events = count(left.high)
many = count(a[(i*i) % 7 < 3])
volts = mean(left[10:20].V)
total = sum(a[::3].n)
"""
)toml";
  const Network network = ParsedNetwork(text);
  Simulation simulation = CompiledNetwork(network);
  const PopulationHandle a = *simulation.Population("a");
  const PopulationHandle high = *simulation.Population("a.high");
  uint64_t counted = 0;
  for (int step = 0; step < 60; ++step) {
    simulation.ClearSpikes();
    ASSERT_TRUE(simulation.Step(1).ok());
    const auto count = [&](PopulationHandle population, auto in) {
      const std::vector<uint32_t>& neurons = simulation.Spikes(population).neurons;
      return static_cast<double>(std::count_if(neurons.begin(), neurons.end(), in));
    };
    const auto left = [](uint32_t n) { return n < 70; };
    EXPECT_EQ(*simulation.Uniform("spikes"), count(a, left));
    EXPECT_EQ(*simulation.Uniform("odd"), count(a, [](uint32_t n) { return n % 2 == 1; }));
    EXPECT_EQ(*simulation.Uniform("some"),
              count(a, [](uint32_t n) { return n == 1 || n == 5 || n == 64 || n == 128; }));
    EXPECT_EQ(*simulation.Uniform("events"), count(high, left));
    EXPECT_EQ(*simulation.Uniform("many"), count(a, [](uint32_t n) { return n * n % 7 < 3; }));
    const std::vector<double> part = *simulation.StateByName("left[10:20].V");
    ASSERT_EQ(part.size(), 10u);
    EXPECT_NEAR(*simulation.Uniform("volts"), std::accumulate(part.begin(), part.end(), 0.0) / 10,
                1e-12);
    const std::vector<double> numbers = *simulation.StateByName("a[::3].n");
    const double total = std::accumulate(numbers.begin(), numbers.end(), 0.0);
    EXPECT_EQ(*simulation.Uniform("total"), total);
    counted += simulation.Spikes(a).neurons.size();
  }
  EXPECT_GT(counted, 20u);
  ExpectSameOnAllEngines(text);
}

// Neurons that spike several times in a step count as often.
TEST(Groups, R7_CountsOfRepeatedSpikes) {
  const std::string text = R"toml(
[models.many]
equations = "n : integer"
bounds = { n = [0, 2] }
update = "n = i % 3"
threshold = "n > 0"
multiplicity = "n"
[populations.m]
model = "many"
size = 9
[uniform]
equations = """
all : integer
some : integer
"""
update = """
all = count(m)
some = count(m[4:])
"""
)toml";
  Simulation simulation = CompiledNetwork(ParsedNetwork(text));
  ASSERT_TRUE(simulation.Step(2).ok());
  EXPECT_EQ(*simulation.Uniform("all"), 9);
  EXPECT_EQ(*simulation.Uniform("some"), 6);
  ExpectSameOnAllEngines(text);
}

// A group replaces the initial values of its neurons, with draws of its own name; what others begin
// with stays as it was.
TEST(Groups, R3_InitialValues) {
  const auto values = [](const std::string& groups, const char* name) {
    const Simulation simulation = CompiledNetwork(ParsedNetwork(absl::StrCat(groups, kNeurons)));
    return *simulation.StateByName(name);
  };
  const std::string groups = R"toml(
[groups.left]
neurons = "a[10:20]"
initial = { x = "V/(1 mV) + i", V = "normal(-55 mV, 1 mV)" }
[groups.late]
neurons = "left[-2:]"
initial = { V = "-51 mV" }
)toml";
  const std::vector<double> plain = values("", "a.V");
  const std::vector<double> v = values(groups, "a.V");
  const std::vector<double> x = values(groups, "a.x");
  ASSERT_EQ(plain.size(), 150u);
  for (uint32_t n = 0; n < 150; ++n) {
    if (n < 10 || n >= 20) {
      EXPECT_EQ(v[n], plain[n]);
      EXPECT_NEAR(x[n], n / 150.0, 1e-15);
    } else {
      EXPECT_NE(v[n], plain[n]);
      EXPECT_EQ(x[n], v[n] + (n - 10));
    }
  }
  EXPECT_NE(v[17], -51);
  EXPECT_EQ(v[18], -51);
  EXPECT_EQ(v[19], -51);
  ExpectSameOnAllEngines(absl::StrCat(groups, kNeurons));
}

// Names of groups, and subscripts, in what hosts read and set.
TEST(Groups, HostsReadAndSetThem) {
  Simulation simulation = CompiledNetwork(
      ParsedNetwork(absl::StrCat("[groups]\nleft = \"a[10:20]\"\n", kNeurons, R"toml(
[projections.p]
source = "left"
target = "b"
rule = { type = "fixed_in_degree", n = 2 }
weight = "normal(1 mV, 0.1 mV)"
equations = "w : volt"
on_pre = "V_post += w"
)toml")));
  const std::vector<double> all = *simulation.StateByName("a.V");
  const std::vector<double> left = {all.begin() + 10, all.begin() + 20};
  EXPECT_EQ(*simulation.StateByName("left.V"), left);
  EXPECT_EQ(*simulation.StateByName("a[10:20].V"), left);
  EXPECT_EQ(*simulation.StateByName("a.V[10:20]"), left);
  EXPECT_EQ(*simulation.StateByName("left.V[2:4]"), (std::vector<double>{all[12], all[13]}));
  EXPECT_EQ(*simulation.StateByName("left[i == 3].V"), (std::vector<double>{all[13]}));
  EXPECT_EQ(*simulation.Numbers("left[::5]"), (std::vector<uint32_t>{10, 15}));
  EXPECT_EQ(simulation.StateByName("p.w[:7]")->size(), 7u);
  ASSERT_TRUE(simulation.SetState("left.V", std::vector<double>(10, -57)).ok());
  ASSERT_TRUE(simulation.SetState("left.V", 3, -58).ok());
  EXPECT_EQ(simulation.StateByName("a.V")->at(9), all[9]);
  EXPECT_EQ(simulation.StateByName("a.V")->at(10), -57);
  EXPECT_EQ(simulation.StateByName("a.V")->at(13), -58);
  for (const auto& [name, part] : {std::pair("left.V[8:12]", "past the end"),
                                   {"a[:200].V", "past the end"},
                                   {"lefd[:2].V", "did you mean 'left'?"},
                                   {"left", "no variable of theirs"},
                                   {"left.U", "'a.U'"},
                                   {"a[:2].U", "'a.U'"}}) {
    const auto error = simulation.StateByName(name);
    EXPECT_FALSE(error.ok()) << name;
    EXPECT_NE(std::string(error.status().message()).find(part), std::string::npos)
        << name << ": " << error.status().message();
  }
  EXPECT_FALSE(simulation.SetState("left.V", std::vector<double>(9, -57)).ok());
  EXPECT_FALSE(simulation.SetState("left.V", 10, -57).ok());
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
  const Network parsed = ParsedNetwork(file);
  Network built = ParsedNetwork(kNeurons);
  const GroupHandle left = built.AddGroup("left", PopulationHandle{0}.Slice(0, 100));
  ConnectOptions options;
  options.weight = "0.1 mV";
  built.Connect("p", left, left.Slice(0, 100, 2), Bernoulli(0.2), options.OnPre("V_post += w"));
  EXPECT_EQ(SynapsesOf(built), SynapsesOf(parsed));
  EXPECT_GT(SynapsesOf(built).size(), 800u);
}

}  // namespace
}  // namespace bnsyn
