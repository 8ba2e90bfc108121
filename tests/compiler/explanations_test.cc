// Explanations of equations, as `bnsyn dump --stage equations` prints them.
#include "compiler/lowering/lower.h"

#include <string>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "tests/compiler/integrate_testing.h"

namespace bnsyn {
namespace {

// The explanation of a population "p" with this model, without its title.
std::string Explained(const std::string& model) {
  const absl::StatusOr<Network> network = ParseNetwork(
      Population(0.1, model, "") + "[populations.q]\nmodel = \"m\"\nsize = 2\n", "test.toml");
  EXPECT_TRUE(network.ok()) << network.status().message();
  if (!network.ok()) return "";
  const absl::StatusOr<std::string> text = ExplainEquations(*network);
  EXPECT_TRUE(text.ok()) << text.status().message();
  if (!text.ok()) return "";
  const size_t begin = text->find("population p, model m:\n");
  const size_t end = text->find("\npopulation q, model m:\n  as population p, model m\n");
  EXPECT_NE(end, std::string::npos) << *text;
  return text->substr(begin + 23, end - begin - 23);
}

TEST(ExplainEquations, NamesEachMethodAndTheReason) {
  EXPECT_EQ(Explained(R"toml(
parameters = { tau = "10 ms", E = "-70 mV", sigma = "2 mV" }
tunable = "sigma"
equations = """
dV/dt = (E - V + u)/tau : volt (unless refractory)  # a comment
dg/dt = -g/(5 ms) : siemens
du/dt = -u/tau + sigma*sqrt(2/tau)*xi : volt
dm/dt = alpha*(1 - m) : 1
alpha = exp(V/(10 mV))/(1 ms) : hertz
dx/dt = (i*x**2 - int(t > 3 ms))/tau : 1
"""
threshold = "V > -50 mV"
refractory = "2 ms"
)toml"),
            R"(
  dg/dt = -g/(5 ms) : siemens
    exact: it decays at a constant rate
    g' = 0.9801986733067553*g
    in nS

  dV/dt = (E - V + u)/tau : volt (unless refractory)
    exponential_euler: linear in V while the rest is kept; not exact: it reads u, which has no exact solution
    V' = 0.009950166250831949*(-70 + u) + 0.9900498337491681*V
    in mV; kept while the neuron is refractory

  du/dt = -u/tau + sigma*sqrt(2/tau)*xi : volt
    euler_maruyama: it has noise
    dW_xi = 0.31622776601683794*randn()
    u' = u + 0.010000000000000002*(-u) + 0.4472135954999579*sigma*dW_xi
    in mV

  dm/dt = alpha*(1 - m) : 1
    exponential_euler: linear in m while the rest is kept; not exact: what multiplies m depends on V
    alpha = exp(0.1*V)
    m' = m + exprel(-0.1*alpha)*(0.1*alpha - 0.1*alpha*m)

  dx/dt = (i*x**2 - int(t > 3 ms))/tau : 1
    euler: it is not linear in x
    x' = x + 0.010000000000000002*(i*x*x - int(t > 3))
)");
}

TEST(ExplainEquations, NamesDefinitionsInRates) {
  EXPECT_EQ(Explained(R"toml(
equations = """
dm/dt = alpha*(1 - m) - m*(V/mV)/(2 ms) : 1
alpha = exp(V/(10 mV))/(1 ms) : hertz
V : volt
"""
)toml"),
            R"(
  dm/dt = alpha*(1 - m) - m*(V/mV)/(2 ms) : 1
    exact: linear with constant coefficients
    alpha = exp(0.1*V)
    m' = m + exprel(-0.05*V - 0.1*alpha)*(0.1*alpha + (-0.05*V - 0.1*alpha)*m)
)");
}

TEST(ExplainEquations, ShowsOneOfManySubsteps) {
  EXPECT_EQ(Explained(R"toml(
equations = "dx/dt = (sin(t/(1 ms)) - x)/(1 ms) : 1"
method = "euler"
substeps = 4
)toml"),
            R"(
  dx/dt = (sin(t/(1 ms)) - x)/(1 ms) : 1
    euler: asked for, in each of 4 substeps
    x' = x + 0.025*(sin(t + 0.025*substep) - x)
)");
}

TEST(ExplainEquations, CountsTheStepsOfAVariable) {
  EXPECT_EQ(Explained(R"toml(
equations = """
dv/dt = (0.04*v**2 - u)/(1 ms) : 1
du/dt = 0.02*(0.2*v - u)/(1 ms) : 1
"""
method = { v = "rk2", default = "euler" }
order = ["v", "v", "u"]
)toml"),
            R"(
  dv/dt = (0.04*v**2 - u)/(1 ms) : 1
    rk2: asked for, step 1 of 2
    k_v = 0.04*v*v - u
    m_v = 0.04*(v + 0.025*k_v)*(v + 0.025*k_v) - u
    v' = v + 0.05*m_v

  dv/dt again
    rk2: asked for, step 2 of 2
    k_v = 0.04*v'*v' - u
    m_v = 0.04*(v' + 0.025*k_v)*(v' + 0.025*k_v) - u
    v'' = v' + 0.05*m_v

  du/dt = 0.02*(0.2*v - u)/(1 ms) : 1
    euler: asked for
    u' = u + 0.002*(0.2*v'' - u)
)");
}

TEST(ExplainEquations, ShowsRefractorinessInCoupledEquations) {
  const std::string text = Explained(R"toml(
equations = """
dV/dt = -V/(10 ms) : 1 (unless refractory)
dw/dt = (V - w)/(10 ms) : 1
"""
threshold = "V > 1"
refractory = "2 ms"
)toml");
  EXPECT_TRUE(absl::StrContains(
      text,
      "    exact: linear with constant coefficients, solved together\n"
      "    w' = 0.009900498337491681*V + 0.9900498337491681*w if not_refractory else "
      "0.009950166250831947*V + 0.9900498337491681*w\n"))
      << text;
}

TEST(ExplainEquations, SaysThatThereAreNoEquations) {
  EXPECT_EQ(Explained("equations = \"v : 1\"\nupdate = \"v += 1\""),
            "  no differential equations; its update code runs line by line\n");
  EXPECT_EQ(Explained("equations = \"v : 1\""), "  no differential equations\n");
}

}  // namespace
}  // namespace bnsyn
