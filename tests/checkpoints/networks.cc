#include "tests/checkpoints/networks.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <vector>

namespace bnsyn {

const char* const kEverything = R"toml(
[network]
dt = "0.1 ms"
duration = "30 ms"
seed = 11

[models.cell]
parameters = { tau = "4 ms", drive = "1.02", gain = "0.3" }
tunable = ["drive"]
equations = """
dv/dt = (drive + 0.3*M + g + I - v)/tau : 1 (unless refractory)
dg/dt = -g/(2 ms) : 1
dseen/dt = (gain*v(t - 1.3 ms) - seen)/(3 ms) : 1
n : integer
I : 1 (input)
"""
threshold = "v > 1 or rand() < 0.01"
reset = "v = 0; n += 1"
refractory = "0.5 ms"
initial = { v = "uniform(0, 1)" }

[populations]
a = { model = "cell", size = 37 }
b = { model = "cell", size = 21, parameters = { tau = "4.5 ms" } }

[projections.ab]
source = "a"
target = "b"
rule = { type = "bernoulli", p = 0.4 }
delay = "uniform(0.1 ms, 2.5 ms)"
equations = """
w : 1
dx/dt = -x/(5 ms) : 1 (event-driven)
dy/dt = -y/(3 ms) : 1 (event-driven, per synapse)
"""
initial = { w = "uniform(0.1, 0.4)" }
on_pre = "g_post += w; x += 1; w = clip(w - 0.02*y, 0, 1)"
on_post = "y += 1; w = clip(w + 0.03*x, 0, 1)"

[projections.ba]
source = "b"
target = "a"
rule = { type = "all_to_all" }
weight = 0.05
delay = "1.1 ms"
on_pre = "g_post += w"

[stimuli.noise]
type = "poisson"
target = "a"
rate = "200 Hz"
on_event = "g += 0.2"

[stimuli.train]
type = "spikes"
target = "b"
times = ["2 ms", "6 ms", "6 ms", "14 ms", "21 ms", "28 ms"]
index = [0, 1, 2, 3, 4, 5]
on_event = "g += 0.7"

[stimuli.current]
type = "host"
target = "b"
variable = "I"

[stimuli.taps]
type = "host"
target = "a"
on_event = "g += 0.1"

[uniform]
equations = """
M : 1
slow : 1
"""
update = "M = 0.9*M + 0.01*count(a)"
clocks.look = { every = "0.7 ms", code = "slow = 0.5*slow + mean(a.v)" }
)toml";

void ActAt(Simulation& simulation, uint64_t step) {
  const auto a = simulation.Population("a");
  const auto b = simulation.Population("b");
  ASSERT_TRUE(a.ok() && b.ok());
  if (step % 29 == 3) {
    EXPECT_TRUE(
        simulation.SetInput(*b, "current", std::vector<double>{0.1 * static_cast<double>(step % 7)})
            .ok());
  }
  if (step % 31 == 5) {
    EXPECT_TRUE(simulation.AddEvents(*a, "taps", {1, 5, 5}).ok());
  }
  if (step % 37 == 7) {
    const auto neuron = static_cast<uint32_t>(step % 20);
    EXPECT_TRUE(simulation.InjectSpikes(*a, {neuron}).ok());
    EXPECT_TRUE(simulation.InjectSpikes(*b, {neuron, 20}).ok());
  }
  if (step % 53 == 11) {
    EXPECT_TRUE(simulation.SetParameter("a.drive", 1 + 0.01 * static_cast<double>(step % 9)).ok());
  }
  if (step % 61 == 13) {
    EXPECT_TRUE(simulation.SetState("ab.w", 9, 0.33).ok());
  }
}

void RunTo(Simulation& simulation, uint64_t step) {
  while (simulation.step() < step) {
    ActAt(simulation, simulation.step());
    const absl::Status ran = simulation.Step();
    ASSERT_TRUE(ran.ok()) << ran;
  }
}

Checkpoint SavedBytes(const Simulation& simulation) {
  const absl::StatusOr<Checkpoint> saved = simulation.Save();
  EXPECT_TRUE(saved.ok()) << saved.status();
  if (!saved.ok()) std::abort();
  absl::StatusOr<Checkpoint> read = Checkpoint::FromBytes(saved->bytes());
  EXPECT_TRUE(read.ok()) << read.status();
  if (!read.ok()) std::abort();
  return *std::move(read);
}

}  // namespace bnsyn
