// Models of synapses, from descriptions of networks to what they do: closed forms on the reference,
// and the same bits on every engine.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "networks.h"

namespace bnsyn {
namespace {

// Expects equal digests of all engines after so many steps, and that neurons spike.
void ExpectEnginesAgree(const std::string& text, uint64_t steps) {
  Simulation reference = CompiledNetwork(text, Reference());
  ASSERT_TRUE(reference.Step(steps).ok());
  EXPECT_GT(reference.report().spikes, 0u) << "nothing spikes";
  for (const int threads : {1, 2}) {
    for (const int width : {1, 4, 8}) {
      Simulation accelerated = CompiledNetwork(text, Accelerated(threads, width));
      const absl::Status status = accelerated.Step(steps);
      ASSERT_TRUE(status.ok()) << status.message();
      EXPECT_EQ(accelerated.Digest(), reference.Digest()) << threads << " threads, width " << width;
    }
  }
}

// A population of neurons that spike in the steps of the events they are given: by neuron, its
// steps.
std::string Given(const std::string& name, const std::vector<std::vector<int>>& steps) {
  std::vector<std::string> times;
  std::vector<std::string> indices;
  for (size_t neuron = 0; neuron < steps.size(); ++neuron) {
    for (const int step : steps[neuron]) {
      times.push_back(absl::StrCat("\"", step, "*dt\""));
      indices.push_back(absl::StrCat(neuron));
    }
  }
  return absl::StrCat("[populations.", name, "]\nmodel = \"relay\"\nsize = ", steps.size(),
                      "\n[stimuli.to_", name, "]\ntype = \"spikes\"\ntarget = \"", name,
                      "\"\ntimes = [", absl::StrJoin(times, ", "), "]\nindex = [",
                      absl::StrJoin(indices, ", "), "]\non_event = \"v = 1\"\n");
}

constexpr char kRelay[] = R"toml(
[models.relay]
equations = """
v : 1
s : siemens
g : siemens (input)
"""
threshold = "v > 0.5"
reset = "v = 0"
)toml";

constexpr double kDt = 0.1;

// Pairs of neurons, each with one spike of the source in step 100 and one of the target.
constexpr int kDelay =
    16;  // from the step of the spike to that of the arrival: 1.5 ms, and one step
constexpr int kSourceStep = 100;
std::vector<int> TargetSteps() {
  std::vector<int> steps;
  for (int step = 1; step < 300; step += 7) steps.push_back(step);
  // About the arrival.
  for (int step = kSourceStep + kDelay - 2; step <= kSourceStep + kDelay + 2; ++step) {
    steps.push_back(step);
  }
  return steps;
}

std::string Pairs(const std::string& on_pre, const std::string& on_post) {
  std::vector<std::vector<int>> sources;
  std::vector<std::vector<int>> targets;
  for (const int step : TargetSteps()) {
    sources.push_back({kSourceStep});
    targets.push_back({step});
  }
  return absl::StrCat(kRelay, Given("pre", sources), Given("post", targets), R"toml(
[projections.syn]
source = "pre"
target = "post"
rule = "one_to_one"
weight = "1 nS"
delay = "1.5 ms"
constants = { tau_x = "20 ms", tau_y = "34 ms" }
equations = """
w : siemens
dx/dt = -x/tau_x : siemens (event-driven)
dy/dt = -y/tau_y : siemens (event-driven)
"""
on_pre = ")toml",
                      on_pre, "\"\non_post = \"", on_post, "\"\n");
}

// The change of a weight by one pair: a spike of step p has the time (p + 1) dt, and arrives 1.5 ms
// later. Where the target spikes at that time, on_pre code runs first.
double Window(int source_step, int target_step) {
  const int arrival = source_step + kDelay;
  const int after = target_step + 1 - arrival;
  return after >= 0 ? 0.01 * std::exp(-after * kDt / 20) : -0.0105 * std::exp(after * kDt / 34);
}

void ExpectWindow(const std::string& text) {
  Simulation simulation = CompiledNetwork(text, Reference());
  ASSERT_TRUE(simulation.Step(400).ok());
  const std::vector<double> weights = *simulation.StateByName("syn.w");
  const std::vector<int> steps = TargetSteps();
  ASSERT_EQ(weights.size(), steps.size());
  EXPECT_EQ(simulation.SpikeCount(*simulation.Population("pre")), steps.size());
  EXPECT_EQ(simulation.SpikeCount(*simulation.Population("post")), steps.size());
  for (size_t pair = 0; pair < steps.size(); ++pair) {
    EXPECT_NEAR(weights[pair] - 1, Window(kSourceStep, steps[pair]), 1e-12)
        << "target spikes in step " << steps[pair];
  }
}

TEST(SynapseModels, StdpHasItsWindowWithTracesOfNeurons) {
  const std::string text = Pairs("s_post += w; x += 0.01 nS; w -= y", "y += 0.0105 nS; w += x");
  ExpectWindow(text);
  const Simulation simulation = CompiledNetwork(text, Reference());
  EXPECT_EQ(ProgramOf(simulation).projections[0].of_source.size(), 1u);
  EXPECT_EQ(ProgramOf(simulation).projections[0].of_target.size(), 1u);
  ExpectEnginesAgree(text, 400);
}

TEST(SynapseModels, StdpHasItsWindowWithTracesOfSynapses) {
  // Not a plain number that is added.
  const std::string text =
      Pairs("s_post += w; x = x + 0.01 nS; w -= y", "y = y + 0.0105 nS; w += x");
  ExpectWindow(text);
  const Simulation simulation = CompiledNetwork(text, Reference());
  EXPECT_TRUE(ProgramOf(simulation).projections[0].of_source.empty());
  EXPECT_TRUE(ProgramOf(simulation).projections[0].of_target.empty());
  ExpectEnginesAgree(text, 400);
}

// Neurons that spike at random, and again and again: both kinds of traces make the same weights.
std::string Busy(const std::string& on_pre, const std::string& on_post) {
  return absl::StrCat(R"toml(
[models.noisy]
equations = """
dv/dt = -v/(10 ms) : 1
g : 1
"""
threshold = "v > 1"
reset = "v = 0"
[populations.exc]
model = "noisy"
size = 60
[stimuli.ext]
type = "poisson"
target = "exc"
rate = "300 Hz"
weight = 0.4
on_event = "v += w"
[projections.syn]
source = "exc"
target = "exc"
rule = { type = "bernoulli", p = 0.2, self = false }
weight = 0.05
delay = "0.7 ms"
equations = """
w : 1
dx/dt = -x/(20 ms) : 1 (event-driven)
dy/dt = -y/(15 ms) : 1 (event-driven)
dz/dt = -z/(40 ms) : 1 (event-driven)
"""
initial = { x = 0.25, y = 0.5, z = 0.125 }
on_pre = ")toml",
                      on_pre, "\"\non_post = \"", on_post, "\"\n");
}

TEST(SynapseModels, TracesOfNeuronsAreThoseOfSynapses) {
  const std::string neurons = Busy("v_post += w; x += 0.1; w = clip(w - 0.01*y*x, 0, 1)",
                                   "y = 1; w = clip(w + 0.01*x, 0, 1); z -= 0.5; w += 0.001*z");
  const std::string synapses =
      Busy("v_post += w; x = x + 0.1; w = clip(w - 0.01*y*x, 0, 1)",
           "y = 1 + 0*y; w = clip(w + 0.01*x, 0, 1); z = z - 0.5; w += 0.001*z");
  Simulation a = CompiledNetwork(neurons, Reference());
  Simulation b = CompiledNetwork(synapses, Reference());
  EXPECT_EQ(ProgramOf(a).projections[0].of_source.size(), 1u);
  EXPECT_EQ(ProgramOf(a).projections[0].of_target.size(), 2u);
  EXPECT_TRUE(ProgramOf(b).projections[0].of_source.empty());
  // Before roundings could part the spikes.
  ASSERT_TRUE(a.Step(2000).ok());
  ASSERT_TRUE(b.Step(2000).ok());
  const PopulationHandle exc = *a.Population("exc");
  EXPECT_GT(a.SpikeCount(exc), 500u);
  ASSERT_EQ(a.Spikes(exc).steps, b.Spikes(exc).steps);
  const std::vector<double> expected = *b.StateByName("syn.w");
  const std::vector<double> weights = *a.StateByName("syn.w");
  ASSERT_EQ(weights.size(), expected.size());
  double changed = 0;
  for (size_t s = 0; s < weights.size(); ++s) {
    EXPECT_NEAR(weights[s], expected[s], 1e-12);
    changed = std::max(changed, std::fabs(weights[s] - 0.05));
  }
  EXPECT_GT(changed, 0.05);
  ExpectEnginesAgree(neurons, 600);
  ExpectEnginesAgree(synapses, 600);
}

// What a source holds has the bits that it has where each synapse keeps it, if only the code that
// lets it jump names it: with a pathway of its own where synapses have delays of their own, and
// where neurons spike several times in a step.
TEST(SynapseModels, R5_TracesOfSourcesHaveTheBitsOfThoseOfSynapses) {
  const std::string jump = "x += 0.1; w = clip(w + 0.02*x*x - 0.01, 0.01, 1)";
  const std::string one = Busy("v_post += w; " + jump, "w = w + 0.001");
  const std::string late =
      absl::StrCat("on_pre.late = { code = \"", jump, "\", delay = \"1.2 ms\" }\non_pre.main = ");
  const std::string several =
      Replaced(Replaced(Busy("v_post += w", "w = w + 0.001"), "on_pre = ", late), "\"0.7 ms\"",
               "\"0.5 ms + 1 ms*rand()\"");
  const std::string repeated = Replaced(
      Replaced(one, "threshold = ", "multiplicity = \"1 + i % 3\"\nmost_spikes = 3\nthreshold = "),
      "v_post += w", "v_post += w/2");
  for (const std::string& text : {one, several, repeated}) {
    EngineOptions apart = Reference();
    apart.compile.disabled_passes = {"synapse_traces"};
    Simulation synapses = CompiledNetwork(text, apart);
    Simulation neurons = CompiledNetwork(text, Accelerated(2));
    EXPECT_TRUE(ProgramOf(synapses).projections[0].of_source.empty());
    EXPECT_FALSE(ProgramOf(neurons).projections[0].of_source.empty());
    ASSERT_TRUE(synapses.Step(2000).ok());
    ASSERT_TRUE(neurons.Step(2000).ok());
    EXPECT_GT(synapses.SpikeCount(*synapses.Population("exc")), 500u);
    const std::vector<double> weights = *neurons.StateByName("syn.w");
    EXPECT_EQ(weights, *synapses.StateByName("syn.w")) << text;
    // All have changed, and not all alike.
    EXPECT_EQ(std::count(weights.begin(), weights.end(), 0.05), 0);
    const auto [least, most] = std::minmax_element(weights.begin(), weights.end());
    EXPECT_LT(*least, *most);
    ExpectEnginesAgree(text, 600);
  }
}

// Spikes that a host injects arrive, at both ends of their synapses.
TEST(SynapseModels, InjectedSpikesReachTraces) {
  const std::string text =
      absl::StrCat(kRelay, Given("pre", {{2000}}), Given("post", {{60}}), R"toml(
[projections.syn]
source = "pre"
target = "post"
rule = "all_to_all"
weight = "1 nS"
delay = "1 ms"
equations = """
w : siemens
dx/dt = -x/(20 ms) : siemens (event-driven)
dy/dt = -y/(20 ms) : siemens (event-driven)
"""
on_pre = "x += 0.5 nS; w += y"
on_post = "y += 1 nS; w += x"
)toml");
  std::vector<std::string> digests;
  for (const EngineOptions& options : {Reference(), Accelerated(), Accelerated(2)}) {
    Simulation simulation = CompiledNetwork(text, options);
    ASSERT_TRUE(simulation.Step(20).ok());
    // Of 2 ms: that of the target is seen by the other, which arrives in step 30, and this by the
    // spike of step 60.
    ASSERT_TRUE(simulation.InjectSpikes(*simulation.Population("pre"), {0}).ok());
    ASSERT_TRUE(simulation.InjectSpikes(*simulation.Population("post"), {0}).ok());
    ASSERT_TRUE(simulation.Step(100).ok());
    const double expected =
        1 + std::exp(-(30 - 20) * kDt / 20) + 0.5 * std::exp(-(61 - 30) * kDt / 20);
    EXPECT_NEAR((*simulation.StateByName("syn.w"))[0], expected, 1e-12);
    digests.push_back(simulation.Digest().ToString());
  }
  EXPECT_EQ(digests[1], digests[0]);
  EXPECT_EQ(digests[2], digests[0]);
}

// Tsodyks & Markram (1998): the first amplitudes of a regular train.
TEST(SynapseModels, ShortTermPlasticityHasItsAmplitudes) {
  constexpr int kInterval = 200;
  constexpr int kSpikes = 8;
  std::vector<int> steps;
  for (int n = 0; n < kSpikes; ++n) steps.push_back(50 + n * kInterval);
  const std::string text = absl::StrCat(kRelay, Given("pre", {steps}), Given("post", {{1}}),
                                        R"toml(
[projections.syn]
source = "pre"
target = "post"
rule = "all_to_all"
weight = "2 nS"
delay = "0.5 ms"
constants = { tau_f = "600 ms", tau_d = "150 ms", U = 0.2 }
equations = """
du/dt = -u/tau_f : 1 (event-driven)
dx/dt = (1 - x)/tau_d : 1 (event-driven)
"""
initial = { x = 1 }
on_pre = "u += U*(1 - u); s_post += w*u*x; x -= u*x"
)toml");
  Simulation simulation = CompiledNetwork(text, Reference());
  double u = 0;
  double x = 1;
  double before = 0;
  for (int n = 0; n < kSpikes; ++n) {
    ASSERT_TRUE(simulation.Step(n == 0 ? 57 : kInterval).ok());
    if (n > 0) {
      u *= std::exp(-kInterval * kDt / 600);
      x = 1 + (x - 1) * std::exp(-kInterval * kDt / 150);
    }
    u += 0.2 * (1 - u);
    const double sum = (*simulation.StateByName("post.s"))[0];
    // Sums are multiples of 2^-30 nS.
    EXPECT_NEAR(sum - before, 2 * u * x, 2e-9) << "spike " << n;
    before = sum;
    x -= u * x;
  }
  // A step later.
  EXPECT_NEAR((*simulation.StateByName("syn.u"))[0], u * std::exp(-kDt / 600), 1e-12);
  EXPECT_NEAR((*simulation.StateByName("syn.x"))[0], 1 + (x - 1) * std::exp(-kDt / 150), 1e-12);
  EXPECT_EQ(simulation.SpikeCount(*simulation.Population("pre")), size_t{kSpikes});
  ExpectEnginesAgree(text, 800);
}

// A conductance with rise and decay in each synapse, summed for the target.
TEST(SynapseModels, ClockDrivenVariablesMoveInEveryStep) {
  const std::string text = absl::StrCat(kRelay, Given("pre", {{10}, {30}}), Given("post", {{1}}),
                                        R"toml(
[projections.syn]
source = "pre"
target = "post"
rule = "all_to_all"
weight = "4 nS"
delay = "1 ms"
constants = { tau_r = "2 ms", tau_d = "30 ms" }
equations = """
dx/dt = -x/tau_r : 1 (clock-driven)
ds/dt = x/tau_r - s/tau_d : 1 (clock-driven)
g_post = w*s : siemens (summed)
"""
on_pre = "x += 1"
)toml");
  Simulation simulation = CompiledNetwork(text, Reference());
  for (int step = 1; step <= 150; ++step) {
    ASSERT_TRUE(simulation.Step().ok());
    const std::vector<double> s = *simulation.StateByName("syn.s");
    ASSERT_EQ(s.size(), 2u);
    for (size_t synapse = 0; synapse < 2; ++synapse) {
      const int arrival = synapse == 0 ? 21 : 41;
      const double t = (step - arrival) * kDt;
      const double rise = 2;
      const double decay = 30;
      const double expected =
          t <= 0 ? 0 : decay / (rise - decay) * (std::exp(-t / rise) - std::exp(-t / decay));
      EXPECT_NEAR(s[synapse], expected, 1e-12) << "step " << step;
    }
  }
  EXPECT_EQ(simulation.report().spikes, 3u);
  ExpectEnginesAgree(text, 150);
}

// Gap junctions: what reaches a neuron is the sum over its neighbours as they stood before the
// step.
TEST(SynapseModels, SummedVariablesAddUpOverSynapses) {
  const std::string text = R"toml(
[models.cell]
parameters = { E = "-45 mV", tau = "10 ms", C = "200 pF" }
equations = """
V : volt
I : amp (input)
seen : amp
"""
update = "V += dt*((E - V)/tau + I/C); seen = I"
threshold = "V > -50 mV"
reset = "V = -60 mV"
[populations.cells]
model = "cell"
size = 7
initial = { V = "-60 mV + i*2 mV" }
[projections.gap]
source = "cells"
target = "cells"
rule = { type = "all_to_all", self = false }
weight = "0.5 nS"
equations = """
drive = V_pre - V_post : volt
I_post = w*(1 + 0.25*(i % 3))*drive : amp (summed)
"""
)toml";
  Simulation simulation = CompiledNetwork(text, Reference());
  std::vector<double> before = *simulation.StateByName("cells.V");
  for (int step = 0; step < 300; ++step) {
    ASSERT_TRUE(simulation.Step().ok());
    const std::vector<double> seen = *simulation.StateByName("cells.seen");
    for (size_t j = 0; j < before.size(); ++j) {
      double sum = 0;
      for (size_t i = 0; i < before.size(); ++i) {
        if (i == j) continue;
        sum += 0.5 * (1 + 0.25 * static_cast<double>(i % 3)) * (before[i] - before[j]);
      }
      // Each of the terms is rounded to a multiple of 2^-30.
      EXPECT_NEAR(seen[j], sum, 6 * 0x1p-31 + 1e-12) << "step " << step << ", neuron " << j;
    }
    before = *simulation.StateByName("cells.V");
  }
  EXPECT_GT(simulation.report().spikes, 7u);
  ExpectEnginesAgree(text, 300);
}

// What synapses begin with may depend on their neurons, on each other and on draws.
TEST(SynapseModels, VariablesBeginAsTheyAreTold) {
  const std::string text =
      absl::StrCat(kRelay, Given("pre", {{3}, {4}, {5}}), Given("post", {{9}, {10}}), R"toml(
[projections.syn]
source = "pre"
target = "post"
rule = "all_to_all"
weight = "1 nS + i*0.5 nS"
equations = """
w : siemens
top : siemens (constant)
on : boolean
n : integer
"""
initial = { top = "w + j*10 nS", on = "i == j", n = "i + 2*j" }
on_pre = """
s_post += w if on else 0 nS
w = min(w + 20 nS, top)
on = not on
n += 1
"""
)toml");
  Simulation simulation = CompiledNetwork(text, Reference());
  EXPECT_EQ(*simulation.StateByName("syn.w"), (std::vector<double>{1, 1, 1.5, 1.5, 2, 2}));
  EXPECT_EQ(*simulation.StateByName("syn.top"), (std::vector<double>{1, 11, 1.5, 11.5, 2, 12}));
  EXPECT_EQ(*simulation.StateByName("syn.n"), (std::vector<double>{0, 2, 1, 3, 2, 4}));
  EXPECT_EQ(*simulation.StateByName("syn.on"), (std::vector<double>{1, 0, 0, 1, 0, 0}));
  ASSERT_TRUE(simulation.Step(20).ok());
  EXPECT_EQ(*simulation.StateByName("syn.w"), *simulation.StateByName("syn.top"));
  EXPECT_EQ(*simulation.StateByName("syn.n"), (std::vector<double>{1, 3, 2, 4, 3, 5}));
  EXPECT_EQ(*simulation.StateByName("syn.on"), (std::vector<double>{0, 1, 1, 0, 1, 1}));
  EXPECT_EQ(*simulation.StateByName("post.s"), (std::vector<double>{1, 1.5}));
  EXPECT_EQ(simulation.report().spikes, 5u);
  ExpectEnginesAgree(text, 20);
}

TEST(SynapseModels, R10_BoundsOfSynapsesStopARun) {
  const std::string text = absl::StrCat(kRelay, Given("pre", {{3, 30}, {8}}), Given("post", {{9}}),
                                        R"toml(
[projections.syn]
source = "pre"
target = "post"
rule = "all_to_all"
weight = "1 nS"
equations = "w : siemens"
bounds = { w = ["0 nS", "1.5 nS"] }
on_pre = "s_post += w; w += 0.3 nS"
)toml");
  std::vector<std::string> messages;
  for (const EngineOptions& options : {Reference(), Accelerated(2)}) {
    Simulation simulation = CompiledNetwork(text, options);
    ASSERT_TRUE(simulation.Step(31).ok());
    const absl::Status status = simulation.Step(10);
    EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
    messages.emplace_back(status.message());
    EXPECT_EQ(simulation.report().spikes, 4u);
  }
  EXPECT_NE(messages[0].find("syn.w of the synapse of projection syn from neuron 0"),
            std::string::npos)
      << messages[0];
  EXPECT_EQ(messages[1], messages[0]);
}

}  // namespace
}  // namespace bnsyn
