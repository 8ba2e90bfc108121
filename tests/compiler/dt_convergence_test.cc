// dt against dt/2 and dt/4: what is exact does not depend on the step, and the rest converges.
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/compiler/integrate_testing.h"

namespace bnsyn {
namespace {

constexpr double kSteps[] = {0.5, 0.25, 0.125};

// A source spikes at 5 ms, and its arrival adds 20 to x of p, 1.5 ms later.
std::string Postsynaptic(double dt, const std::string& model, const std::string& initial,
                         const std::string& x) {
  return absl::StrCat(Population(dt, model, initial), R"toml(
[models.source]
equations = "nothing : 1"
threshold = "t > 5 ms - dt/2 and t < 5 ms + dt/2"
[populations.source]
model = "source"
size = 1
[projections.sp]
source = "source"
target = "p"
rule = "all_to_all"
weight = 20
delay = "1.5 ms"
on_pre = ")toml",
                      x, "_post += w*", "UNIT", "\"\n");
}

double After(double time, double dt, std::string text, const std::string& unit,
             const char* variable) {
  text.replace(text.find("UNIT"), 4, unit);
  Oracle run(LowerClean(text));
  run.Steps(static_cast<int>(std::lround(time / dt)));
  EXPECT_EQ(run.count(), 1u) << "the source should spike";
  return run.Get(variable);
}

// An arrival acts exactly its delay after the spike, at every step.
TEST(DtConvergence, DelaysAreExact) {
  for (const double dt : kSteps) {
    const std::string text =
        Postsynaptic(dt, "equations = \"dx/dt = -x/(4 ms) : 1\"", "x = 0", "x");
    EXPECT_NEAR(After(10, dt, text, "1", "p.x"), 20 * std::exp(-(10 - 6.5) / 4), 1e-9) << dt;
  }
}

// A potential by a current that decays is solved exactly.
TEST(DtConvergence, PotentialsByCurrentsAreExact) {
  const double a = 1 / 10.0;
  const double b = 1 / 2.0;
  const double t = 12 - 6.5;
  const double exact = 20 / 250.0 * (std::exp(-a * t) - std::exp(-b * t)) / (b - a);
  for (const double dt : kSteps) {
    const std::string text = Postsynaptic(dt,
                                          "equations = \"\"\"\ndV/dt = -V/(10 ms) + I/(250 pF) : "
                                          "volt\ndI/dt = -I/(2 ms) : amp\n\"\"\"",
                                          "V = \"0 mV\"", "I");
    EXPECT_NEAR(After(12, dt, text, "pA", "p.V"), exact, 1e-9) << dt;
  }
}

// A potential by a conductance: the mean of the conductance is exact, so that the error is that of
// what changes within a step twice, of order 2.
TEST(DtConvergence, PotentialsByConductancesHaveOrder2) {
  const auto potential = [&](double dt) {
    const std::string text = Postsynaptic(dt, R"toml(
equations = """
dV/dt = (10 nS*(-70 mV - V) + g*(0 mV - V))/(200 pF) : volt
dg/dt = -g/(2 ms) : siemens
"""
)toml",
                                          "V = \"-70 mV\"", "g");
    return After(12, dt, text, "nS", "p.V");
  };
  const double limit = potential(1.0 / 64);
  EXPECT_GT(limit, -66);
  for (const double dt : {0.5, 0.25}) {
    const double ratio = (potential(dt) - limit) / (potential(dt / 2) - limit);
    EXPECT_NEAR(std::log2(ratio), 2, 0.15) << dt;
  }
}

// The mean interval of a neuron under a constant current, of which all but the grid is exact.
double Interval(double dt, const std::string& more) {
  Oracle run(LowerClean(Population(dt,
                                   absl::StrCat(R"toml(
equations = "dV/dt = (30 - V)/(10 ms) : 1 (unless refractory)"
threshold = "V >= 20"
reset = "V = 0"
refractory = "2 ms"
)toml",
                                                more),
                                   "V = 0")));
  std::vector<double> times;
  const bool interpolated = !more.empty();
  for (int k = 0; k < 100 / dt; ++k) {
    const size_t before = run.count();
    run.Steps(1);
    if (run.count() == before) continue;
    times.push_back((k + 1) * dt - (interpolated ? run.Get("p.spike.before") : 0));
  }
  EXPECT_GE(times.size(), 5u);
  return (times.back() - times.front()) / static_cast<double>(times.size() - 1);
}

TEST(DtConvergence, IntervalsHaveOrder1OnTheGrid) {
  const double exact = 10 * std::log(3.0) + 2;
  for (const double dt : kSteps) {
    // The threshold is passed by less than a step, at each spike.
    const double late = Interval(dt, "") - exact;
    EXPECT_GE(late, 0) << dt;
    EXPECT_LT(late, dt) << dt;
  }
}

TEST(DtConvergence, IntervalsAreExactBetweenInterpolatedSpikes) {
  const double exact = 10 * std::log(3.0) + 2;
  for (const double dt : {0.5, 0.25, 0.125}) {
    const double interval =
        Interval(dt, "method = \"rk45(1e-10, 1e-10)\"\nspike_time = \"interpolated\"\n");
    EXPECT_NEAR(interval, exact, 1e-8) << dt;
  }
}

}  // namespace
}  // namespace bnsyn
