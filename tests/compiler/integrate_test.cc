// The steps that integrators emit: exact solutions against closed forms, the order in which
// variables move, refractoriness, noise.
#include <cmath>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "compiler/lowering/lower.h"
#include "gtest/gtest.h"
#include "ir/text.h"
#include "tests/compiler/integrate_testing.h"

namespace bnsyn {
namespace {

using literals::operator""_ms;

constexpr double kDt = 0.1;

// A membrane and a current that decays, after 1000 pA at time 0: V = I0/C (e^-t/ts - e^-t/tm)/(1/tm
// - 1/ts), at its peak when both terms fall alike.
TEST(Exact, ExponentialCurrentGivesTheClosedPotential) {
  const std::string membrane = "dV/dt = -V/tau_m + I/C_m : volt\n";
  const std::string current = "dI/dt = -I/tau_syn : amp\n";
  for (const std::string& model : {membrane + current + "\"\"\"", current + membrane + "\"\"\"",
                                   membrane + current + "\"\"\"\nmethod = \"exact\""}) {
    Oracle run(LowerClean(Population(kDt,
                                     absl::StrCat(R"toml(
parameters = { tau_m = "10 ms", tau_syn = "2 ms", C_m = "250 pF" }
equations = """
)toml",
                                                  model),
                                     "I = \"1000 pA\"")));
    const double a = 1 / 10.0;
    const double b = 1 / 2.0;
    int peak = 0;
    double largest = 0;
    for (int k = 1; k <= 400; ++k) {
      run.Steps(1);
      const double t = kDt * k;
      const double expected = 4 * (std::exp(-a * t) - std::exp(-b * t)) / (b - a);
      ASSERT_NEAR(run.Get("p.V"), expected, 1e-13) << t;
      if (run.Get("p.V") > largest) {
        largest = run.Get("p.V");
        peak = k;
      }
    }
    EXPECT_EQ(peak, std::lround(std::log(b / a) / (b - a) / kDt));
  }
}

// The alpha current has two equal time constants, and here the membrane has the same: then V = y0/C
// t^2/2 e^-t/tau, at its peak at 2 tau.
TEST(Exact, EqualTimeConstantsAreNoSpecialCase) {
  Oracle run(LowerClean(Population(kDt, R"toml(
equations = """
dV/dt = -V/(5 ms) + I/(100 pF) : volt
dI/dt = -I/(5 ms) + y/(1 ms) : amp
dy/dt = -y/(5 ms) : amp
"""
)toml",
                                   "y = \"100 pA\"")));
  int peak = 0;
  double largest = 0;
  for (int k = 1; k <= 300; ++k) {
    run.Steps(1);
    const double t = kDt * k;
    ASSERT_NEAR(run.Get("p.V"), t * t / 2 * std::exp(-t / 5), 1e-12) << t;
    ASSERT_NEAR(run.Get("p.I"), 100 * t * std::exp(-t / 5), 1e-10) << t;
    if (run.Get("p.V") > largest) {
      largest = run.Get("p.V");
      peak = k;
    }
  }
  EXPECT_EQ(peak, 100);
}

// Without decay the system has no inverse: x = v t + a t^2/2.
TEST(Exact, AnIntegratorIsExactToo) {
  Oracle run(LowerClean(Population(kDt, R"toml(
equations = """
dx/dt = v/(1 ms) : 1
dv/dt = 3/(1 ms) : 1
"""
method = "exact"
)toml",
                                   "v = 2")));
  run.Steps(40);
  EXPECT_NEAR(run.Get("p.v"), 2 + 3 * 4.0, 1e-12);
  EXPECT_NEAR(run.Get("p.x"), 2 * 4.0 + 3 * 16 / 2.0, 1e-12);
}

// A pair that oscillates: no real time constants.
TEST(Exact, AnOscillatorKeepsItsCircle) {
  Oracle run(LowerClean(Population(kDt, R"toml(
equations = """
dx/dt = y/(2 ms) : 1
dy/dt = -x/(2 ms) : 1
"""
)toml",
                                   "x = 1")));
  run.Steps(1000);
  EXPECT_NEAR(run.Get("p.x"), std::cos(50.0), 1e-12);
  EXPECT_NEAR(run.Get("p.y"), -std::sin(50.0), 1e-12);
}

// The constant term of an equation may be any value that stays the same over the step: a variable
// that events set, or an input.
TEST(Exact, TheConstantTermMayBeAnyValueOfTheStep) {
  Oracle run(LowerClean(Population(kDt, R"toml(
equations = """
dV/dt = (a*int(t >= 1 ms) + u - V)/(5 ms) : 1
du/dt = -u/(2 ms) : 1
a : 1
"""
method = "exact"
)toml",
                                   "a = 3")));
  run.Steps(10);
  EXPECT_EQ(run.Get("p.V"), 0);
  run.Steps(50);
  EXPECT_NEAR(run.Get("p.V"), 3 * (1 - std::exp(-1.0)), 1e-13);
}

// While V is held, w relaxes towards a*V; afterwards both move as one system.
TEST(Exact, AHeldVariableStandsStillForTheOthers) {
  Oracle run(LowerClean(Population(kDt, R"toml(
equations = """
dV/dt = -V/(10 ms) - w/(10 ms) : 1 (unless refractory)
dw/dt = (0.5*V - w)/(20 ms) : 1
"""
threshold = "V > 0.9"
refractory = "5 ms"
)toml",
                                   "V = 1")));
  run.Steps(1);
  ASSERT_EQ(run.count(), 1u);
  const double V = run.Get("p.V");
  const double w = run.Get("p.w");
  EXPECT_LT(V, 1);
  run.Steps(49);
  EXPECT_EQ(run.count(), 1u);
  EXPECT_EQ(run.Get("p.V"), V);
  EXPECT_NEAR(run.Get("p.w"), 0.5 * V + (w - 0.5 * V) * std::exp(-4.9 / 20), 1e-13);
}

// Every evaluation of a Runge-Kutta method sees the held value.
TEST(RungeKutta, AHeldVariableStandsStillInEveryEvaluation) {
  Oracle run(LowerClean(Population(kDt, R"toml(
equations = """
dV/dt = -V/(1 ms) : 1 (unless refractory)
dw/dt = V/(1 ms) : 1
"""
threshold = "V > 0.5"
reset = "V = 0.5; w = 0"
refractory = "5 ms"
method = "rk4"
)toml",
                                   "V = 1")));
  run.Steps(1);
  ASSERT_EQ(run.count(), 1u);
  run.Steps(49);
  EXPECT_NEAR(run.Get("p.w"), 0.5 * 4.9, 1e-13);
}

// A coefficient that may change while running, or differs between neurons, is allowed in an
// equation that reads no other variable.
TEST(Exact, CoefficientsOfOneEquationMayBeTunableOrTheNeurons) {
  Oracle run(LowerClean(Population(kDt, R"toml(
parameters = { tau = "7 ms" }
tunable = "tau"
equations = """
dx/dt = (2 - x)/tau : 1
dy/dt = -y/T : 1
T : second (constant)
"""
method = "exact"
)toml",
                                   "y = 1, T = \"(i + 1)*(3 ms)\"", 2)));
  run.Steps(30);
  EXPECT_NEAR(run.Get("p.x"), 2 * (1 - std::exp(-3 / 7.0)), 1e-13);
  EXPECT_NEAR(run.Get("p.y", 0), std::exp(-3 / 3.0), 1e-13);
  EXPECT_NEAR(run.Get("p.y", 1), std::exp(-3 / 6.0), 1e-13);
}

// One step of each, by hand.

double OneStep(const std::string& method, const char* name) {
  Oracle run(LowerClean(Population(kDt,
                                   absl::StrCat(R"toml(
equations = """
dx/dt = (y - x)/(1 ms) : 1
dy/dt = -x*y/(1 ms) : 1
"""
)toml",
                                                method),
                                   "x = 2, y = 3")));
  run.Steps(1);
  return run.Get(absl::StrCat("p.", name).c_str());
}

TEST(Methods, AreSimultaneous) {
  const std::string euler = "method = \"euler\"";
  EXPECT_EQ(OneStep(euler, "x"), std::fma(kDt, 3.0 - 2.0, 2.0));
  EXPECT_EQ(OneStep(euler, "y"), std::fma(kDt, -2.0 * 3.0, 3.0));
  const std::string exponential = "method = \"exponential_euler\"";
  EXPECT_NEAR(OneStep(exponential, "x"), 3 - std::exp(-kDt), 1e-15);
  EXPECT_NEAR(OneStep(exponential, "y"), 3 * std::exp(-2 * kDt), 1e-15);
}

TEST(Methods, MayDifferByVariable) {
  const std::string mixed = "method = { x = \"exponential_euler\", default = \"euler\" }";
  EXPECT_EQ(OneStep(mixed, "x"), OneStep("method = \"exponential_euler\"", "x"));
  EXPECT_EQ(OneStep(mixed, "y"), OneStep("method = \"euler\"", "y"));
  // Without a method asked for: both are linear in their own variable.
  EXPECT_EQ(OneStep("", "x"), OneStep("method = \"exponential_euler\"", "x"));
  EXPECT_EQ(OneStep("", "y"), OneStep("method = \"exponential_euler\"", "y"));
}

TEST(Methods, TheMidpointTheTrapezoidalAndTheClassicalMethod) {
  const auto f = [](double x, double y) { return y - x; };
  const auto g = [](double x, double y) { return -x * y; };
  const double h = kDt;
  const double k = f(2, 3);
  const double m = g(2, 3);
  EXPECT_NEAR(OneStep("method = \"rk2\"", "x"), 2 + h * f(2 + h / 2 * k, 3 + h / 2 * m), 1e-15);
  EXPECT_NEAR(OneStep("method = \"rk2\"", "y"), 3 + h * g(2 + h / 2 * k, 3 + h / 2 * m), 1e-15);
  EXPECT_NEAR(OneStep("method = \"heun\"", "y"), 3 + h / 2 * (m + g(2 + h * k, 3 + h * m)), 1e-15);
  const double k2 = f(2 + h / 2 * k, 3 + h / 2 * m);
  const double m2 = g(2 + h / 2 * k, 3 + h / 2 * m);
  const double k3 = f(2 + h / 2 * k2, 3 + h / 2 * m2);
  const double m3 = g(2 + h / 2 * k2, 3 + h / 2 * m2);
  const double m4 = g(2 + h * k3, 3 + h * m3);
  EXPECT_NEAR(OneStep("method = \"rk4\"", "y"), 3 + h / 6 * (m + 2 * m2 + 2 * m3 + m4), 1e-15);
}

TEST(Substeps, AreSmallerSteps) {
  const std::string model = "equations = \"dx/dt = (3 - x**2)/(1 ms) : 1\"\nmethod = \"rk2\"\n";
  Oracle two(LowerClean(Population(0.2, model + "substeps = 2", "x = 1")));
  Oracle fine(LowerClean(Population(0.1, model, "x = 1")));
  two.Steps(10);
  fine.Steps(20);
  EXPECT_EQ(two.Get("p.x"), fine.Get("p.x"));
}

// Izhikevich's own code: two half steps of v, then u from the new v. The same written out as update
// code gives the same bits.
TEST(Order, TwoHalfStepsThenTheOther) {
  const std::string common = R"toml(
threshold = "v >= 30"
reset = "v = -65; u += 8"
)toml";
  const std::string right = "0.04*v**2 + 5*v + 140 - u + 10";
  const auto run = [&](const std::string& model, const char* math) {
    return Oracle(LowerClean(Population(1, model + common, "v = -65, u = -13", 1, math)));
  };
  for (const char* math : {"strict", "default"}) {
    Oracle equations =
        run(absl::StrCat("equations = \"\"\"\ndv/dt = (", right,
                         ")/(1 ms) : 1\ndu/dt = 0.02*(0.2*v - u)/(1 ms) : 1\n\"\"\"\n",
                         "method = \"euler\"\norder = [\"v\", \"v\", \"u\"]"),
            math);
    Oracle written = run(
        absl::StrCat("equations = \"\"\"\nv : 1\nu : 1\n\"\"\"\nupdate = \"\"\"\nd = ", right,
                     "\nv += 0.5*d\nd2 = ", right, "\nv += 0.5*d2\nu += 0.02*(0.2*v - u)\n\"\"\""),
        math);
    equations.Steps(300);
    written.Steps(300);
    EXPECT_GE(equations.count(), 5u);
    EXPECT_EQ(equations.first(), written.first());
    EXPECT_EQ(equations.Get("p.v"), written.Get("p.v"));
    EXPECT_EQ(equations.Get("p.u"), written.Get("p.u"));
  }
}

// Half of x, all of y, half of x.
TEST(Order, MayBeSymmetric) {
  Oracle run(LowerClean(Population(kDt, R"toml(
equations = """
dx/dt = y/(1 ms) : 1
dy/dt = -x/(1 ms) : 1
"""
order = ["x", "y", "x"]
)toml",
                                   "x = 1")));
  run.Steps(1);
  const double y = std::fma(kDt, -1.0, 0.0);
  EXPECT_EQ(run.Get("p.y"), y);
  EXPECT_EQ(run.Get("p.x"), std::fma(kDt / 2, y, 1.0));
}

// An Ornstein-Uhlenbeck process: the variance of the Euler-Maruyama step is sigma^2/(1 - dt/2tau).
// That of 4000 neurons is known to sqrt(2/4000) = 2.2 %; four times that is allowed.
TEST(Noise, AdditiveNoiseHasTheRightVariance) {
  constexpr int kNeurons = 4000;
  Oracle run(LowerClean(Population(kDt, R"toml(
equations = "dx/dt = -x/(2 ms) + 3*sqrt(2/(2 ms))*xi : 1"
)toml",
                                   "x = 0", kNeurons)));
  run.Steps(200);
  double sum = 0;
  double squares = 0;
  for (size_t n = 0; n < kNeurons; ++n) {
    const double x = run.Get("p.x", n);
    sum += x;
    squares += x * x;
  }
  EXPECT_NEAR(sum / kNeurons, 0, 4 * 3 / std::sqrt(kNeurons));
  const double expected = 9 / (1 - kDt / 4);
  EXPECT_NEAR(squares / kNeurons, expected, 4 * 0.022 * expected);
}

TEST(Noise, NamesAreSharedOrIndependent) {
  constexpr int kNeurons = 2000;
  Oracle run(LowerClean(Population(kDt, R"toml(
equations = """
dx/dt = xi_a/sqrt(1 ms) : 1
dy/dt = 2*xi_a/sqrt(1 ms) : 1
dz/dt = xi_b/sqrt(1 ms) : 1
"""
)toml",
                                   "x = 0", kNeurons)));
  run.Steps(1);
  double product = 0;
  for (size_t n = 0; n < kNeurons; ++n) {
    ASSERT_EQ(run.Get("p.y", n), 2 * run.Get("p.x", n));
    product += run.Get("p.x", n) * run.Get("p.z", n) / kDt;
  }
  // The mean of products of independent standard normal numbers, within four deviations.
  EXPECT_NEAR(product / kNeurons, 0, 4 / std::sqrt(kNeurons));
}

// Each substep draws anew: the variance is that of the whole step.
TEST(Noise, SubstepsDrawAnew) {
  constexpr int kNeurons = 4000;
  const ir::Program program = LowerClean(Population(
      kDt, "equations = \"dx/dt = xi/sqrt(1 ms) : 1\"\nsubsteps = 4", "x = 0", kNeurons));
  Oracle run(program);
  run.Steps(10);
  double squares = 0;
  for (size_t n = 0; n < kNeurons; ++n) squares += run.Get("p.x", n) * run.Get("p.x", n);
  EXPECT_NEAR(squares / kNeurons, 1, 4 * 0.022);
}

// The factor of a noise may depend on a variable that another noise drives.
TEST(Noise, FactorsOfOtherVariablesAreNotAmbiguous) {
  const ir::Program program = LowerClean(Population(kDt, R"toml(
equations = """
dx/dt = y*xi/sqrt(1 ms) : 1
dy/dt = -y/(1 ms) : 1
"""
)toml",
                                                    "y = 1"));
  Oracle run(program);
  run.Steps(1);
  EXPECT_NE(run.Get("p.x"), 0);
}

// The C++ builder sets methods as files do.
TEST(Methods, AreGivenToModels) {
  NetworkOptions options;
  options.dt = 0.1_ms;
  Network network(options);
  const auto model =
      network.AddModel(Model("m")
                           .Equations("dx/dt = (y - x)/(1 ms) : 1\n"
                                      "dy/dt = -x*y/(1 ms) : 1")
                           .Method({{"x", "exponential_euler"}, {"default", "euler"}})
                           .Substeps(2)
                           .Order({{"x"}, {"x", "y"}}));
  network.AddPopulation("p", model, 1, {}, {{"x", 2}, {"y", 3}});
  const absl::StatusOr<ir::Program> program = LowerNetwork(network);
  ASSERT_TRUE(program.ok()) << program.status().message();
  Oracle built(*program);
  Oracle read(LowerClean(Population(kDt, R"toml(
equations = """
dx/dt = (y - x)/(1 ms) : 1
dy/dt = -x*y/(1 ms) : 1
"""
method = { x = "exponential_euler", default = "euler" }
substeps = 2
order = ["x", ["x", "y"]]
)toml",
                                    "x = 2, y = 3")));
  built.Steps(5);
  read.Steps(5);
  EXPECT_EQ(built.Get("p.x"), read.Get("p.x"));
  EXPECT_EQ(built.Get("p.y"), read.Get("p.y"));
}

}  // namespace
}  // namespace bnsyn
