// Exponential integrate-and-fire models of the library: rheobases and intervals in closed form, and
// published patterns.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "models_testing.h"

namespace bnsyn {
namespace {

// Time of the EIF of models/eif.toml from its reset to its peak: the integral of 1/(dV/dt) over V,
// by Simpson's rule.
double EifRise(double current) {
  const auto slowness = [&](double v) {
    return 250 / (25 * (-65 - v) + 25 * 3.48 * std::exp((v + 59.9) / 3.48) + current);
  };
  constexpr int kIntervals = 20000;
  const double h = 38.0 / kIntervals;
  double sum = slowness(-68) + slowness(-30);
  for (int i = 1; i < kIntervals; ++i) sum += (i % 2 == 1 ? 4 : 2) * slowness(-68 + i * h);
  return sum * h / 3;
}

// Fourcaud-Trocme et al. 2003: the least current that makes it fire for ever is
// g_L (V_T - V_L - Delta_T).
TEST(ExponentialModels, EifFiresAboveItsRheobase) {
  const double rheobase = 25 * (-59.9 + 65 - 3.48);
  const auto spikes = [](double current) {
    Cells cells("eif", {.parameters = absl::StrCat("I_e = '", current, " pA'")});
    cells.RunFor(3000);
    return cells.SpikeCount();
  };
  EXPECT_EQ(spikes(rheobase - 0.05), 0u);
  EXPECT_GE(spikes(rheobase + 0.2), 2u);
}

TEST(ExponentialModels, EifIntervalsAreTheIntegral) {
  for (const double current : {42.0, 60.0, 120.0, 400.0}) {
    for (const double dt : {0.1, 0.02}) {
      CellOptions options;
      options.dt = dt;
      options.parameters = absl::StrCat("I_e = '", current, " pA'");
      Cells cells("eif", options);
      const double exact = EifRise(current);
      cells.RunFor(4 * (exact + 2));
      const std::vector<int> intervals = Intervals(cells.Spikes());
      ASSERT_GE(intervals.size(), 1u) << current;
      // Refractory steps, and the peak seen at the end of a step.
      const double steps = 1.7 / dt + exact / dt;
      for (const int interval : intervals) EXPECT_NEAR(interval, steps + 0.5, 1) << current;
    }
  }
}

// Where adaptation is slow against how strong it is, a/g_L > tau_m/tau_w, rest is lost as the
// fixed point loses its stability (Touboul & Brette, Biol. Cybern. 99, 2008; Naud et al., ibid.);
// else as it meets the other one.
double AdexRheobase(double a, double tau_w) {
  const double g_l = 30;
  const double tau_m = 281 / g_l;
  const double away = -50.4 + 70.6 - 2;
  if (a / g_l < tau_m / tau_w) return (g_l + a) * (away + 2 * std::log(1 + a / g_l));
  return (g_l + a) * (away + 2 * std::log(1 + tau_m / tau_w)) + 2 * g_l * (a / g_l - tau_m / tau_w);
}

// The fixed point at a current, below the threshold.
double AdexRest(double a, double current) {
  double low = -90;
  double high = -50.4 + 2 * std::log(1 + a / 30);  // where dI/dV = 0
  for (int i = 0; i < 200; ++i) {
    const double v = (low + high) / 2;
    const double needed = (30 + a) * (v + 70.6) - 60 * std::exp((v + 50.4) / 2);
    (needed < current ? low : high) = v;
  }
  return low;
}

TEST(ExponentialModels, AdexLosesRestAtItsRheobase) {
  for (const double a : {0.0, 1.0, 4.0}) {
    const double rheobase = AdexRheobase(a, 144);
    for (const double factor : {0.995, 1.005}) {
      const double rest = AdexRest(a, factor * rheobase);
      CellOptions options;
      options.parameters = absl::StrCat("a = '", a, " nS', I_e = '", factor * rheobase, " pA'");
      Cells cells("adex", options);
      cells.Set("V", rest + 0.01);
      cells.Set("w", a * (rest + 70.6));
      cells.RunFor(4000);
      if (factor < 1) {
        EXPECT_EQ(cells.SpikeCount(), 0u) << a;
      } else {
        EXPECT_GE(cells.SpikeCount(), 1u) << a;
      }
    }
  }
}

// Of Naud, Marcille, Clopath & Gerstner, Biol. Cybern. 99 (2008), table 1: the parameters, and the
// pattern of intervals that each is the example of.
std::vector<int> NaudIntervals(const std::string& parameters) {
  Cells cells("adex", {.parameters = parameters});
  cells.RunFor(600);
  return Intervals(cells.Spikes());
}

TEST(ExponentialModels, AdexSpikesTonically) {
  const std::vector<int> intervals = NaudIntervals(
      "C_m = '200 pF', g_L = '10 nS', E_L = '-70 mV', V_th = '-50 mV', Delta_T = '2 mV', a = '2 "
      "nS', "
      "tau_w = '30 ms', b = '0 pA', V_reset = '-58 mV', I_e = '500 pA'");
  ASSERT_GE(intervals.size(), 30u);
  const auto [least, most] = std::minmax_element(intervals.begin() + 10, intervals.end());
  EXPECT_LE(*most - *least, 1);
}

TEST(ExponentialModels, AdexAdapts) {
  const std::vector<int> intervals = NaudIntervals(
      "C_m = '200 pF', g_L = '12 nS', E_L = '-70 mV', V_th = '-50 mV', Delta_T = '2 mV', a = '2 "
      "nS', "
      "tau_w = '300 ms', b = '60 pA', V_reset = '-58 mV', I_e = '500 pA'");
  ASSERT_GE(intervals.size(), 5u);
  for (size_t s = 1; s < intervals.size(); ++s) EXPECT_GE(intervals[s] + 1, intervals[s - 1]);
  EXPECT_GT(intervals.back(), 3 * intervals.front());
}

TEST(ExponentialModels, AdexBeginsWithABurst) {
  const std::vector<int> intervals = NaudIntervals(
      "C_m = '130 pF', g_L = '18 nS', E_L = '-58 mV', V_th = '-50 mV', Delta_T = '2 mV', a = '4 "
      "nS', "
      "tau_w = '150 ms', b = '120 pA', V_reset = '-50 mV', I_e = '400 pA'");
  ASSERT_GE(intervals.size(), 4u);
  EXPECT_LT(intervals[0], 150);
  EXPECT_GT(intervals[2], 4 * intervals[0]);
  EXPECT_NEAR(intervals.back(), intervals[intervals.size() - 2], 5);
}

TEST(ExponentialModels, AdexBurstsRegularly) {
  const std::vector<int> intervals = NaudIntervals(
      "C_m = '200 pF', g_L = '10 nS', E_L = '-58 mV', V_th = '-50 mV', Delta_T = '2 mV', a = '2 "
      "nS', "
      "tau_w = '120 ms', b = '100 pA', V_reset = '-46 mV', I_e = '210 pA'");
  ASSERT_GE(intervals.size(), 8u);
  const auto [least, most] = std::minmax_element(intervals.begin(), intervals.end());
  EXPECT_LT(*least, 150);
  EXPECT_GT(*most, 5 * *least);
  // Long intervals stand apart, each after short ones.
  int bursts = 0;
  for (size_t s = 1; s < intervals.size(); ++s) {
    const bool gap = intervals[s] > *most / 2;
    if (!gap) continue;
    ++bursts;
    EXPECT_LT(intervals[s - 1], *most / 2);
  }
  EXPECT_GE(bursts, 3);
}

TEST(ExponentialModels, AdexAcceleratesAfterADelay) {
  Cells cells("adex", {.parameters = "C_m = '200 pF', g_L = '12 nS', E_L = '-70 mV', "
                                     "V_th = '-50 mV', Delta_T = '2 mV', a = '-10 nS', "
                                     "tau_w = '300 ms', b = '0 pA', V_reset = '-58 mV', "
                                     "I_e = '300 pA'"});
  cells.RunFor(600);
  const std::vector<int> spikes = cells.Spikes();
  const std::vector<int> intervals = Intervals(spikes);
  ASSERT_GE(intervals.size(), 5u);
  EXPECT_GT(spikes[0], intervals[0]);
  for (size_t s = 1; s < intervals.size(); ++s) EXPECT_LE(intervals[s], intervals[s - 1] + 1);
  EXPECT_LT(2 * intervals.back(), intervals.front());
}

TEST(ExponentialModels, AdexSpikesTransiently) {
  Cells cells("adex", {.parameters = "C_m = '100 pF', g_L = '10 nS', E_L = '-65 mV', "
                                     "V_th = '-50 mV', Delta_T = '2 mV', a = '10 nS', "
                                     "tau_w = '90 ms', b = '100 pA', V_reset = '-47 mV', "
                                     "I_e = '180 pA'"});
  cells.RunFor(1000);
  EXPECT_GE(cells.SpikeCount(), 1u);
  EXPECT_LE(cells.SpikeCount(), 3u);
  EXPECT_LT(cells.Spikes().back(), 1000);
}

// Other synapses leave the same neuron.
TEST(ExponentialModels, AdexWithOtherSynapsesIsTheSameNeuron) {
  Cells currents("adex", {.parameters = "I_e = '800 pA'"});
  currents.RunFor(500);
  EXPECT_GE(currents.SpikeCount(), 3u);
  for (const char* model : {"adex_delta", "adex_alpha", "adex_cond_exp", "adex_cond_alpha"}) {
    Cells other(model, {.parameters = "I_e = '800 pA'"});
    other.RunFor(500);
    EXPECT_EQ(currents.Spikes(), other.Spikes()) << model;
  }
}

// Without an exponential and without adaptation each is the integrate-and-fire neuron with the same
// synapses, with a plain threshold at V_th.
TEST(ExponentialModels, AdexWithoutExponentialIsIntegrateAndFire) {
  struct Pair {
    const char* adex;
    const char* lif;
    const char* code;
    const char* weight;
    double tolerance;  // mV: of rk4 against the exact solution
  };
  for (const Pair& pair : {Pair{"adex", "lif_exp", "I_ex += w", "2000 pA", 2e-4},
                           Pair{"adex_alpha", "lif_alpha", "s_ex += w", "900 pA", 2e-3},
                           Pair{"adex_delta", "lif_delta", "V += w", "8 mV", 1e-8},
                           Pair{"adex_cond_exp", "lif_cond_exp", "g_ex += w", "30 nS", 1e-9},
                           Pair{"adex_cond_alpha", "lif_cond_alpha", "s_ex += w", "12 nS", 1e-9}}) {
    const bool conductances = std::string(pair.lif).find("cond") != std::string::npos;
    CellOptions options;
    options.more =
        "[stimuli.event]\ntype = \"spikes\"\ntarget = \"p\"\n"
        "times = [\"10 ms\", \"11 ms\", \"30 ms\", \"31 ms\", \"32 ms\"]\nindex = 0\nweight = \"" +
        std::string(pair.weight) + "\"\non_event = \"" + pair.code + "\"";
    const std::string common =
        "V_th = '-55 mV', V_reset = '-60 mV', E_L = '-70 mV', C_m = '250 pF', t_ref = '2 ms', "
        "I_e = '150 pA'";
    options.parameters =
        common + ", g_L = '25 nS', Delta_T = '0 mV', a = '0 nS', b = '0 pA', V_peak = '0 mV'";
    if (conductances || std::string(pair.adex) != "adex_delta")
      options.parameters += ", tau_syn_ex = '1 ms'";
    Cells adex(pair.adex, options);
    options.parameters = common + (conductances ? ", g_L = '25 nS'" : ", tau_m = '10 ms'");
    if (conductances || std::string(pair.adex) != "adex_delta")
      options.parameters += ", tau_syn_ex = '1 ms'";
    Cells lif(pair.lif, options);
    double worst = 0;
    for (int step = 0; step < 600; ++step) {
      adex.Steps(1);
      lif.Steps(1);
      worst = std::max(worst, std::fabs(adex.Get("V") - lif.Get("V")));
    }
    EXPECT_GE(lif.SpikeCount(), 1u) << pair.lif;
    EXPECT_EQ(adex.Spikes(), lif.Spikes()) << pair.adex;
    EXPECT_LT(worst, pair.tolerance) << pair.adex;
  }
}

TEST(ExponentialModels, SteadyConductancesMoveAdexAsCurrents) {
  Cells opened("adex_cond_exp",
               {.parameters = "tau_syn_ex = '1e15 ms', a = '0 nS'", .initial = "g_ex = '3 nS'"});
  opened.RunFor(1000);
  const double v = opened.Get("V");
  EXPECT_NEAR(30 * (-70.6 - v) + 60 * std::exp((v + 50.4) / 2) - 3 * v, 0, 1e-6);
  EXPECT_GT(v, -66);
}

}  // namespace
}  // namespace bnsyn
