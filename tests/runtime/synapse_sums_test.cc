// R7: counts and sums over synapses at the network level are those of their values, on every
// engine.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "networks.h"

namespace bnsyn {
namespace {

// Plastic synapses of random neurons, whose weights move both ways, and others that are not
// plastic. Code of the network reads them in each step, and by clocks at both ends of a step.
constexpr char kPlastic[] = R"toml(
[network]
dt = "0.1 ms"
duration = "300 ms"
seed = 7
[constants]
w0 = "0.1 mV"
[models.lif]
equations = "dV/dt = (-49.5 mV - V)/(20 ms) : volt (unless refractory)"
threshold = "V >= -50 mV"
reset = "V = -60 mV"
refractory = "2 ms"
initial = { V = "uniform(-60 mV, -50 mV)" }
[populations]
exc = { model = "lif", size = 130 }
[projections.ee]
source = "exc"
target = "exc"
rule = { type = "bernoulli", p = 0.1, self = false }
weight = "0.1 mV"
delay = "1.5 ms"
equations = """
w : volt
tag : boolean
dx/dt = -x/(20 ms) : volt (event-driven)
"""
on_pre = "V_post += w; x += 0.01 mV; w = clip(w - 0.001 mV, 0 mV, 1 mV)"
on_post = "w = clip(w + x, 0 mV, 1 mV)"
clocks.mark = { every = "10 ms", code = "tag = abs(w - w0) > 0.005 mV" }
[projections.fixed]
source = "exc"
target = "exc"
rule = { type = "fixed_in_degree", n = 3 }
weight = "uniform(0.01 mV, 0.02 mV)"
on_pre = "V_post += w"
[uniform]
equations = """
n : integer
squares : volt**2
average : volt
traces : volt
fixed_sum : volt
lively : integer
spread : volt**2
tags : integer
tags_before : integer
"""
update = """
n = count(ee)
squares = sum(ee.w**2)
average = mean(ee.w)
traces = sum(ee.x)
fixed_sum = sum(fixed.w)
lively = count(exc.V > -52 mV)
spread = mean((exc.V + 60 mV)**2)
"""
clocks.after = { every = "10 ms", when = "end", code = "tags = count(ee.tag)" }
clocks.before = { every = "10 ms", code = "tags_before = count(ee.tag)" }
)toml";

double SumOf(const std::vector<double>& values, double power) {
  double sum = 0;
  for (const double value : values) sum += std::pow(value, power);
  return sum;
}

double Uniform(const Simulation& simulation, const std::string& name) {
  const absl::StatusOr<double> value = simulation.Uniform(name);
  EXPECT_TRUE(value.ok()) << value.status().message();
  return value.value_or(NAN);
}

TEST(SynapseSums, R7_AreThoseOfTheValuesThatHostsRead) {
  Simulation simulation = CompiledNetwork(kPlastic, Reference());
  const std::vector<double> begun = *simulation.StateByName("ee.w");
  double tags_before = 0;
  for (int sample = 0; sample < 12; ++sample) {
    // To the end of a step in which the clocks are due.
    ASSERT_TRUE(simulation.Step(sample == 0 ? 1 : 100).ok());
    const std::vector<double> weights = *simulation.StateByName("ee.w");
    const std::vector<double> tags = *simulation.StateByName("ee.tag");
    EXPECT_EQ(Uniform(simulation, "n"), static_cast<double>(weights.size()));
    EXPECT_NEAR(Uniform(simulation, "squares"), SumOf(weights, 2), 1e-9 * SumOf(weights, 2));
    EXPECT_NEAR(Uniform(simulation, "average"),
                SumOf(weights, 1) / static_cast<double>(weights.size()), 1e-10);
    EXPECT_EQ(Uniform(simulation, "tags"), SumOf(tags, 1));
    EXPECT_EQ(Uniform(simulation, "tags_before"), tags_before);
    tags_before = SumOf(tags, 1);
    // Hosts see the traces of the time between two steps, as code at the end of a step does.
    const std::vector<double> traces = *simulation.StateByName("ee.x");
    EXPECT_NEAR(Uniform(simulation, "traces"), SumOf(traces, 1), 1e-9 * SumOf(traces, 1));
    const std::vector<double> fixed = simulation.Synapses("fixed")->weights;
    EXPECT_NEAR(Uniform(simulation, "fixed_sum"), SumOf(fixed, 1), 1e-9);
    const std::vector<double> voltages = *simulation.StateByName("exc.V");
    EXPECT_EQ(Uniform(simulation, "lively"),
              static_cast<double>(std::count_if(voltages.begin(), voltages.end(),
                                                [](double v) { return v > -52; })));
  }
  EXPECT_GT(tags_before, 0) << "no weight has moved";
  EXPECT_GT(simulation.report().spikes, 100u);
  EXPECT_NE(*simulation.StateByName("ee.w"), begun);
  EXPECT_TRUE(simulation.report().coarse.empty());
}

TEST(SynapseSums, R7_AreTheSameBitsOnEveryEngine) {
  Simulation reference = CompiledNetwork(kPlastic, Reference());
  ASSERT_TRUE(reference.Step(777).ok());
  EXPECT_GT(reference.report().spikes, 100u);
  for (const int threads : {1, 2, 3, 4}) {
    for (const int width : {1, 8}) {
      Simulation accelerated = CompiledNetwork(kPlastic, Accelerated(threads, width));
      for (const uint64_t steps : {1u, 99u, 677u}) ASSERT_TRUE(accelerated.Step(steps).ok());
      EXPECT_EQ(accelerated.Digest(), reference.Digest()) << threads << " threads, width " << width;
      EXPECT_EQ(Uniform(accelerated, "squares"), Uniform(reference, "squares"));
    }
  }
  EngineOptions plain = Accelerated(2);
  plain.compile.disabled_passes = {"fuse", "simplify"};
  Simulation unfused = CompiledNetwork(kPlastic, plain);
  ASSERT_TRUE(unfused.Step(777).ok());
  EXPECT_EQ(unfused.Digest(), reference.Digest());
}

TEST(SynapseSums, R7_SurviveTheTextOfTheProgram) {
  const Simulation simulation = CompiledNetwork(kPlastic, Reference());
  const std::string text = ir::Print(ProgramOf(simulation));
  EXPECT_TRUE(absl::StrContains(text, "run_sums ee.sum.1\n"));
  EXPECT_TRUE(absl::StrContains(text, "every=100 offset=0 sums=ee.sum.1"));
  Simulation parsed = Compiled(text, Accelerated(2));
  Simulation reference = CompiledNetwork(kPlastic, Reference());
  ASSERT_TRUE(parsed.Step(250).ok());
  ASSERT_TRUE(reference.Step(250).ok());
  EXPECT_EQ(parsed.Digest(), reference.Digest());
}

// What code of the network does not read costs nothing.
TEST(SynapseSums, ChangeNothingElse) {
  const std::string text = kPlastic;
  const std::string without = text.substr(0, text.find("[uniform]"));
  Simulation with = CompiledNetwork(text, Accelerated(2));
  Simulation plain = CompiledNetwork(without, Accelerated(2));
  ASSERT_TRUE(with.Step(1000).ok());
  ASSERT_TRUE(plain.Step(1000).ok());
  EXPECT_EQ(*with.StateByName("ee.w"), *plain.StateByName("ee.w"));
  EXPECT_EQ(*with.StateByName("exc.V"), *plain.StateByName("exc.V"));
}

TEST(SynapseSums, R7_StopTheRunWhereAValueIsNoNumber) {
  const std::string text =
      Replaced(kPlastic, "squares = sum(ee.w**2)", "squares = sum(ee.w**2*log(ee.w/w0 - 0.99))");
  std::string message;
  for (const EngineOptions& options : {Reference(), Accelerated(), Accelerated(3)}) {
    Simulation simulation = CompiledNetwork(text, options);
    const absl::Status status = simulation.Step(3000);
    ASSERT_FALSE(status.ok());
    if (message.empty()) message = std::string(status.message());
    EXPECT_EQ(status.message(), message);
    EXPECT_TRUE(absl::StrContains(message, "input ee.sum.")) << message;
    EXPECT_TRUE(absl::StrContains(message, "not a finite number, since")) << message;
  }
}

TEST(SynapseSums, FollowTheScheduleOfBrian2) {
  const std::string text = Replaced(kPlastic, "[constants]", "schedule = \"brian2\"\n[constants]");
  Simulation reference = CompiledNetwork(text, Reference());
  ASSERT_TRUE(reference.Step(501).ok());
  EXPECT_GT(reference.report().spikes, 100u);
  const std::vector<double> weights = *reference.StateByName("ee.w");
  EXPECT_NEAR(Uniform(reference, "squares"), SumOf(weights, 2), 1e-9 * SumOf(weights, 2));
  Simulation accelerated = CompiledNetwork(text, Accelerated(3));
  ASSERT_TRUE(accelerated.Step(501).ok());
  EXPECT_EQ(accelerated.Digest(), reference.Digest());
}

}  // namespace
}  // namespace bnsyn
