// What the examples that learn have learned, and the same bits on both backends.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "networks.h"

namespace bnsyn {
namespace {

struct Setting {
  const char* name;
  const char* value;
};

Network Example(const char* name, const std::vector<Setting>& settings) {
  absl::StatusOr<Network> network =
      ReadNetwork(absl::StrCat(BNSYN_SOURCE_DIR, "/examples/networks/", name, ".toml"));
  EXPECT_TRUE(network.ok()) << network.status().message();
  for (const Setting& setting : settings) {
    const absl::Status set = network->Set(setting.name, setting.value);
    EXPECT_TRUE(set.ok()) << set.message();
  }
  return *std::move(network);
}

// 400 neurons whose 32,000 synapses are all eligible.
TEST(BrunelThreeFactor, R11_IsTheSameOnBothBackends) {
  const Network network = Example("brunel-three-factor", {{"N", "500"}, {"p", "0.2"}});
  std::string expected;
  for (const EngineOptions& options :
       {Reference(), Accelerated(1), Accelerated(2, 4), Accelerated(3), Accelerated(4, 1)}) {
    Simulation simulation = CompiledNetwork(network, options);
    const double first = simulation.StateByName("ee.w")->front();
    ASSERT_TRUE(simulation.Step(1000).ok());
    EXPECT_GT(simulation.SpikeCount(*simulation.Population("exc")), 300u);
    const std::vector<double> weights = *simulation.StateByName("ee.w");
    const auto [least, greatest] = std::minmax_element(weights.begin(), weights.end());
    EXPECT_LT(*least, 0.999 * first);
    EXPECT_GT(*greatest, 1.001 * first);
    const std::string digest = simulation.Digest().ToString();
    if (expected.empty()) expected = digest;
    EXPECT_EQ(digest, expected) << options.threads << " threads, width " << options.compile.width;
  }
}

}  // namespace
}  // namespace bnsyn
