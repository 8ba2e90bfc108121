// The order of a step in every schedule, and the same bits of it on every engine.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "bnsyn/bnsyn.h"
#include "networks.h"

namespace bnsyn {
namespace {

std::vector<EngineOptions> Engines() {
  return {Reference(), Accelerated(1, 1), Accelerated(1, 8), Accelerated(2), Accelerated(3, 4)};
}

// A network that has something of everything whose place in a step a schedule decides.
constexpr char kNetwork[] = R"toml(
network = { dt = "0.1 ms", seed = 11, schedule = "SCHEDULE" }
[models.cell]
equations = """
dV/dt = (12 mV + drive + I - V)/(8 ms) + 2 mV*xi*sqrt(2/(8 ms)) : volt (unless refractory)
dw/dt = -w/(30 ms) : volt
drive = 3 mV*sin(t/(5 ms)) - w : volt
I : volt (input)
n : integer
"""
threshold = "V > 10 mV"
reset = "V = 0 mV; w += 1 mV; n += 1"
refractory = "REFRACTORY"
events = { third = "n >= 3" }
on_event = { third = "n = 0; w += 1 mV" }
[populations]
a = { model = "cell", size = 150, initial = { V = "10*rand()*mV" } }
b = { model = "cell", size = 70, initial = { V = "10*rand()*mV" } }
clock = { model = "regular_source", size = 3, parameters = { period = "1.5 ms" } }
listed = { model = "spike_source", size = 2 }
[stimuli]
times = { type = "spikes", target = "listed", times = ["1 ms", "2.5 ms", "6 ms"], index = [0, 1, 0], on_event = "arrived += w" }
events = { type = "poisson", target = ["a", "b"], rate = "800 Hz", weight = "0.6 mV", on_event = "V += w" }
wave = { type = "current", target = "b", variable = "I", value = "2 mV*cos(t/(7 ms))" }
[projections.ab]
source = "a"
target = "b"
rule = { type = "bernoulli", p = 0.2 }
weight = "0.2 mV"
on_pre = "V_post += w"
[projections.ba]
source = "b"
target = "a"
rule = { type = "bernoulli", p = 0.2 }
weight = "0.1 mV"
delay = "uniform(0 ms, 3 ms)"
equations = """
w : volt
dx/dt = -x/(10 ms) : volt (event-driven)
dy/dt = -y/(10 ms) : volt (event-driven)
"""
on_pre = "V_post += w; x += 0.01 mV; w = clip(w - y, 0 mV, 1 mV)"
on_post = "y += 0.01 mV; w = clip(w + x, 0 mV, 1 mV)"
[projections.aa]
source = "a"
target = "a"
event = "third"
rule = { type = "bernoulli", p = 0.1 }
weight = "-0.3 mV"
delay = "0.5 ms"
on_pre = "I_post += w; w_post -= 0.1*w"
[projections.clock_a]
source = "clock"
target = "a"
rule = "all_to_all"
weight = "0.1 mV"
on_pre = "V_post += w*int(t - lastspike_pre < 0.05 ms)"
[projections.listed_b]
source = "listed"
target = "b"
rule = "all_to_all"
weight = "1 mV"
on_pre = "V_post += w"
[uniform]
equations = "rate : 1"
update = "rate = 0.9*rate + count(a) + count(a.third) + mean(b.V)/mV"
)toml";

TEST(Schedules, R5_AgreeOnEveryEngine) {
  for (const char* const schedule : {"default", "brian2", "bnsyn-original"}) {
    for (const char* const refractory :
         {"1.2 ms", "0.5 ms + n*0.4 ms", "V < 5 mV and t - lastspike < 2 ms"}) {
      const std::string text =
          absl::StrReplaceAll(kNetwork, {{"SCHEDULE", schedule}, {"REFRACTORY", refractory}});
      std::string expected;
      for (const EngineOptions& options : Engines()) {
        Simulation run = CompiledNetwork(text, options);
        const absl::Status status = run.Step(300);
        ASSERT_TRUE(status.ok()) << status.message();
        for (const char* const population : {"a", "b", "a.third", "clock", "listed"}) {
          EXPECT_GT(run.SpikeCount(*run.Population(population)), 2u) << population;
        }
        if (expected.empty()) expected = run.Digest().ToString();
        EXPECT_EQ(run.Digest().ToString(), expected) << schedule << ", " << refractory;
      }
    }
  }
}

// Brian2: a spike of step k holds the neuron for one update less than its refractory time, and its
// time is k dt.
TEST(Schedules, R5_Brian2CountsRefractoryTimesFromItsSpikes) {
  for (const char* const refractory : {"0.5 ms", "wait", "n > 0 and t - lastspike < 0.45 ms"}) {
    for (const EngineOptions& options : Engines()) {
      Simulation run = CompiledNetwork(absl::StrCat(R"toml(
network = { dt = "0.1 ms", schedule = "brian2" }
[models.cell]
equations = """
dv/dt = 10/ms : 1 (unless refractory)
wait : second
n : 1
"""
method = "euler"
threshold = "v > 0.99"
reset = "v = 0; n += 1"
refractory = ")toml",
                                                    refractory, R"toml("
[populations]
p = { model = "cell", size = 1, initial = { wait = "0.5 ms" } }
)toml"),
                                       options);
      ASSERT_TRUE(run.Step(12).ok());
      const std::vector<double> times = TimesOf(run, "p");
      ASSERT_EQ(times.size(), 3u) << refractory;
      for (size_t s = 0; s < times.size(); ++s) {
        EXPECT_NEAR(times[s], 0.5 * static_cast<double>(s), 1e-12) << refractory;
      }
    }
  }
}

// Brian2: what arrives is added after the threshold and before the reset, and lost for a variable
// that the spike of the step holds.
TEST(Schedules, R5_Brian2AddsArrivalsBetweenThresholdAndReset) {
  const std::string text = R"toml(
network = { dt = "0.1 ms", schedule = "brian2" }
[models.cell]
equations = """
dv/dt = 1/ms : 1
dheld/dt = 1/ms : 1 (unless refractory)
seen : 1
"""
method = "euler"
threshold = "v > 0.35"
reset = "seen = v; v -= 0.4"
refractory = "0 ms"
[populations]
source = { model = "spike_source", size = 1 }
p = { model = "cell", size = 1 }
[stimuli]
s = { type = "spikes", target = "source", times = ["0 ms", "0.3 ms"], index = 0, on_event = "arrived += w" }
[projections.now]
source = "source"
target = "p"
rule = "all_to_all"
weight = 0.0625
on_pre = "v_post += w; held_post += w"
[projections.later]
source = "source"
target = "p"
rule = "all_to_all"
weight = 0.5
delay = "0.1 ms"
on_pre = "held_post += w"
)toml";
  for (const EngineOptions& options : Engines()) {
    Simulation run = CompiledNetwork(text, options);
    EXPECT_EQ(run.step(), 0u);
    ASSERT_TRUE(run.Step().ok());
    EXPECT_EQ(TimesOf(run, "source"), std::vector<double>{0});
    EXPECT_NEAR(FirstOf(run, "p.v"), 0.1 + 0.0625, 1e-9)
        << "moved first, from the value at the start";
    EXPECT_NEAR(FirstOf(run, "p.held"), 0.1 + 0.0625, 1e-9);
    ASSERT_TRUE(run.Step().ok());
    EXPECT_NEAR(FirstOf(run, "p.held"), 0.2 + 0.5625, 1e-9) << "a delay of one step";
    ASSERT_TRUE(run.Step().ok());
    EXPECT_EQ(run.SpikeCount(*run.Population("p")), 1u) << "0.3625 in step 2";
    ASSERT_TRUE(run.Step().ok());
    EXPECT_EQ(run.SpikeCount(*run.Population("p")), 1u);
    EXPECT_NEAR(FirstOf(run, "p.v"), 0.4 + 0.125 - 0.4, 1e-9);
  }
  // The second arrival meets a spike: v is 0.4 in step 3, without the first arrival.
  const std::string meets = absl::StrReplaceAll(text, {{"[\"0 ms\", \"0.3 ms\"]", "[\"0.3 ms\"]"}});
  for (const EngineOptions& options : Engines()) {
    Simulation run = CompiledNetwork(meets, options);
    ASSERT_TRUE(run.Step(4).ok());
    EXPECT_EQ(TimesOf(run, "p").size(), 1u);
    EXPECT_NEAR(FirstOf(run, "p.seen"), 0.4625, 1e-9) << "the reset comes after the arrival";
    EXPECT_NEAR(FirstOf(run, "p.v"), 0.0625, 1e-9);
    EXPECT_NEAR(FirstOf(run, "p.held"), 0.4, 1e-9) << "what arrives with the spike is lost";
    ASSERT_TRUE(run.Step().ok());
    EXPECT_NEAR(FirstOf(run, "p.held"), 1.0, 1e-9) << "and what comes after it is not";
  }
}

// Brian2: update code finds held what the step before left refractory.
TEST(Schedules, R5_Brian2HoldsUpdateCodeForOneStepMore) {
  for (const EngineOptions& options : Engines()) {
    Simulation run = CompiledNetwork(R"toml(
network = { dt = "0.1 ms", schedule = "brian2" }
[models.cell]
equations = "n : 1 (unless refractory)"
update = "n += 1"
threshold = "n > 2.5"
reset = "n = 0"
refractory = "0.2 ms"
[populations]
p = { model = "cell", size = 1 }
)toml",
                                     options);
    ASSERT_TRUE(run.Step(5).ok());
    EXPECT_EQ(run.SpikeCount(*run.Population("p")), 1u) << "in step 2";
    EXPECT_EQ(FirstOf(run, "p.n"), 0) << "held in step 3, and in step 4 until its update";
    ASSERT_TRUE(run.Step().ok());
    EXPECT_EQ(FirstOf(run, "p.n"), 1);
  }
}

// Brian2: equations of synapses that read neurons move after these, from their new values; what
// they sum for neurons is of the values at the start.
TEST(Schedules, R5_Brian2MovesSynapsesThatReadNeuronsAfterThem) {
  const std::string text = R"toml(
network = { dt = "0.1 ms", schedule = "brian2" }
[models.cell]
equations = """
dv/dt = 1/ms : 1
dseen/dt = total/ms : 1
total : 1 (input)
"""
method = "euler"
threshold = "v > 1000"
reset = "v = 0"
[populations]
p = { model = "cell", size = 1 }
[projections.follows]
source = "p"
target = "p"
rule = "all_to_all"
equations = "dx/dt = v_pre/ms : 1 (clock-driven)"
method = "euler"
on_pre = "x = 0"
[projections.sums]
source = "p"
target = "p"
rule = "all_to_all"
equations = "total_post = v_pre : 1 (summed)"
)toml";
  for (const EngineOptions& options : Engines()) {
    Simulation run = CompiledNetwork(text, options);
    ASSERT_TRUE(run.Step(2).ok());
    EXPECT_NEAR(FirstOf(run, "p.v"), 0.2, 1e-12);
    EXPECT_NEAR(FirstOf(run, "follows.x"), 0.1 * (0.1 + 0.2), 1e-12) << "the new values";
    EXPECT_NEAR(FirstOf(run, "p.seen"), 0.1 * (0 + 0.1), 1e-12) << "the values at the start";
  }
}

// Brian2: traces decay from event to event, and of a pair in one step on_pre code comes first.
TEST(Schedules, R5_Brian2TracesDecayFromEventToEvent) {
  const std::string text = R"toml(
network = { dt = "0.1 ms", schedule = "brian2" }
[populations]
pre = { model = "spike_source", size = 1 }
post = { model = "spike_source", size = 1 }
[stimuli]
first = { type = "spikes", target = "pre", times = ["0 ms", "2 ms"], index = 0, on_event = "arrived += w" }
second = { type = "spikes", target = "post", times = ["1 ms", "2 ms"], index = 0, on_event = "arrived += w" }
[projections.s]
source = "pre"
target = "post"
rule = "all_to_all"
weight = 1
equations = """
w : 1
dx/dt = -x/(10 ms) : 1 (event-driven)
dy/dt = -y/(10 ms) : 1 (event-driven)
"""
on_pre = "x += 1; w -= y"
on_post = "y += 2; w += x"
)toml";
  for (const EngineOptions& options : Engines()) {
    Simulation run = CompiledNetwork(text, options);
    ASSERT_TRUE(run.Step(25).ok());
    EXPECT_EQ(TimesOf(run, "pre").size(), 2u);
    EXPECT_EQ(TimesOf(run, "post").size(), 2u);
    const double expected = 1 + std::exp(-0.1) - 2 * std::exp(-0.1) + (std::exp(-0.2) + 1);
    EXPECT_NEAR(FirstOf(run, "s.w"), expected, 1e-12);
  }
}

// The original network: events from outside before the arrivals, and both decay in their step.
TEST(Schedules, R5_OriginalDecaysWhatArrivesBeforeItIsRead) {
  const std::string text = R"toml(
network = { dt = "0.1 ms", schedule = "bnsyn-original" }
[models.cell]
equations = """
dg/dt = -g/(2 ms) : 1
dv/dt = g/ms : 1
"""
method = { v = "euler" }
threshold = "v > 100"
reset = "v = 0"
[populations]
p = { model = "cell", size = 1 }
[stimuli]
s = { type = "spikes", target = "p", times = ["0.1 ms"], index = 0, weight = 2, on_event = "g += w" }
)toml";
  for (const EngineOptions& options : Engines()) {
    Simulation run = CompiledNetwork(text, options);
    ASSERT_TRUE(run.Step(2).ok());
    EXPECT_NEAR(FirstOf(run, "p.g"), 2 * std::exp(-0.05), 1e-12);
    EXPECT_NEAR(FirstOf(run, "p.v"), 0.1 * 2 * std::exp(-0.05), 1e-12) << "the value at the end";
  }
}

TEST(Schedules, AnUnknownOneIsAnErrorThatListsThem) {
  const absl::Status status = ParseNetwork(
                                  "populations.p = { model = \"lif_exp\", size = 1 }\n"
                                  "network = { schedule = \"brian\" }\n",
                                  "test.toml")
                                  .status();
  EXPECT_NE(std::string(status.message()).find("\"default\" or \"brian2\" or \"bnsyn-original\""),
            std::string::npos)
      << status.message();
}

}  // namespace
}  // namespace bnsyn
