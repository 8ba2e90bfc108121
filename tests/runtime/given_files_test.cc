// Columns of numbers that a host gives in the place of files.
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "bnsyn/bnsyn.h"

namespace bnsyn {
namespace {

using namespace literals;

constexpr char kNetwork[] = R"(
[network]
dt = "0.1 ms"
duration = "20 ms"

[models.cell]
equations = "dV/dt = (-52 mV - V)/(10 ms) : volt"
threshold = "V > -50 mV"
reset = "V = -60 mV"

[populations.cells]
model = "cell"
size = 4
initial = { V = 'file("start", "V")' }

[projections.pairs]
source = "cells"
target = "cells"
rule = { type = "list", file = "pairs" }
weight = "1 mV"
on_pre = "V_post += w"

[stimuli.kicks]
type = "file"
target = "cells"
file = "kicks"
weight = "1 mV"
on_event = "V += w"
)";

Network WithFiles(FileColumns pairs) {
  absl::StatusOr<Network> network = ParseNetwork(kNetwork, "given.toml");
  EXPECT_TRUE(network.ok()) << network.status();
  network->AddFile("start", {{"V"}, {{-51, -53, -55, -57}}});
  network->AddFile("pairs", std::move(pairs));
  network->AddFile("kicks", {{"time", "index", "value"}, {{1, 2.5, 4}, {0, 3, 0}, {4, 9, 8}}});
  return *network;
}

FileColumns Pairs() {
  return {{"pre", "post", "weight", "delay"}, {{0, 0, 3}, {1, 2, 2}, {3, 2, 9}, {1, 0.5, 2}}};
}

TEST(GivenFiles, AreConnectionsEventsAndInitialValues) {
  std::vector<std::string> digests;
  for (const Backend backend : {Backend::kReference, Backend::kAccelerated}) {
    absl::StatusOr<Simulation> sim = Compile(WithFiles(Pairs()), {.backend = backend});
    ASSERT_TRUE(sim.ok()) << sim.status();
    const PopulationHandle cells = *sim->Population("cells");
    EXPECT_EQ(*sim->State<double>(cells, "V"), (std::vector<double>{-51, -53, -55, -57}));
    const SynapseList synapses = *sim->Synapses("pairs");
    EXPECT_EQ(synapses.sources, (std::vector<uint32_t>{0, 0, 3}));
    EXPECT_EQ(synapses.targets, (std::vector<uint32_t>{1, 2, 2}));
    EXPECT_EQ(synapses.weights, (std::vector<double>{3, 2, 9}));
    EXPECT_EQ(synapses.delays, (std::vector<uint32_t>{10, 5, 20}));
    ASSERT_TRUE(sim->Run(20_ms).ok());
    // Neuron 0 by its first kick, neuron 3 by its own, and neuron 2 by what 3 sends.
    EXPECT_GE(sim->SpikeCount(cells), 3u);
    digests.push_back(sim->Digest().ToString());
  }
  EXPECT_EQ(digests[0], digests[1]);
}

TEST(GivenFiles, AreRefusedWithTheirMistake) {
  const auto message = [](FileColumns pairs) {
    return std::string(Compile(WithFiles(std::move(pairs))).status().message());
  };
  FileColumns shorter = Pairs();
  shorter.values[1].pop_back();
  EXPECT_TRUE(absl::StrContains(message(shorter),
                                "differ in length: 'pre' has 3 numbers, and "
                                "'post' has 2"))
      << message(shorter);
  FileColumns nan = Pairs();
  nan.values[2][1] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(absl::StrContains(message(nan), "row 1 of 'weight' is not a number")) << message(nan);
  FileColumns unnamed = Pairs();
  unnamed.names.pop_back();
  EXPECT_TRUE(absl::StrContains(message(unnamed), "are 4, with 3 names")) << message(unnamed);
  FileColumns other = Pairs();
  other.names[1] = "target";
  EXPECT_TRUE(absl::StrContains(message(other), "has no column 'post'")) << message(other);
}

}  // namespace
}  // namespace bnsyn
