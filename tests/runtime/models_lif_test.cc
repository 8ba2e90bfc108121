// Leaky integrate-and-fire models of the library against closed forms.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "models_testing.h"

namespace bnsyn {
namespace {

// The potential above rest, t ms after an event of weight w at rest, of a membrane with the
// capacitance C and the time constant m, for a current w*exp(-t/s) and the alpha function that
// peaks at w.
double PspOfExp(double w, double c, double m, double s, double t) {
  if (m == s) return w / c * t * std::exp(-t / m);
  return w / c * m * s / (m - s) * (std::exp(-t / m) - std::exp(-t / s));
}
double PspOfAlpha(double w, double c, double m, double s, double t) {
  const double slope = w * std::exp(1.0) / (s * c);
  if (m == s) return slope * t * t / 2 * std::exp(-t / m);
  const double b = 1 / s - 1 / m;
  return slope * ((std::exp(-t / m) - std::exp(-t / s)) / (b * b) - t * std::exp(-t / s) / b);
}

struct Psp {
  const char* model;
  const char* receptor;
  double tau_syn;
  double (*closed)(double, double, double, double, double);
};

// The exact integrator leaves rounding errors alone.
TEST(LifModels, PostsynapticPotentialsAreTheClosedForms) {
  for (const Psp& psp :
       {Psp{"lif_exp", "I_ex", 2, PspOfExp}, Psp{"lif_exp", "I_ex", 10, PspOfExp},
        Psp{"lif_alpha", "s_ex", 2, PspOfAlpha}, Psp{"lif_alpha", "s_ex", 10, PspOfAlpha}}) {
    CellOptions options;
    options.parameters = absl::StrCat("tau_syn_ex = '", psp.tau_syn, " ms'");
    options.more = Event("1", absl::StrCat(psp.receptor, " += w"), "100 pA");
    Cells cells(psp.model, options);
    double peak = 0;
    double peak_time = 0;
    double worst = 0;
    for (int step = 0; step < 600; ++step) {
      cells.Steps(1);
      const double t = std::max(0, step + 1 - 10) * 0.1;
      const double above = cells.Get("V") + 70;
      worst = std::max(worst, std::fabs(above - psp.closed(100, 250, 10, psp.tau_syn, t)));
      if (above > peak) {
        peak = above;
        peak_time = t;
      }
    }
    // V is near -70 mV, where its last bit is 1.4e-14 mV; 600 steps round it.
    EXPECT_LT(worst, 1e-12) << psp.model << " " << psp.tau_syn;
    EXPECT_GT(peak, 0.3);
    if (psp.closed == PspOfExp) {
      const double exact =
          psp.tau_syn == 10 ? 10 : std::log(10 / psp.tau_syn) / (1 / psp.tau_syn - 0.1);
      EXPECT_NEAR(peak_time, exact, 0.051) << "the nearest step";
    }
  }
}

// The weight is the peak of an alpha function, and it comes tau_syn after the event.
TEST(LifModels, WeightsAreThePeaksOfAlphaFunctions) {
  struct Case {
    const char* model;
    const char* receptor;
    const char* variable;
    const char* weight;
    double tolerance;  // the exact step, and that of rk4 at 20 steps a time constant
  };
  for (const Case& which : {Case{"lif_alpha", "s_ex", "I_syn_ex", "40 pA", 1e-12},
                            Case{"lif_alpha", "s_in", "I_syn_in", "40 pA", 1e-12},
                            Case{"lif_cond_alpha", "s_in", "g_syn_in", "40 nS", 1e-6}}) {
    CellOptions options;
    options.more = Event("1", absl::StrCat(which.receptor, " += w"), which.weight);
    Cells cells(which.model, options);
    double peak = 0;
    int at = 0;
    for (int step = 0; step < 100; ++step) {
      cells.Steps(1);
      if (cells.Get(which.variable) <= peak) continue;
      peak = cells.Get(which.variable);
      at = step + 1 - 10;
    }
    EXPECT_NEAR(peak / 40, 1, which.tolerance) << which.model << " " << which.variable;
    EXPECT_EQ(at, 20) << which.model << " " << which.variable;
  }
}

TEST(LifModels, DeltaSpikesLiftThePotential) {
  CellOptions options;
  options.more = Event("1", "V += w", "2.5 mV");
  Cells cells("lif_delta", options);
  cells.Steps(10);
  EXPECT_EQ(cells.Get("V"), -70);
  cells.Steps(1);
  EXPECT_NEAR(cells.Get("V"), -70 + 2.5 * std::exp(-0.01), 1e-12);
  cells.Steps(100);
  EXPECT_NEAR(cells.Get("V"), -70 + 2.5 * std::exp(-1.01), 1e-12);
}

// tau*log((V_inf - V_reset)/(V_inf - V_th)) to the threshold, which is seen at the end of a step; a
// neuron is held for its refractory time.
TEST(LifModels, IntervalsAreTheClosedForm) {
  for (const char* model : {"lif_delta", "lif_exp", "lif_alpha"}) {
    for (const double current : {376.0, 400.0, 500.0, 1000.0}) {
      for (const double dt : {0.1, 0.02}) {
        CellOptions options;
        options.parameters = absl::StrCat("I_e = '", current, " pA'");
        options.dt = dt;
        Cells cells(model, options);
        cells.RunFor(400);
        const double limit = current * 10 / 250;
        const double rise = 10 * std::log(limit / (limit - 15));
        const int expected =
            static_cast<int>(2 / dt + 0.5) + static_cast<int>(std::ceil(rise / dt));
        const std::vector<int> intervals = Intervals(cells.Spikes());
        ASSERT_GE(intervals.size(), 4u) << model << " " << current;
        for (const int interval : intervals)
          EXPECT_EQ(interval, expected) << model << " " << current;
      }
    }
    Cells silent(model, {.parameters = "I_e = '374 pA'"});
    silent.RunFor(500);
    EXPECT_EQ(silent.SpikeCount(), 0u) << "the rheobase is 375 pA";
  }
}

// NEST's test of refractory times: the potential stays at the reset for exactly t_ref after the
// spike, in all models that clamp it.
TEST(LifModels, RefractoryTimesAreExact) {
  for (const char* model : {"lif_delta",
                            "lif_exp",
                            "lif_alpha",
                            "lif_exp_ports",
                            "lif_alpha_ports",
                            "lif_cond_exp",
                            "lif_cond_alpha",
                            "lif_cond_beta",
                            "lif_cond_nmda",
                            "lif_cond_sfa_rr",
                            "eif",
                            "adex",
                            "adex_delta",
                            "adex_alpha",
                            "adex_cond_exp",
                            "adex_cond_alpha",
                            "adex_cond_alpha_ports",
                            "adex_cond_beta_ports",
                            "glif",
                            "glif_cond",
                            "gif",
                            "gif_cond"}) {
    Cells cells(model, {.parameters = "t_ref = '1.7 ms', I_e = '1200 pA'"});
    while (cells.Spikes().empty()) cells.Steps(1);
    const double reset = cells.Get("V");
    for (int step = 1; step <= 17; ++step) {
      cells.Steps(1);
      EXPECT_EQ(cells.Get("V"), reset) << model << " " << step;
    }
    cells.Steps(1);
    EXPECT_NE(cells.Get("V"), reset) << model;
  }
  // Others are held from spiking alone, and spike again one step after the time, as in NEST.
  for (const char* model : {"mat2", "amat2"}) {
    Cells cells(model, {.parameters = "t_ref = '1.7 ms', I_e = '15 nA'"});
    cells.RunFor(100);
    const std::vector<int> intervals = Intervals(cells.Spikes());
    ASSERT_GE(intervals.size(), 3u) << model;
    EXPECT_EQ(intervals.front(), 18) << model;
  }
}

// What arrives as a current lasts one step, with what the stimuli add.
TEST(LifModels, ConstantAndExternalCurrentsAreTheSame) {
  for (const char* model :
       {"lif_delta", "lif_exp", "lif_alpha", "lif_cond_exp", "lif_cond_alpha", "lif_cond_nmda",
        "eif", "adex", "adex_cond_exp", "izhikevich2007", "hh_traub"}) {
    Cells constant(model, {.parameters = "I_e = '900 pA'"});
    CellOptions options;
    options.more =
        "[stimuli.dc]\ntype = \"current\"\ntarget = \"p\"\nvariable = \"I_ext\"\nvalue = \"900 "
        "pA\"";
    Cells external(model, options);
    constant.RunFor(200);
    external.RunFor(200);
    EXPECT_GE(constant.SpikeCount(), 2u) << model;
    EXPECT_EQ(constant.Spikes(), external.Spikes()) << model;
  }
}

// Conductances that hardly decay: the potential goes to their mean, at their rate.
TEST(LifModels, SteadyConductancesWeighReversalPotentials) {
  struct Case {
    const char* model;
    const char* ex;
    const char* in;
  };
  for (const Case& which :
       {Case{"lif_cond_exp", "g_ex", "g_in"}, Case{"lif_cond_alpha", "g_syn_ex", "g_syn_in"}}) {
    CellOptions options;
    options.parameters =
        "tau_syn_ex = '1e15 ms', tau_syn_in = '1e15 ms', V_th = '0 mV', I_e = '30 pA'";
    options.initial = absl::StrCat(which.ex, " = '8 nS', ", which.in, " = '5 nS'");
    Cells cells(which.model, options);
    const double g_l = 16.6667;
    const double total = g_l + 8 + 5;
    const double limit = (g_l * -70 + 8 * 0 + 5 * -85 + 30) / total;
    cells.RunFor(5);
    const double decayed = std::exp(-5 * total / 250);
    EXPECT_NEAR(cells.Get("V"), limit + (-70 - limit) * decayed, 1e-9) << which.model;
    cells.RunFor(1000);
    EXPECT_NEAR(cells.Get("V"), limit, 1e-11) << which.model;
  }
}

// A conductance that lasts only two steps of 0.1 ms, against small steps.
TEST(LifModels, ShortConductancesAreAccurate) {
  struct Case {
    const char* model;
    const char* receptor;
    double tolerance;  // of the peak
  };
  for (const Case& which :
       {Case{"lif_cond_exp", "g_ex", 2e-3}, Case{"lif_cond_alpha", "s_ex", 4e-3}}) {
    const auto peak = [&](double dt) {
      CellOptions options;
      options.dt = dt;
      options.more = Event("1", absl::StrCat(which.receptor, " += w"), "50 nS");
      Cells cells(which.model, options);
      double highest = -70;
      for (int step = 0; step < static_cast<int>(10 / dt); ++step) {
        cells.Steps(1);
        highest = std::max(highest, cells.Get("V"));
      }
      return highest + 70;
    };
    const double fine = peak(0.005);
    EXPECT_GT(fine, 2);
    EXPECT_NEAR(peak(0.1) / fine, 1, which.tolerance) << which.model;
  }
}

// Conductances of one event that rise to its weight and decay; with equal time constants they are
// alpha functions.
TEST(LifModels, BetaFunctionsPeakAtTheWeight) {
  struct Taus {
    double rise;
    double decay;
  };
  for (const Taus& tau : {Taus{1, 5}, Taus{5, 1}, Taus{2, 2}, Taus{2, 2.0001}}) {
    CellOptions options;
    options.parameters = absl::StrCat("V_th = '0 mV', tau_rise_in = '", tau.rise,
                                      " ms', tau_decay_in = '", tau.decay, " ms'");
    options.more = Event("1", "s_in += w", "3 nS");
    Cells cells("lif_cond_beta", options);
    cells.Steps(10);
    const bool alpha = tau.rise == tau.decay;
    const double peak =
        alpha ? tau.rise
              : std::log(tau.decay / tau.rise) * tau.rise * tau.decay / (tau.decay - tau.rise);
    const auto shape = [&](double t) {
      return alpha ? t / tau.rise * std::exp(1 - t / tau.rise)
                   : (std::exp(-t / tau.decay) - std::exp(-t / tau.rise)) /
                         (std::exp(-peak / tau.decay) - std::exp(-peak / tau.rise));
    };
    double highest = 0;
    for (int step = 1; step <= 300; ++step) {
      cells.Steps(1);
      highest = std::max(highest, cells.Get("g_in"));
      ASSERT_NEAR(cells.Get("g_in"), 3 * shape(step * 0.1), 2e-6) << tau.rise << " " << step;
    }
    EXPECT_NEAR(highest, 3, 2e-3) << "at the nearest step";
  }
}

// Without what a spike opens it is the plain neuron; with it, intervals grow to those of the
// stronger leak.
TEST(LifModels, SpikesOpenConductances) {
  const std::string common =
      "V_th = '-57 mV', V_reset = '-70 mV', g_L = '28.95 nS', C_m = "
      "'289.5 pF', t_ref = '0.5 ms', I_e = '800 pA'";
  Cells plain("lif_cond_exp", {.parameters = common});
  Cells closed("lif_cond_sfa_rr", {.parameters = common + ", q_sfa = '0 nS', q_rr = '0 nS'"});
  plain.RunFor(300);
  closed.RunFor(300);
  EXPECT_GE(plain.SpikeCount(), 10u);
  EXPECT_EQ(closed.Spikes(), plain.Spikes());

  Cells open("lif_cond_sfa_rr", {.parameters = common});
  open.RunFor(2000);
  const std::vector<int> intervals = Intervals(open.Spikes());
  ASSERT_GE(intervals.size(), 10u);
  EXPECT_GT(intervals.back(), 2 * intervals.front()) << "it adapts";
  EXPECT_LE(std::abs(intervals.back() - intervals[intervals.size() - 2]), 1) << "and settles";
  // Where it has settled, g_sfa before a spike is the geometric series of what spikes have left.
  const double interval = intervals.back() * 0.1;
  const double left = 14.48 / (std::exp(interval / 110) - 1);
  const double since = 2000 - (open.Spikes().back() + 1) * 0.1;
  EXPECT_NEAR(open.Get("g_sfa") / ((left + 14.48) * std::exp(-since / 110)), 1, 2e-3);
}

// g(t) of one event with a rise and a decay.
TEST(LifModels, NmdaRisesAndDecays) {
  CellOptions options;
  options.more = Event("1", "x_nmda += w", "3 nS");
  Cells cells("lif_cond_nmda", options);
  cells.Steps(10);
  for (int step = 1; step <= 500; ++step) {
    cells.Steps(1);
    const double t = step * 0.1;
    const double exact = 3 * 0.5 / (1.0 / 2 - 1.0 / 100) * (std::exp(-t / 100) - std::exp(-t / 2));
    ASSERT_NEAR(cells.Get("g_nmda"), exact, 1e-6) << t;
  }
}

// The share of NMDA channels without magnesium, from what one step of a huge membrane makes of it:
// a half at -20.53 mV in 1 mM (Jahr & Stevens, equation 4a: 1/(1 + exp(-0.062 V) [Mg]/3.57)).
TEST(LifModels, MagnesiumBlocksNmda) {
  const auto open = [](double v, double mg) {
    CellOptions options;
    options.parameters = absl::StrCat("conc_Mg2 = '", mg,
                                      " mM', C_m = '1e6 pF', g_L = '0 nS', "
                                      "tau_decay_NMDA = '1e15 ms', V_th = '1 V'");
    options.initial = "g_nmda = '20 nS'";
    Cells cells("lif_cond_nmda", options);
    cells.Set("V", v);
    cells.Steps(1);
    return (cells.Get("V") - v) * 1e6 / 0.1 / (20 * (0 - v));
  };
  const double half = -std::log(3.57) / 0.062;
  EXPECT_NEAR(half, -20.53, 0.005);
  EXPECT_NEAR(open(half, 1), 0.5, 1e-6);
  EXPECT_NEAR(open(half, 2), 1.0 / 3, 1e-6);
  EXPECT_NEAR(open(-60, 1), 1 / (1 + 41.264394 / 3.57), 1e-6);
  EXPECT_NEAR(open(-60, 1), 0.0796, 5e-5);
  EXPECT_NEAR(open(40, 1), 0.977, 5e-4);
}

}  // namespace
}  // namespace bnsyn
