#include "compiler/analysis/roles.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "compiler/lowering/lower.h"
#include "ir/text.h"
#include "reference/interpreter.h"
#include "tests/compiler/integrate_testing.h"

namespace bnsyn {
namespace {

constexpr char kNetwork[] = R"toml(
[network]
dt = "0.1 ms"
seed = 7
[models.cell]
equations = """
dV/dt = (-V + g*(1 mV) + 10*I)/(10 ms) : volt
dg/dt = -g/(5 ms) : 1
dI/dt = (g*(1 mV) - I)/(2 ms) : volt
dtrace/dt = -trace/(20 ms) : 1
dn/dt = -n/(3 ms) + 0.1*xi/sqrt(1 ms) : 1
"""
threshold = "V > 5 mV"
reset = "V = 0 mV"
[populations.p]
model = "cell"
size = 10
initial = { V = "uniform(4 mV, 6 mV)", g = 3, trace = 2 }
[projections.pp]
source = "p"
target = "p"
rule = "all_to_all"
weight = 0.5
on_pre = "g_post += w"
)toml";

std::vector<std::string> NamesOf(const ir::Program& program,
                                 const std::vector<ir::StateId>& states) {
  std::vector<std::string> names;
  for (const ir::StateId state : states) names.push_back(program.states[state].name);
  return names;
}

TEST(Roles, InputStatesHoldWhatArrives) {
  const ir::Program program = LowerClean(kNetwork);
  EXPECT_EQ(NamesOf(program, compiler::InputStates(program)), std::vector<std::string>{"p.g"});
}

TEST(Roles, AutonomousStatesDependOnThemselves) {
  const ir::Program program = LowerClean(kNetwork);
  const std::vector<std::string> names = NamesOf(program, compiler::AutonomousStates(program));
  EXPECT_NE(std::find(names.begin(), names.end(), "p.trace"), names.end());
  EXPECT_NE(std::find(names.begin(), names.end(), "p.n"), names.end());
  for (const char* name : {"p.V", "p.I"}) {
    EXPECT_EQ(std::find(names.begin(), names.end(), name), names.end()) << name;
  }
}

TEST(Roles, QuietProgramsHaveNoNoiseAndNoSpikes) {
  const ir::Program program = LowerClean(kNetwork);
  Oracle loud(program);
  loud.Steps(100);
  EXPECT_GT(loud.count(), 0u);
  EXPECT_NE(loud.Get("p.n"), 0);

  const auto quiet = compiler::Quiet(program);
  ASSERT_TRUE(quiet.ok()) << quiet.status();
  Oracle run(*quiet);
  run.Steps(100);
  EXPECT_EQ(run.count(), 0u);
  EXPECT_EQ(run.Get("p.n"), 0);
  // Thresholds still reset, and it is told of whom: no neuron is beyond them.
  EXPECT_LE(run.Get("p.V"), 5);
  EXPECT_EQ(run.Get(compiler::Crossed(quiet->populations[0]).c_str()), 1);
  EXPECT_NE(run.Get("p.g"), 0);
}

TEST(Roles, QuietDrawsHaveTheirMeans) {
  const std::string step = R"(
program draws dt=0.1 seed=3
population p size=4
state p.u : f64[p] = 0
state p.e : f64[p] = 0
state p.c : f64[p] = 0
step {
  %0 = uniform stream=1 draw=0 : f64[p]
  store p.u, %0
  %1 = exponential stream=2 draw=0 : f64[p]
  store p.e, %1
  %2 = poisson 5 stream=3 draw=0 : f64[p]
  store p.c, %2
}
)";
  const auto program = ir::Parse(step.substr(1), "draws.ir");
  ASSERT_TRUE(program.ok()) << program.status();
  const auto quiet = compiler::Quiet(*program);
  ASSERT_TRUE(quiet.ok()) << quiet.status();
  Oracle run(*quiet);
  run.Steps(1);
  EXPECT_EQ(run.Get("p.u"), 0.5);
  EXPECT_EQ(run.Get("p.e"), 1);
  EXPECT_EQ(run.Get("p.c"), 0);
}

}  // namespace
}  // namespace bnsyn
