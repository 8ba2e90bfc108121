// The Hodgkin-Huxley neuron of the library against a Runge-Kutta method with small steps, written
// down apart from it.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "models_testing.h"

namespace bnsyn {
namespace {

using State = std::array<double, 4>;  // V, m, h, n

double LinearOverExp(double x, double scale) {
  return std::fabs(x) < 1e-9 ? scale : x / (std::exp(x / scale) - 1);
}

// Rates per ms of opening and closing at V.
struct Rates {
  explicit Rates(double v) {
    const double u = v + 63;
    open = {0.32 * LinearOverExp(13 - u, 4), 0.128 * std::exp((17 - u) / 18),
            0.032 * LinearOverExp(15 - u, 5)};
    close = {0.28 * LinearOverExp(u - 40, 5), 4 / (1 + std::exp((40 - u) / 5)),
             0.5 * std::exp((10 - u) / 40)};
  }
  double steady(size_t gate) const { return open[gate] / (open[gate] + close[gate]); }
  std::array<double, 3> open;
  std::array<double, 3> close;
};

// Inward current with the leak reversing at `leak`.
double Inward(double leak, double v, double m, double h, double n) {
  return 10 * (leak - v) + 20000 * m * m * m * h * (50 - v) + 6000 * n * n * n * n * (-90 - v);
}

State Slope(double leak, const State& x, double current) {
  const Rates rates(x[0]);
  State slope;
  slope[0] = (Inward(leak, x[0], x[1], x[2], x[3]) + current) / 200;
  for (size_t gate = 0; gate < 3; ++gate) {
    slope[gate + 1] = rates.open[gate] * (1 - x[gate + 1]) - rates.close[gate] * x[gate + 1];
  }
  return slope;
}

State Along(const State& x, double h, const State& slope) {
  State moved;
  for (size_t i = 0; i < 4; ++i) moved[i] = x[i] + h * slope[i];
  return moved;
}

State StartAt(double v) {
  const Rates rates(v);
  return {v, rates.steady(0), rates.steady(1), rates.steady(2)};
}

// Times in ms at which V begins to fall, from above -33 mV; one for each spike.
std::vector<double> Peaks(double leak, double current, double ms, double h) {
  State x = StartAt(leak);
  std::vector<double> times;
  bool rising = false;
  for (int step = 0; step < static_cast<int>(ms / h); ++step) {
    const double before = x[0];
    const State k1 = Slope(leak, x, current);
    const State k2 = Slope(leak, Along(x, h / 2, k1), current);
    const State k3 = Slope(leak, Along(x, h / 2, k2), current);
    const State k4 = Slope(leak, Along(x, h, k3), current);
    for (size_t i = 0; i < 4; ++i) x[i] += h / 6 * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]);
    if (rising && x[0] < before && x[0] >= -33) times.push_back((step + 1) * h);
    rising = x[0] >= before;
  }
  return times;
}

double RestingPotential(double leak) {
  double low = -75;
  double high = -62;
  for (int i = 0; i < 100; ++i) {
    const double v = (low + high) / 2;
    const State x = StartAt(v);
    (Inward(leak, v, x[1], x[2], x[3]) > 0 ? low : high) = v;
  }
  return low;
}

TEST(HodgkinHuxley, RestsWhereNoCurrentFlows) {
  Cells cells("hh_traub", {.parameters = "E_L = '-65 mV'"});
  cells.RunFor(1500);
  EXPECT_EQ(cells.SpikeCount(), 0u);
  const double rest = RestingPotential(-65);
  EXPECT_NEAR(cells.Get("V"), rest, 1e-9);
  EXPECT_NEAR(cells.Get("m"), StartAt(rest)[1], 1e-9);
  EXPECT_NEAR(cells.Get("h"), StartAt(rest)[2], 1e-9);
  EXPECT_NEAR(cells.Get("n"), StartAt(rest)[3], 1e-9);
}

TEST(HodgkinHuxley, BeginsWithGatesAtRest) {
  Cells cells("hh_traub");
  const State start = StartAt(-60);
  EXPECT_EQ(cells.Get("V"), -60);
  EXPECT_NEAR(cells.Get("m"), start[1], 1e-15);
  EXPECT_NEAR(cells.Get("h"), start[2], 1e-15);
  EXPECT_NEAR(cells.Get("n"), start[3], 1e-15);
  // A population that gives a potential of its own has the gates that belong to it.
  Cells other("hh_traub", {.initial = "V = '-70 mV'"});
  EXPECT_NEAR(other.Get("h"), StartAt(-70)[2], 1e-15);
}

// The least step of current that makes it spike within 100 ms.
TEST(HodgkinHuxley, HasTheThresholdOfSmallSteps) {
  double low = 0;
  double high = 500;
  for (int i = 0; i < 10; ++i) {
    const double middle = (low + high) / 2;
    (Peaks(-65, middle, 100, 0.005).empty() ? low : high) = middle;
  }
  ASSERT_GT(low, 10);
  for (const double factor : {0.98, 1.02}) {
    CellOptions options;
    options.parameters = absl::StrCat("E_L = '-65 mV', I_e = '", high * factor, " pA'");
    Cells cells("hh_traub", options);
    cells.RunFor(100);
    EXPECT_EQ(cells.SpikeCount() > 0, factor > 1) << high * factor << " pA";
  }
}

// By itself and driven. The method is of second order: in a fourth of the step remains a sixteenth
// of the error.
TEST(HodgkinHuxley, SpikesWhenSmallStepsDo) {
  for (const double current : {0.0, 500.0}) {
    const std::vector<double> exact = Peaks(-60, current, 300, 0.002);
    ASSERT_GE(exact.size(), 4u);
    const auto late = [&](double dt) {
      CellOptions options;
      options.dt = dt;
      options.parameters = absl::StrCat("I_e = '", current, " pA'");
      Cells cells("hh_traub", options);
      cells.RunFor(310);
      const std::vector<int> spikes = cells.Spikes();
      EXPECT_GE(spikes.size(), exact.size());
      if (spikes.size() < exact.size()) return 1e9;
      return (spikes[exact.size() - 1] + 1) * dt - exact.back();
    };
    // Besides the grid of each.
    const double coarse = late(0.1);
    const double fine = late(0.025);
    EXPECT_LT(std::fabs(coarse), 0.015 * exact.back()) << current;
    EXPECT_LT(std::fabs(fine), std::fabs(coarse) / 16 + 0.05) << current;
  }
}

}  // namespace
}  // namespace bnsyn
