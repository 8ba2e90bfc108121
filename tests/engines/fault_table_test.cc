// A table of runs that fail. Every engine must stop with the text of the table: the reference, and
// the accelerated backend with one and two threads, narrow and wide vectors, and another layout.
//
// A network has neurons `src`, of which number 1 spikes after 5, 10 and 20 ms, and neurons `dst`,
// more than two groups, so that each of two threads has some.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bnsyn/bnsyn.h"
#include "runtime/simulation_internal.h"

namespace bnsyn::testing {
namespace {

struct FaultCase {
  std::string name;
  std::string cell;        // the model of dst
  std::string projection;  // the rest of [projections.p] from src to dst, and further tables
  std::string message;
};

constexpr char kHead[] = R"(
network = { dt = "0.1 ms", duration = "40 ms", seed = 1 }
[models.source]
equations = """
arrived : 1 (input)
number : 1
"""
threshold = "arrived > 0"
reset = "number += 1"
[populations]
src = { model = "source", size = 3 }
dst = { model = "cell", size = 200 }
[stimuli.s]
type = "spikes"
target = "src"
times = ["5 ms", "10 ms", "20 ms"]
index = [1, 1, 1]
on_event = "arrived += w"
)";

std::string NetworkText(const std::string& cell, const std::string& projection) {
  return absl::StrCat(kHead, "[models.cell]\n", cell,
                      "\n[projections.p]\nsource = \"src\"\ntarget = \"dst\"\n", projection, "\n");
}

std::vector<EngineOptions> Engines() {
  std::vector<EngineOptions> engines(5);
  for (size_t e = 1; e < engines.size(); ++e) engines[e].backend = Backend::kAccelerated;
  engines[2].compile.width = 1;
  engines[2].threads = 2;
  engines[3].compile.width = 8;
  engines[3].threads = 2;
  engines[4].layout = "code";
  return engines;
}

// Runs a network on each engine: all must fail, and with the same words.
std::string ErrorOnAllEngines(const std::string& text,
                              const std::function<absl::Status(Simulation&)>& run) {
  const absl::StatusOr<Network> network = ParseNetwork(text, "fault.toml");
  if (!network.ok()) return std::string(network.status().message());
  std::vector<std::string> errors;
  for (const EngineOptions& engine : Engines()) {
    absl::StatusOr<Simulation> simulation = Compile(*network, engine);
    if (!simulation.ok()) return std::string(simulation.status().message());
    const absl::Status status = run(*simulation);
    EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange) << status.message();
    errors.emplace_back(status.message());
    EXPECT_EQ(errors.back(), errors[0]) << "engine " << errors.size() - 1;
  }
  return errors[0];
}

const char* const kClip = "; clip(x, low, high) in the code keeps it inside, or widen the bounds";
const char* const kSmaller =
    "; a smaller dt, or clip(x, low, high) in the code, may keep it finite";

const FaultCase kTable[] = {
    {"OnPreAddsNan", "equations = 'x : 1'",
     R"(rule = { type = "bernoulli", p = "1 if i == 1 and j == 150 else 0" }
weight = 1
equations = 'k : 1'
initial = { k = 4 }
on_pre = 'x_post += sqrt(k); k -= 5')",
     ""},
    {"OnPreAddsInfinity", "equations = 'x : amp'",
     R"(rule = { type = "bernoulli", p = "1 if i == 1 and j == 7 else 0" }
weight = '2 pA'
equations = 'k : 1'
on_pre = 'x_post += w*exp(k); k += 800')",
     ""},
    {"OnPreReadsTheSource", "equations = 'x : 1'",
     R"(rule = { type = "bernoulli", p = "1 if i == 1 and j == 3 else 0" }
weight = 1
on_pre = 'x_post += log(number_pre - 2)')",
     ""},
    {"OnPreReadsTheTarget", "equations = 'x : 1'",
     R"(rule = { type = "bernoulli", p = "1 if i == 1 and j == 130 else 0" }
weight = 1
on_pre = 'x_post += 1/(x_post - 1) + 2')",
     ""},
    {"SecondOfTwoProjections", "equations = 'x : 1'",
     R"(rule = { type = "bernoulli", p = "1 if i == 1 and j == 150 else 0" }
weight = 1
delay = '2 ms'
on_pre = 'x_post += w'
[projections.q]
source = 'src'
target = 'dst'
weight = 1
rule = 'all_to_all'
delay = '3 ms'
equations = 'k : 1'
on_pre = 'x_post += k/k')",
     ""},
    {"DelaysOfTheirOwn", "equations = 'x : 1'",
     R"(rule = "all_to_all"
weight = 1
delay = "0.5 ms + j*0.1 ms"
equations = "k : 1"
initial = { k = "j - 100" }
on_pre = "x_post += 1/k")",
     ""},
    {"SummedVariable", R"(equations = '''
x : 1
I : 1 (input)
''')",
     R"(rule = { type = "bernoulli", p = "1 if i == 1 and j == 70 else 0" }
weight = 1
equations = '''
dk/dt = 1/ms : 1 (clock-driven)
I_post = sqrt(2 - k) : 1 (summed)
'''
on_pre = 'x_post += w')",
     ""},
    {"OnPostAddsNan", R"(equations = '''
x : 1
dV/dt = (i + 1)*0.1/ms : 1
'''
threshold = 'V > 100'
reset = 'V = 0')",
     R"(rule = { type = "bernoulli", p = "1 if i == 1 and j == 150 else 0" }
weight = 1
equations = 'k : 1'
on_pre = 'x_post += w'
on_post = 'x_post += sqrt(k); k = k - 1')",
     ""},
    {"WeightBecomesNan", "equations = 'x : 1'",
     R"(rule = { type = "bernoulli", p = "1 if i == 1 and j == 150 else 0" }
weight = 1
equations = 'w : 1'
on_pre = 'x_post += w; w = sqrt(0.5 - w)')",
     ""},
    {"WeightAboveItsBound", "equations = 'x : siemens'",
     R"(rule = { type = "bernoulli", p = "1 if i == 1 and j == 150 else 0" }
weight = '2 nS'
equations = 'w : siemens'
bounds = { w = ['0 nS', '3 nS'] }
on_pre = 'x_post += w; w += 0.7 nS')",
     ""},
    {"WeightBelowItsBoundInOnPost", R"(equations = '''
x : siemens
dV/dt = (i + 1)*0.1/ms : 1
'''
threshold = 'V > 100'
reset = 'V = 0')",
     R"(rule = { type = "bernoulli", p = "1 if i == 1 and j == 150 else 0" }
weight = '2 nS'
equations = 'w : siemens'
bounds = { w = ['0 nS', '3 nS'] }
on_pre = 'x_post += w'
on_post = 'w -= 1.5 nS')",
     ""},
    {"EventDrivenTrace", "equations = 'x : 1'",
     R"(rule = { type = "bernoulli", p = "1 if i == 1 and j == 60 else 0" }
weight = 1
equations = 'dk/dt = -k/(20 ms) : 1 (event-driven)'
bounds = { k = [0, 1.5] }
on_pre = 'x_post += k; k += k + 1')",
     ""},
    {"ClockDrivenSynapse", "equations = 'x : 1'",
     R"(rule = { type = "bernoulli", p = "1 if i == 1 and j == 60 else 0" }
weight = 1
equations = 'dk/dt = k**2/ms : 1 (clock-driven)'
initial = { k = 1 }
on_pre = 'x_post += k')",
     ""},
    {"TwoSynapsesFailAtOnce", "equations = 'x : 1'",
     R"(rule = "all_to_all"
weight = 1
equations = "k : 1"
bounds = { k = [0, 10] }
on_pre = "x_post += w; k += j")",
     ""},
    {"PotentialOverflows", R"(equations = '''
dV/dt = (2 mV*exp((V - V_T)/Delta_T) - V)/(10 ms) : volt
x : 1
'''
parameters = { V_T = '-50 mV', Delta_T = '2 mV' }
method = 'euler'
initial = { V = '-40 mV' })",
     R"(rule = "all_to_all"
weight = 1
on_pre = "x_post += w")",
     ""},
    {"PotentialOverflowsInRk4", R"(equations = '''
dV/dt = (2 mV*exp((V - V_T)/Delta_T) - V)/(10 ms) : volt
x : 1
'''
parameters = { V_T = '-50 mV', Delta_T = '2 mV' }
method = 'rk4'
initial = { V = '-43 mV' })",
     R"(rule = "all_to_all"
weight = 1
on_pre = "x_post += w")",
     ""},
    {"PotentialAboveItsBound", R"(equations = '''
dV/dt = i*0.1 mV/ms : volt
x : 1
'''
bounds = { V = ['-80 mV', '50 mV'] })",
     R"(rule = "all_to_all"
weight = 1
on_pre = "x_post += w")",
     ""},
    {"NoiseLeavesTheBounds", R"(equations = '''
dV/dt = -V/(10 ms) + 3 mV*xi*sqrt(2/(10 ms)) : volt
x : 1
'''
bounds = { V = ['-8 mV', '20 mV'] })",
     R"(rule = "all_to_all"
weight = 1
on_pre = "x_post += w")",
     ""},
    {"DecayingInputLeavesTheBounds", R"(equations = '''
dV/dt = (-70 mV - V + g*1 mV/nS)/(10 ms) : volt
dg/dt = -g/(5 ms) : siemens
x : 1
'''
bounds = { V = ['-80 mV', '-60 mV'] }
initial = { V = '-70 mV' })",
     R"(rule = { type = "bernoulli", p = "1 if i == 1 and j == 140 else 0" }
weight = '60 nS'
on_pre = 'g_post += w')",
     ""},
    {"ResetMakesNan", R"(equations = '''
dV/dt = 1/ms : 1
u : 1
x : 1
'''
threshold = 'V > 3'
reset = 'V = 0; u = sqrt(i - 180)')",
     R"(rule = "all_to_all"
weight = 1
on_pre = "x_post += w")",
     ""},
    {"OnEventOfTheModel", R"(equations = '''
dV/dt = 1/ms : 1
u : 1
x : 1
'''
events = { high = 'V > 3' }
on_event = { high = 'V = 0; u = log(150 - i)' })",
     R"(rule = "all_to_all"
weight = 1
on_pre = "x_post += w")",
     ""},
    {"EventsOfAStimulus", "equations = 'x : 1'",
     R"(rule = { type = "bernoulli", p = "1 if i == 1 and j == 0 else 0" }
weight = 1
on_pre = 'x_post += w'
[stimuli.t]
type = 'spikes'
target = 'dst'
times = ['3 ms', '3 ms']
index = [180, 20]
weight = -2
on_event = 'x += sqrt(w)')",
     ""},
    {"CurrentOfAStimulus", R"(equations = '''
dV/dt = I/ms : 1
I : 1 (input)
x : 1
''')",
     R"(rule = { type = "bernoulli", p = "1 if i == 1 and j == 0 else 0" }
weight = 1
on_pre = 'x_post += w'
[stimuli.t]
type = 'current'
target = 'dst'
variable = 'I'
value = 'log(2.05 - t/ms)')",
     ""},
    {"PoissonCounts", R"(equations = 'x : 1'
bounds = { x = [0, 5] })",
     R"(rule = { type = "bernoulli", p = "1 if i == 1 and j == 0 else 0" }
weight = 1
on_pre = 'x_post += w'
[stimuli.t]
type = 'poisson'
target = 'dst'
rate = '100 Hz'
weight = 1
on_event = 'x += w')",
     ""},
    {"CodeOfTheNetwork", "equations = 'x : 1'",
     R"(rule = "all_to_all"
weight = 1
on_pre = "x_post += w"
[uniform]
equations = 'sigma : 1'
update = 'sigma = sqrt(1 - t/ms)')",
     ""},
    {"SumOverAPopulation", "equations = 'x : 1'",
     R"(rule = "all_to_all"
weight = 1
on_pre = "x_post += w"
[uniform]
equations = 'sigma : 1'
update = 'sigma = exp(4*sum(dst.x))')",
     ""},
    {"FirstOfTwoStates", R"(equations = '''
du/dt = i/ms : 1
dV/dt = i/ms : 1
x : 1
'''
bounds = { V = [0, 100], u = [0, 100] })",
     R"(rule = "all_to_all"
weight = 1
on_pre = "x_post += w")",
     ""},
    {"ContributionGoesBeforeState", R"(equations = '''
dV/dt = 1/ms : 1
x : 1
'''
bounds = { V = [0, 10.05] })",
     R"(rule = { type = "bernoulli", p = "1 if i == 1 and j == 150 else 0" }
weight = 1
equations = 'k : 1'
initial = { k = 4 }
on_pre = 'x_post += sqrt(k); k -= 5')",
     ""},
    {"ArmThatIsNotTaken", R"(equations = '''
dV/dt = (sqrt(V - 1) if V > 1 else exp(800 + V) - exp(900 + V)*0)/ms : 1
x : 1
'''
method = 'euler')",
     R"(rule = "all_to_all"
weight = 1
on_pre = "x_post += w")",
     ""},
    {"DivisionByAState", R"(equations = '''
dV/dt = 1/(u*ms) : 1
du/dt = -(i + 1)*0.0625/ms : 1
x : 1
'''
initial = { u = 1 }
method = 'euler')",
     R"(rule = "all_to_all"
weight = 1
on_pre = "x_post += w")",
     ""},
    {"LongEpochOfTwoThreads", R"(equations = '''
dV/dt = (300 - i)*0.1/ms : 1
x : 1
'''
bounds = { V = [0, 100] })",
     R"(rule = { type = "bernoulli", p = "1 if i == 1 and j == 150 else 0" }
weight = 1
delay = '9 ms'
on_pre = 'x_post += w')",
     ""},
    {"LongEpochFaultOfTheLastNeurons", R"(equations = '''
dV/dt = i*0.1/ms : 1
x : 1
'''
bounds = { V = [0, 50] })",
     R"(rule = { type = "bernoulli", p = "1 if i == 1 and j == 150 else 0" }
weight = 1
delay = '9 ms'
on_pre = 'x_post += w')",
     ""},
};

class FaultTable : public ::testing::TestWithParam<FaultCase> {};

TEST_P(FaultTable, R6_R10_EveryEngineTellsTheSame) {
  const FaultCase& c = GetParam();
  const std::string error = ErrorOnAllEngines(NetworkText(c.cell, c.projection),
                                              [](Simulation& s) { return s.Step(400); });
  const bool finite = error.find("finite") == std::string::npos;
  EXPECT_EQ(error, c.message + (finite ? kClip : kSmaller));
}

INSTANTIATE_TEST_SUITE_P(Table, FaultTable, ::testing::ValuesIn(kTable),
                         [](const auto& info) { return info.param.name; });

// What the host does between steps is done again on the way to the fault.
constexpr char kDriven[] = R"(equations = '''
dV/dt = (drive - V)/(10 ms) : volt
x : 1
'''
parameters = { drive = "0 mV" }
tunable = ["drive"]
bounds = { V = ["-100 mV", "100 mV"] })";
constexpr char kCounting[] = R"(rule = "all_to_all"
weight = 1
delay = "1.5 ms"
equations = "k : 1"
bounds = { k = [0, 6.5] }
on_pre = "x_post += w; k += 1")";

TEST(FaultHost, R10_ParametersThatWereTuned) {
  const std::string error =
      ErrorOnAllEngines(NetworkText(kDriven, kCounting), [](Simulation& s) -> absl::Status {
        const Unit mV = *ParseUnit("mV");
        for (const double drive : {50.0, -50.0, 90.0}) {
          EXPECT_TRUE(s.SetParameter("dst.drive", Quantity(drive, mV)).ok());
          EXPECT_TRUE(s.Step(3).ok());
        }
        EXPECT_TRUE(s.SetParameter("dst.drive", Quantity(2000, mV)).ok());
        return s.Step(50);
      });
  EXPECT_EQ(error, "");
}

TEST(FaultHost, R10_SpikesThatWereInjectedAndStatesThatWereSet) {
  const std::string error =
      ErrorOnAllEngines(NetworkText(kDriven, kCounting), [](Simulation& s) -> absl::Status {
        const ir::StateId k = *ProgramOf(s).FindState("p.k");
        for (int round = 0; round < 3; ++round) {
          EXPECT_TRUE(s.InjectSpikes(*s.Population("src"), {0, 2}).ok());
          EXPECT_TRUE(s.Step(7).ok());
        }
        EXPECT_TRUE(SetRawState(s, k, 420, ir::BitsOfF64(5.25)).ok());
        return s.Step(400);
      });
  EXPECT_EQ(error, "");
}

// A long run goes back to a checkpoint that it made on its way, and not to its beginning.
TEST(FaultHost, R10_LongAfterTheBeginning) {
  const std::string error =
      ErrorOnAllEngines(NetworkText(kDriven, kCounting), [](Simulation& s) -> absl::Status {
        EXPECT_TRUE(s.Step(5000).ok());
        for (int round = 0; round < 4; ++round) {
          EXPECT_TRUE(s.InjectSpikes(*s.Population("src"), {1}).ok());
          const absl::Status status = s.Step(1000);
          if (!status.ok()) return status;
        }
        return absl::OkStatus();
      });
  EXPECT_EQ(error, "");
}

// The run may go on: the step was finished, with the same values on every engine.
TEST(FaultHost, R10_AfterAFaultTheRunGoesOn) {
  std::vector<std::string> digests;
  const std::string error =
      ErrorOnAllEngines(NetworkText(kDriven, kCounting), [&](Simulation& s) -> absl::Status {
        EXPECT_TRUE(s.SetParameter("dst.drive", Quantity(2000, *ParseUnit("mV"))).ok());
        const absl::Status first = s.Step(50);
        EXPECT_EQ(first.code(), absl::StatusCode::kOutOfRange);
        const uint64_t failed = s.step();
        EXPECT_TRUE(s.SetParameter("dst.drive", Quantity(-2000, *ParseUnit("mV"))).ok());
        EXPECT_TRUE(s.Step(3).ok());
        EXPECT_EQ(s.step(), failed + 3);
        digests.push_back(s.Digest().ToString());
        return s.Step(50);
      });
  EXPECT_EQ(error, "");
  for (const std::string& digest : digests) EXPECT_EQ(digest, digests[0]);
}

}  // namespace
}  // namespace bnsyn::testing
