// Orders of convergence, as slopes of the error over the step.
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/compiler/integrate_testing.h"

namespace bnsyn {
namespace {

// The slope of log(error) over log(dt) by least squares.
double Slope(const std::vector<double>& steps, const std::function<double(double dt)>& error) {
  double sx = 0, sy = 0, sxx = 0, sxy = 0;
  for (const double dt : steps) {
    const double x = std::log(dt);
    const double y = std::log(error(dt));
    sx += x;
    sy += y;
    sxx += x * x;
    sxy += x * y;
  }
  const double n = static_cast<double>(steps.size());
  return (n * sxy - sx * sy) / (n * sxx - sx * sx);
}

// The error of x after 2 ms, of a model that starts at x = 1.
double Error(double dt, const std::string& model, double expected) {
  Oracle run(LowerClean(Population(dt, model, "x = 1")));
  run.Steps(static_cast<int>(std::lround(2 / dt)));
  return std::fabs(run.Get("p.x") - expected);
}

struct Order {
  const char* method;
  double order;
};

class Convergence : public testing::TestWithParam<Order> {};

// dx/dt = -x^2: x = 1/(1 + t).
TEST_P(Convergence, OfANonlinearEquation) {
  const std::string model = absl::StrCat("equations = \"dx/dt = -x**2/(1 ms) : 1\"\nmethod = \"",
                                         GetParam().method, "\"");
  const double slope =
      Slope({0.1, 0.05, 0.025, 0.0125}, [&](double dt) { return Error(dt, model, 1 / 3.0); });
  EXPECT_NEAR(slope, GetParam().order, 0.15);
}

// dx/dt = cos(t) x: x = exp(sin t). A method that evaluates t at the wrong time loses its order.
TEST_P(Convergence, OfAnEquationThatDependsOnTime) {
  const std::string model = absl::StrCat(
      "equations = \"dx/dt = cos(t/(1 ms))*x/(1 ms) : 1\"\nmethod = \"", GetParam().method, "\"");
  const double slope = Slope({0.1, 0.05, 0.025, 0.0125},
                             [&](double dt) { return Error(dt, model, std::exp(std::sin(2.0))); });
  EXPECT_NEAR(slope, GetParam().order, 0.15);
}

// The slopes are the same if each step is three substeps, between which t advances.
TEST_P(Convergence, OfSubsteps) {
  const std::string model =
      absl::StrCat("equations = \"dx/dt = cos(t/(1 ms))*x/(1 ms) : 1\"\nsubsteps = 3\nmethod = \"",
                   GetParam().method, "\"");
  const double expected = std::exp(std::sin(2.0));
  const double slope =
      Slope({0.4, 0.2, 0.1}, [&](double dt) { return Error(dt, model, expected); });
  EXPECT_NEAR(slope, GetParam().order, 0.2);
}

INSTANTIATE_TEST_SUITE_P(Methods, Convergence,
                         testing::Values(Order{"euler", 1}, Order{"heun", 2}, Order{"rk2", 2},
                                         Order{"rk4", 4}),
                         [](const testing::TestParamInfo<Order>& info) {
                           return std::string(info.param.method);
                         });

// dx/dt = -y x, dy/dt = -y: x = exp(e^-t - 1). A method that keeps y for a step has order 1; for an
// equation that reads no other variable it is exact.
TEST(Convergence, OfExponentialEuler) {
  const std::string model =
      "equations = \"\"\"\ndx/dt = -y*x/(1 ms) : 1\ndy/dt = -y/(1 ms) : 1\n\"\"\"\n"
      "method = \"exponential_euler\"";
  const double expected = std::exp(std::exp(-2.0) - 1);
  const double slope = Slope({0.1, 0.05, 0.025, 0.0125}, [&](double dt) {
    Oracle run(LowerClean(Population(dt, model, "x = 1, y = 1")));
    const int steps = static_cast<int>(std::lround(2 / dt));
    run.Steps(steps);
    EXPECT_NEAR(run.Get("p.y"), std::exp(-2.0), 1e-14);
    return std::fabs(run.Get("p.x") - expected);
  });
  EXPECT_NEAR(slope, 1, 0.1);
}

// Strong orders on dx = x/5 dt + x/2 dW. B gathers the increments of the same noise, so that each
// neuron's own solution is known: x = exp((mu - s^2/2) t + s B) to Ito, exp(mu t + s B) to
// Stratonovich. The mean of |error| over 4000 neurons is known to about 2 %, which moves a slope
// over a factor of 8 in dt by 0.01.
struct StrongOrder {
  const char* method;
  bool ito;
  double order;
};

class StrongConvergence : public testing::TestWithParam<StrongOrder> {};

TEST_P(StrongConvergence, OfGeometricBrownianMotion) {
  constexpr int kNeurons = 4000;
  constexpr double kMu = 0.2;
  constexpr double kS = 0.5;
  const std::string model = absl::StrCat(
      "equations = \"\"\"\ndx/dt = 0.2*x/(1 ms) + 0.5*x*xi_a/sqrt(1 ms) : 1\n"
      "dB/dt = xi_a/sqrt(1 ms) : 1\n\"\"\"\nmethod = { x = \"",
      GetParam().method, "\", default = \"euler_maruyama\" }");
  const double drift = GetParam().ito ? kMu - kS * kS / 2 : kMu;
  const double slope = Slope({0.1, 0.05, 0.025, 0.0125}, [&](double dt) {
    Oracle run(LowerClean(Population(dt, model, "x = 1", kNeurons)));
    run.Steps(static_cast<int>(std::lround(1 / dt)));
    double sum = 0;
    for (size_t n = 0; n < kNeurons; ++n) {
      const double expected = std::exp(drift + kS * run.Get("p.B", n));
      sum += std::fabs(run.Get("p.x", n) - expected);
    }
    return sum / kNeurons;
  });
  EXPECT_NEAR(slope, GetParam().order, 0.08);
}

INSTANTIATE_TEST_SUITE_P(Methods, StrongConvergence,
                         testing::Values(StrongOrder{"euler_maruyama", true, 0.5},
                                         StrongOrder{"milstein", false, 1},
                                         StrongOrder{"heun", false, 1}),
                         [](const testing::TestParamInfo<StrongOrder>& info) {
                           return std::string(info.param.method);
                         });

}  // namespace
}  // namespace bnsyn
