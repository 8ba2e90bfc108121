// What equations read of variables that are solved exactly: their means over the step.
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bnsyn/network.h"
#include "compiler/lowering/lower.h"
#include "gtest/gtest.h"
#include "ir/text.h"
#include "reference/functions.h"
#include "tests/compiler/integrate_testing.h"

namespace bnsyn {
namespace {

// q sums what x brings, by an equation that no exact solution includes: q after `time` ms.
double Charge(double dt, const std::string& equations, const std::string& initial, double time,
              const std::string& more = "", const std::string& math = "default") {
  const std::string model = absl::StrCat("equations = \"\"\"\ndq/dt = x/(1 ms) : 1\n", equations,
                                         "\n\"\"\"\nmethod = { q = \"euler\" }\n", more);
  Oracle run(LowerClean(Population(dt, model, initial, 1, math)));
  run.Steps(static_cast<int>(std::lround(time / dt)));
  return run.Get("p.q");
}

// The charge of a pulse is x tau (1 - e^(-t/tau)) at every step.
TEST(Means, R5_TheChargeOfAnExponentialIsExact) {
  const std::vector<std::pair<std::string, std::string>> models = {
      {"dx/dt = -x/(2.5 ms) : 1", ""},
      {"dx/dt = -x/tau : 1", "parameters = { tau = \"2.5 ms\" }\ntunable = [\"tau\"]"},
      {"dx/dt = -x/tau : 1\ntau : second (constant)", "initial = { tau = \"2.5 ms\" }"},
  };
  for (const auto& [equations, more] : models) {
    for (const double dt : {2.0, 0.5, 0.1, 0.02}) {
      const double exact = 3 * 2.5 * -std::expm1(-40 / 2.5);
      EXPECT_NEAR(Charge(dt, equations, "x = 3", 40, more), exact, 1e-13 * exact)
          << equations << " " << dt;
    }
  }
}

// An alpha function x = t/tau e^(1 - t/tau) has the charge e tau (1 - (1 + t/tau) e^(-t/tau)).
TEST(Means, R5_TheChargeOfAnAlphaFunctionIsExact) {
  for (const double dt : {2.0, 0.5, 0.1}) {
    const double exact = std::exp(1.0) * 2 * (1 - (1 + 20 / 2.0) * std::exp(-20 / 2.0));
    const double charge =
        Charge(dt, "dx/dt = -x/(2 ms) + y/(2 ms) : 1\ndy/dt = -y/(2 ms) : 1", "y = \"exp(1)\"", 20);
    EXPECT_NEAR(charge, exact, 1e-13 * exact) << dt;
  }
}

// x = x1 + (x0 - x1) e^(-t/tau): x1 t + (x0 - x1) tau (1 - e^(-t/tau)), also where tau is large.
TEST(Means, R5_TheChargeOfARelaxationIsExact) {
  const std::vector<std::pair<std::string, std::string>> models = {
      {"dx/dt = (5 - x)/tau : 1", "parameters = { tau = \"TAU ms\" }"},
      {"dx/dt = (5 - x)/tau : 1", "parameters = { tau = \"TAU ms\" }\ntunable = [\"tau\"]"},
      {"dx/dt = (5 - x)/tau : 1\ntau : second (constant)", "initial = { tau = \"TAU ms\" }"},
  };
  for (const auto& [equations, text] : models) {
    for (const double tau : {4.0, 1e5, 1e9}) {
      std::string more = text;
      more.replace(more.find("TAU"), 3, absl::StrCat(tau));
      const double exact = 5 * 10 + (2 - 5) * tau * -std::expm1(-10 / tau);
      for (const double dt : {0.5, 0.1}) {
        EXPECT_NEAR(Charge(dt, equations, "x = 2", 10, more), exact, 1e-10 * exact) << tau;
      }
    }
  }
}

TEST(Means, R5_AVariableThatGrowsSteadilyHasItsMiddle) {
  EXPECT_NEAR(Charge(0.5, "dx/dt = 3/(1 ms) : 1", "x = 1", 10), 10 + 3 * 10 * 10 / 2.0, 1e-12);
}

// While it stands still, the mean is its value.
TEST(Means, R5_AVariableThatIsHeldHasItsValue) {
  for (const char* decay :
       {"dx/dt = -x/(2 ms) : 1 (unless refractory)",
        "dx/dt = (1 - x)/(2 ms) : 1 (unless refractory)",
        "dx/dt = (y - x)/(2 ms) : 1 (unless refractory)\ndy/dt = -y/(1 ms) : 1"}) {
    const double charge =
        Charge(0.5, decay, "x = 3", 4,
               "threshold = \"t < 0.6 ms\"\nrefractory = \"100 ms\"\nreset = \"x = 7; q = 0\"");
    EXPECT_EQ(charge, 7 * (4 - 0.5)) << decay;
  }
}

// Substeps have means of their own, and so have equations that move in several parts.
TEST(Means, R5_SubstepsReadTheirMeans) {
  const double exact = 3 * 2.5 * -std::expm1(-10 / 2.5);
  EXPECT_NEAR(Charge(0.5, "dx/dt = -x/(2.5 ms) : 1", "x = 3", 10, "substeps = 3"), exact, 1e-13);
}

TEST(Means, R5_NoiseIsMultipliedByTheMean) {
  const std::string model = R"toml(
equations = """
dq/dt = x*xi*sqrt(1/(1 ms)) : 1
dx/dt = -x/(2 ms) : 1
"""
)toml";
  Oracle run(LowerClean(Population(0.1, model, "x = 1", 2000)));
  run.Steps(1);
  Oracle still(LowerClean(Population(
      0.1, "equations = \"\"\"\ndq/dt = x*xi*sqrt(1/(1 ms)) : 1\nx : 1\n\"\"\"", "x = 1", 2000)));
  still.Steps(1);
  const double mean = -std::expm1(-0.05) / 0.05;
  for (size_t i = 0; i < 2000; ++i) {
    ASSERT_NEAR(run.Get("p.q", i), mean * still.Get("p.q", i), 1e-15);
  }
}

// Thresholds and what follows have the value at the end, and other methods are as Brian2's.
TEST(Means, R5_TheRestReadsTheEndOfTheStep) {
  const std::string model = R"toml(
equations = """
dV/dt = x/(1 ms) : 1
dx/dt = -x/(1 ms) : 1
seen : 1
"""
METHOD
threshold = "x < 0.91"
reset = "seen = x"
)toml";
  const double end = reference::Exp(-0.1);
  const auto after = [&](const std::string& method, const std::string& math) {
    std::string text = model;
    text.replace(text.find("METHOD"), 6, method);
    Oracle run(LowerClean(Population(0.1, text, "x = 1", 1, math)));
    run.Steps(1);
    EXPECT_EQ(run.count(), 1);
    EXPECT_NEAR(run.Get("p.seen"), end, 1e-16);
    return run.Get("p.V");
  };
  EXPECT_NEAR(after("method = { V = \"euler\" }", "default"), -std::expm1(-0.1), 1e-16);
  EXPECT_EQ(after("method = { V = \"euler\", default = \"exponential_euler\" }", "default"), 0.1);
  // Strict math repeats programs in which currents see decayed conductances.
  EXPECT_EQ(after("method = { V = \"euler\" }", "strict"), 0.1 * end);
}

TEST(Means, R5_AnOrderThatIsAskedForIsKept) {
  const std::string more = "order = [\"x\", \"q\"]";
  EXPECT_EQ(Charge(0.1, "dx/dt = -x/(1 ms) : 1", "x = 1", 0.1, more), 0.1 * reference::Exp(-0.1));
}

// A potential with a conductance that decays: order 2, since the mean of what multiplies V is
// exact.
TEST(Means, APostsynapticPotentialConvergesWithOrder2) {
  const auto potential = [](double dt) {
    Oracle run(LowerClean(Population(dt, R"toml(
equations = """
dV/dt = (10 nS*(-70 mV - V) + g*(0 mV - V))/(200 pF) : volt
dg/dt = -g/(2 ms) : siemens
"""
)toml",
                                     "V = \"-70 mV\", g = \"20 nS\"")));
    run.Steps(static_cast<int>(std::lround(8 / dt)));
    return run.Get("p.V");
  };
  const double limit = potential(0.001);
  EXPECT_GT(limit, -65);
  for (const double dt : {0.8, 0.4, 0.2}) {
    const double ratio = (potential(dt) - limit) / (potential(dt / 2) - limit);
    EXPECT_NEAR(std::log2(ratio), 2, 0.1) << dt;
  }
}

// The step of dV/dt = RIGHT, where x and y decay by the automatic choice, or do not move.
std::string StepOf(const std::string& right, const std::string& method, bool decay) {
  const char* others = decay ? "dx/dt = -x/(2 ms) : 1\ndy/dt = -y/(4 ms) : 1" : "x : 1\ny : 1";
  const ir::Program program = LowerClean(Population(
      0.1,
      absl::StrCat("parameters = { E = \"-70 mV\" }\nequations = \"\"\"\ndV/dt = ", right,
                   " : volt\n", others, "\n\"\"\"\nmethod = { V = \"", method, "\" }"),
      "V = \"-60 mV\", x = 1, y = 1"));
  return ir::PrintBlock(program, program.step[0]);
}

// The operations on neurons.
int CountOps(const std::string& step) {
  int count = 0;
  for (const char* op : {"= fma ", "= mul ", "= add ", "= sub ", "= div ", "= neg "}) {
    for (size_t at = step.find(op); at != std::string::npos; at = step.find(op, at + 1)) {
      if (absl::StrContains(step.substr(at, step.find('\n', at) - at), ": f64[p]")) ++count;
    }
  }
  return count;
}

// Each decay takes two operations. What reads it takes as many as one that reads the value itself,
// where the factor finds a constant or a sum to go to, and else one more.
TEST(Means, TheirFactorsGoWhereTheyCostNothing) {
  struct Case {
    const char* right;
    const char* method;
    int more;
  };
  constexpr const char* kExponential = "exponential_euler";
  const Case cases[] = {
      {"(E - V + x*(E - V) + y*(0 mV - V))/(1 ms)", kExponential, 0},
      {"(E - V + x*(E - V) + 3*(0 mV - V)*y)/(1 ms)", kExponential, 0},
      {"(x - 1)*V/(1 ms)", kExponential, 0},
      {"(E - V + x*mV)/(1 ms)", "euler", 0},
      {"2*x*V/(1 ms)", "euler", 0},
      {"x*(E - V)/(1 ms)", "euler", 0},
      {"(V - x*mV - y*mV)/(1 ms)", "euler", 0},
      {"(2*V - y*(V - 3*mV))/(1 ms)", "euler", 0},
      {"(x*V + y*V*(1/(1 + 0.28*exp(-0.062*V/mV))) + V)/(1 ms)", "euler", 0},
      {"(V + x/(2 + V/mV)*mV)/(1 ms)", "euler", 0},
      {"(V - (x*V + y*V))/(1 ms)", "euler", 1},
      {"(2*V - x*V)/(1 ms)", "euler", 1},
  };
  for (const Case& test : cases) {
    const std::string means = StepOf(test.right, test.method, true);
    const std::string still = StepOf(test.right, test.method, false);
    EXPECT_LE(CountOps(means), CountOps(still) + 4 + test.more) << test.right << means << still;
  }
}

}  // namespace
}  // namespace bnsyn
