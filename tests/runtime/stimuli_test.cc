// Stimuli on both backends, and what hosts give.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "networks.h"

namespace bnsyn {
namespace {

Network Example() {
  absl::StatusOr<Network> network = ReadNetwork(BNSYN_SOURCE_DIR "/examples/networks/stimuli.toml");
  EXPECT_TRUE(network.ok()) << network.status().message();
  if (!network.ok()) std::abort();
  return *std::move(network);
}

Simulation CompiledExample(const EngineOptions& options) {
  absl::StatusOr<Simulation> simulation = Compile(Example(), options);
  EXPECT_TRUE(simulation.ok()) << simulation.status().message();
  if (!simulation.ok()) std::abort();
  return *std::move(simulation);
}

// What a host may do in 150 ms; the digest at the end.
std::string Play(Simulation& simulation) {
  const PopulationHandle steered = *simulation.Population("steered");
  EXPECT_TRUE(simulation.Step(1000).ok());
  EXPECT_TRUE(simulation.SetInput(steered, "joystick", Quantity(250, *ParseUnit("pA"))).ok());
  EXPECT_TRUE(simulation.Step(200).ok());
  EXPECT_TRUE(simulation.SetInput(steered, "joystick", {0.0, -50.0}).ok());
  EXPECT_TRUE(simulation.AddEvents(steered, "touch", {1}).ok());
  EXPECT_TRUE(simulation.AddEvents(steered, "touch", {1, 0}, {0.5, 3}).ok());
  EXPECT_TRUE(simulation.Step(300).ok());
  for (const char* name : {"drawn", "listed", "clock", "driven", "noisy", "steered"}) {
    EXPECT_GT(simulation.SpikeCount(*simulation.Population(name)), 0u) << name << " is silent";
  }
  return simulation.Digest().ToString();
}

TEST(Stimuli, AreTheSameOnBothBackends) {
  Simulation reference = CompiledExample(Reference());
  const std::string expected = Play(reference);
  for (const int width : {1, 4, 16}) {
    Simulation accelerated = CompiledExample(Accelerated(1, width));
    EXPECT_EQ(Play(accelerated), expected) << "width " << width;
  }
  Simulation threads = CompiledExample(Accelerated(3));
  EXPECT_EQ(Play(threads), expected);
}

// The host's events count in the next step alone, and add up; its current stays.
TEST(Stimuli, OfTheHostCount) {
  for (const EngineOptions& options : {Reference(), Accelerated()}) {
    const absl::StatusOr<Network> network = ParseNetwork(R"(
[models.listener]
equations = """
I : amp (input)
x : amp
sum : amp
"""
update = """
x = I
sum = sum + I
"""
threshold = "x != 0 pA"
[populations.p]
model = "listener"
size = 3
[stimuli.touch]
type = "host"
target = "p"
weight = "2 pA"
on_event = "I += w"
[stimuli.held]
type = "host"
target = "p"
variable = "I"
start = "0.3 ms"
)",
                                                         "test.toml");
    ASSERT_TRUE(network.ok()) << network.status().message();
    absl::StatusOr<Simulation> made = Compile(*network, options);
    ASSERT_TRUE(made.ok()) << made.status().message();
    Simulation& simulation = *made;
    const PopulationHandle p = *simulation.Population("p");
    ASSERT_TRUE(simulation.AddEvents(p, "touch", {0, 2, 2}).ok());
    ASSERT_TRUE(simulation.AddEvents(p, "touch", {0}, {-0.25}).ok());
    const bnsyn::Digest before = simulation.Digest();
    ASSERT_TRUE(simulation.SetInput(p, "held", {{10, 20, 30}}).ok());
    EXPECT_NE(simulation.Digest().ToString(), before.ToString()) << "what is given is state";
    ASSERT_TRUE(simulation.Step(1).ok());
    EXPECT_EQ(*simulation.State<double>(p, "x"), (std::vector<double>{1.5, 0, 4}));
    ASSERT_TRUE(simulation.Step(1).ok());
    EXPECT_EQ(*simulation.State<double>(p, "x"), (std::vector<double>{0, 0, 0}));
    ASSERT_TRUE(simulation.Step(2).ok());
    EXPECT_EQ(*simulation.State<double>(p, "x"), (std::vector<double>{10, 20, 30}));
    EXPECT_EQ(simulation.SpikeCount(p), 5u);

    const auto message = [](const absl::Status& status) { return std::string(status.message()); };
    EXPECT_NE(message(simulation.AddEvents(p, "tuch", {0})).find("did you mean"),
              std::string::npos);
    EXPECT_NE(message(simulation.AddEvents(p, "touch", {3})).find("no neuron 3"),
              std::string::npos);
    EXPECT_NE(message(simulation.AddEvents(p, "touch", {0, 1}, {1})).find("1 numbers for 2"),
              std::string::npos);
    EXPECT_FALSE(simulation.AddEvents(p, "touch", {0}, {NAN}).ok());
    EXPECT_NE(message(simulation.SetInput(p, "held", {{1, 2}})).find("takes 1 value or 3"),
              std::string::npos);
    EXPECT_NE(message(simulation.SetInput(p, "held", Quantity(1, *ParseUnit("mV")))).find("volt"),
              std::string::npos);
    EXPECT_FALSE(simulation.SetInput(PopulationHandle{7}, "held", std::vector<double>{1}).ok());
  }
}

// A rate that leaves its bounds is found on both backends, with the same words.
TEST(Stimuli, R10_RatesAreWatched) {
  std::vector<std::string> messages;
  for (const EngineOptions& options : {Reference(), Accelerated(2)}) {
    for (const char* rate : {"1 Hz * (70 - i)", "1000 Hz * (1 - t/(2 ms))"}) {
      Network network = Example();
      ASSERT_TRUE(network.Set("background.rate", rate).ok());
      absl::StatusOr<Simulation> simulation = Compile(network, options);
      ASSERT_TRUE(simulation.ok()) << simulation.status().message();
      const absl::Status status = simulation->Step(100);
      EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
      messages.emplace_back(status.message());
      EXPECT_NE(messages.back().find("drawn.background.rate"), std::string::npos)
          << messages.back();
    }
  }
  ASSERT_EQ(messages.size(), 4u);
  EXPECT_EQ(messages[0], messages[2]);
  EXPECT_EQ(messages[1], messages[3]);
}

}  // namespace
}  // namespace bnsyn
