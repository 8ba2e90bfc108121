// When spikes, arrivals and what follows from them happen, on both backends.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bnsyn/bnsyn.h"
#include "networks.h"

namespace bnsyn {
namespace {

std::vector<EngineOptions> Engines() { return {Reference(), Accelerated(1), Accelerated(2)}; }

// A spike at 2 ms, and projections that note when it arrives.
struct Delayed {
  const char* name;
  const char* rule;
  const char* delay;  // as written; empty for none
  double expected;    // ms
};
constexpr Delayed kDelayed[] = {
    {"without", "'all_to_all'", "", 0},
    {"zero", "'all_to_all'", "0 ms", 0},
    {"number", "'all_to_all'", "3 ms", 3},
    {"drawn", "'all_to_all'", "clip(normal(1 ms, 5 ms), 2 ms, 2 ms)", 2},
    {"drawn_zero", "'all_to_all'", "clip(-exponential(1 ms), 0 ms, 2 ms)", 0},
    {"computed", "'all_to_all'", "(1 + j)*1 ms", 1},
    {"listed", "{ type = 'list', file = 'listed.csv' }", "", 4},
    {"listed_zero", "{ type = 'list', file = 'listed_zero.csv' }", "", 0},
};

std::string DelayedNetwork(const std::string& dt, const std::string& more) {
  std::string text = absl::StrCat("network = { dt = \"", dt, R"toml(", seed = 3 }
populations.source = { model = "spike_source", size = 1 }
populations.target = { model = "lif_exp", size = 1 }
stimuli.s = { type = "spikes", target = "source", times = ["2 ms"], index = 0, on_event = "arrived += w" }
)toml",
                                  more);
  for (const Delayed& delayed : kDelayed) {
    absl::StrAppend(&text, "[projections.", delayed.name, "]\nrule = ", delayed.rule, R"toml(
source = "source"
target = "target"
equations = "arrived : second\nsince : second"
on_pre = "arrived = t; since = t - lastspike_pre"
)toml");
    const std::string delay = delayed.delay;
    if (!delay.empty()) absl::StrAppend(&text, "delay = \"", delay, "\"\n");
  }
  return text;
}

std::string WriteLists() {
  const std::string directory = absl::StrCat(::testing::TempDir(), "/time_test");
  std::filesystem::create_directories(directory);
  std::ofstream(directory + "/listed.csv") << "pre,post,delay\n0,0,4\n";
  std::ofstream(directory + "/listed_zero.csv") << "pre,post,delay\n0,0,0\n";
  return directory;
}

TEST(Time, R4_ArrivalsActAtTheTimeOfTheSpikePlusTheDelay) {
  const std::string directory = WriteLists();
  for (const EngineOptions& options : Engines()) {
    for (const char* const dt : {"0.1 ms", "0.2 ms", "0.5 ms", "1 ms"}) {
      Simulation run = CompiledNetwork(ParsedNetwork(DelayedNetwork(dt, ""), directory), options);
      ASSERT_TRUE(run.Run(Quantity(7, Unit{dimension::kTime, 0})).ok());
      ASSERT_EQ(TimesOf(run, "source").size(), 1u);
      EXPECT_NEAR(TimesOf(run, "source")[0], 2, 1e-12) << dt;
      for (const Delayed& delayed : kDelayed) {
        const std::string name = delayed.name;
        EXPECT_NEAR(FirstOf(run, name + ".arrived"), 2 + delayed.expected, 1e-12)
            << name << ", " << dt;
        EXPECT_NEAR(FirstOf(run, name + ".since"), delayed.expected, 1e-12) << name << ", " << dt;
        const absl::StatusOr<SynapseList> synapses = run.Synapses(name);
        ASSERT_TRUE(synapses.ok());
        EXPECT_NEAR(synapses->delays.at(0) * ProgramOf(run).dt, delayed.expected, 1e-12) << name;
      }
    }
  }
}

// What follows from a spike is the same function of the time since its arrival, whatever dt is.
TEST(Time, R4_PotentialsFollowFromTheArrivalAtEveryStep) {
  const double c = 250, m = 10, s = 2, w = 100;
  for (const char* const dt : {"0.1 ms", "0.25 ms", "0.5 ms", "1 ms"}) {
    Simulation run = CompiledNetwork(absl::StrCat("network = { dt = \"", dt, R"toml(" }
populations.source = { model = "spike_source", size = 1 }
populations.target = { model = "lif_exp", size = 1 }
stimuli.s = { type = "spikes", target = "source", times = ["2 ms"], index = 0, on_event = "arrived += w" }
[projections.p]
source = "source"
target = "target"
rule = "all_to_all"
weight = "100 pA"
delay = "1 ms"
on_pre = "I_ex_post += w"
)toml"),
                                     Accelerated());
    ASSERT_TRUE(run.Run(Quantity(3, Unit{dimension::kTime, 0})).ok());
    EXPECT_EQ(FirstOf(run, "target.V"), -70) << dt;
    for (double t = 1; t <= 12; ++t) {
      ASSERT_TRUE(run.Run(Quantity(1, Unit{dimension::kTime, 0})).ok());
      const double psp = w / c * m * s / (m - s) * (std::exp(-t / m) - std::exp(-t / s));
      EXPECT_NEAR(FirstOf(run, "target.V") + 70, psp, 1e-8) << dt << ", " << t << " ms after";
    }
  }
}

TEST(Time, R5_InjectedSpikesHaveThePresentTime) {
  const std::string directory = WriteLists();
  for (const EngineOptions& options : Engines()) {
    Simulation run =
        CompiledNetwork(ParsedNetwork(DelayedNetwork("0.5 ms", ""), directory), options);
    ASSERT_TRUE(run.Run(Quantity(3.5, Unit{dimension::kTime, 0})).ok());
    ASSERT_TRUE(run.InjectSpikes(*run.Population("source"), {0}).ok());
    ASSERT_TRUE(run.Step().ok());
    EXPECT_NEAR(FirstOf(run, "zero.arrived"), 3.5, 1e-12);
    ASSERT_TRUE(run.Run(Quantity(3, Unit{dimension::kTime, 0})).ok());
    EXPECT_NEAR(FirstOf(run, "number.arrived"), 6.5, 1e-12);
  }
}

// Sources spike at their times, and stimuli of other cells act at theirs.
TEST(Time, R4_SourcesSpikeAtTheTimesOfTheirEvents) {
  const std::string directory = absl::StrCat(::testing::TempDir(), "/time_sources");
  std::filesystem::create_directories(directory);
  std::ofstream(directory + "/times.csv") << "time,index\n1,0\n2.5,1\n4,0\n";
  std::ofstream(directory + "/steps.csv") << "step,index\n1,0\n4,1\n7,0\n";
  const std::string text = R"toml(
network = { dt = "0.5 ms" }
[models.cell]
equations = "at : second"
[populations]
timed = { model = "spike_source", size = 2 }
stepped = { model = "spike_source", size = 2 }
given = { model = "spike_source", size = 2 }
window = { model = "spike_source", size = 2 }
cell = { model = "cell", size = 2 }
clock = { model = "regular_source", size = 1, parameters = { period = "1.5 ms" } }
late = { model = "regular_source", size = 1, parameters = { period = "2 ms", phase = "1 ms" } }
[stimuli]
from_times = { type = "file", target = "timed", file = "times.csv", on_event = "arrived += w" }
from_steps = { type = "file", target = "stepped", file = "steps.csv", on_event = "arrived += w" }
listed = { type = "spikes", target = "given", times = ["1 ms", "2.5 ms", "4 ms"], index = [0, 1, 0], on_event = "arrived += w" }
between = { type = "spikes", target = "window", times = ["1 ms", "2.5 ms", "4 ms"], index = [0, 1, 0], start = "1 ms", stop = "4 ms", on_event = "arrived += w" }
other = { type = "spikes", target = "cell", times = ["2.5 ms"], index = 0, on_event = "at = t" }
)toml";
  for (const EngineOptions& options : Engines()) {
    Simulation run = CompiledNetwork(ParsedNetwork(text, directory), options);
    ASSERT_TRUE(run.Run(Quantity(5, Unit{dimension::kTime, 0})).ok());
    const std::vector<double> times = {1, 2.5, 4};
    EXPECT_EQ(TimesOf(run, "timed"), times);
    EXPECT_EQ(TimesOf(run, "stepped"), times);
    EXPECT_EQ(TimesOf(run, "given"), times);
    EXPECT_EQ(TimesOf(run, "window"), (std::vector<double>{1, 2.5}));
    EXPECT_EQ(FirstOf(run, "cell.at"), 2.5);
    EXPECT_EQ(TimesOf(run, "clock"), (std::vector<double>{1.5, 3, 4.5}));
    EXPECT_EQ(TimesOf(run, "late"), (std::vector<double>{1, 3, 5}));
  }
}

TEST(Time, R4_NoSpikeOfASourceIsAtZero) {
  const std::string directory = absl::StrCat(::testing::TempDir(), "/time_zero");
  std::filesystem::create_directories(directory);
  std::ofstream(directory + "/zero.csv") << "time,index\n1,0\n0,0\n";
  for (const char* const stimulus :
       {R"toml(type = "spikes", times = ["1 ms", "0 ms"], index = 0)toml",
        R"toml(type = "file", file = "zero.csv")toml"}) {
    const absl::StatusOr<Network> network = ParseNetwork(
        absl::StrCat("populations.a = { model = \"spike_source\", size = 1 }\nstimuli.s = { ",
                     stimulus, ", target = \"a\", on_event = \"arrived += w\" }\n"),
        "test.toml", directory);
    ASSERT_TRUE(network.ok()) << network.status().message();
    const absl::Status status = Compile(*network).status();
    EXPECT_TRUE(absl::StrContains(status.message(), "has a spike at the time 0 ms")) << status;
    EXPECT_TRUE(absl::StrContains(status.message(), "2")) << status;
    EXPECT_TRUE(absl::StrContains(status.message(), "the first can be at dt = 0.1 ms")) << status;
  }
}

// The time in code is that of the values it sees, and a neuron is held for its refractory time from
// the time of the spike on.
TEST(Time, R4_CodeAfterTheUpdateSeesTheTimeOfTheSpikes) {
  for (const EngineOptions& options : Engines()) {
    Simulation run = CompiledNetwork(R"toml(
network = { dt = "0.5 ms" }
[models.cell]
equations = """
v : 1 (unless refractory)
begun : second
reset_at : second
last : second
since : second
"""
update = "begun = t; v += 1"
threshold = "v >= 4 and t > 1.9 ms"
reset = "v = 0; reset_at = t; last = lastspike"
refractory = "1.5 ms"
[populations]
p = { model = "cell", size = 1 }
[uniform]
equations = """
now : second
n : 1
"""
update = "now = t; n += count(p)"
)toml",
                                     options);
    // Four updates to the threshold, three that are held.
    ASSERT_TRUE(run.Run(Quantity(6, Unit{dimension::kTime, 0})).ok());
    EXPECT_EQ(TimesOf(run, "p"), (std::vector<double>{2, 5.5}));
    EXPECT_EQ(FirstOf(run, "p.reset_at"), 5.5);
    EXPECT_EQ(FirstOf(run, "p.last"), 5.5);
    EXPECT_EQ(FirstOf(run, "p.begun"), 5.5) << "of the step that began there";
    EXPECT_EQ(*run.Uniform("now"), 6);
  }
}

}  // namespace
}  // namespace bnsyn
