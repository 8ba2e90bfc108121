// The public interface: what hosts ask for, and what they hear when they ask for the impossible.
#include "runtime/simulation_internal.h"

#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <utility>

#include "networks.h"

namespace bnsyn {
namespace {

using literals::operator""_ms;
using literals::operator""_mV;

std::vector<EngineOptions> Backends() { return {Reference(), Accelerated(2)}; }

// Fails unless `status` is an error whose message holds all parts.
void ExpectError(const absl::Status& status, absl::StatusCode code,
                 const std::vector<std::string>& parts) {
  EXPECT_EQ(status.code(), code) << status.message();
  for (const std::string& part : parts) {
    EXPECT_NE(std::string(status.message()).find(part), std::string::npos)
        << "no '" << part << "' in: " << status.message();
  }
}

TEST(Simulation, RunAdvancesByTimes) {
  for (const EngineOptions& options : Backends()) {
    Simulation simulation = Compiled(kRing, options);
    ASSERT_TRUE(simulation.Run(10.0_ms).ok());
    EXPECT_EQ(simulation.step(), 20u);
    EXPECT_EQ(simulation.time_ms(), 10);
    ExpectError(simulation.Run(0.3_ms), absl::StatusCode::kInvalidArgument, {"0.3", "0.5"});
    EXPECT_FALSE(simulation.Run(3.0_mV).ok());
    EXPECT_EQ(simulation.step(), 20u);
  }
}

TEST(Simulation, StepsBeyondThoseOfRandomNumbersAreRefused) {
  Simulation simulation = Compiled(kRing);
  ExpectError(simulation.Step(std::numeric_limits<uint64_t>::max()),
              absl::StatusCode::kInvalidArgument, {"2^48"});
}

TEST(Simulation, NamesThatAreNotKnown) {
  Simulation simulation = Compiled(kBalanced, Accelerated());
  ExpectError(simulation.Population("exk").status(), absl::StatusCode::kNotFound,
              {"'exk'", "did you mean 'exc'?"});
  const PopulationHandle exc = *simulation.Population("exc");
  ExpectError(simulation.State<double>(exc, "v").status(), absl::StatusCode::kNotFound,
              {"population exc", "did you mean 'exc.V'?"});
  ExpectError(simulation.State<float>(exc, "V").status(), absl::StatusCode::kInvalidArgument,
              {"exc.V is of type f64", "State<double>"});
  ExpectError(simulation.State<double>(PopulationHandle{2}, "V").status(),
              absl::StatusCode::kInvalidArgument, {"number 2"});
  ExpectError(simulation.StateByName("inh.W").status(), absl::StatusCode::kNotFound, {"inh.W"});
  ExpectError(simulation.Uniform("raet").status(), absl::StatusCode::kNotFound,
              {"no uniform state", "did you mean 'rate'?"});
  ExpectError(simulation.Uniform("exc.V").status(), absl::StatusCode::kNotFound, {"uniform"});
  ExpectError(simulation.SetParameter("exc.driv", 1.0), absl::StatusCode::kNotFound,
              {"did you mean 'exc.drive'?"});
  EXPECT_TRUE(simulation.Spikes(PopulationHandle{9}).steps.empty());
  EXPECT_EQ(simulation.SpikeCount(PopulationHandle{9}), 0u);
}

TEST(Simulation, ParametersAreCheckedBeforeTheyChange) {
  for (const EngineOptions& options : Backends()) {
    Simulation simulation = Compiled(kBalanced, options);
    ExpectError(simulation.SetParameter("exc.leak", 0.1), absl::StatusCode::kFailedPrecondition,
                {"exc.leak", "tunable"});
    ExpectError(simulation.SetParameter("exc.drive", 3.0_ms), absl::StatusCode::kInvalidArgument,
                {"exc.drive is volt", "second"});
    ExpectError(simulation.SetParameter("exc.drive", 3.0), absl::StatusCode::kInvalidArgument,
                {"mV"});
    ExpectError(
        simulation.SetParameter("exc.drive", Quantity(std::numeric_limits<double>::infinity(),
                                                      Unit{dimension::kVoltage, 0})),
        absl::StatusCode::kInvalidArgument, {"inf"});
    EXPECT_TRUE(simulation.SetParameter("exc.drive", 3.0_mV).ok());
  }
}

TEST(Simulation, ParametersStayWhatTheirModelsRequire) {
  const std::string text = R"toml(
network = { dt = "0.1 ms" }
[models.lif]
equations = "dV/dt = (I - V)/tau : 1"
parameters = { I = 2, tau = "10 ms" }
tunable = ["I", "tau"]
require = { "I < 100*ms/tau" = "stronger input has another model" }
threshold = "V > 1"
reset = "V = 0"
[populations.exc]
model = "lif"
size = 2
[uniform]
parameters = { width = 0.02 }
tunable = ["width"]
equations = "G : 1"
update = "G = 1/width"
require = { "width >= 0.01" = "a narrower gate is a switch" }
[synapses.decaying]
equations = """
w : weight
dx/dt = -x/tau : 1 (clock-driven)
"""
on_pre = "into_post += w*x; x += 0.01"
parameters = { tau = "20 ms" }
tunable = ["tau"]
require = { "tau > 0 ms" = "it is the time over which x fades" }
[projections.ee]
source = "exc"
target = "exc"
rule = "all_to_all"
weight = 0.1
delay = "1 ms"
model = "decaying"
into = "V"
)toml";
  for (const EngineOptions& options : Backends()) {
    Simulation simulation = CompiledNetwork(text, options);
    ExpectError(simulation.SetParameter("ee.tau", -1.0_ms), absl::StatusCode::kInvalidArgument,
                {"ee.tau cannot be -1 ms", "the model 'decaying' requires tau > 0 ms",
                 "it is the time over which x fades"});
    ExpectError(simulation.SetParameter("width", 0.001), absl::StatusCode::kInvalidArgument,
                {"width cannot be 0.001: [uniform] requires width >= 0.01"});
    // Beside the values that the others have at present.
    ExpectError(simulation.SetParameter("exc.I", 20.0), absl::StatusCode::kInvalidArgument,
                {"exc.I cannot be 20: the model 'lif' requires I < 100*ms/tau"});
    ASSERT_TRUE(simulation.SetParameter("exc.tau", 4.0_ms).ok());
    ASSERT_TRUE(simulation.SetParameter("exc.I", 20.0).ok());
    ExpectError(simulation.SetParameter("exc.tau", 10.0_ms), absl::StatusCode::kInvalidArgument,
                {"exc.tau cannot be 10 ms"});
    // After an error nothing has changed.
    ASSERT_TRUE(simulation.SetParameter("exc.I", 20.0).ok());
    ASSERT_TRUE(simulation.Step(200).ok());
    EXPECT_GT(simulation.SpikeCount(*simulation.Population("exc")), 0u);
  }
}

TEST(Simulation, StatesAreCheckedBeforeTheyChange) {
  for (const EngineOptions& options : Backends()) {
    Simulation simulation = Compiled(kBalanced, options);
    ExpectError(simulation.SetState("exc.V", 300, -60), absl::StatusCode::kInvalidArgument,
                {"exc.V", "300"});
    ExpectError(simulation.SetState("exc.V", 0, 501), absl::StatusCode::kInvalidArgument,
                {"501", "500"});
    ExpectError(simulation.SetState("exc.n", 0, 0.5), absl::StatusCode::kInvalidArgument,
                {"i32", "0.5"});
    ExpectError(simulation.SetState("exc.last", 0, 2), absl::StatusCode::kInvalidArgument,
                {"bool", "2"});
    ExpectError(simulation.SetState("inh.x", 0, 1e300), absl::StatusCode::kInvalidArgument,
                {"f32", "1e+300"});
    ExpectError(SetRawState(simulation, 1000, 0, 0), absl::StatusCode::kInvalidArgument, {"1000"});
    EXPECT_TRUE(simulation.SetState("exc.V", 299, -51.5).ok());
    EXPECT_EQ((*simulation.StateByName("exc.V"))[299], -51.5);
    EXPECT_TRUE(simulation.SetState("exc.n", 1, -3).ok());
    EXPECT_EQ((*simulation.StateByName("exc.n"))[1], -3);
    EXPECT_TRUE(simulation.SetState("rate", 0, 2.5).ok());
    EXPECT_EQ(*simulation.Uniform("rate"), 2.5);
  }
}

TEST(Simulation, InjectedNeuronsMustExist) {
  for (const EngineOptions& options : Backends()) {
    Simulation simulation = Compiled(kRing, options);
    const std::string before = simulation.Digest().ToString();
    ExpectError(simulation.InjectSpikes(*simulation.Population("a"), {1, 200}),
                absl::StatusCode::kInvalidArgument, {"no neuron 200", "population a"});
    ExpectError(simulation.InjectSpikes(PopulationHandle{7}, {1}),
                absl::StatusCode::kInvalidArgument, {"7"});
    EXPECT_EQ(simulation.Digest().ToString(), before);
  }
}

TEST(Simulation, ProgressGrowsToTheTotal) {
  for (const EngineOptions& options : Backends()) {
    Simulation simulation = Compiled(kBalanced, options);
    std::vector<uint64_t> done;
    RunControl control;
    control.progress = [&](const Progress& progress) {
      EXPECT_EQ(progress.total, 300u);
      EXPECT_GE(progress.seconds, 0);
      done.push_back(progress.done);
    };
    ASSERT_TRUE(simulation.Step(300, control).ok());
    ASSERT_GT(done.size(), 1u);
    for (size_t i = 1; i < done.size(); ++i) EXPECT_GT(done[i], done[i - 1]);
    EXPECT_EQ(done.back(), 300u);
  }
}

TEST(Simulation, CancellingEndsAfterAWholeStep) {
  for (const EngineOptions& options : Backends()) {
    Simulation simulation = Compiled(kBalanced, options);
    std::atomic<bool> cancel = false;
    RunControl control;
    control.cancel = &cancel;
    control.progress = [&](const Progress&) { cancel = true; };
    ExpectError(simulation.Step(100000, control), absl::StatusCode::kCancelled, {"100000 steps"});
    const uint64_t step = simulation.step();
    EXPECT_GT(step, 0u);
    EXPECT_LT(step, 100000u);
    Simulation same = Compiled(kBalanced, options);
    ASSERT_TRUE(same.Step(step).ok());
    EXPECT_EQ(simulation.Digest(), same.Digest());
  }
}

TEST(Simulation, SpikesMayBeClearedAndNotRecorded) {
  for (EngineOptions options : Backends()) {
    Simulation recording = Compiled(kBalanced, options);
    options.record_spikes = false;
    Simulation counting = Compiled(kBalanced, options);
    const PopulationHandle exc = *recording.Population("exc");
    for (Simulation* simulation : {&recording, &counting}) {
      ASSERT_TRUE(simulation->Step(60).ok());
    }
    EXPECT_GT(recording.SpikeCount(exc), 0u);
    EXPECT_EQ(recording.SpikeCount(exc), counting.SpikeCount(exc));
    EXPECT_EQ(recording.Spikes(exc).neurons.size(), recording.SpikeCount(exc));
    EXPECT_TRUE(counting.Spikes(exc).neurons.empty());
    EXPECT_EQ(recording.Digest(), counting.Digest());
    EXPECT_EQ(recording.report().spikes, counting.report().spikes);

    const uint64_t all = recording.report().spikes;
    recording.ClearSpikes();
    EXPECT_EQ(recording.SpikeCount(exc), 0u);
    EXPECT_TRUE(recording.Spikes(exc).steps.empty());
    ASSERT_TRUE(recording.Step(60).ok());
    EXPECT_EQ(recording.Spikes(exc).neurons.size(), recording.SpikeCount(exc));
    EXPECT_GE(recording.Spikes(exc).steps.front(), 60u);
    EXPECT_GT(recording.report().spikes, all);
  }
}

TEST(Simulation, RecordsMoreThanTheBuffersHold) {
  // Most of 2000 neurons spike in every step: the records fill up again and again.
  std::string text = Replaced(kRing, "size=200\n", "size=2000\n");
  text = Replaced(text, "%4 = ge %0, %3", "%4 = le %0, %3");
  for (const EngineOptions& options : {Accelerated(1), Accelerated(3)}) {
    Simulation simulation = Compiled(text, options);
    ASSERT_TRUE(simulation.Step(200).ok());
    const SpikeTrain& train = simulation.Spikes(*simulation.Population("a"));
    ASSERT_GT(train.steps.size(), 150000u);
    Simulation reference = Compiled(text, Reference());
    ASSERT_TRUE(reference.Step(200).ok());
    EXPECT_EQ(train.steps, reference.Spikes(*reference.Population("a")).steps);
    EXPECT_EQ(train.neurons, reference.Spikes(*reference.Population("a")).neurons);
    EXPECT_EQ(simulation.Digest(), reference.Digest());
  }
}

TEST(Simulation, MovesWithItsState) {
  for (const EngineOptions& options : Backends()) {
    Simulation original = Compiled(kBalanced, options);
    ASSERT_TRUE(original.Step(30).ok());
    const std::string digest = original.Digest().ToString();
    Simulation moved = std::move(original);
    EXPECT_EQ(moved.Digest().ToString(), digest);
    Simulation other = Compiled(kRing, options);
    other = std::move(moved);
    EXPECT_EQ(other.step(), 30u);
    ASSERT_TRUE(other.Step(30).ok());
    Simulation straight = Compiled(kBalanced, options);
    ASSERT_TRUE(straight.Step(60).ok());
    EXPECT_EQ(other.Digest(), straight.Digest());
    EXPECT_EQ(other.Spikes(PopulationHandle{0}).neurons,
              straight.Spikes(PopulationHandle{0}).neurons);
  }
}

TEST(Simulation, ReportsWhatItIsAndDid) {
  Simulation reference = Compiled(kBalanced, Reference());
  Simulation accelerated = Compiled(kBalanced, Accelerated(2));
  for (Simulation* simulation : {&reference, &accelerated}) {
    ASSERT_TRUE(simulation->Step(50).ok());
    const SimulationReport& report = simulation->report();
    EXPECT_EQ(report.neurons, 375u);
    EXPECT_EQ(report.steps, 50u);
    EXPECT_GT(report.synapses, 300u * 75u);
    EXPECT_GT(report.memory_bytes, 1000u);
    EXPECT_GT(report.run_seconds, 0);
  }
  EXPECT_EQ(reference.report().synapses, accelerated.report().synapses);
  std::vector<std::string> phases;
  double total = 0;
  for (const auto& phase : ReportOf(accelerated).compile.phases) {
    phases.push_back(phase.name);
    total += phase.milliseconds;
  }
  ASSERT_GT(phases.size(), 5u);
  EXPECT_EQ(phases[0], "specialise");
  EXPECT_NEAR(accelerated.report().compile_seconds, total / 1e3, 1e-9);
}

TEST(Simulation, ImpossibleOptionsAreRefused) {
  for (const int threads : {0, -1, 100000}) {
    ExpectError(Compile(Parsed(kRing), Accelerated(threads)).status(),
                absl::StatusCode::kInvalidArgument, {"threads"});
  }
  ir::Program broken = Parsed(kRing);
  broken.populations[0].size = 0;
  EXPECT_FALSE(Compile(broken).ok());
}

}  // namespace
}  // namespace bnsyn
