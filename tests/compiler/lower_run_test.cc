// Lowered networks do what they say, in the order they say: run on the oracle.
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bnsyn/network.h"
#include "compiler/lowering/lower.h"
#include "gtest/gtest.h"
#include "ir/text.h"
#include "reference/functions.h"
#include "reference/interpreter.h"
#include "tests/compiler/network_testing.h"

namespace bnsyn {
namespace {

// R5: events first, then stimuli, update, threshold, reset.
TEST(R5, EulerSeesTheMeansOfDecaysWithTheOldRest) {
  Oracle run(MustLower(One(R"toml(equations = """
dV/dt = (g*(1 ms) - V)/(1 ms) : 1
du/dt = V/(1 ms) : 1
dg/dt = -g/(5 ms) : hertz
"""
method = { V = "euler", u = "euler" })toml",
                           "initial = { V = 3, u = 5, g = \"2 kHz\" }")));
  run.Steps(1);
  const double g = 2 * reference::Exp(-0.1 / 5);
  EXPECT_EQ(run.Get("p.g"), g);
  // The mean of g over the step, the old V.
  EXPECT_EQ(run.Get("p.V"), std::fma(0.1, std::fma(reference::Exprel(0.1 / 5), g, -3.0), 3.0));
  EXPECT_EQ(run.Get("p.u"), std::fma(0.1, 3.0, 5.0));
}

TEST(R5, EventsArriveBeforeTheUpdateAndDecayInTheSameStep) {
  const ir::Program program = MustLower(R"toml(
[models.m]
equations = """
c : 1
dg/dt = -g/(5 ms) : 1
"""
threshold = "c == 1"
[models.source]
equations = "c : 1"
update = "c += 1"
threshold = "c == 1"
[populations.s]
model = "source"
size = 1
[populations.p]
model = "m"
size = 1
[projections.sp]
source = "s"
target = "p"
rule = "all_to_all"
weight = 0.5
delay = "0.3 ms"
on_pre = "g_post += w"
)toml");
  Oracle run(program);
  run.Steps(4);  // the spike of 0.1 ms, found in step 0, arrives at 0.4 ms, in step 4
  EXPECT_EQ(run.Get("p.g"), 0);
  run.Steps(1);
  // To the quantum of what a conductance's input holds.
  constexpr double kQuantum = 0x1p-39;
  EXPECT_EQ(program.inputs[0].accumulator.scale_log2, -39);
  EXPECT_NEAR(run.Get("p.g"), 0.5 * reference::Exp(-0.1 / 5), kQuantum);
  run.Steps(99);
  EXPECT_NEAR(run.Get("p.g"), 0.5 * std::exp(-100 * 0.1 / 5), kQuantum);
}

TEST(Lower, LinearEquationsAreSolvedExactly) {
  Oracle run(MustLower(One(R"toml(parameters = { tau = "7 ms", E = "-70 mV" }
equations = "dv/dt = (E - v)/tau : volt")toml",
                           "initial = { v = \"-50 mV\" }")));
  run.Steps(100);
  EXPECT_NEAR(run.Get("p.v"), -70 + 20 * std::exp(-10.0 / 7), 1e-12);
}

TEST(Lower, MethodEulerIsEulerEverywhere) {
  Oracle run(MustLower(One(R"toml(equations = "dv/dt = -v/(5 ms) : 1"
method = "euler")toml",
                           "initial = { v = 1 }")));
  run.Steps(1);
  EXPECT_EQ(run.Get("p.v"), std::fma(0.1, -1 * (1 / 5.0), 1.0));
}

// A neuron that spikes at step k with r refractory steps is held from step k + 1 to step k + r.
TEST(Lower, R5_RefractoryTimeIsCountedInSteps) {
  Oracle run(MustLower(One(R"toml(equations = """
v : 1 (unless refractory)
held : 1
"""
update = """
v += 1
held += int(not_refractory)
"""
threshold = "v >= 1"
reset = "v = 0"
refractory = "0.5 ms")toml")));
  run.Steps(12);
  EXPECT_EQ(run.first(), (std::vector<int>{0, 6}));
  // Active at 0 and 6, and held from 1 to 5 and from 7 to 11.
  EXPECT_EQ(run.Get("p.held"), 2);
  EXPECT_EQ(run.Get("p.v"), 0);
}

// What arrives at a held variable in the r steps after a spike is lost, from synapses and stimuli;
// other variables take it.
TEST(Lower, R5_HeldVariablesLoseEventsWhileRefractory) {
  const std::string model = R"toml(
[models.cell]
equations = """
v : 1 (unless refractory)
arrived : 1
"""
threshold = "v >= 1"
reset = "v = 0"
refractory = "0.3 ms"
[populations.p]
model = "cell"
size = 1
)toml";
  Oracle stimulated(MustLower(model + R"toml(
[stimuli.s]
type = "bernoulli"
target = "p"
rate = "10 kHz"
on_event = "v += w; arrived += w"
)toml"));
  stimulated.Steps(10);
  EXPECT_EQ(stimulated.first(), (std::vector<int>{0, 4, 8}));
  EXPECT_EQ(stimulated.Get("p.arrived"), 10);

  Oracle connected(MustLower(model + R"toml(
[models.clock]
equations = "x : 1"
threshold = "x >= 0"
[populations.q]
model = "clock"
size = 1
[projections.qp]
source = "q"
target = "p"
rule = "one_to_one"
weight = 1
on_pre = "v_post += w; arrived_post += w"
)toml"));
  connected.Steps(11);
  EXPECT_EQ(connected.first(), (std::vector<int>{1, 5, 9}));
  EXPECT_EQ(connected.Get("p.arrived"), 10);
}

TEST(Lower, R5_RefractoryOfOneStepHoldsForOne) {
  Oracle run(MustLower(One(R"toml(equations = "v : 1"
threshold = "v >= 0"
refractory = "0.1 ms")toml")));
  run.Steps(4);
  EXPECT_EQ(run.first(), (std::vector<int>{0, 2}));
}

TEST(Lower, ResetSeesWhatItWroteBefore) {
  Oracle run(MustLower(One(R"toml(equations = """
v : 1
u : 1
"""
update = "v += 2"
threshold = "v > 3"
reset = """
d = v + 1
v = 0.5
u += v*d
""")toml")));
  run.Steps(2);
  EXPECT_EQ(run.Get("p.v"), 0.5);
  EXPECT_EQ(run.Get("p.u"), 0.5 * 5);
}

// R9: what decays becomes zero before it becomes denormal.
TEST(R9, DecaysReachZero) {
  for (const double first : {1, -1}) {
    Oracle run(MustLower(One("equations = \"dg/dt = -g/(0.1 ms) : 1\"",
                             absl::StrCat("initial = { g = ", first, " }"))));
    double expected = first;
    for (int k = 0; k < 700; ++k) {
      run.Steps(1);
      const double g = run.Get("p.g");
      ASSERT_TRUE(g == 0 || std::abs(g) >= 1e-290) << g << " after " << k << " steps";
      expected *= std::exp(-1);
      if (std::abs(expected) > 1e-250) {
        ASSERT_NEAR(g / expected, 1, 1e-12) << k;
      }
    }
    EXPECT_EQ(run.Get("p.g"), 0);
    EXPECT_FALSE(std::signbit(run.Get("p.g")));
  }
}

// R9: what decays is flushed before anything reads it; what a constant drives is not flushed.
TEST(R9, OnlyWhatMayStayNearZeroIsFlushed) {
  const auto flushes = [](const std::string& equation) {
    const ir::Program program =
        MustLower(One(absl::StrCat("equations = \"\"\"\n", equation, "\nE : 1\n\"\"\"")));
    const std::string text = ir::PrintBlock(program, program.step[0]);
    return absl::StrContains(text, "1e-290") || absl::StrContains(text, "e-274");
  };
  EXPECT_TRUE(flushes("dv/dt = -v/ms : 1"));
  EXPECT_TRUE(flushes("dv/dt = (E - v)/ms : 1"));
  EXPECT_TRUE(flushes("dv/dt = (exp(v) - v)/ms : 1"));
  EXPECT_TRUE(flushes("dv/dt = (2 - v)*v/ms : 1"));
  EXPECT_TRUE(flushes("dv/dt = (1 - v - 1)/ms : 1"));
  EXPECT_FALSE(flushes("dv/dt = (3 - v)/ms : 1"));
  EXPECT_FALSE(flushes("dv/dt = (exp(v) + 2*(3 - v))/ms : 1"));
  EXPECT_FALSE(flushes("dv/dt = (2 - v)*(v + 1)/ms : 1"));

  Oracle run(
      MustLower(One("equations = \"\"\"\ndg/dt = -g/(0.1 ms) : 1\n"
                    "dv/dt = (3 + 1e290*g - v*v/3)/(1 s) : 1\n\"\"\"",
                    "initial = { g = 2e-290, v = 3 }")));
  run.Steps(1);
  EXPECT_EQ(run.Get("p.g"), 0);
  EXPECT_EQ(run.Get("p.v"), 3);
}

TEST(R10, BoundsAreChecked) {
  const ir::Program program = MustLower(One(R"toml(equations = "v : volt"
update = "v += 1 mV"
bounds = { v = ["-5 mV", "2.5 mV"] })toml"));
  auto run = reference::Interpreter::Create(program, reference::Propagation::kCsr);
  ASSERT_TRUE(run.ok());
  EXPECT_TRUE((*run)->Step().ok());
  EXPECT_TRUE((*run)->Step().ok());
  EXPECT_EQ((*run)->Step().code(), absl::StatusCode::kOutOfRange);
}

// A state may be a boolean, with all that goes with it.
TEST(Lower, BooleanVariables) {
  Oracle run(MustLower(One(R"toml(equations = """
on : boolean
n : 1
"""
update = """
n += 1 if on else 10
on = not on
""")toml",
                           "initial = { on = true }")));
  run.Steps(3);
  EXPECT_EQ(run.Get("p.n"), 12);
}

TEST(Lower, InitialValuesMayDependOnTheNeuronAndOnEarlierOnes) {
  const ir::Program program = MustLower(R"toml(
[constants]
A = 3
[models.m]
equations = """
v : volt
u : volt
k : volt
"""
[populations.p]
model = "m"
size = 4
initial = { v = "i/N*(8 mV)", u = "2*v", k = "A*mV" }
)toml");
  Oracle run(program);
  EXPECT_EQ(run.Get("p.v", 3), 6);
  EXPECT_EQ(run.Get("p.u", 3), 12);
  // Made of constants alone, it stands in the declaration.
  EXPECT_EQ(ir::F64OfBits(program.states[*program.FindState("p.k")].initial), 3);
}

double RateOf(const char* file, const char* seed) {
  absl::StatusOr<Network> network =
      ReadNetwork(absl::StrCat(BNSYN_SOURCE_DIR, "/examples/networks/", file));
  EXPECT_TRUE(network.ok()) << network.status().message();
  EXPECT_TRUE(network->Set("seed", seed).ok());
  const absl::StatusOr<ir::Program> program = LowerNetwork(*network);
  EXPECT_TRUE(program.ok()) << program.status().message();
  if (!program.ok()) return 0;
  Oracle run(*program);
  run.Steps(3000);
  const double gain = run.Get("gain");
  EXPECT_GT(gain, 0.2);
  EXPECT_LT(gain, 5);
  const double rate = static_cast<double>(run.count()) / 200 / 0.3;
  std::printf("%s, seed %s: %.2f Hz\n", file, seed, rate);
  return rate;
}

// The active regime of PHYSICS: 10 to 14 Hz at N = 200, a little more while it settles.
TEST(Networks, BnsynIsActive) {
  for (const char* seed : {"42", "1"}) {
    const double rate = RateOf("bnsyn.toml", seed);
    EXPECT_GT(rate, 5);
    EXPECT_LT(rate, 15);
  }
}

TEST(Networks, CorrectedBnsynIsActive) {
  const double rate = RateOf("bnsyn-corrected.toml", "42");
  EXPECT_GT(rate, 5);
  EXPECT_LT(rate, 15);
}

}  // namespace
}  // namespace bnsyn
