// Linked variables and the past of variables by the calls of bnsyn/network.h: the same network as
// from a file.
#include <string>

#include "bnsyn/bnsyn.h"
#include "gtest/gtest.h"

namespace bnsyn {
namespace {

constexpr char kFile[] = R"toml(
[network]
dt = "0.1 ms"
seed = 3

[models.driver]
equations = "dy/dt = (1 - y(t - 1 ms))/(2 ms) : 1"

[models.cell]
equations = """
dv/dt = (1 + from - v)/(3 ms) : 1
from : 1 (linked)
"""
threshold = "v > 1"
reset = "v = 0.1*from(t - 2 ms)"

[populations]
drivers = { model = "driver", size = 2 }
cells = { model = "cell", size = 70, linked = { from = "drivers.y[i % 2]" } }
)toml";

TEST(Links, CallsMakeTheNetworkOfTheFile) {
  Network network({.seed = 3});
  const ModelHandle driver =
      network.AddModel(Model("driver").Equations("dy/dt = (1 - y(t - 1 ms))/(2 ms) : 1"));
  const ModelHandle cell =
      network.AddModel(Model("cell")
                           .Equations("dv/dt = (1 + from - v)/(3 ms) : 1\nfrom : 1 (linked)")
                           .Threshold("v > 1")
                           .Reset("v = 0.1*from(t - 2 ms)"));
  network.AddPopulation("drivers", driver, 2);
  const PopulationHandle cells = network.AddPopulation("cells", cell, 70);
  network.Link(cells, "from", "drivers.y[i % 2]");
  const absl::StatusOr<Network> file = ParseNetwork(kFile, "links.toml");
  ASSERT_TRUE(file.ok()) << file.status();
  std::string digest;
  const Network* const described_twice[] = {&network, &*file};
  for (const Network* described : described_twice) {
    for (const Backend backend : {Backend::kReference, Backend::kAccelerated}) {
      absl::StatusOr<Simulation> simulation = Compile(*described, {.backend = backend});
      ASSERT_TRUE(simulation.ok()) << simulation.status();
      ASSERT_TRUE(simulation->Step(300).ok());
      EXPECT_GT(simulation->SpikeCount(*simulation->Population("cells")), 70u);
      if (digest.empty()) digest = simulation->Digest().ToString();
      EXPECT_EQ(simulation->Digest().ToString(), digest);
    }
  }
}

TEST(Links, ALinkThatIsMissingIsAnError) {
  Network network({.seed = 3});
  const ModelHandle cell = network.AddModel(Model("cell").Equations("x : 1\ny : 1 (linked)"));
  const PopulationHandle cells = network.AddPopulation("cells", cell, 4);
  EXPECT_FALSE(Compile(network).ok());
  network.Link(cells, "y", "cells.x[3 - i]");
  EXPECT_TRUE(Compile(network).ok()) << Compile(network).status();
  network.Link(cells, "y", "cells.x");
  EXPECT_FALSE(Compile(network).ok());
}

}  // namespace
}  // namespace bnsyn
