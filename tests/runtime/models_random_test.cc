// Neurons of the library that spike at random, against the statistics of renewal processes.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "models_testing.h"

namespace bnsyn {
namespace {

// At a fixed potential the neuron spikes in each step with the same probability, but for the dead
// time.
TEST(PpDelta, SpikesAtItsRateAfterItsDeadTime) {
  CellOptions options;
  options.size = 200;
  options.parameters = "dead_time = '25 ms', c_2 = '10 Hz', with_reset = 0";
  Cells cells("pp_delta", options);
  constexpr double kSeconds = 10;
  cells.RunFor(kSeconds * 1000);
  const double rate = 1 / (1 / 10.0 + 0.025);
  const double spread = std::sqrt(200 * kSeconds * rate) * (rate / 10);
  EXPECT_NEAR(static_cast<double>(cells.SpikeCount()), 200 * kSeconds * rate,
              4 * spread + 200);  // the first interval has no dead time
  for (const int interval : Intervals(cells.Spikes())) EXPECT_GE(interval, 250);
}

// A current lifts V by I tau_m/C_m, and the rate is c_1 V + c_2 exp(c_3 V).
TEST(PpDelta, RateFollowsThePotential) {
  CellOptions options;
  options.size = 400;
  options.parameters =
      "dead_time = '0.1 ms', c_1 = '2 Hz/mV', c_2 = '5 Hz', with_reset = 0, I_e = '100 pA'";
  options.initial = "V = '4 mV'";
  Cells cells("pp_delta", options);
  cells.RunFor(2000);
  EXPECT_NEAR(cells.Get("V"), 4, 1e-12);
  const double expected = 400 * 2 * (2 * 4 + 5 * std::exp(1.0));
  EXPECT_NEAR(static_cast<double>(cells.SpikeCount()), expected, 0.02 * expected);
}

// With adaptation a short interval is followed by a long one: neighbours correlate negatively.
TEST(PpDelta, AdaptationMakesIntervalsAlternate) {
  CellOptions options;
  options.parameters = "dead_time = '0.1 ms', c_2 = '30 Hz', with_reset = 0, q_sfa = ['7 mV']";
  Cells cells("pp_delta", options);
  cells.RunFor(100000);
  const std::vector<int> intervals = Intervals(cells.Spikes());
  ASSERT_GE(intervals.size(), 1000u);
  double mean = 0;
  for (const int interval : intervals) mean += interval;
  mean /= static_cast<double>(intervals.size());
  double variance = 0;
  double neighbours = 0;
  for (size_t s = 0; s + 1 < intervals.size(); ++s) {
    variance += (intervals[s] - mean) * (intervals[s] - mean);
    neighbours += (intervals[s] - mean) * (intervals[s + 1] - mean);
  }
  // Without adaptation it is 0 within 0.03.
  EXPECT_LT(neighbours / variance, -0.1);
  EXPECT_GT(neighbours / variance, -1);
}

// A spike resets the potential, unless the neuron is without reset.
TEST(PpDelta, ResetsThePotential) {
  for (const bool reset : {true, false}) {
    CellOptions options;
    options.parameters =
        std::string("c_2 = '1e9 Hz', I_e = '100 pA', with_reset = ") + (reset ? "1" : "0");
    options.initial = "V = '4 mV'";
    Cells cells("pp_delta", options);
    cells.Steps(1);
    EXPECT_EQ(cells.SpikeCount(), 1u);
    EXPECT_NEAR(cells.Get("V"), reset ? 0 : 4, 1e-12);
  }
}

}  // namespace
}  // namespace bnsyn
