// R5: what hosts read and set is the variable, whatever the compiler made of it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "networks.h"
#include "runtime/delivery/layout.h"

namespace bnsyn {
namespace {

using ::bnsyn::literals::operator""_ms;

std::vector<EngineOptions> Engines() {
  EngineOptions code = Accelerated(2);
  code.layout = "code";
  return {Reference(), Accelerated(), Accelerated(2), code};
}

// A relay of two neurons to itself and to three others; neuron 0 spikes in step 50, 1 in step 150.
std::string Chain(const std::string& synapses) {
  return absl::StrCat(R"toml(
network = { dt = "0.1 ms", duration = "50 ms", seed = 1 }
[models.source]
equations = "arrived : 1 (input)"
threshold = "arrived > 0"
[models.sum]
parameters = { tau = "10 ms" }
tunable = ["tau"]
equations = """
n : 1
mine : second (constant)
"""
[populations]
src = { model = "source", size = 2 }
dst = { model = "sum", size = 3, initial = { mine = "5 ms + i*1 ms" } }
[stimuli.a]
type = "spikes"
target = "src"
times = ["5 ms", "15 ms"]
index = [0, 1]
on_event = "arrived += w"
[projections.d]
source = "src"
target = "dst"
rule = "all_to_all"
weight = 1
)toml",
                      synapses);
}

const std::string kOwn = Chain(R"toml(
equations = "dx/dt = -x/(10 ms) : 1 (event-driven, per synapse)"
on_pre = "n_post += w*x; x += 1"
)toml");
const std::string kHeld = Chain(R"toml(
equations = "dx/dt = -x/(10 ms) : 1 (event-driven)"
on_pre = "n_post += w*x; x += 1"
)toml");

void ExpectValues(const Simulation& simulation, const std::string& name,
                  const std::vector<double>& right) {
  const absl::StatusOr<std::vector<double>> values = simulation.StateByName(name);
  ASSERT_TRUE(values.ok()) << values.status().message();
  ASSERT_EQ(values->size(), right.size()) << name;
  for (size_t i = 0; i < right.size(); ++i) {
    EXPECT_NEAR((*values)[i], right[i], 1e-13 * std::fabs(right[i])) << name << " " << i;
  }
}

void ExpectRefused(const absl::Status& status, const std::vector<std::string>& words) {
  EXPECT_FALSE(status.ok());
  for (const std::string& word : words) {
    EXPECT_TRUE(absl::StrContains(status.message(), word)) << word << " in: " << status.message();
  }
}

TEST(Variables, R5_EventDrivenOnesAreOfThePresentHoweverTheyAreHeld) {
  for (const EngineOptions& options : Engines()) {
    for (const std::string& text : {kOwn, kHeld}) {
      Simulation simulation = CompiledNetwork(text, options);
      ASSERT_TRUE(simulation.Run(50.0_ms).ok());
      const std::string before = simulation.Digest().ToString();
      const double a = std::exp(-4.49), b = std::exp(-3.49);
      ExpectValues(simulation, "d.x", {a, a, a, b, b, b});
      EXPECT_EQ(simulation.Digest().ToString(), before);
      EXPECT_EQ(simulation.SpikeCount(*simulation.Population("src")), 2u);
    }
  }
}

TEST(Variables, R5_AStateOfNeuronsIsListedWithItsProjection) {
  EXPECT_EQ(ProgramOf(CompiledNetwork(kHeld, Reference())).projections[0].of_source.size(), 1u);
  EXPECT_EQ(ProgramOf(CompiledNetwork(kHeld, Reference())).now.size(), 1u);
  EXPECT_TRUE(ProgramOf(CompiledNetwork(kOwn, Reference())).projections[0].of_source.empty());
  EngineOptions options;
  options.compile.disabled_passes = {"synapse_traces"};
  EXPECT_TRUE(ProgramOf(CompiledNetwork(kHeld, options)).projections[0].of_source.empty());
}

// What a synapse reads when its next spike arrives is what was shown and set.
TEST(Variables, R5_ASetValueIsThatOfThePresent) {
  for (const EngineOptions& options : Engines()) {
    Simulation simulation = CompiledNetwork(kOwn, options);
    ASSERT_TRUE(simulation.Run(10.0_ms).ok());
    ASSERT_TRUE(simulation.SetState("d.x", 1, 3).ok());
    ASSERT_TRUE(simulation.SetState("d.x", 5, 7).ok());
    const double a = std::exp(-0.49);
    ExpectValues(simulation, "d.x", {a, 3, a, 0, 0, 7});
    ASSERT_TRUE(simulation.Run(10.0_ms).ok());
    const double e = std::exp(-1.0), f = std::exp(-0.49);
    ExpectValues(simulation, "d.x", {a * e, 3 * e, a * e, f, f, (7 * std::exp(-0.51) + 1) * f});
    EXPECT_NEAR((*simulation.StateByName("dst.n"))[2], 7 * std::exp(-0.51), 1e-7);
  }
}

TEST(Variables, R5_AllValuesAreSetAtOnceOrNone) {
  for (const EngineOptions& options : Engines()) {
    for (const std::string& text : {kOwn, kHeld}) {
      Simulation simulation = CompiledNetwork(text, options);
      ASSERT_TRUE(simulation.Run(10.0_ms).ok());
      ASSERT_TRUE(simulation.SetState("d.x", {2, 2, 2, 5, 5, 5}).ok());
      ExpectValues(simulation, "d.x", {2, 2, 2, 5, 5, 5});
      ASSERT_TRUE(simulation.Run(1.0_ms).ok());
      const double e = std::exp(-0.1);
      ExpectValues(simulation, "d.x", {2 * e, 2 * e, 2 * e, 5 * e, 5 * e, 5 * e});
      const std::string before = simulation.Digest().ToString();
      ExpectRefused(simulation.SetState("d.x", {1, 2}), {"d.x takes 6 values, not 2"});
      ExpectRefused(simulation.SetState("d.x", {1, 1, 1, 1, 1, std::nan("")}), {"nan"});
      EXPECT_EQ(simulation.Digest().ToString(), before);
    }
  }
}

TEST(Variables, R5_SynapsesOfANeuronThatHoldsTheirVariableCannotDiffer) {
  for (const EngineOptions& options : Engines()) {
    Simulation simulation = CompiledNetwork(kHeld, options);
    ASSERT_TRUE(simulation.Run(10.0_ms).ok());
    const std::string before = simulation.Digest().ToString();
    ExpectRefused(simulation.SetState("d.x", 1, 3),
                  {"d.x of synapse 1", "3 synapses of the source src 0", "per synapse"});
    ExpectRefused(simulation.SetState("d.x", {1, 2, 1, 1, 1, 1}), {"0 and 1", "per synapse"});
    ExpectRefused(simulation.SetState("d.x", 6, 3), {"6 elements"});
    EXPECT_EQ(simulation.Digest().ToString(), before);
  }
}

// A value that A depends on changes the course from now on, and not the past.
TEST(Variables, R5_ChangesOfWhatADependsOnDoNotChangeThePast) {
  const std::string by_tau = Chain(R"toml(
equations = """
tau_x : second (constant)
dx/dt = -x/tau_x : 1 (event-driven)
dy/dt = (2 - y)/mine_post : 1 (event-driven)
"""
initial = { tau_x = "10 ms" }
on_pre = "n_post += w*x + y; x += 1"
)toml");
  for (const EngineOptions& options : Engines()) {
    Simulation simulation = CompiledNetwork(by_tau, options);
    ASSERT_TRUE(simulation.Run(10.0_ms).ok());
    const double a = std::exp(-0.49);
    ExpectValues(simulation, "d.x", {a, a, a, 0, 0, 0});
    ASSERT_TRUE(simulation.SetState("d.tau_x", 1, 20).ok());
    ASSERT_TRUE(simulation.SetState("dst.mine", 2, 20).ok());
    const auto y = [](double time, double tau) { return 2 - 2 * std::exp(-time / tau); };
    ExpectValues(simulation, "d.x", {a, a, a, 0, 0, 0});
    ExpectValues(simulation, "d.y", {y(10, 5), y(10, 6), y(10, 7), y(10, 5), y(10, 6), y(10, 7)});
    ASSERT_TRUE(simulation.Run(1.0_ms).ok());
    ExpectValues(simulation, "d.x",
                 {a * std::exp(-0.1), a * std::exp(-0.05), a * std::exp(-0.1), 0, 0, 0});
    const double kept = 2 - (2 - y(10, 7)) * std::exp(-1.0 / 20);
    ExpectValues(simulation, "d.y", {y(11, 5), y(11, 6), kept, y(11, 5), y(11, 6), kept});
  }
}

TEST(Variables, R5_TheCompilersOwnStatesAreNoVariables) {
  Simulation simulation = CompiledNetwork(kOwn, Reference());
  ASSERT_TRUE(ProgramOf(simulation).FindState("d.last.step").has_value());
  ExpectRefused(simulation.StateByName("d.last.step").status(), {"no state is named"});
  ExpectRefused(simulation.SetState("d.last.step", 0, 1), {"no state is named"});
  ExpectRefused(simulation.StateByName("d.y").status(), {"did you mean 'd.x'?"});
}

TEST(Variables, InputsAreEmptyBetweenSteps) {
  const std::string text = absl::StrCat(Chain("on_pre = \"n_post += w\"\n"), R"toml(
[projections.back]
source = "src"
target = "src"
rule = "all_to_all"
weight = 0
on_pre = "arrived_post += w"
)toml");
  Simulation simulation = CompiledNetwork(text, Reference());
  ExpectRefused(simulation.StateByName("src.arrived").status(), {"(input)", "empty between steps"});
}

TEST(Variables, SharedOnesHaveOneValue) {
  Simulation simulation = CompiledNetwork(R"toml(
network = { dt = "0.1 ms", duration = "1 ms", seed = 1 }
[models.m]
equations = """
dv/dt = (level - v)/(1 ms) : 1
dlevel/dt = 1/(1 ms) : 1 (shared)
"""
threshold = "v > 0.2"
[populations]
p = { model = "m", size = 3 }
)toml",
                                          Reference());
  ASSERT_TRUE(simulation.Run(1.0_ms).ok());
  const auto level = simulation.State<double>(*simulation.Population("p"), "level");
  ASSERT_TRUE(level.ok()) << level.status().message();
  ASSERT_EQ(level->size(), 1u);
  EXPECT_NEAR((*level)[0], 1, 1e-12);
  EXPECT_GT(simulation.report().spikes, 0u);
}

// The names of all variables, and their values.
using Values = std::vector<std::pair<std::string, std::vector<double>>>;
Values AllValues(const Simulation& simulation) {
  Values all;
  const ir::Program& program = ProgramOf(simulation);
  for (ir::StateId id = 0; id < program.states.size(); ++id) {
    if (!program.IsVariable(id)) continue;
    const std::string& name = program.states[id].name;
    const absl::StatusOr<std::vector<double>> values = simulation.StateByName(name);
    EXPECT_TRUE(values.ok()) << values.status().message();
    if (values.ok()) all.emplace_back(name, *values);
  }
  std::sort(all.begin(), all.end());
  return all;
}

struct Shown {
  uint64_t spikes = 0;
  Values values;
};

Shown Run(const Network& network, const EngineOptions& options, uint64_t steps) {
  absl::StatusOr<Simulation> simulation = Compile(network, options);
  EXPECT_TRUE(simulation.ok()) << simulation.status().message();
  if (!simulation.ok()) return {};
  const absl::Status status = simulation->Step(steps);
  EXPECT_TRUE(status.ok()) << status.message();
  const std::string digest = simulation->Digest().ToString();
  Shown shown = {simulation->report().spikes, AllValues(*simulation)};
  EXPECT_EQ(simulation->Digest().ToString(), digest);
  return shown;
}

// Equal names and numbers of values; values within `tolerance` of the largest of the variable.
void ExpectSame(const Shown& a, const Shown& b, double tolerance) {
  EXPECT_EQ(a.spikes, b.spikes);
  ASSERT_EQ(a.values.size(), b.values.size());
  for (size_t v = 0; v < a.values.size(); ++v) {
    const auto& [name, left] = a.values[v];
    const auto& right = b.values[v].second;
    ASSERT_EQ(name, b.values[v].first);
    ASSERT_EQ(left.size(), right.size()) << name;
    double largest = 0;
    for (const double x : left) {
      if (std::isfinite(x)) largest = std::max(largest, std::fabs(x));
    }
    for (size_t i = 0; i < left.size(); ++i) {
      if (left[i] == right[i]) continue;
      ASSERT_NEAR(left[i], right[i], tolerance * largest) << name << " " << i;
    }
  }
}

// With all that the compiler may do, and without each part: the engines agree to the bit, and what
// rounds differently shows the same variables.
void ExpectOptimisationsDoNotShow(const Network& network, uint64_t steps, bool all_engines) {
  const Shown usual = Run(network, Accelerated(2), steps);
  EXPECT_GT(usual.spikes, 0u) << "nothing spikes";
  EXPECT_FALSE(usual.values.empty());
  if (all_engines) {
    for (const EngineOptions& options : Engines()) {
      ExpectSame(usual, Run(network, options, steps), 0);
    }
    for (const char* pass : {"specialise", "expand_math", "simplify", "narrow_sums", "fuse"}) {
      EngineOptions options = Accelerated();
      options.compile.disabled_passes = {pass};
      ExpectSame(usual, Run(network, options, steps), 0);
    }
  }
  const std::vector<std::string> parts = {"synapse_traces", "share_inputs", "decay_inputs"};
  EngineOptions without = Accelerated();
  without.compile.disabled_passes = parts;
  ExpectSame(usual, Run(network, without, steps), 1e-7);
  if (!all_engines) return;
  for (const std::string& part : parts) {
    EngineOptions options = Reference();
    options.compile.disabled_passes = {part};
    ExpectSame(usual, Run(network, options, steps), 1e-7);
  }
}

// A network of two populations with random projections among them, whose synapses have traces of
// many kinds.
std::string RandomNetwork(uint32_t number) {
  std::mt19937 random(number);
  const auto below = [&](uint32_t n) { return random() % n; };
  const auto any = [&](const std::vector<std::string>& of) {
    return of[below(static_cast<uint32_t>(of.size()))];
  };
  std::string text = absl::StrCat(R"toml(
network = { dt = "0.1 ms", duration = "20 ms", seed = )toml",
                                  number, R"toml( }
[models.cell]
equations = """
dv/dt = (g - v + 0.3)/(5 ms) : 1 (unless refractory)
dg/dt = -g/(3 ms) : 1
dh/dt = -h/(3 ms) : 1
slow : 1
tau_n : second (constant)
dtide/dt = 1/(20 ms) : 1 (shared)
calls : integer
"""
threshold = "v > 1 and t - lastspike > 0.5 ms"
reset = "v = 0; calls += 1"
refractory = "1 ms"
[populations]
a = { model = "cell", size = 7, initial = { v = "rand()", tau_n = "4 ms + i*1 ms" } }
b = { model = "cell", size = 5, initial = { v = "rand()", tau_n = "6 ms" } }
[stimuli.drive]
type = "poisson"
target = ["a", "b"]
rate = "600 Hz"
weight = 0.6
on_event = "g += w"
)toml");
  for (uint32_t p = 0; p < 4; ++p) {
    const bool own_delays = below(3) == 0;
    absl::StrAppend(
        &text, "[projections.p", p, "]\nsource = \"", any({"a", "b"}), "\"\ntarget = \"",
        any({"a", "b"}), "\"\nrule = { type = \"bernoulli\", p = 0.", 3 + below(6),
        " }\nweight = ", any({"0.1", "\"rand()*0.2\""}),
        "\ndelay = ", own_delays ? "\"(1 + 5*rand())*ms\"" : "\"0.7 ms\"",
        "\nequations = \"\"\"\nw : 1\n",
        "dx/dt = ", any({"-x/(4 ms)", "(0.2 - x)/(4 ms)", "-x/tau_n_post"}), " : 1 (event-driven",
        any({"", "", ", per synapse"}), ")\n", "dy/dt = -y/(6 ms) : 1 (event-driven)\n",
        "dz/dt = -z/(2 ms) : 1 (clock-driven)\n",
        "k : 1 (constant)\n\"\"\"\ninitial = { k = \"1 + 0.1*i\" }\n", "on_pre = \"",
        any({"g_post += w; h_post += 2*w", "g_post += w*k", "g_post += w; z += 0.1"}), "; ",
        any({"x += 0.5", "x = 1", "x = x + 0.25", "x += k"}),
        "; w = clip(w - 0.01*y, 0, 1)\"\non_post = \"", any({"y += 0.3", "y = 0.5", "y = y + 0.2"}),
        "; slow_post += 0.1*x; w = clip(w + 0.01*x, 0, 1)\"\n",
        "bounds = { w = [0, 1], x = [0, 50], k = [0, 3] }\n");
  }
  return text;
}

TEST(Variables, R5_OptimisationsDoNotShowInRandomNetworks) {
  for (uint32_t number = 0; number < 2; ++number) {
    const std::string text = RandomNetwork(number);
    SCOPED_TRACE(text);
    const absl::StatusOr<Network> network = ParseNetwork(text, "test.toml");
    ASSERT_TRUE(network.ok()) << network.status().message();
    ExpectOptimisationsDoNotShow(*network, 200, true);
    if (testing::Test::HasFailure()) return;
  }
}

// The steps until neurons of a network have spiked, in hundreds.
uint64_t StepsToSpikes(const Network& network) {
  absl::StatusOr<Simulation> simulation = Compile(network, Accelerated());
  EXPECT_TRUE(simulation.ok()) << simulation.status().message();
  while (simulation.ok() && simulation->report().spikes == 0 && simulation->step() < 3000) {
    EXPECT_TRUE(simulation->Step(100).ok());
  }
  return simulation.ok() ? simulation->step() : 0;
}

TEST(Variables, R5_OptimisationsDoNotShowInTheExamples) {
  const auto folder = std::filesystem::path(BNSYN_SOURCE_DIR) / "examples/networks";
  const std::set<std::string> large = {"microcircuit.toml", "microcircuit-10.toml",
                                       "coba40k-dense.toml"};
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (file.path().extension() != ".toml") continue;
    if (large.contains(file.path().filename().string())) continue;
    SCOPED_TRACE(file.path().string());
    absl::StatusOr<Network> network = ReadNetwork(file.path().string());
    ASSERT_TRUE(network.ok()) << network.status().message();
    // These have millions of synapses.
    if (absl::StartsWith(file.path().filename().string(), "brunel")) {
      ASSERT_TRUE(network->Set("exc.size", "800").ok());
      ASSERT_TRUE(network->Set("inh.size", "200").ok());
    }
    ExpectOptimisationsDoNotShow(*network, StepsToSpikes(*network), false);
  }
}

}  // namespace
}  // namespace bnsyn
