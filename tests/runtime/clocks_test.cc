// Clocks, changes at given times and several spikes in a step, as a host in C++ builds and sees
// them.
#include <gtest/gtest.h>

#include <vector>

#include "bnsyn/bnsyn.h"

namespace bnsyn {
namespace {

using literals::operator""_ms;

std::vector<SimulationOptions> Backends() {
  return {{.backend = Backend::kReference},
          {.backend = Backend::kAccelerated},
          {.backend = Backend::kAccelerated, .threads = 2}};
}

Simulation MustCompile(const Network& network, const SimulationOptions& options) {
  absl::StatusOr<Simulation> simulation = Compile(network, options);
  EXPECT_TRUE(simulation.ok()) << simulation.status().message();
  return *std::move(simulation);
}

TEST(Clocks, R5_OfAModelAPopulationAProjectionAndTheNetwork) {
  for (const SimulationOptions& options : Backends()) {
    Network net({.dt = 0.1_ms});
    const ModelHandle model = net.AddModel(Model("m")
                                               .Equations("V : 1\nx : 1")
                                               .Update("V += 1")
                                               .Threshold("V > 5")
                                               .Reset("V = 0")
                                               .Every(Clock("tick", "1 ms", "x += 1")));
    const PopulationHandle p = net.AddPopulation("p", model, 3);
    Clock other("tick", "2 ms", "x += 10");
    other.offset = "1 ms";
    const PopulationHandle q = net.AddPopulation("q", model, 3);
    net.Every(q, other);
    ConnectOptions options_of_s{.weight = 1};
    options_of_s.OnPre("w += 1").Equations("w : 1");
    options_of_s.clocks = {Clock("halve", "0.5 ms", "w /= 2")};
    net.Connect("s", p, q, AllToAll(), options_of_s);
    net.Uniform({"uniform", "n : 1", 1, 1}, {"uniform", "", 1, 1});
    net.Every(Clock("count", "1 ms", "n += count(p)"));
    Simulation sim = MustCompile(net, options);
    ASSERT_TRUE(sim.Run(5.1_ms).ok());
    EXPECT_EQ(*sim.StateByName("p.x"), std::vector<double>(3, 6));
    EXPECT_EQ(*sim.StateByName("q.x"), std::vector<double>(3, 30));
    // Spikes in the steps 5, 11, ..., 47 before step 50.
    EXPECT_EQ(*sim.StateByName("n"), std::vector<double>(1, 3 * 8));
    EXPECT_EQ(sim.SpikeCount(p), 3u * 8);
    EXPECT_LT(sim.StateByName("s.w")->front(), 2);
  }
}

TEST(Changes, R4_AParameterAndAGainThatTheBuilderChanges) {
  for (const SimulationOptions& options : Backends()) {
    Network net({.dt = 0.1_ms});
    const ModelHandle model = net.AddModel(
        Model("m").Equations("V : 1").Parameters({{"a", 1}}).Update("V += a").Threshold("V > 1e9"));
    net.AddPopulation("p", model, 2, {{"a", Setting(1).ChangeAt("0.2 ms", 3)}});
    Simulation sim = MustCompile(net, options);
    ASSERT_TRUE(sim.Step(2).ok());
    EXPECT_EQ(sim.StateByName("p.V")->front(), 2);
    ASSERT_TRUE(sim.Step(2).ok());
    EXPECT_EQ(sim.StateByName("p.V")->front(), 8);
    EXPECT_FALSE(sim.SetParameter("p.a", Quantity(2)).ok());
    // --set replaces all values by one.
    ASSERT_TRUE(net.Set("p.a", "2").ok());
    Simulation fixed = MustCompile(net, options);
    ASSERT_TRUE(fixed.Step(4).ok());
    EXPECT_EQ(fixed.StateByName("p.V")->front(), 8);
  }
}

TEST(Multiplicity, R5_SpikesOfOneNeuronAreRecordedAndInjectedAsOftenAsTheyAre) {
  for (const SimulationOptions& options : Backends()) {
    Network net({.dt = 0.1_ms});
    const ModelHandle model = net.AddModel(Model("m")
                                               .Equations("V : 1\ng : 1")
                                               .Update("V += 1")
                                               .Threshold("V == 2")
                                               .Multiplicity("i + 1", 4));
    const PopulationHandle p = net.AddPopulation("p", model, 3);
    net.Connect("s", p, p, OneToOne(), ConnectOptions{.weight = 1}.OnPre("g_post += w"));
    Simulation sim = MustCompile(net, options);
    ASSERT_TRUE(sim.Step(3).ok());
    EXPECT_EQ(sim.Spikes(p).neurons, (std::vector<uint32_t>{0, 1, 1, 2, 2, 2}));
    EXPECT_EQ(*sim.StateByName("p.g"), (std::vector<double>{1, 2, 3}));
    ASSERT_TRUE(sim.InjectSpikes(p, {0, 0, 2}).ok());
    ASSERT_TRUE(sim.Step(1).ok());
    EXPECT_EQ(*sim.StateByName("p.g"), (std::vector<double>{3, 2, 4}));
    const absl::Status many = sim.InjectSpikes(p, {1, 1, 1, 1, 1});
    EXPECT_EQ(many.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_NE(std::string(many.message()).find("neuron 1 of p has spiked 4 times"),
              std::string::npos)
        << many.message();
  }
}

TEST(Names, AStimulusAndAProjectionMayHaveOneName) {
  constexpr char kNetwork[] = R"(
network = { dt = "0.1 ms", duration = "1 ms" }
[models.m]
equations = "V : 1"
update = "V += 0"
threshold = "V > 1"
reset = "V = 0"
[populations]
p = { model = "m", size = 2 }
[projections.in]
source = "p"
target = "p"
rule = "one_to_one"
weight = 1
on_pre = "V_post += w"
[stimuli.in]
type = "spikes"
target = "p"
times = "0.2 ms"
index = 0
weight = 2
on_event = "V += w"
)";
  absl::StatusOr<Network> network = ParseNetwork(kNetwork, "in.toml");
  ASSERT_TRUE(network.ok()) << network.status().message();
  EXPECT_FALSE(network->Set("in.weight", "3").ok());
  EXPECT_TRUE(network->Set("stimuli.in.weight", "3").ok());
  EXPECT_TRUE(network->Set("projections.in.weight", "0.5").ok());
  Simulation sim = MustCompile(*network, {.backend = Backend::kAccelerated});
  ASSERT_TRUE(sim.Step(10).ok());
  EXPECT_EQ(sim.SpikeCount(PopulationHandle{0}), 1u);
  EXPECT_EQ(sim.StateByName("p.V")->front(), 0.5);
}

}  // namespace
}  // namespace bnsyn
