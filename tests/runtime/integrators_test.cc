// Every method of integration gives the same bits on both backends, with any threads and width.
#include <gtest/gtest.h>

#include <string>

#include "networks.h"

namespace bnsyn {
namespace {

struct Case {
  const char* name;
  const char* equations;
  const char* keys;
};

// Neurons that are driven over their threshold, with an adaptation w, and refractory.
constexpr char kAdaptive[] = R"(
dV/dt = (22 + 4*i/N - V - w + (V/9)**3/20)/(10 ms) : 1 (unless refractory)
dw/dt = (0.1*V - w)/(50 ms) : 1
)";
constexpr char kLinear[] = R"(
dV/dt = (22 + 4*sin(i) - V - w + I)/(10 ms) : 1 (unless refractory)
dw/dt = (0.1*V - w)/(50 ms) : 1
dI/dt = -I/(5 ms) : 1
)";
constexpr char kNoisy[] = R"(
dV/dt = (22 - V - w)/(10 ms) + 3*sqrt(2/(10 ms))*xi_a : 1 (unless refractory)
dw/dt = (0.1*V - w)/(50 ms) + 0.2*xi_b/sqrt(10 ms) : 1
)";
constexpr char kMultiplicative[] = R"(
dV/dt = (22 - V - w)/(10 ms) + (3 + 0.1*V)*xi_a/sqrt(10 ms) : 1 (unless refractory)
dw/dt = (0.1*V - w)/(50 ms) + 0.2*w*xi_b/sqrt(10 ms) : 1
)";
// A current that all neurons share, and that differs from step to step.
constexpr char kShared[] = R"(
dV/dt = (22 + 4*i/N - V - w + I)/(10 ms) : 1 (unless refractory)
dw/dt = (0.1*V - w)/(50 ms) : 1
dI/dt = -I/(5 ms) + 2*xi/sqrt(5 ms) : 1 (shared)
)";
constexpr Case kCases[] = {
    {"by_itself_nonlinear", kAdaptive, ""},
    {"by_itself_linear", kLinear, ""},
    {"by_itself_noisy", kNoisy, ""},
    {"exact", kLinear, "method = \"exact\""},
    {"exponential_euler", kLinear, "method = \"exponential_euler\""},
    {"euler", kAdaptive, "method = \"euler\""},
    {"heun", kAdaptive, "method = \"heun\""},
    {"rk2", kAdaptive, "method = \"rk2\""},
    {"rk4", kAdaptive, "method = \"rk4\""},
    {"euler_maruyama", kMultiplicative, "method = \"euler_maruyama\""},
    {"milstein", kMultiplicative, "method = \"milstein\""},
    {"heun_with_noise", kMultiplicative, "method = \"heun\""},
    {"by_variable", kAdaptive, "method = { V = \"rk4\", w = \"exponential_euler\" }"},
    {"substeps", kNoisy, "substeps = 3"},
    {"many_substeps", kAdaptive, "method = \"rk4\"\nsubsteps = 25"},
    {"many_noisy_substeps", kMultiplicative, "method = \"milstein\"\nsubsteps = 20"},
    {"shared_substeps", kShared, "substeps = 2"},
    {"many_shared_substeps", kShared, "substeps = 40"},
    {"rk45", kAdaptive, "method = \"rk45\""},
    {"rk45_of_one", kAdaptive, "method = { V = \"rk45(1e-8, 1e-8)\" }"},
    {"interpolated_spikes", kAdaptive, "spike_time = \"interpolated\""},
    {"order", kAdaptive, "method = \"rk2\"\norder = [\"w\", \"V\", \"w\"]"},
};

class Integrators : public testing::TestWithParam<Case> {};

std::string Digest(const Network& network, const EngineOptions& options, uint64_t& spikes) {
  absl::StatusOr<Simulation> simulation = Compile(network, options);
  EXPECT_TRUE(simulation.ok()) << simulation.status().message();
  if (!simulation.ok()) return "";
  const absl::Status status = simulation->Step(600);
  EXPECT_TRUE(status.ok()) << status.message();
  spikes = simulation->SpikeCount(*simulation->Population("p"));
  return simulation->Digest().ToString();
}

TEST_P(Integrators, AgreeToTheBit) {
  for (const char* math : {"default", "strict"}) {
    const std::string text = std::string("[network]\nseed = 3\nmath = \"") + math +
                             "\"\n[models.m]\nequations = \"\"\"" + GetParam().equations +
                             "\"\"\"\n" + GetParam().keys + R"toml(
threshold = "V > 20"
reset = "V = 10; w += 0.5"
refractory = "2 ms"
[populations.p]
model = "m"
size = 75
initial = { V = "uniform(0, 20)" }
)toml";
    const absl::StatusOr<Network> network = ParseNetwork(text, "test.toml");
    ASSERT_TRUE(network.ok()) << network.status().message();
    uint64_t spikes = 0;
    const std::string expected = Digest(*network, Reference(), spikes);
    EXPECT_GE(spikes, 75u) << "most neurons should have spiked";
    for (const auto& [threads, width] :
         {std::pair(1, 1), std::pair(1, 4), std::pair(2, 8), std::pair(3, 16)}) {
      EXPECT_EQ(Digest(*network, Accelerated(threads, width), spikes), expected)
          << math << ", " << threads << " threads, width " << width;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Methods, Integrators, testing::ValuesIn(kCases),
                         [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace bnsyn
