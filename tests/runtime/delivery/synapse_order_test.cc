// The numbers of synapses, which rows say, and what a synapse takes.
#include "runtime/delivery/synapse_order.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "compiler/lowering/lower.h"
#include "runtime/accelerated_program.h"
#include "runtime/delivery/group_history.h"
#include "runtime/delivery/layout.h"
#include "tests/runtime/networks.h"

namespace bnsyn {
namespace {

// Pairs have several synapses, of several delays, which learn.
constexpr char kMany[] = R"toml(
[network]
dt = "0.1 ms"
seed = 3
[models.cell]
equations = "dV/dt = (1.3 - V)/(10 ms) + 0.3*xi*(10 ms)**-0.5 : 1 (unless refractory, float32)"
threshold = "V > 1"
reset = "V = 0"
refractory = "2 ms"
[populations.a]
model = "cell"
size = 130
initial = { V = "uniform(0, 1)" }
[projections.many]
source = "a"
target = "a"
rule = { type = "fixed_in_degree", n = 40, multiple = true }
weight = "uniform(0, 0.02)"
delay = "uniform(0.1 ms, 3 ms)"
equations = """
w : 1 (float32)
n : integer
k : 1 (constant)
dx/dt = -x/(20 ms) : 1 (event-driven, per synapse, float32)
"""
initial = { k = "uniform(0, 1)" }
on_pre = "V_post += w; x += 0.01*k; w = clip(w - 0.1*x, 0, 0.05); n += 1"
on_post = "w = clip(w + x*0.09, 0, 0.05)"
)toml";

TEST(SynapseOrder, R8_R11_NumbersFollowFromTheRowsOfAllThreads) {
  const auto run = [](const EngineOptions& options, std::vector<double>& constants) {
    Simulation simulation = CompiledNetwork(kMany, options);
    constants = *simulation.StateByName("many.k");
    const std::vector<double> begin = *simulation.StateByName("many.w");
    EXPECT_TRUE(simulation.Step(500).ok());
    EXPECT_GT(simulation.SpikeCount(*simulation.Population("a")), 300u);
    std::vector<double> weights = *simulation.StateByName("many.w");
    EXPECT_NE(weights, begin);
    // One by one, and all at once.
    for (size_t i = 0; i < weights.size(); i += 97) {
      weights[i] = 0.03125;
      EXPECT_TRUE(simulation.SetState("many.w", static_cast<uint32_t>(i), 0.03125).ok());
    }
    EXPECT_EQ(*simulation.StateByName("many.w"), weights);
    std::vector<double> counts = *simulation.StateByName("many.n");
    for (size_t i = 0; i < counts.size(); ++i) counts[i] += static_cast<double>(i);
    EXPECT_TRUE(simulation.SetState("many.n", counts).ok());
    EXPECT_EQ(*simulation.StateByName("many.n"), counts);
    EXPECT_TRUE(simulation.Step(200).ok());
    return simulation.Digest().ToString();
  };
  std::vector<double> expected_constants;
  const std::string expected = run(Reference(), expected_constants);
  for (const int threads : {1, 2, 3}) {
    std::vector<double> constants;
    EXPECT_EQ(run(Accelerated(threads), constants), expected) << threads << " threads";
    EXPECT_EQ(constants, expected_constants);
  }
}

// Additive STDP among 10000 neurons, of which nothing is drawn here.
constexpr char kPairs[] = R"toml(
[network]
dt = "0.1 ms"
[models.cell]
equations = "dV/dt = -V/(20 ms) : volt"
threshold = "V > 20 mV"
reset = "V = 0 mV"
[populations.exc]
model = "cell"
size = 10000
[projections.ee]
source = "exc"
target = "exc"
rule = { type = "bernoulli", p = 0.1 }
weight = "0.1 mV"
equations = """
w : volt
dx/dt = -x/(20 ms) : volt (event-driven)
dy/dt = -y/(20 ms) : volt (event-driven)
"""
on_pre = "V_post += w; x += 1 uV; w = clip(w - y, 0 mV, 0.2 mV)"
on_post = "y += 1 uV; w = clip(w + x, 0 mV, 0.2 mV)"
)toml";

double BytesOfASynapse(const std::string& text) {
  const absl::StatusOr<ir::Program> program = LowerNetwork(ParsedNetwork(text));
  EXPECT_TRUE(program.ok()) << program.status().message();
  const absl::StatusOr<AcceleratedProgram> prepared = PrepareAccelerated(*program, Accelerated());
  EXPECT_TRUE(prepared.ok()) << prepared.status().message();
  const SynapseGroup& group = prepared->layout.groups[0];
  EXPECT_EQ(group.form, SynapseForm::kCode);
  const double shared =
      IndexBytes(prepared->program, group, prepared->partition) +
      HistoryBytes(prepared->program, group.projections[0], group, prepared->partition);
  return SynapseBytes(prepared->program, group) + shared / group.expected;
}

TEST(Layout, APlasticSynapseTakesFewBytes) {
  EXPECT_LE(BytesOfASynapse(kPairs), 12.5);
  EXPECT_LE(BytesOfASynapse(Replaced(kPairs, "w : volt\n", "w : volt (float32)\n")), 8.5);
}

}  // namespace
}  // namespace bnsyn
