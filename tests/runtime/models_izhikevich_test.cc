// Izhikevich's models of the library against loops over the lines of his programs.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "models_testing.h"

namespace bnsyn {
namespace {

struct Kind {
  const char* name;
  double a, b, c, d;
};
constexpr Kind kRegular = {"regular spiking", 0.02, 0.2, -65, 8};
constexpr Kind kBursting = {"intrinsically bursting", 0.02, 0.2, -55, 4};
constexpr Kind kChattering = {"chattering", 0.02, 0.2, -50, 2};
constexpr Kind kFast = {"fast spiking", 0.1, 0.2, -65, 2};
constexpr Kind kLow = {"low-threshold spiking", 0.02, 0.25, -65, 2};

// The program of the paper of 2003, for one cell and a constant I from the beginning.
std::vector<int> Paper(const Kind& kind, double current, int milliseconds) {
  double v = kind.c;
  double u = kind.b * v;
  std::vector<int> firings;
  for (int t = 0; t < milliseconds; ++t) {
    if (v >= 30) {
      firings.push_back(t - 1);  // in which step it got there
      v = kind.c;
      u = u + kind.d;
    }
    v = v + 0.5 * (0.04 * (v * v) + 5 * v + 140 - u + current);
    v = v + 0.5 * (0.04 * (v * v) + 5 * v + 140 - u + current);
    u = u + kind.a * (kind.b * v - u);
  }
  return firings;
}

std::vector<int> Library(const Kind& kind, double current, int milliseconds) {
  CellOptions options;
  options.dt = 1;
  options.strict = true;
  options.parameters = absl::StrCat("a = '", kind.a, "/ms', b = '", kind.b, "/ms', c = '", kind.c,
                                    " mV', d = '", kind.d, " mV/ms', I_e = '", current, " mV/ms'");
  Cells cells("izhikevich2003", options);
  cells.Steps(static_cast<uint64_t>(milliseconds) - 1);
  return cells.Spikes();
}

TEST(IzhikevichModels, SpikeAsThePaperOf2003) {
  for (const Kind& kind : {kRegular, kBursting, kChattering, kFast, kLow}) {
    for (const double current : {5.0, 10.0, 15.0}) {
      const std::vector<int> expected = Paper(kind, current, 1000);
      ASSERT_GE(expected.size(), 3u) << kind.name;
      EXPECT_EQ(Library(kind, current, 1000), expected) << kind.name << " " << current;
    }
  }
}

// What figure 2 of the paper shows of each kind.
TEST(IzhikevichModels, HaveThePatternsOfTheirNames) {
  const auto intervals = [](const Kind& kind) { return Intervals(Library(kind, 10, 1000)); };
  const std::vector<int> regular = intervals(kRegular);
  EXPECT_GT(regular.back(), 1.3 * regular.front()) << "adapts";
  EXPECT_NEAR(regular.back(), regular[regular.size() - 2], 10) << "and settles";

  const std::vector<int> bursting = intervals(kBursting);
  EXPECT_LT(3 * bursting[0], bursting.back()) << "a burst, then single spikes";
  EXPECT_GT(2 * bursting[bursting.size() - 2], bursting.back());

  const std::vector<int> chattering = intervals(kChattering);
  const int least = *std::min_element(chattering.begin(), chattering.end());
  const int most = *std::max_element(chattering.begin(), chattering.end());
  EXPECT_LE(least, 6) << "bursts of closely spaced spikes";
  EXPECT_GT(most, 5 * least);
  EXPECT_GE(std::count_if(chattering.begin(), chattering.end(),
                          [&](int interval) { return interval > most / 2; }),
            5)
      << "again and again";

  const std::vector<int> fast = intervals(kFast);
  EXPECT_GT(fast.size(), 2 * regular.size()) << "at a high rate";
  EXPECT_NEAR(fast.back(), fast[2], 10) << "almost without adaptation";

  const std::vector<int> low = intervals(kLow);
  EXPECT_GT(low.size(), regular.size());
  EXPECT_GT(low.back(), low[1]) << "with adaptation";
}

// The model of NEST: v and u take steps of Euler's method together, of any length; u begins at 0.
TEST(IzhikevichModels, TakeStepsOfEuler) {
  for (const double dt : {1.0, 0.1}) {
    double v = -65;
    double u = 0;
    std::vector<int> expected;
    for (int step = 0; step < 3000; ++step) {
      const double old = v;
      v = v + dt * (0.04 * (old * old) + 5 * old + 140 - u + 10);
      u = u + dt * (0.02 * (0.2 * old - u));
      if (v < 30) continue;
      expected.push_back(step);
      v = -65;
      u = u + 8;
    }
    ASSERT_GE(expected.size(), 3u) << dt;
    CellOptions options;
    options.dt = dt;
    options.strict = true;
    options.parameters = "I_e = '10 mV/ms'";
    Cells cells("izhikevich", options);
    cells.Steps(3000);
    EXPECT_EQ(cells.Spikes(), expected) << dt;
  }
}

// The program of the book of 2007, figure 8.12, at a step of 1 ms.
TEST(IzhikevichModels, SpikeAsTheBookOf2007) {
  for (const double current : {60.0, 70.0, 100.0, 300.0}) {
    double v = -60;
    double u = 0;
    std::vector<int> expected;
    for (int t = 0; t < 1000; ++t) {
      const double next = v + 1.0 * (0.7 * (v + 60) * (v + 40) - u + current) / 100;
      u = u + 1.0 * 0.03 * (-2 * (v + 60) - u);
      v = next;
      if (v < 35) continue;
      expected.push_back(t);
      v = -50;
      u = u + 100;
    }
    ASSERT_GE(expected.size(), 3u) << current;
    CellOptions options;
    options.dt = 1;
    options.strict = true;
    options.parameters = absl::StrCat("I_e = '", current, " pA'");
    Cells cells("izhikevich2007", options);
    cells.Steps(1000);
    EXPECT_EQ(cells.Spikes(), expected) << current;
  }
}

// With b < 0 rest is lost where the parabola k x (x - (v_t - v_r)) - b x + I lifts off the axis: at
// I = (k (v_t - v_r) + b)^2/(4 k), 51.4 pA.
TEST(IzhikevichModels, FireAboveTheRheobaseOf2007) {
  const double rheobase = 12.0 * 12.0 / (4 * 0.7);
  const auto spikes = [](double current) {
    Cells cells("izhikevich2007", {.parameters = absl::StrCat("I_e = '", current, " pA'")});
    cells.RunFor(3000);
    return cells.SpikeCount();
  };
  EXPECT_GE(spikes(rheobase + 0.5), 1u);
  // From below, slowly, lest it overshoots.
  CellOptions options;
  options.more =
      "[stimuli.ramp]\ntype = \"current\"\ntarget = \"p\"\nvariable = \"I_ext\"\n"
      "value = \"51.3 pA * min(t/(2 s), 1)\"";
  Cells cells("izhikevich2007", options);
  cells.RunFor(5000);
  EXPECT_EQ(cells.SpikeCount(), 0u);
  EXPECT_NEAR(cells.Get("v"), -60 + 12 / 1.4, 0.5) << "near where rest is lost";
}

}  // namespace
}  // namespace bnsyn
