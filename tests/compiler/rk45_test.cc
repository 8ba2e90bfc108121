// Steps that each neuron adapts, and spikes that are found within them.
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bnsyn/network.h"
#include "compiler/lowering/lower.h"
#include "gtest/gtest.h"
#include "tests/compiler/integrate_testing.h"

namespace bnsyn {
namespace {

TEST(Rk45, KeepsTheErrorThatIsAllowed) {
  for (const double tolerance : {1e-4, 1e-6, 1e-8, 1e-10}) {
    const std::string model =
        absl::StrCat("equations = \"dx/dt = cos(t/(1 ms))*x**2/(1 ms) : 1\"\nmethod = \"rk45(",
                     tolerance, ", ", tolerance, ")\"");
    Oracle run(LowerClean(Population(0.5, model, "x = 0.5")));
    run.Steps(20);
    const double exact = 1 / (2 - std::sin(10.0));
    EXPECT_NEAR(run.Get("p.x"), exact, 20 * tolerance) << tolerance;
  }
}

// One step of the network is many of a neuron, and each neuron has as many as it needs.
TEST(Rk45, EachNeuronHasStepsOfItsOwn) {
  const std::string model =
      "equations = \"\"\"\ndx/dt = -x*rate : 1\nrate : hertz (constant)\n\"\"\"\nmethod = \"rk45\"";
  const auto alone = [&](const char* rate) {
    Oracle run(LowerClean(Population(1, model, absl::StrCat("x = 1, rate = \"", rate, "\""))));
    run.Steps(3);
    return run.Get("p.x");
  };
  Oracle run(LowerClean(Population(1, model, "x = 1, rate = \"(1 + 99999*i)/(1 ms)\"", 2)));
  run.Steps(3);
  EXPECT_EQ(run.Get("p.x", 0), alone("1/(1 ms)"));
  EXPECT_EQ(run.Get("p.x", 1), alone("100000/(1 ms)"));
  EXPECT_NEAR(run.Get("p.x", 0), std::exp(-3), 1e-6);
  EXPECT_NEAR(run.Get("p.x", 1), 0, 1e-5);
}

TEST(Rk45, HeldVariablesStandStill) {
  Oracle run(LowerClean(Population(0.1, R"toml(
equations = """
dV/dt = (1 - V)/(1 ms) : 1 (unless refractory)
du/dt = (V - u)/(1 ms) : 1
"""
method = "rk45"
threshold = "V > 0.5"
reset = "V = 0"
refractory = "1 ms"
)toml",
                                   "V = 0.6")));
  run.Steps(8);
  EXPECT_EQ(run.count(), 1u);
  EXPECT_EQ(run.Get("p.V"), 0);
  EXPECT_GT(run.Get("p.u"), 0);
}

// What the text of a network says when it is lowered.
std::string ErrorOf(const std::string& model) {
  const absl::StatusOr<Network> network = ParseNetwork(Population(0.1, model, ""), "test.toml");
  if (!network.ok()) return std::string(network.status().message());
  const absl::StatusOr<ir::Program> program = LowerNetwork(*network);
  return program.ok() ? "" : std::string(program.status().message());
}

TEST(Rk45, ErrorsSayWhatToDo) {
  const std::string equation = "equations = \"dV/dt = -V/(1 ms) : volt\"\n";
  struct Case {
    std::string model;
    const char* says;
  };
  const Case cases[] = {
      {equation + "method = \"rk45(1e-6, 1 ms)\"", "the absolute tolerance of V is in volt"},
      {equation + "method = \"rk45(0)\"", "a tolerance is a number above 0"},
      {equation + "method = \"rk45(1, 2, 3)\"", "rk45 takes a relative and an absolute tolerance"},
      {equation + "method = \"rk45(V)\"", "a tolerance reads constants alone"},
      {equation + "method = \"rk45\"\nsubsteps = 4", "rk45 chooses its substeps itself"},
      {"equations = \"dV/dt = -V/(1 ms) + mV*xi*sqrt(1/ms) : volt\"\nmethod = \"rk45\"",
       "methods for equations with noise are"},
      {"equations = \"dV/dt = -V/(1 ms) : volt (shared)\"\nmethod = \"rk45\"",
       "rk45 adapts the steps of each neuron"},
      {equation + "spike_time = \"interpolated\"", "no threshold"},
      {equation + "spike_time = \"interpolated\"\nthreshold = \"V > 1 mV\"\nmethod = \"rk4\"",
       "within the steps of rk45"},
      {equation + "spike_time = \"interpolated\"\nthreshold = \"rand() < 0.1\"",
       "depends on variables alone"},
      {equation + "spike_time = \"interpolated\"\nthreshold = \"t > 1 ms\"",
       "depends on variables alone"},
      {equation + "spike_time = \"interpolated\"\nthreshold = \"V > 1 mV\"\n"
                  "events = { e = \"V > 2 mV\" }",
       "no events beside its spikes"},
  };
  for (const Case& test : cases) {
    EXPECT_TRUE(absl::StrContains(ErrorOf(test.model), test.says)) << test.model << "\n"
                                                                   << ErrorOf(test.model);
  }
  EXPECT_EQ(ErrorOf(equation + "method = \"rk45(1e-6, 1 uV)\""), "");
}

// V = 2 (1 - e^-t) reaches 1 at log 2, and each spike is as far from the one before and the
// refractory time.
TEST(Interpolated, SpikesAreWhereTheThresholdComesToHold) {
  for (const double dt : {0.1, 0.25, 0.5}) {
    Oracle run(LowerClean(Population(dt, R"toml(
equations = "dV/dt = (2 - V)/(1 ms) : 1 (unless refractory)"
method = "rk45(1e-10, 1e-10)"
spike_time = "interpolated"
threshold = "V >= 1"
reset = "V = 0"
refractory = "0.33 ms"
)toml",
                                     "V = 0")));
    int spikes = 0;
    for (int k = 0; k < 10 / dt; ++k) {
      const size_t before = run.count();
      run.Steps(1);
      if (run.count() == before) continue;
      const double time = (k + 1) * dt - run.Get("p.spike.before");
      EXPECT_NEAR(time, (spikes + 1) * std::log(2.0) + spikes * 0.33, 1e-8) << dt;
      ++spikes;
    }
    EXPECT_EQ(spikes, 9);
  }
}

// The step goes on from the reset: with any dt the variables are those of the exact solution, and
// what the reset changes acts from the spike on.
TEST(Interpolated, TheRestOfTheStepBeginsWithTheReset) {
  Oracle run(LowerClean(Population(0.5, R"toml(
equations = """
dV/dt = (2 - V - jump)/(1 ms) : 1
du/dt = jump/(1 ms) : 1
jump : 1
n : integer
last : second
"""
method = "rk45(1e-11, 1e-11)"
spike_time = "interpolated"
threshold = "V >= 1"
reset = "V = 0; jump += 0.5; n += 1; last = t"
)toml",
                                   "V = 0")));
  run.Steps(2);
  const double spike = std::log(2.0);
  const double rest = 1 - spike;
  EXPECT_EQ(run.count(), 1u);
  EXPECT_EQ(run.Get("p.n"), 1);
  EXPECT_NEAR(run.Get("p.last"), spike, 1e-9);
  EXPECT_NEAR(run.Get("p.V"), 1.5 * (1 - std::exp(-rest)), 1e-9);
  EXPECT_NEAR(run.Get("p.u"), 0.5 * rest, 1e-9);
}

// NEST's comparison of its aeif models with LSODAR; the times are those of an independent program
// with Runge-Kutta steps of 1 us and less.
TEST(Interpolated, AdaptiveExponentialNeuronAtAnyStep) {
  const std::vector<double> times = {18.7160483080, 30.5619003071, 42.4970860847, 54.5201168638,
                                     66.6294544681, 78.8235151283, 91.1006734059};
  const std::string model = R"toml(
equations = """
dV/dt = (g_L*(E_L - V_m) + g_L*Delta_T*exp((V_m - V_th)/Delta_T) - w + I_e)/C_m : volt
dw/dt = (a*(V_m - E_L) - w)/tau_w : amp
V_m = min(V, V_peak) : volt
"""
spike_time = "interpolated"
threshold = "V >= V_peak"
reset = "V = V_reset; w += b"
parameters = { V_reset = "-58 mV", V_peak = "0 mV", V_th = "-50 mV", I_e = "420 pA", g_L = "11 nS", tau_w = "300 ms", E_L = "-70 mV", Delta_T = "2 mV", a = "3 nS", b = "0 pA", C_m = "200 pF" }
)toml";
  for (const double dt : {0.1, 1.0}) {
    Oracle run(LowerClean(Population(dt, model, "V = \"-70 mV\", w = \"5 pA\"")));
    std::vector<double> found;
    for (int k = 0; k < 100 / dt; ++k) {
      const size_t before = run.count();
      run.Steps(1);
      if (run.count() > before) found.push_back((k + 1) * dt - run.Get("p.spike.before"));
    }
    ASSERT_EQ(found.size(), times.size()) << dt;
    for (size_t s = 0; s < times.size(); ++s) EXPECT_NEAR(found[s], times[s], 1e-4) << dt;
    EXPECT_NEAR(run.Get("p.V"), -48.01457019, 1e-4);
    EXPECT_NEAR(run.Get("p.w"), 19.23574908, 1e-5);
  }
}

TEST(Interpolated, ARefractoryConditionHoldsWithinTheStep) {
  Oracle run(LowerClean(Population(0.1, R"toml(
equations = """
dV/dt = (W*2 - V)/(1 ms) : 1
dW/dt = -V/(1 ms) : 1
"""
spike_time = "interpolated"
threshold = "V > 0.3"
refractory = "V > 0.2"
)toml",
                                   "W = 1")));
  run.Steps(200);
  EXPECT_GE(run.count(), 1u);
  EXPECT_LT(run.count(), 5u);
}

}  // namespace
}  // namespace bnsyn
