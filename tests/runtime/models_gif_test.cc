// The generalised integrate-and-fire neuron of the library.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "models_testing.h"

namespace bnsyn {
namespace {

// Without adaptation and with V at rest the rate of spikes is lambda_0 exp((V - V_T)/Delta_V), in
// steps of dt, after each refractory time.
TEST(Gif, SpikesAtItsRate) {
  CellOptions options;
  options.size = 400;
  options.parameters =
      "E_L = '-50 mV', "
      "V_reset = '-50 mV', V_T_star = '-45 mV', Delta_V = '2 mV', lambda_0 = '600 Hz'";
  Cells cells("gif", options);
  constexpr double kSteps = 10000;
  cells.Steps(static_cast<uint64_t>(kSteps));
  const double p = -std::expm1(-0.6 * std::exp(-5.0 / 2) * 0.1);
  const double interval = 39 + 1 / p;
  const double deviation = std::sqrt(1 - p) / p;
  // The first spike does not wait.
  const double expected = 400 * (kSteps + 39 / 2.0) / interval;
  const double spread = std::sqrt(400 * kSteps * deviation * deviation / std::pow(interval, 3));
  EXPECT_GT(expected, 10000);
  EXPECT_NEAR(static_cast<double>(cells.SpikeCount()), expected, 4 * spread);
}

// A threshold so sharp that chance has no part: the interval T at which the neuron fires for ever
// is where, T - t_ref after the reset, V meets the threshold, both with what geometric series of
// earlier spikes have left, q/(1 - exp(-T/tau)).
TEST(Gif, SettlesAtTheIntervalOfItsAdaptation) {
  CellOptions options;
  options.dt = 0.02;
  options.parameters =
      "q_stc = ['30 pA', '-4 pA'], tau_stc = ['50 ms', '20 ms'], "
      "q_sfa = ['3 mV', '1 mV'], tau_sfa = ['40 ms', '80 ms'], "
      "E_L = '-67 mV', C_m = '80 pF', g_L = '4 nS', V_reset = '-60 mV', V_T_star = '-45 mV', "
      "Delta_V = '1e-6 mV', lambda_0 = '1 Hz', I_e = '200 pA'";
  Cells cells("gif", options);
  cells.RunFor(1500);
  const std::vector<int> intervals = Intervals(cells.Spikes());
  ASSERT_GE(intervals.size(), 10u);

  const double refractory = 4;
  const auto left = [](double q, double tau, double interval, double t) {
    return q * std::exp(-t / tau) / (1 - std::exp(-interval / tau));
  };
  const auto above = [&](double interval) {
    const double t = interval - refractory;
    double v = -67 + 50 + (-60 + 67 - 50) * std::exp(-t / 20);
    for (const auto& [q, tau] : {std::pair(30.0, 50.0), std::pair(-4.0, 20.0)}) {
      // -q exp(-s/tau) from s = refractory on, through the membrane.
      const double start = left(q, tau, interval, refractory) / 80;
      v -= tau == 20 ? start * t * std::exp(-t / 20)
                     : start * (std::exp(-t / tau) - std::exp(-t / 20)) / (1.0 / 20 - 1 / tau);
    }
    return v - (-45 + left(3, 40, interval, interval) + left(1, 80, interval, interval));
  };
  double low = 4.1;
  double high = 1000;
  ASSERT_LT(above(low), 0);
  ASSERT_GT(above(high), 0);
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    (above(middle) < 0 ? low : high) = middle;
  }
  EXPECT_GT(low, 1.5 * intervals.front() * 0.02) << "it adapts";
  // The threshold is met within a step.
  EXPECT_NEAR(intervals.back() * 0.02, low, 0.03);
}

}  // namespace
}  // namespace bnsyn
