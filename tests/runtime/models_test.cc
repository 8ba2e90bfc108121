// Every model of the library runs to the same bits on both backends.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "compiler/description/model_library.h"
#include "networks.h"

namespace bnsyn {
namespace {

// examples/networks/models.toml has a population of each model, of its name.
TEST(Models, AllSpikeAndAgreeToTheBit) {
  const absl::StatusOr<Network> network =
      ReadNetwork(BNSYN_SOURCE_DIR "/examples/networks/models.toml");
  ASSERT_TRUE(network.ok()) << network.status().message();
  std::string expected;
  for (const EngineOptions& options : {Reference(), Accelerated(1, 1), Accelerated(2, 8)}) {
    absl::StatusOr<Simulation> simulation = Compile(*network, options);
    ASSERT_TRUE(simulation.ok()) << simulation.status().message();
    const absl::Status status = simulation->Step(2000);
    ASSERT_TRUE(status.ok()) << status.message();
    for (const compiler::LibraryModel& model : compiler::ModelLibrary()) {
      const std::string name(model.name);
      const absl::StatusOr<PopulationHandle> population = simulation->Population(name);
      ASSERT_TRUE(population.ok()) << "examples/networks/models.toml has no population " << name;
      if (name == "astrocyte") continue;  // which has no spikes, but calcium
      EXPECT_GT(simulation->SpikeCount(*population), 0u) << name << " is silent";
    }
    const absl::StatusOr<std::vector<double>> calcium = simulation->StateByName("astrocyte.Ca");
    ASSERT_TRUE(calcium.ok()) << calcium.status().message();
    EXPECT_GT(calcium->front(), 1.2 * 0.073e-3) << "spikes release calcium";
    const std::string digest = simulation->Digest().ToString();
    if (expected.empty()) expected = digest;
    EXPECT_EQ(digest, expected) << options.threads << " threads, width " << options.compile.width;
  }
}

}  // namespace
}  // namespace bnsyn
