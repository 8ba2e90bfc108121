// The TOML blocks of docs/networks.md run: the first is a whole network, the others are added to it,
// and so are those of docs/plasticity.md.
// unless they have a [network] of their own. Blocks "```csv NAME" are the files that they read.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bnsyn/bnsyn.h"

namespace bnsyn {
namespace {

constexpr uint64_t kSteps = 1000;

struct CodeBlock {
  std::string kind;  // "toml"
  std::string name;  // of a file; empty for none
  int line = 0;      // where it begins
  std::string text;
};

std::vector<CodeBlock> ReadBlocks(const std::string& path) {
  std::ifstream file(path);
  std::vector<CodeBlock> blocks;
  bool inside = false;
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (line.rfind("```", 0) != 0) {
      if (inside) blocks.back().text += line + "\n";
      continue;
    }
    inside = !inside;
    if (!inside) continue;
    const std::string kind = line.substr(3);
    const size_t space = kind.find(' ');
    blocks.push_back({kind.substr(0, space),
                      space == std::string::npos ? "" : kind.substr(space + 1), number, ""});
  }
  return blocks;
}

// A directory of this test alone, for the files that the blocks read.
std::string Directory() { return ::testing::TempDir() + "/bnsyn_networks_md"; }

// The digest after kSteps steps; every population whose model has a threshold spikes meanwhile.
std::string RunBlock(const std::string& text, const std::string& name, Backend backend) {
  const absl::StatusOr<Network> network = ParseNetwork(text, name, Directory());
  if (!network.ok()) {
    ADD_FAILURE() << network.status().message();
    return "";
  }
  absl::StatusOr<Simulation> simulation = Compile(*network, {.backend = backend});
  if (!simulation.ok()) {
    ADD_FAILURE() << simulation.status().message();
    return "";
  }
  const absl::Status status = simulation->Step(kSteps);
  EXPECT_TRUE(status.ok()) << status.message();
  for (const Network::PopulationDescription& population : network->populations) {
    if (network->models[population.model].threshold.text.empty()) continue;
    const absl::StatusOr<PopulationHandle> handle = simulation->Population(population.name);
    EXPECT_GT(simulation->SpikeCount(*handle), 0u) << population.name << " is silent";
  }
  return simulation->Digest().ToString();
}

TEST(NetworksDocument, EveryBlockRunsAlikeOnBothBackends) {
  const std::vector<CodeBlock> blocks = ReadBlocks(BNSYN_SOURCE_DIR "/docs/networks.md");
  std::string first;
  int networks = 0;
  std::filesystem::create_directories(Directory());
  for (const CodeBlock& block : blocks) {
    if (block.kind == "csv") std::ofstream(Directory() + "/" + block.name) << block.text;
  }
  for (const CodeBlock& block : blocks) {
    if (block.kind != "toml") continue;
    if (first.empty()) first = block.text;
    const bool whole = block.text.find("[network]") != std::string::npos;
    const std::string name = "docs/networks.md, block of line " + std::to_string(block.line);
    SCOPED_TRACE(name);
    const std::string text = whole ? block.text : first + block.text;
    EXPECT_EQ(RunBlock(text, name, Backend::kReference),
              RunBlock(text, name, Backend::kAccelerated));
    ++networks;
  }
  EXPECT_GE(networks, 15);
  int more = 0;
  for (const CodeBlock& block : ReadBlocks(BNSYN_SOURCE_DIR "/docs/plasticity.md")) {
    if (block.kind != "toml") continue;
    const std::string name = "docs/plasticity.md, block of line " + std::to_string(block.line);
    SCOPED_TRACE(name);
    EXPECT_EQ(RunBlock(first + block.text, name, Backend::kReference),
              RunBlock(first + block.text, name, Backend::kAccelerated));
    ++more;
  }
  EXPECT_GE(more, 7);
}

}  // namespace
}  // namespace bnsyn
