#include "compiler/equations/affine.h"

#include <cmath>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "ir/text.h"
#include "tests/compiler/integrate_testing.h"

namespace bnsyn {
namespace {

// The model of a membrane with constant conductances.
std::string Membrane(const std::string& right, const std::string& math = "default") {
  return Population(
      0.1,
      absl::StrCat("parameters = { E = \"0 mV\", R = \"1.5 ms\" }\nequations = \"\"\"\n"
                   "dV/dt = ",
                   right,
                   " : volt\ng : 1\nh : 1\n\"\"\"\n"
                   "method = \"exponential_euler\""),
      "V = \"-60 mV\", g = 0.3, h = 0.7", 1, math);
}

std::string StepOf(const std::string& right, const std::string& math = "default") {
  const ir::Program program = LowerClean(Membrane(right, math));
  return ir::PrintBlock(program, program.step[0]);
}

TEST(Affine, EveryTermIsOneFusedProduct) {
  EXPECT_EQ(StepOf("(2*(3*mV - V) + g*(5*mV - V) + h*(E - V))/(4 ms)"), R"ir(step {
  %0 = load p.V : f64[p]
  %1 = load p.g : f64[p]
  %2 = load p.h : f64[p]
  %3 = fma -0.025, %1, -0.05 : f64[p]
  %4 = fma -0.025, %2, %3 : f64[p]
  %5 = exprel_small %4 : f64[p]
  %6 = fma 0.125, %1, 0.15000000000000002 : f64[p]
  %7 = fma %4, %0, %6 : f64[p]
  %8 = fma %5, %7, %0 : f64[p]
  check p.V, %8
  store p.V, %8
}
)ir");
}

// x' = x + exprel(k) (k x + h b) for dx/dt = a x + b, with k = h a.
double Exact(double a, double b) {
  const double k = 0.1 * a;
  return -60 + std::expm1(k) / k * (k * -60 + 0.1 * b);
}

TEST(Affine, MovesAsTheTextSays) {
  struct Case {
    const char* right;
    double a, b;  // dV/dt = a*V + b for g = 0.3, h = 0.7
  };
  const Case cases[] = {
      {"(2*(3*mV - V) + g*(5*mV - V) + h*(E - V))/(4 ms)", -0.75, 1.875},
      {"(g + g)*(h*mV - V)/R", -0.4, 0.28},
      {"-(h*V - g*(V - 2*mV))/(1 ms) - V/R", -0.4 - 1 / 1.5, -0.6},
      {"(2*g*h*(5*mV - V) + 3*h*g*(4*mV - V))/(2 ms)", -0.525, 2.31},
      {"(g*h*(5*mV - V) + h*(4*mV - V) - V)/(2 ms)", -0.955, 1.925},
      {"exp(g)*(h*mV - V)/R - 3*exp(g)*V/R", -4 * std::exp(0.3) / 1.5, std::exp(0.3) * 0.7 / 1.5},
      {"g*(E - V)/R + 0*h*(7*mV - V)/R", -0.2, 0},
  };
  for (const Case& c : cases) {
    for (const char* math : {"default", "strict"}) {
      Oracle run(LowerClean(Membrane(c.right, math)));
      run.Steps(1);
      EXPECT_NEAR(run.Get("p.V"), Exact(c.a, c.b), 3e-14) << c.right << ", " << math;
    }
  }
}

// A product without a constant gets the factor, unless it is fused with a sum already.
TEST(Affine, BareProductsStayFused) {
  const std::string fused = StepOf("(h*(4*mV) + 3*mV + g*(h*mV) - g*V)/(2 ms)");
  EXPECT_TRUE(absl::StrContains(fused, "fma %3, %1, ")) << fused;
  const std::string shared = StepOf("(g*h*(5*mV - V) + h*(4*mV - V) - V)/(2 ms)");
  EXPECT_TRUE(absl::StrContains(shared, "mul %1, %2 ")) << shared;
  EXPECT_TRUE(absl::StrContains(shared, "fma -0.05, %2, -0.05 ")) << shared;
}

TEST(Affine, StrictMathMultipliesLast) {
  const std::string step = StepOf("(2*(3*mV - V) + g*(5*mV - V))/(4 ms)", "strict");
  EXPECT_FALSE(absl::StrContains(step, "fma")) << step;
  EXPECT_TRUE(absl::StrContains(step, "mul 0.1, ")) << step;
}

// Only sums of variables are expected to be small.
TEST(Affine, RatesMayBeLarge) {
  EXPECT_TRUE(absl::StrContains(StepOf("g*(E - V)/R"), "exprel_small"));
  EXPECT_TRUE(absl::StrContains(StepOf("exp(g)*(E - V)/R"), "exprel %"));
  EXPECT_TRUE(absl::StrContains(StepOf("g*h*(E - V)/R"), "exprel %"));
}

}  // namespace
}  // namespace bnsyn
