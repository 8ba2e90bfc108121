// Stimuli as the devices of NEST that docs/networks.md maps to them, against closed forms.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "networks.h"

namespace bnsyn {
namespace {

// Membranes with tau_m = 1 ms and C_m = 1 pF that never spike, with a current from `stimulus`, and
// a neuron that spikes.
std::string Membranes(int size, const std::string& stimulus) {
  return absl::StrCat(
      R"(
network = { dt = "0.1 ms", seed = 5 }
[populations]
p = { model = "lif_alpha", size = )",
      size, R"(, parameters = { V_th = "1e10 mV", C_m = "1 pF", tau_m = "1 ms", E_L = "0 mV" } }
s = { model = "lif_alpha", size = 1, parameters = { I_e = "500 pA" } }
[stimuli]
noise = { type = "current", target = "p", variable = "I_ext", )",
      stimulus, " }\n");
}

// noise_generator: normal currents that hold for some time, its dt, which is 1 ms by default. At
// the end of each piece V has the variance (1 - e)/(1 + e) std^2, e = exp(-dt/tau_m) (NEST's own
// test).
TEST(Devices, NoiseInPiecesHasItsVariance) {
  struct Piece {
    const char* every;
    double ms;
  };
  for (const Piece& piece : {Piece{"", 0.1}, Piece{", every = '1 ms'", 1}}) {
    Simulation simulation = CompiledNetwork(
        Membranes(2000, absl::StrCat("value = 'normal(0.5 pA, 1 pA)'", piece.every)),
        Accelerated());
    double sum = 0;
    double squares = 0;
    int count = 0;
    ASSERT_TRUE(simulation.Step(200).ok());
    for (int sample = 0; sample < 20; ++sample) {
      ASSERT_TRUE(simulation.Step(100).ok());
      const absl::StatusOr<std::vector<double>> v = simulation.StateByName("p.V");
      ASSERT_TRUE(v.ok());
      for (const double value : *v) {
        sum += value;
        squares += value * value;
        ++count;
      }
    }
    EXPECT_GE(simulation.SpikeCount(*simulation.Population("s")), 10u);
    const double mean = sum / count;
    const double deviation = std::sqrt(squares / count - mean * mean);
    const double e = std::exp(-piece.ms);
    const double expected = std::sqrt((1 - e) / (1 + e));
    EXPECT_NEAR(mean, 0.5, 4 * expected / std::sqrt(count));
    // The standard deviation of a standard deviation.
    EXPECT_NEAR(deviation, expected, 4 * expected / std::sqrt(2.0 * count)) << piece.ms;
  }
}

// Both backends, and a start and a stop off the grid of the pieces.
TEST(Devices, NoiseInPiecesIsTheSameOnBothBackends) {
  const Network network = ParsedNetwork(Membranes(
      70, "value = 'normal(0 pA, 1 pA)', every = '0.7 ms', start = '0.3 ms', stop = '9 ms'"));
  std::string expected;
  for (const EngineOptions& options :
       {Reference(), Accelerated(1, 1), Accelerated(1, 4), Accelerated(2, 8)}) {
    Simulation simulation = CompiledNetwork(network, options);
    ASSERT_TRUE(simulation.Step(400).ok());
    EXPECT_GE(simulation.SpikeCount(*simulation.Population("s")), 2u);
    const std::string digest = simulation.Digest().ToString();
    if (expected.empty()) expected = digest;
    EXPECT_EQ(digest, expected) << options.threads << " threads, width " << options.compile.width;
  }
}

// ac_generator: a sine about an offset, taken at the start of each step.
TEST(Devices, SinesAreTakenAtTheStartOfSteps) {
  Simulation simulation = CompiledNetwork(
      Membranes(1, "value = '1000 pA + 550 pA*sin(2*pi*100 Hz*t)', start = '5 ms', stop = '6 ms'"),
      Accelerated());
  double v = 0;
  for (int step = 0; step < 100; ++step) {
    ASSERT_TRUE(simulation.Step(1).ok());
    const bool on = step >= 50 && step < 60;
    const double current = on ? 1000 + 550 * std::sin(2 * M_PI * 0.1 * step * 0.1) : 0;
    v = v * std::exp(-0.1) - current * std::expm1(-0.1);
    ASSERT_NEAR(simulation.StateByName("p.V")->front(), v, 1e-9) << step;
  }
}

}  // namespace
}  // namespace bnsyn
