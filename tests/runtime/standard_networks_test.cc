// The standard networks of examples/networks: their rates, and the same bits on both backends.
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "networks.h"
#include "runtime/delivery/layout.h"

namespace bnsyn {
namespace {

// The rate of all neurons over half a second lies between these, in Hz. They are those that other
// simulators give at their own seeds.
struct Rates {
  const char* name;
  double least;
  double greatest;
};

// Steps that both backends are run for: enough that neurons spike, and few, since one is slow.
struct Steps {
  const char* name;
  uint64_t count;
};

void PrintTo(const Rates& rates, std::ostream* out) { *out << rates.name; }
void PrintTo(const Steps& steps, std::ostream* out) { *out << steps.name; }

template <typename Param>
std::string NameOf(const testing::TestParamInfo<Param>& instance) {
  return absl::StrReplaceAll(instance.param.name, {{"-", "_"}});
}

Simulation CompiledFile(const char* name, const EngineOptions& options) {
  const std::string path = absl::StrCat(BNSYN_SOURCE_DIR, "/examples/networks/", name, ".toml");
  const absl::StatusOr<Network> network = ReadNetwork(path);
  EXPECT_TRUE(network.ok()) << network.status().message();
  absl::StatusOr<Simulation> simulation = Compile(*network, options);
  EXPECT_TRUE(simulation.ok()) << simulation.status().message();
  return *std::move(simulation);
}

uint64_t Spikes(const Simulation& simulation) {
  uint64_t spikes = 0;
  for (const ir::Population& population : ProgramOf(simulation).populations) {
    spikes += simulation.SpikeCount(*simulation.Population(population.name));
  }
  return spikes;
}

class StandardRates : public testing::TestWithParam<Rates> {};

TEST_P(StandardRates, AreThoseOfOtherSimulators) {
  EngineOptions options = Accelerated(2);
  options.record_spikes = false;
  Simulation simulation = CompiledFile(GetParam().name, options);
  constexpr double kSeconds = 0.5;
  const absl::Status status = simulation.Run(Quantity(kSeconds * 1000, Unit{dimension::kTime, 0}));
  ASSERT_TRUE(status.ok()) << status.message();
  const double rate = static_cast<double>(Spikes(simulation)) /
                      static_cast<double>(simulation.report().neurons) / kSeconds;
  EXPECT_GE(rate, GetParam().least);
  EXPECT_LE(rate, GetParam().greatest);
}

INSTANTIATE_TEST_SUITE_P(Files, StandardRates,
                         testing::Values(Rates{"coba", 16, 22}, Rates{"coba40k", 18, 22},
                                         Rates{"coba40k-dense", 16, 20}, Rates{"cuba", 5, 8},
                                         // By the seed; over five seconds 33 to 39.
                                         Rates{"cobahh", 30, 43}, Rates{"adex10k", 7, 10},
                                         Rates{"izhikevich", 6, 9}, Rates{"brunel", 30, 34},
                                         // Over ten seconds 17 to 20.
                                         Rates{"coba-stdp", 16, 22}, Rates{"brunel-stdp", 27, 33},
                                         // At full scale 3.2 Hz.
                                         Rates{"microcircuit-10", 2.4, 3.6}),
                         NameOf<Rates>);

class StandardBits : public testing::TestWithParam<Steps> {};

TEST_P(StandardBits, R11_AreTheSameOnBothBackends) {
  Simulation reference = CompiledFile(GetParam().name, Reference());
  ASSERT_TRUE(reference.Step(GetParam().count).ok());
  EXPECT_GT(Spikes(reference), 10u);
  for (const int threads : {1, 2}) {
    Simulation accelerated = CompiledFile(GetParam().name, Accelerated(threads));
    ASSERT_TRUE(accelerated.Step(GetParam().count).ok());
    EXPECT_EQ(accelerated.Digest().ToString(), reference.Digest().ToString());
  }
}

INSTANTIATE_TEST_SUITE_P(Files, StandardBits,
                         testing::Values(Steps{"coba", 100}, Steps{"coba40k", 20},
                                         Steps{"coba-stdp", 200}, Steps{"cuba", 100},
                                         Steps{"cobahh", 50}, Steps{"adex10k", 500},
                                         Steps{"izhikevich", 100}, Steps{"brunel", 100},
                                         Steps{"brunel-stdp", 60}, Steps{"microcircuit-10", 10},
                                         Steps{"three-factor", 1200}),
                         NameOf<Steps>);

class StandardPlastic : public testing::TestWithParam<const char*> {};

TEST_P(StandardPlastic, WeightsMoveBothWays) {
  Simulation simulation = CompiledFile(GetParam(), Accelerated(2));
  const double first = simulation.StateByName("ee.w")->front();
  ASSERT_TRUE(simulation.Step(500).ok());
  size_t lower = 0, higher = 0;
  const std::vector<double> weights = *simulation.StateByName("ee.w");
  for (const double w : weights) {
    lower += w < first;
    higher += w > first;
  }
  EXPECT_GT(lower, weights.size() / 20);
  EXPECT_GT(higher, weights.size() / 20);
}

INSTANTIATE_TEST_SUITE_P(Files, StandardPlastic, testing::Values("coba-stdp", "brunel-stdp"),
                         [](const auto& instance) {
                           return absl::StrReplaceAll(instance.param, {{"-", "_"}});
                         });

// The microcircuit in small: rows that projections share, of normal weights and delays.
TEST(Microcircuit, R11_IsTheSameInEveryLayout) {
  absl::StatusOr<Network> network =
      ReadNetwork(BNSYN_SOURCE_DIR "/examples/networks/microcircuit-10.toml");
  ASSERT_TRUE(network.ok()) << network.status().message();
  ASSERT_TRUE(network->Set("scale", "0.02").ok());
  const auto digest = [&](const EngineOptions& options) -> std::string {
    absl::StatusOr<Simulation> simulation = Compile(*network, options);
    if (!simulation.ok()) return std::string(simulation.status().message());
    EXPECT_TRUE(simulation->Step(600).ok());
    EXPECT_GT(Spikes(*simulation), 50u);
    return simulation->Digest().ToString();
  };
  const std::string expected = digest(Reference());
  for (const absl::string_view layout : LayoutNames()) {
    for (const int threads : {1, 2, 3, 4}) {
      EngineOptions options = Accelerated(threads);
      options.layout = std::string(layout);
      EXPECT_EQ(digest(options), expected) << options.layout << ", " << threads << " threads";
    }
  }
}

}  // namespace
}  // namespace bnsyn
