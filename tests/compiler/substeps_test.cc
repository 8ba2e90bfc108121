// Substeps are passes of a loop: as many nodes and instructions for a thousand as for ten, and the
// bits of code in which all of them are written out.
#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "compiler/emission/jit.h"
#include "compiler/passes/passes.h"
#include "gtest/gtest.h"
#include "ir/text.h"
#include "tests/compiler/integrate_testing.h"

namespace bnsyn {
namespace {

// Two compartments with the channels of Hodgkin and Huxley.
std::string TwoCompartments(double dt, int substeps, int size = 1) {
  const auto compartment = [](int own, int other, const char* current) {
    const std::string v = absl::StrCat("V", own);
    const std::string m = absl::StrCat("m", own);
    const std::string h = absl::StrCat("h", own);
    const std::string n = absl::StrCat("n", own);
    return absl::StrCat(
        "d", v, "/dt = (120*", m, "**3*", h, "*(50 - ", v, ") + 36*", n, "**4*(-77 - ", v,
        ") + 0.3*(-54.4 - ", v, ") + 0.5*(V", other, " - ", v, ")", current, ")/ms : 1\n",     //
        "d", m, "/dt = ((1 - ", m, ")/exprel(-(", v, " + 40)/10) - 4*", m, "*exp(-(", v,       //
        " + 65)/18))/ms : 1\n",                                                                //
        "d", h, "/dt = (0.07*(1 - ", h, ")*exp(-(", v, " + 65)/20) - ", h, "/(1 + exp(-(", v,  //
        " + 35)/10)))/ms : 1\n",                                                               //
        "d", n, "/dt = (0.1*(1 - ", n, ")/exprel(-(", v, " + 55)/10) - 0.125*", n, "*exp(-(", v,
        " + 65)/80))/ms : 1\n");
  };
  const std::string model =
      absl::StrCat("equations = \"\"\"\n", compartment(1, 2, " + 10"), compartment(2, 1, ""),
                   "\"\"\"\n", "method = \"rk4\"\nsubsteps = ", substeps,
                   "\nthreshold = \"V1 > 0\"\n", "refractory = \"V1 > 0\"");
  return Population(dt, model,
                    "V1 = -65, V2 = -65, m1 = 0.05, m2 = 0.05, h1 = 0.6, h2 = 0.6, n1 = 0.32, "
                    "n2 = 0.32",
                    size);
}

size_t NodesOf(const ir::Program& program) {
  size_t nodes = 0;
  for (const auto* blocks : {&program.loops, &program.step}) {
    for (const ir::Block& block : *blocks) nodes += block.nodes.size();
  }
  return nodes;
}

ir::Program Placed(const ir::Program& program) {
  const absl::StatusOr<ir::Program> placed = compiler::RunPasses(program, {}, nullptr);
  EXPECT_TRUE(placed.ok()) << placed.status();
  return placed.ok() ? *placed : ir::Program();
}

size_t LinesOf(const ir::Program& placed, const std::string& stage) {
  const absl::StatusOr<std::string> text = compiler::DumpCode(placed, {}, stage);
  EXPECT_TRUE(text.ok()) << text.status();
  return text.ok() ? static_cast<size_t>(std::count(text->begin(), text->end(), '\n')) : 0;
}

TEST(Substeps, TakeAsManyNodesAndInstructionsWhateverTheirNumber) {
  const ir::Program few = MustLower(TwoCompartments(0.1, 10));
  const ir::Program placed = Placed(few);
  ASSERT_EQ(few.loops.size(), 1u);
  EXPECT_EQ(few.loops[0].times, 10u);
  const size_t instructions = LinesOf(placed, "llvm");
  for (const int substeps : {100, 1000, 10000}) {
    const ir::Program many = MustLower(TwoCompartments(0.1, substeps));
    EXPECT_EQ(NodesOf(many), NodesOf(few)) << substeps;
    const ir::Program placed_many = Placed(many);
    EXPECT_EQ(NodesOf(placed_many), NodesOf(placed)) << substeps;
    EXPECT_EQ(LinesOf(placed_many, "llvm"), instructions) << substeps;
  }
}

TEST(Substeps, MoveTwoCompartmentsAsSmallerStepsDo) {
  Oracle substeps(MustLower(TwoCompartments(0.5, 50)));
  Oracle steps(MustLower(TwoCompartments(0.01, 1)));
  substeps.Steps(60);
  steps.Steps(60 * 50);
  EXPECT_GE(substeps.count(), 2u) << "the neuron should spike";
  for (const char* const state : {"p.V1", "p.V2", "p.m1", "p.h1", "p.n1", "p.m2", "p.h2", "p.n2"}) {
    EXPECT_EQ(substeps.Get(state), steps.Get(state)) << state;
  }
}

// A model that every method takes, of one equation that is linear and one that decays.
TEST(Substeps, OfEveryMethodAreSmallerSteps) {
  for (const char* const method :
       {"exact", "exponential_euler", "euler", "heun", "rk2", "rk4", "automatic"}) {
    const std::string model = absl::StrCat(
        "equations = \"\"\"\ndx/dt = (y - x)/(3 ms) : 1\ndy/dt = -y/(5 ms) : 1\n\"\"\"\n",
        std::string(method) == "automatic" ? "" : absl::StrCat("method = \"", method, "\"\n"));
    Oracle many(MustLower(Population(1, model + "substeps = 8", "x = 1, y = 3")));
    Oracle fine(MustLower(Population(0.125, model, "x = 1, y = 3")));
    many.Steps(5);
    fine.Steps(40);
    EXPECT_EQ(many.Get("p.x"), fine.Get("p.x")) << method;
    EXPECT_EQ(many.Get("p.y"), fine.Get("p.y")) << method;
  }
}

// The loop reads what stays the same in all passes: what arrived, what is held while the neuron is
// refractory, a number of each neuron, and a number drawn for the step.
TEST(Substeps, ReadWhatStaysTheSameInAllPasses) {
  const std::string text = R"toml([network]
dt = "1 ms"
seed = 4
[models.m]
equations = """
dx/dt = (a + I + noise - x)/(3 ms) : 1 (unless refractory)
a : 1 (constant)
noise = 0.1*rand() : 1
I : 1 (input)
"""
method = "euler"
substeps = 4
threshold = "x > 1"
reset = "x = 0"
refractory = "3 ms"
[populations.p]
model = "m"
size = 3
initial = { a = "0.5 + 0.3*i", x = 0.1 }
[stimuli.drive]
type = "current"
target = "p"
variable = "I"
value = "0.25*(1 + i)"
)toml";
  const ir::Program program = MustLower(text);
  ASSERT_EQ(program.loops.size(), 1u);
  Oracle run(program);
  // The same by hand: the draws are those of the step.
  std::string by_hand = text;
  const size_t equation = by_hand.find("dx/dt");
  const size_t line = by_hand.find('\n', equation);
  by_hand.replace(equation, line - equation, "x : 1 (unless refractory)");
  const size_t method = by_hand.find("method");
  const size_t keys = by_hand.find("threshold");
  std::string update = "update = \"\"\"\n";
  for (int substep = 0; substep < 4; ++substep) {
    absl::StrAppend(&update, "x = 0.25*((a + I + noise - x)/3) + x\n");
  }
  by_hand.replace(method, keys - method, update + "\"\"\"\n");
  Oracle expected(MustLower(by_hand));
  run.Steps(40);
  expected.Steps(40);
  EXPECT_GE(run.count(), 3u);
  EXPECT_EQ(run.count(), expected.count());
  for (size_t neuron = 0; neuron < 3; ++neuron) {
    EXPECT_NEAR(run.Get("p.x", neuron), expected.Get("p.x", neuron), 1e-12) << neuron;
  }
}

// What all neurons share moves once for all, and along with each neuron that reads it.
TEST(Substeps, OfSharedVariables) {
  const std::string model = R"(equations = """
ds/dt = -s/(10 ms) + xi/sqrt(20 ms) : 1 (shared)
dx/dt = (s - x)/(5 ms) : 1
"""
method = "euler"
substeps = 30)";
  const ir::Program program = MustLower(Population(1, model, "s = 0.5, x = 1", 2));
  ASSERT_EQ(program.loops.size(), 2u);
  EXPECT_EQ(program.loops[0].domain, ir::DomainId::kNetwork);
  Oracle run(program);
  run.Steps(50);
  EXPECT_NE(run.Get("p.s"), 0);
  EXPECT_EQ(run.Get("p.x", 0), run.Get("p.x", 1));
}

TEST(Substeps, AreWrittenOutWhereTheyAreShort) {
  const std::string model = "equations = \"dx/dt = (3 - x**2)/(1 ms) : 1\"\nmethod = \"euler\"\n";
  const auto kernels = [&](const char* substeps) {
    return Placed(MustLower(Population(0.2, model + substeps, "x = 1"))).step;
  };
  EXPECT_EQ(kernels("substeps = 4").size(), 1u);
  const std::vector<ir::Block> many = kernels("substeps = 1000");
  ASSERT_EQ(many.size(), 3u);
  EXPECT_EQ(many[1].times, 1000u);
  for (const ir::State& state :
       Placed(MustLower(Population(0.2, model + "substeps = 4", "x = 1"))).states) {
    EXPECT_FALSE(state.temporary) << state.name << " is of no use";
  }
}

}  // namespace
}  // namespace bnsyn
