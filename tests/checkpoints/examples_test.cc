// Every example network, cut at random steps and continued by other engines, has the digest of
// tests/digests.json, which is that of a run that never stopped.
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_split.h"
#include "bnsyn/checkpoint.h"
#include "nlohmann/json.hpp"
#include "runtime/simulation_internal.h"
#include "tests/checkpoints/networks.h"
#include "tests/fuzz/random.h"
#include "tests/runtime/networks.h"

namespace bnsyn {
namespace {

const char kDirectory[] = BNSYN_SOURCE_DIR;

struct Example {
  std::string path;
  std::vector<std::string> sets;
  uint64_t seed = 0;
  uint64_t steps = 0;
  uint64_t spikes = 0;
  std::string digest;
};

// Those that run quickly.
std::vector<Example> Examples() {
  std::ifstream file(std::string(kDirectory) + "/tests/digests.json");
  std::vector<Example> examples;
  for (const auto& receipt : nlohmann::json::parse(file)) {
    if (receipt.value("slow", false)) continue;
    const auto& settings = receipt["settings"];
    Example& example = examples.emplace_back();
    example.path = settings["network"];
    if (settings.contains("set")) example.sets = settings["set"];
    example.seed = settings["seed"];
    example.steps = settings["steps"];
    example.spikes = receipt["spikes"];
    example.digest = receipt["digest"];
  }
  return examples;
}

Network Read(const Example& example) {
  absl::StatusOr<Network> network = ReadNetwork(std::string(kDirectory) + "/" + example.path);
  EXPECT_TRUE(network.ok()) << network.status();
  for (const std::string& set : example.sets) {
    const std::pair<std::string, std::string> words = absl::StrSplit(set, absl::MaxSplits('=', 1));
    EXPECT_TRUE(network->Set(words.first, words.second).ok()) << set;
  }
  EXPECT_TRUE(network->Set("seed", std::to_string(example.seed)).ok());
  return *std::move(network);
}

// Runs on a way of several engines, each from the checkpoint of the one before, up to these steps.
// The reference backend runs few of them, since it is slow.
struct Leg {
  EngineOptions options;
  uint64_t until = 0;
};

std::vector<Leg> LegsOf(const Example& example, fuzz::Random& random) {
  const uint64_t few = 1 + random.Below(20);
  const uint64_t cut = few + 1 + random.Below(example.steps - 2 * few - 2);
  EngineOptions other = Accelerated(1 + static_cast<int>(random.Below(3)), 1 << random.Below(4));
  other.compile.optimization = 0;
  other.layout = random.OneIn(2) ? "code" : "best";
  return {{Reference(), few},
          {Accelerated(1 + static_cast<int>(random.Below(3))), cut},
          {other, example.steps - few},
          {Reference(), example.steps}};
}

TEST(Examples, ContinueOnOtherEngines) {
  const std::vector<Example> examples = Examples();
  ASSERT_GT(examples.size(), 40u);
  uint64_t seed = 0;
  for (const Example& example : examples) {
    SCOPED_TRACE(example.path);
    const Network network = Read(example);
    fuzz::Random random(++seed);
    std::string bytes;
    std::string digest;
    for (const Leg& leg : LegsOf(example, random)) {
      absl::StatusOr<Simulation> simulation = Compile(network, leg.options);
      ASSERT_TRUE(simulation.ok()) << simulation.status();
      if (!bytes.empty()) {
        const absl::Status restored = simulation->Restore(*Checkpoint::FromBytes(bytes));
        ASSERT_TRUE(restored.ok()) << restored;
        ASSERT_EQ(simulation->Digest().ToString(), digest);
      }
      const absl::Status ran = simulation->Step(leg.until - simulation->step());
      ASSERT_TRUE(ran.ok()) << ran;
      bytes = SavedBytes(*simulation).bytes();
      digest = simulation->Digest().ToString();
      if (leg.until != example.steps) continue;
      EXPECT_EQ(digest, example.digest);
      EXPECT_EQ(simulation->report().spikes, example.spikes);
      EXPECT_GT(example.spikes, 0u);
    }
  }
}

}  // namespace
}  // namespace bnsyn
