// Which variables become decaying inputs, and what is made of them.
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "gtest/gtest.h"
#include "ir/text.h"
#include "reference/functions.h"
#include "tests/compiler/network_testing.h"

namespace bnsyn {
namespace {

struct Parts {
  std::string network = {};
  std::string tunable = {};
  std::string tau = "5 ms";
  std::string flags = {};
  std::string drive = "g*(0 mV - V)/(100 pF)";
  std::string reset = "V = 0 mV";
  std::string initial = "{ g = \"normal(3 nS, 1 nS)\" }";
  std::string size = "100";
  std::string synapses = R"(rule = "all_to_all"
weight = "2 nS"
on_pre = "g_post += 0.5*w")";
  std::string more = {};
};

std::string Text(const Parts& parts) {
  return absl::Substitute(R"toml([network]
dt = "0.1 ms"
$0
[models.m]
parameters = { tau = "$2" }
$1
equations = """
dV/dt = $4 - V/(10 ms) : volt
dg/dt = -g/tau : siemens $3
"""
threshold = "V > 1 mV"
reset = "$5"
[populations.a]
model = "m"
size = $7
initial = $6
[projections.p]
source = "a"
target = "a"
$8
$9)toml",
                          parts.network, parts.tunable, parts.tau, parts.flags, parts.drive,
                          parts.reset, parts.initial, parts.size, parts.synapses, parts.more);
}

const ir::Input& InputOf(const ir::Program& program) { return program.inputs[0]; }

TEST(DecayInputs, AConductanceIsWhatItsInputHolds) {
  const ir::Program program = MustLower(Text({}));
  ASSERT_EQ(program.inputs.size(), 1u);
  ASSERT_TRUE(InputOf(program).accumulator.decays());
  const ir::Accumulator& sum = InputOf(program).accumulator;
  EXPECT_EQ(sum.decay, reference::Exp(-0.1 / 5));
  EXPECT_EQ(sum.period, 128u);  // 0.98^128 is 0.077, 0.98^256 below 1/16
  EXPECT_EQ(program.states[sum.state].name, "a.g");
  // 100 synapses of 1 nS bring at most 5050 nS, and 13 times as many quanta at the end of a period:
  // these fit 2^50.
  EXPECT_EQ(sum.scale_log2, -34);
  const std::string step = ir::PrintBlock(program, program.step[0]);
  for (const char* gone : {"take", "a.g,", "load a.g :"}) {
    EXPECT_FALSE(absl::StrContains(step, gone)) << step;
  }
  EXPECT_TRUE(absl::StrContains(step, "= held a.g.in : f64[a]")) << step;
  EXPECT_TRUE(absl::StrContains(step, "= scale a.g.in : f64\n")) << step;
  // A rate -g/C is a product with the sum itself: no neuron multiplies by the scale.
  const std::vector<ir::Node>& nodes = program.step[0].nodes;
  for (const ir::Node& node : nodes) {
    for (const ir::NodeId operand : node.inputs()) {
      if (nodes[operand].op != ir::Op::kScale) continue;
      EXPECT_TRUE(node.type().uniform()) << step;
    }
  }
}

// What is left is g exp(-dt/tau), to the precision of a quantum.
TEST(DecayInputs, DecaysLikeTheEquation) {
  Oracle run(MustLower(Text({.initial = "{ g = \"3 nS\" }"})));
  int all = 0;
  for (const int steps : {1, 126, 1, 1, 200}) {
    run.Steps(steps);
    all += steps;
    EXPECT_NEAR(run.Get("a.g"), 3 * std::exp(-0.1 / 5 * all), 0x1p-32) << all;
  }
}

// With math = "strict" the same network keeps its state, and does the same but for rounding.
TEST(DecayInputs, ChangesNoPhysics) {
  const Parts parts = {
      .drive = "g*(90 mV - V)/(100 pF)", .reset = "V = -20 mV", .initial = "{ g = \"3 nS\" }"};
  Parts strict = parts;
  strict.network = "math = \"strict\"";
  const ir::Program kept = MustLower(Text(strict));
  EXPECT_FALSE(InputOf(kept).accumulator.decays());
  Oracle a(MustLower(Text(parts)));
  Oracle b(kept);
  a.Steps(300);
  b.Steps(300);
  EXPECT_GT(a.count(), 100u);
  EXPECT_EQ(a.count(), b.count());
  EXPECT_NEAR(a.Get("a.g"), b.Get("a.g"), 1e-6 * b.Get("a.g"));
  EXPECT_NEAR(a.Get("a.V"), b.Get("a.V"), 1e-6);
}

TEST(DecayInputs, LeavesWhatIsMoreThanThat) {
  const auto decays = [](const Parts& parts) {
    const ir::Program program = MustLower(Text(parts));
    return !program.inputs.empty() && InputOf(program).accumulator.decays();
  };
  EXPECT_TRUE(decays({}));
  EXPECT_TRUE(decays({.reset = "V = 0 mV - g*(1 mV/nS)"}));  // reads it only
  EXPECT_TRUE(decays({.drive = "0 mV/ms"}));                 // nobody reads it
  struct Case {
    const char* why;
    Parts parts;
  };
  for (const Case& c : {
           Case{"strict", {.network = "math = \"strict\""}},
           Case{"tunable", {.tunable = "tunable = [\"tau\"]"}},
           Case{"the reset changes it", {.reset = "V = 0 mV; g = 0 nS"}},
           Case{"bounds", {.tunable = "bounds = { g = [\"0 nS\", \"1 uS\"] }"}},
           Case{"kept while refractory",
                {.tunable = "refractory = \"1 ms\"", .flags = "(unless refractory)"}},
           Case{"each step rounds it", {.flags = "(float32)"}},
           Case{"too slow", {.tau = "200 ms"}},
           Case{"too fast", {.tau = "0.03 ms"}},
           Case{"too many synapses", {.size = "129"}},
           Case{"unbounded at first", {.initial = "{ g = \"1 nS/(normal(0, 1))\" }"}},
           Case{"much larger at first than what arrives", {.initial = "{ g = \"1e9 nS\" }"}},
           Case{"weights of their own",
                {.synapses = "rule = \"all_to_all\"\nweight = \"uniform(1 nS, 2 nS)\"\n"
                             "on_pre = \"g_post += w\""}},
           Case{"code that computes",
                {.synapses = "rule = \"all_to_all\"\nweight = \"2 nS\"\n"
                             "on_pre = \"g_post += w*i\""}},
           Case{"another reads it",
                {.more = "[projections.q]\nsource = \"a\"\ntarget = \"a\"\nrule = \"all_to_all\"\n"
                         "weight = \"1 mV\"\non_pre = \"V_post += w*g_pre/(1 nS)\"\n"}},
           Case{"contributions of different size",
                {.more = "[projections.q]\nsource = \"a\"\ntarget = \"a\"\nrule = \"all_to_all\"\n"
                         "weight = \"1e-9 nS\"\non_pre = \"g_post += w\"\n"}},
       }) {
    EXPECT_FALSE(decays(c.parts)) << c.why;
  }
}

// An explicit method reads what was there before the decay: that is what is left, over the factor.
TEST(DecayInputs, WhatArrivedIsReadToo) {
  const ir::Program program = MustLower(R"toml([network]
dt = "0.1 ms"
[models.m]
equations = """
dV/dt = (g - V)/(20 ms) : volt
dg/dt = -g/(5 ms) : volt
"""
threshold = "V > 1 V"
[populations.a]
model = "m"
size = 3
initial = { V = "1 mV", g = "7 mV" }
[projections.p]
source = "a"
target = "a"
rule = "all_to_all"
weight = "1 mV"
on_pre = "g_post += w"
)toml");
  ASSERT_TRUE(InputOf(program).accumulator.decays());
  Oracle run(program);
  run.Steps(10);
  const double a = 1 / 20.0, b = 1 / 5.0;
  const double exact = 1 * std::exp(-a) + 7 * a * (std::exp(-a) - std::exp(-b)) / (b - a);
  EXPECT_NEAR(run.Get("a.V"), exact, 1e-8);
}

}  // namespace
}  // namespace bnsyn
