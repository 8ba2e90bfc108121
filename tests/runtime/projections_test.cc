// Projections of every rule, with weights, delays and probabilities by expression, on both
// backends.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "compiler/lowering/lower.h"
#include "ir/text.h"
#include "networks.h"
#include "runtime/delivery/layout.h"

namespace bnsyn {
namespace {

// Noisy neurons on a ring. What they add depends on where they are and, in `drive`, on how far they
// are charged.
constexpr const char* kNeurons = R"toml(
[constants]
L = "1 m"
[models.cell]
equations = """
dV/dt = (-45 mV - V)/(20 ms) + xi*(8 mV)/sqrt(20 ms) : volt (unless refractory)
dg/dt = -g/(5 ms) : volt
x : metre (constant)
"""
bounds = { V = ["-500 mV", "500 mV"] }
threshold = "V >= -50 mV"
reset = "V = -60 mV"
refractory = "2 ms"
[populations.a]
model = "cell"
size = 131
initial = { V = "uniform(-60 mV, -50 mV)", x = "L*i/N" }
[populations.b]
model = "cell"
size = 67
initial = { V = "uniform(-60 mV, -50 mV)", x = "uniform(0 m, L)" }
[tables.course]
values = [0.5, 1, 2]
unit = "mV"
)toml";

struct Case {
  const char* name;
  const char* projection;
};
const Case kCases[] = {
    {"ring", R"toml(
target = ["a", "b"]
rule = { type = "bernoulli", p = "0.6*exp(-abs(periodic(x_pre - x_post, L))/(0.1*L))", condition = "x_pre != x_post" }
weight = "normal(0.3 mV, 0.1 mV)"
delay = "dt + abs(periodic(x_pre - x_post, L))/(0.2 metre/ms)"
on_pre = "V_post += w"
)toml"},
    {"all", R"toml(
target = "b"
rule = { type = "all_to_all", condition = "(i + j) % 3 == 0" }
weight = "0.01*course(i // 50)*(1 + x_post/L)"
delay = "0.5 ms"
on_pre = "V_post += w"
)toml"},
    {"in_degree", R"toml(
target = ["a", "b"]
rule = { type = "fixed_in_degree", n = 5, multiple = true }
weight = "-0.2 mV*lognormal(0, 0.3)"
delay = "clip(normal(1.5 ms, 0.75 ms), dt, 10 ms)"
on_pre = "g_post += w"
)toml"},
    {"out_degree", R"toml(
target = "a"
rule = { type = "fixed_out_degree", n = 9, self = false }
weight = "0.1 mV"
delay = "uniform(1 ms, 2 ms)"
on_pre = "V_post += w"
)toml"},
    {"total", R"toml(
target = "b"
rule = { type = "fixed_total", n = "rint(log(1 - 0.1)/log(1 - 1/(N_pre*N_post)))", multiple = true }
weight = "exponential(0.2 mV)"
on_pre = "V_post += w"
)toml"},
    {"near", R"toml(
target = ["a", "b"]
rule = { type = "fixed_total", n = 900, p = "exp(-(periodic(x_pre - x_post, L)/(0.1*L))**2)", condition = "i != j" }
weight = "normal(0.3 mV, 0.1 mV)"
delay = "uniform(0.5 ms, 3 ms)"
on_pre = "V_post += w"
)toml"},
    {"near_and_often", R"toml(
target = ["a", "b"]
rule = { type = "fixed_total", n = 900, p = "3*erfc(abs(periodic(x_pre - x_post, L))/(0.1*L))", multiple = true }
weight = "uniform(0 mV, 0.6 mV)"
on_pre = "V_post += w"
)toml"},
    {"one", R"toml(
target = "a"
rule = "one_to_one"
weight = "0.02 mV*i"
delay = "0.1 ms*(1 + i % 7)"
on_pre = "V_post += w"
)toml"},
    {"counts", R"toml(
target = ["a", "b"]
rule = { type = "fixed_total", n = 900, multiple = true }
weight = "0.05 mV*poisson(1 + i % 3)"
delay = "dt*(1 + poisson(2))"
on_pre = "V_post += w"
)toml"},
    {"long_ways", R"toml(
target = "b"
rule = { type = "fixed_in_degree", n = 40 }
weight = "uniform(0 mV, 0.5 mV)"
delay = "uniform(0.1 ms, 100 ms)"
on_pre = "V_post += w"
)toml"},
    {"two_inputs", R"toml(
target = ["a", "b"]
rule = { type = "bernoulli", p = 0.2 }
weight = "0.1 mV"
delay = "uniform(0.1 ms, 3 ms)"
on_pre = """
V_post += w
g_post += 0.5*w
"""
)toml"},
    {"two_inputs_of_its_own", R"toml(
target = ["a", "b"]
rule = { type = "bernoulli", p = 0.2 }
weight = "normal(0.1 mV, 0.05 mV)"
on_pre = """
V_post += w
g_post += 0.5*w
"""
)toml"},
    {"drive", R"toml(
target = ["a", "b"]
rule = { type = "bernoulli", p = 0.1 }
weight = 0.02
on_pre = """
V_post += w*(-20 mV - V_post)
g_post += 0.1*w*(V_pre + 60 mV)*x_pre/L + 0.001 mV*(i - j)
"""
)toml"},
};

Network Made(const Case& c) {
  const std::string text =
      absl::StrCat(kNeurons, "[projections.", c.name, "]\nsource = \"a\"\n", c.projection);
  absl::StatusOr<Network> network = ParseNetwork(text, absl::StrCat(c.name, ".toml"));
  EXPECT_TRUE(network.ok()) << network.status().message();
  return network.ok() ? *std::move(network) : Network();
}

class Projections : public testing::TestWithParam<Case> {};

TEST_P(Projections, AreTheSameOnEveryEngine) {
  const Network network = Made(GetParam());
  const auto digest = [](absl::StatusOr<Simulation> simulation) -> std::string {
    EXPECT_TRUE(simulation.ok()) << simulation.status().message();
    if (!simulation.ok()) return "";
    const absl::Status status = simulation->Step(400);
    EXPECT_TRUE(status.ok()) << status.message();
    EXPECT_GT(simulation->SpikeCount(*simulation->Population("a")), 50u);
    EXPECT_GT(simulation->SpikeCount(*simulation->Population("b")), 25u);
    return simulation->Digest().ToString();
  };
  const std::string expected = digest(Compile(network, Reference()));
  EXPECT_EQ(digest(Compile(network, Accelerated(1, 1))), expected);
  EXPECT_EQ(digest(Compile(network, Accelerated(1))), expected);
  EXPECT_EQ(digest(Compile(network, Accelerated(3, 4))), expected);
  for (const absl::string_view layout : LayoutNames()) {
    for (const int threads : {1, 2, 4}) {
      EngineOptions options = Accelerated(threads);
      options.layout = std::string(layout);
      EXPECT_EQ(digest(Compile(network, options)), expected) << options.layout << " " << threads;
    }
  }
  // The text of the program says it all.
  const absl::StatusOr<ir::Program> program = LowerNetwork(network);
  ASSERT_TRUE(program.ok()) << program.status().message();
  const std::string text = ir::Print(*program);
  EXPECT_EQ(ir::Print(Parsed(text)), text);
  EXPECT_EQ(digest(Compile(Parsed(text), Reference())), expected);
  // Without the projection it is another network.
  Network without = network;
  without.projections.clear();
  EXPECT_NE(digest(Compile(without, Reference())), expected);
}

INSTANTIATE_TEST_SUITE_P(Rules, Projections, testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

// What is added depends on states that nothing bounds: it is watched, on both backends alike.
TEST(ProjectionFaults, R6_ContributionsOfStates) {
  const absl::StatusOr<Network> network = ParseNetwork(R"toml(
[models.cell]
equations = "V : 1"
threshold = "V > 1"
[populations.a]
model = "cell"
size = 4
initial = { V = "2 + i" }
[projections.grow]
source = "a"
target = "a"
rule = "one_to_one"
weight = 1
on_pre = "V_post += w*V_post"
)toml",
                                                       "grow.toml");
  ASSERT_TRUE(network.ok()) << network.status().message();
  std::vector<std::string> messages;
  for (const EngineOptions& options : {Reference(), Accelerated(1), Accelerated(2)}) {
    absl::StatusOr<Simulation> simulation = Compile(*network, options);
    ASSERT_TRUE(simulation.ok()) << simulation.status().message();
    const PopulationHandle a = *simulation->Population("a");
    // Doubled each step: 5 2^k, until it is more than 2^104 quanta.
    EXPECT_TRUE(simulation->Step(8).ok());
    EXPECT_EQ(simulation->State<double>(a, "V")->at(3), 5 * 128);
    EXPECT_EQ(simulation->SpikeCount(a), 32u);
    const absl::Status status = simulation->Step(100);
    EXPECT_FALSE(status.ok());
    messages.emplace_back(status.message());
  }
  EXPECT_NE(messages[0].find("was to receive 2814749767106560 in step 50 "), std::string::npos)
      << messages[0];
  EXPECT_EQ(messages[1], messages[0]);
  EXPECT_EQ(messages[2], messages[0]);
}

}  // namespace
}  // namespace bnsyn
