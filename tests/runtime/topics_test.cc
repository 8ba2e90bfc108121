// The small networks of examples/networks/topics: each runs on both backends to the same bits, and
// spikes.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "networks.h"

namespace bnsyn {
namespace {

std::vector<std::string> Topics() {
  std::vector<std::string> names;
  for (const auto& entry :
       std::filesystem::directory_iterator(BNSYN_SOURCE_DIR "/examples/networks/topics")) {
    names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class TopicsOfExamples : public testing::TestWithParam<std::string> {};

TEST_P(TopicsOfExamples, SpikeAndAgreeToTheBit) {
  const absl::StatusOr<Network> network =
      ReadNetwork(BNSYN_SOURCE_DIR "/examples/networks/topics/" + GetParam() + ".toml");
  ASSERT_TRUE(network.ok()) << network.status().message();
  std::string expected;
  for (const EngineOptions& options : {Reference(), Accelerated(2, 4)}) {
    absl::StatusOr<Simulation> simulation = Compile(*network, options);
    ASSERT_TRUE(simulation.ok()) << simulation.status().message();
    const absl::Status status = simulation->Step(1000);
    ASSERT_TRUE(status.ok()) << status.message();
    uint64_t spikes = 0;
    for (const ir::Population& population : ProgramOf(*simulation).populations) {
      spikes += simulation->SpikeCount(*simulation->Population(population.name));
    }
    EXPECT_GT(spikes, 4u) << "it is silent";
    const std::string digest = simulation->Digest().ToString();
    if (expected.empty()) expected = digest;
    EXPECT_EQ(digest, expected) << options.threads << " threads, width " << options.compile.width;
  }
}

INSTANTIATE_TEST_SUITE_P(Files, TopicsOfExamples, testing::ValuesIn(Topics()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace bnsyn
