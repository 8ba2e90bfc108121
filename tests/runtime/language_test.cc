// What the language adds to kernels - shared variables, further events, refractory conditions,
// times of spikes, integers, functions - gives the same bits on both backends, all threads and
// widths.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "bnsyn/network.h"
#include "networks.h"

namespace bnsyn {
namespace {

constexpr const char* kNetwork = R"toml(
[network]
seed = 11
[models.cell]
parameters = { tau = "10 ms", V_th = "10 mV" }
equations = """
dV/dt = (drive + spread - V)/tau : volt (unless refractory)
drive = level*(1 + 0.2*sin(tan(t/(7 ms)) % 3)) : volt
spread = 4 mV*arctan(x) + 1 mV*log10(1 + i) : volt
dlevel/dt = (12 mV + 2 mV*wobble - level)/(3 ms) : volt (shared)
wobble = rand() : 1 (shared)
x : 1
n : integer
recent = (t - lastspike) < 4 ms : boolean
g : volt
"""
threshold = "V > V_th"
reset = "V = 0 mV; n += 1; g += 1 mV if recent else 0 mV"
refractory = "V < 0.5 mV and t - lastspike < (1 + n % 3)*ms"
events = { often = "n > 2 and n % 3 == 0 and recent", loud = "drive > 15 mV" }
on_event = { often = "n += 1; x = x*0.9", loud = "g += 0.5 mV" }
[models.timed]
equations = """
dV/dt = (14 mV - V)/(8 ms) : volt (unless refractory)
wait : second
"""
threshold = "V > 10 mV"
reset = "V = 0 mV; wait = 0.1 ms + 3 ms*rand()"
refractory = "wait"
[populations.a]
model = "cell"
size = 150
initial = { V = "10*rand()*mV", x = "normal(0, 1)", level = "12 mV" }
[populations.b]
model = "timed"
size = 70
initial = { V = "10*rand()*mV" }
[populations.c]
model = "cell"
size = 90
initial = { V = "12*rand()*mV", x = "normal(1, 1)", level = "13 mV" }
[projections.ab]
source = "a"
event = "often"
target = "b"
rule = { type = "bernoulli", p = 0.2 }
weight = "0.3 mV"
delay = "0.7 ms"
on_pre = "V_post += w"
[projections.aa]
source = "a"
event = "loud"
target = "a"
rule = { type = "bernoulli", p = 0.1, self = false }
weight = "0.05 mV"
delay = "1.5 ms"
on_pre = "V_post += w"
[projections.ba]
source = "b"
target = "a"
rule = { type = "bernoulli", p = 0.3 }
weight = "-0.1 mV"
delay = "0.2 ms"
on_pre = "V_post += w"
[uniform]
equations = """
often : integer
all : 1
"""
update = """
often += count(a.often)
all = 0.9*all + count(a) + count(b) + mean(a.V)/mV
"""
)toml";

struct Outcome {
  std::string digest;
  std::vector<uint64_t> spikes;  // of each population
};

Outcome RunNetwork(const EngineOptions& options, uint64_t steps) {
  const absl::StatusOr<Network> network = ParseNetwork(kNetwork, "language.toml");
  EXPECT_TRUE(network.ok()) << network.status().message();
  absl::StatusOr<Simulation> simulation = Compile(*network, options);
  EXPECT_TRUE(simulation.ok()) << simulation.status().message();
  const absl::Status status = simulation->Step(steps);
  EXPECT_TRUE(status.ok()) << status.message();
  Outcome outcome;
  outcome.digest = simulation->Digest().ToString();
  for (const char* name : {"a", "b", "a.often", "a.loud", "c.often"}) {
    outcome.spikes.push_back(simulation->SpikeCount(*simulation->Population(name)));
  }
  EXPECT_EQ(static_cast<double>(outcome.spikes[2]), *simulation->Uniform("often"));
  return outcome;
}

TEST(LanguageOnEngines, AgreesToTheBit) {
  constexpr uint64_t kSteps = 800;
  const Outcome reference = RunNetwork(Reference(), kSteps);
  for (const uint64_t spikes : reference.spikes) EXPECT_GT(spikes, 100u);
  for (const auto& [threads, width] :
       std::vector<std::pair<int, int>>{{1, 1}, {1, 4}, {1, 16}, {2, 2}, {3, 8}}) {
    const Outcome accelerated = RunNetwork(Accelerated(threads, width), kSteps);
    EXPECT_EQ(accelerated.digest, reference.digest) << threads << " threads, width " << width;
    EXPECT_EQ(accelerated.spikes, reference.spikes);
  }
}

TEST(LanguageOnEngines, AgreesWithEachPassLeftOut) {
  constexpr uint64_t kSteps = 150;
  const Outcome reference = RunNetwork(Reference(), kSteps);
  EXPECT_GT(reference.spikes[0], 100u);
  for (const char* pass : {"specialise", "expand_math", "simplify", "fuse", "place"}) {
    EngineOptions options = Accelerated(2);
    options.compile.disabled_passes = {pass};
    EXPECT_EQ(RunNetwork(options, kSteps).digest, reference.digest) << "without " << pass;
  }
}

TEST(LanguageOnEngines, SpikesOfEventsAreInjected) {
  std::vector<std::string> digests;
  for (const EngineOptions& options : {Reference(), Accelerated(2)}) {
    const absl::StatusOr<Network> network = ParseNetwork(kNetwork, "language.toml");
    ASSERT_TRUE(network.ok());
    absl::StatusOr<Simulation> simulation = Compile(*network, options);
    ASSERT_TRUE(simulation.ok()) << simulation.status().message();
    EXPECT_EQ(simulation->report().neurons, 310u);
    const PopulationHandle often = *simulation->Population("a.often");
    ASSERT_TRUE(simulation->InjectSpikes(often, {3, 149}).ok());
    ASSERT_TRUE(simulation->Step(20).ok());
    digests.push_back(simulation->Digest().ToString());
  }
  EXPECT_EQ(digests[0], digests[1]);
  EXPECT_NE(digests[0], RunNetwork(Reference(), 20).digest) << "they must have arrived";
}

}  // namespace
}  // namespace bnsyn
