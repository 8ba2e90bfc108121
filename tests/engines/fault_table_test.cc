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

#include "absl/strings/match.h"
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
     "input dst.x.in of element 150 of population dst was to receive nan in step 101 (from t = "
     "10.1 ms): not a finite number, since sqrt(k) = sqrt(-1) is nan"},
    {"OnPreAddsInfinity", "equations = 'x : amp'",
     R"(rule = { type = "bernoulli", p = "1 if i == 1 and j == 7 else 0" }
weight = '2 pA'
equations = 'k : 1'
on_pre = 'x_post += w*exp(k); k += 800')",
     "input dst.x.in of element 7 of population dst was to receive inf pA in step 101 (from t = "
     "10.1 ms): not a finite number, since exp(k) = exp(800) is inf"},
    {"OnPreReadsTheSource", "equations = 'x : 1'",
     R"(rule = { type = "bernoulli", p = "1 if i == 1 and j == 3 else 0" }
weight = 1
on_pre = 'x_post += log(number_pre - 2)')",
     "input dst.x.in of element 3 of population dst was to receive nan in step 51 (from t = 5.1 "
     "ms): not a finite number, since log(number_pre - 2) = log(-1) is nan"},
    {"OnPreReadsTheTarget", "equations = 'x : 1'",
     R"(rule = { type = "bernoulli", p = "1 if i == 1 and j == 130 else 0" }
weight = 1
on_pre = 'x_post += 1/(x_post - 1) + 2')",
     "input dst.x.in of element 130 of population dst was to receive inf in step 101 (from t = "
     "10.1 ms): not a finite number, since 1/(x_post - 1) = 1/0 is inf"},
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
     "input dst.x.in of element 0 of population dst was to receive nan in step 81 (from t = 8.1 ms): "
     "not a finite number, since k/k = 0/0 is nan"},
    {"DelaysOfTheirOwn", "equations = 'x : 1'",
     R"(rule = "all_to_all"
weight = 1
delay = "0.5 ms + j*0.1 ms"
equations = "k : 1"
initial = { k = "j - 100" }
on_pre = "x_post += 1/k")",
     "input dst.x.in of element 100 of population dst was to receive inf in step 156 (from t = "
     "15.6 ms): not a finite number, since 1/k = 1/0 is inf"},
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
     "input dst.I of element 70 of population dst was to receive nan in step 20 (from t = 2 ms): "
     "not a finite number, since sqrt(2 - k) = sqrt(-4.440892098500626e-16) is nan"},
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
     "input dst.x.in of element 150 of population dst was to receive nan in step 134 (from t = "
     "13.4 ms): not a finite number, since sqrt(k) = sqrt(-1) is nan"},
    {"WeightBecomesNan", "equations = 'x : 1'",
     R"(rule = { type = "bernoulli", p = "1 if i == 1 and j == 150 else 0" }
weight = 1
equations = 'w : 1'
on_pre = 'x_post += w; w = sqrt(0.5 - w)')",
     "p.w of the synapse of projection p from neuron 1 of src to neuron 150 of dst became nan in "
     "step 51 (from t = 5.1 ms): not a finite number, since sqrt(0.5 - w) = sqrt(-0.5) is nan"},
    {"WeightAboveItsBound", "equations = 'x : siemens'",
     R"(rule = { type = "bernoulli", p = "1 if i == 1 and j == 150 else 0" }
weight = '2 nS'
equations = 'w : siemens'
bounds = { w = ['0 nS', '3 nS'] }
on_pre = 'x_post += w; w += 0.7 nS')",
     "p.w of the synapse of projection p from neuron 1 of src to neuron 150 of dst became "
     "3.4000000000000004 nS in step 101 (from t = 10.1 ms): above its bound 3 nS"},
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
     "p.w of the synapse of projection p from neuron 1 of src to neuron 150 of dst became -1 nS in "
     "step 134 (from t = 13.4 ms): below its bound 0 nS"},
    {"EventDrivenTrace", "equations = 'x : 1'",
     R"(rule = { type = "bernoulli", p = "1 if i == 1 and j == 60 else 0" }
weight = 1
equations = 'dk/dt = -k/(20 ms) : 1 (event-driven)'
bounds = { k = [0, 1.5] }
on_pre = 'x_post += k; k += k + 1')",
     "p.k of the synapse of projection p from neuron 1 of src to neuron 60 of dst became "
     "2.55760156614281 in step 101 (from t = 10.1 ms): above its bound 1.5"},
    {"ClockDrivenSynapse", "equations = 'x : 1'",
     R"(rule = { type = "bernoulli", p = "1 if i == 1 and j == 60 else 0" }
weight = 1
equations = 'dk/dt = k**2/ms : 1 (clock-driven)'
initial = { k = 1 }
on_pre = 'x_post += k')",
     "p.k of the synapse of projection p from neuron 1 of src to neuron 60 of dst became inf in "
     "step 21 (from t = 2.1 ms): not a finite number, since k*k = "
     "3.191581864622856e+206*3.191581864622856e+206 is inf"},
    {"TwoSynapsesFailAtOnce", "equations = 'x : 1'",
     R"(rule = "all_to_all"
weight = 1
equations = "k : 1"
bounds = { k = [0, 10] }
on_pre = "x_post += w; k += j")",
     "p.k of the synapse of projection p from neuron 1 of src to neuron 11 of dst became 11 in "
     "step 51 (from t = 5.1 ms): above its bound 10"},
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
     "dst.V of element 0 of population dst became inf mV in step 3 (from t = 0.3 ms): not a finite "
     "number, since exp((V - V_T)/Delta_T) = exp(28532.65602794384) is inf"},
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
     "dst.V of element 0 of population dst became inf mV in step 2 (from t = 0.2 ms): not a finite "
     "number, since exp((0.1*(2*exp(.../Delta_T) + -(0.05*... + V))*0.1 + V - V_T)/Delta_T) = "
     "exp(1762.6643248413136) is inf"},
    {"PotentialAboveItsBound", R"(equations = '''
dV/dt = i*0.1 mV/ms : volt
x : 1
'''
bounds = { V = ['-80 mV', '50 mV'] })",
     R"(rule = "all_to_all"
weight = 1
on_pre = "x_post += w")",
     "dst.V of element 193 of population dst became 50.18 mV in step 25 (from t = 2.5 ms): above "
     "its bound 50 mV"},
    {"NoiseLeavesTheBounds", R"(equations = '''
dV/dt = -V/(10 ms) + 3 mV*xi*sqrt(2/(10 ms)) : volt
x : 1
'''
bounds = { V = ['-8 mV', '20 mV'] })",
     R"(rule = "all_to_all"
weight = 1
on_pre = "x_post += w")",
     "dst.V of element 173 of population dst became -8.722682850630628 mV in step 164 (from t = "
     "16.4 ms): below its bound -8 mV"},
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
     "dst.V of element 140 of population dst became -59.929331844374055 mV in step 74 (from t = "
     "7.4 ms): above its bound -60 mV"},
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
     "dst.u of element 0 of population dst became nan in step 29 (from t = 2.9 ms): not a finite "
     "number, since sqrt(i - 180) = sqrt(-180) is nan"},
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
     "dst.u of element 150 of population dst became -inf in step 29 (from t = 2.9 ms): not a "
     "finite number, since log(150 - i) = log(0) is -inf"},
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
     "dst.x of element 20 of population dst became nan in step 30 (from t = 3 ms): not a finite "
     "number, since sqrt(t.events*-2) = sqrt(-2) is nan"},
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
     "dst.V of element 0 of population dst became nan in step 21 (from t = 2.1 ms): not a finite "
     "number, since log(2.05 - t) = log(-0.050000000000000266) is nan"},
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
     "dst.x of element 135 of population dst became 6 in step 169 (from t = 16.9 ms): above its "
     "bound 5"},
    {"CodeOfTheNetwork", "equations = 'x : 1'",
     R"(rule = "all_to_all"
weight = 1
on_pre = "x_post += w"
[uniform]
equations = 'sigma : 1'
update = 'sigma = sqrt(1 - t/ms)')",
     "sigma became nan in step 10 (from t = 1 ms): not a finite number, since sqrt(1 - t) = "
     "sqrt(-0.10000000000000009) is nan"},
    {"SumOverAPopulation", "equations = 'x : 1'",
     R"(rule = "all_to_all"
weight = 1
on_pre = "x_post += w"
[uniform]
equations = 'sigma : 1'
update = 'sigma = exp(4*sum(dst.x))')",
     "sigma became inf in step 51 (from t = 5.1 ms): not a finite number, since exp(4*sum(x)) = "
     "exp(800) is inf"},
    {"FirstOfTwoStates", R"(equations = '''
du/dt = i/ms : 1
dV/dt = i/ms : 1
x : 1
'''
bounds = { V = [0, 100], u = [0, 100] })",
     R"(rule = "all_to_all"
weight = 1
on_pre = "x_post += w")",
     "dst.u of element 167 of population dst became 100.2 in step 5 (from t = 0.5 ms): above its "
     "bound 100"},
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
     "dst.V of element 0 of population dst became 10.09999999999998 in step 100 (from t = 10 ms): "
     "above its bound 10.05"},
    {"ArmThatIsNotTaken", R"(equations = '''
dV/dt = (sqrt(V - 1) if V > 1 else exp(800 + V) - exp(900 + V)*0)/ms : 1
x : 1
'''
method = 'euler')",
     R"(rule = "all_to_all"
weight = 1
on_pre = "x_post += w")",
     "dst.V of element 0 of population dst became nan in step 0 (from t = 0 ms): not a finite "
     "number, since exp(900 + V) = exp(900) is inf"},
    {"LongEpochOfTwoThreads", R"(equations = '''
dV/dt = (300 - i)*0.1/ms : 1
x : 1
'''
bounds = { V = [0, 100] })",
     R"(rule = { type = "bernoulli", p = "1 if i == 1 and j == 150 else 0" }
weight = 1
delay = '9 ms'
on_pre = 'x_post += w')",
     "dst.V of element 0 of population dst became 102.00000000000001 in step 33 (from t = 3.3 ms): "
     "above its bound 100"},
    {"LongEpochFaultOfTheLastNeurons", R"(equations = '''
dV/dt = i*0.1/ms : 1
x : 1
'''
bounds = { V = [0, 50] })",
     R"(rule = { type = "bernoulli", p = "1 if i == 1 and j == 150 else 0" }
weight = 1
delay = '9 ms'
on_pre = 'x_post += w')",
     "dst.V of element 193 of population dst became 50.18 in step 25 (from t = 2.5 ms): above its "
     "bound 50"},
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

TEST(FaultTable, R8_R10_InitialValuesAndWeightsOfSynapses) {
  const auto error = [](const std::string& lines) {
    const absl::StatusOr<Network> network = ParseNetwork(
        NetworkText("equations = 'x : 1'", "rule = 'all_to_all'\n" + lines), "fault.toml");
    EXPECT_TRUE(network.ok()) << network.status().message();
    std::vector<std::string> errors;
    for (const EngineOptions& engine : Engines()) {
      const absl::StatusOr<Simulation> simulation = Compile(*network, engine);
      errors.emplace_back(simulation.status().message());
      EXPECT_EQ(errors.back(), errors[0]) << "engine " << errors.size() - 1;
    }
    return errors[0];
  };
  EXPECT_EQ(error("weight = 1\nequations = 'k : 1'\ninitial = { k = 'sqrt(150 - j)' }\n"
                  "on_pre = 'x_post += k'"),
            "projection p: from neuron 0 of src to neuron 151 of dst the initial p.k is nan\n"
            "  note: it must be a finite number");
  EXPECT_EQ(error("weight = 'log(j - 120 + 100*i)'\non_pre = 'x_post += w'"),
            "projection p: from neuron 0 of src to neuron 0 of dst the weight is nan\n"
            "  note: a weight is a finite number");
  EXPECT_EQ(error("weight = 'log(j - 120 + 119*(2 - i))'\non_pre = 'x_post += w'"),
            "projection p: from neuron 1 of src to neuron 0 of dst the weight is nan\n"
            "  note: a weight is a finite number");
}

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
  EXPECT_TRUE(absl::StrContains(error, "mV in step 13 (from t = 1.3 ms): above its bound 100 mV"))
      << error;
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
  EXPECT_TRUE(
      absl::StrContains(error,
                        "p.k of the synapse of projection p from neuron 2 of src to neuron 20 of "
                        "dst became 7.25 in step 29 (from t = 2.9 ms): above its bound 6.5"))
      << error;
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
  EXPECT_TRUE(
      absl::StrContains(error,
                        "p.k of the synapse of projection p from neuron 1 of src to neuron 0 of "
                        "dst became 7 in step 8015 (from t = 801.5 ms): above its bound 6.5"))
      << error;
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
  EXPECT_TRUE(absl::StrContains(error, "mV in step 16 (from t = 1.6 ms): below its bound -100 mV"))
      << error;
  for (const std::string& digest : digests) EXPECT_EQ(digest, digests[0]);
}

}  // namespace
}  // namespace bnsyn::testing
