// Parameters that are compiled in, changed between two runs.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "bnsyn/checkpoint.h"
#include "runtime/simulation_impl.h"
#include "tests/checkpoints/networks.h"
#include "tests/runtime/networks.h"

namespace bnsyn {
namespace {

constexpr uint64_t kSteps = 300;

std::vector<EngineOptions> Backends() {
  EngineOptions deferring = Accelerated(2);
  deferring.compile.defer_from = 0;
  return {Reference(), deferring};
}

// Of the values of all neurons.
double SumOf(const Simulation& simulation, const std::string& variable) {
  const absl::StatusOr<std::vector<double>> values = simulation.StateByName(variable);
  EXPECT_TRUE(values.ok()) << values.status();
  return values.ok() ? absl::c_accumulate(*values, 0.0) : 0;
}

Quantity Milliseconds(double value) { return Quantity(value, Unit{dimension::kTime, 0}); }

TEST(CompiledInParameter, OfTheSameValueChangesNothing) {
  for (const EngineOptions& options : Backends()) {
    Simulation uncut = CompiledNetwork(kEverything, options);
    RunTo(uncut, kSteps);
    EXPECT_GT(uncut.report().spikes, 300u);
    Simulation simulation = CompiledNetwork(kEverything, options);
    RunTo(simulation, 77);
    const absl::Status changed = simulation.SetParameter("a.tau", Milliseconds(4));
    ASSERT_TRUE(changed.ok()) << changed;
    EXPECT_EQ(simulation.step(), 77u);
    RunTo(simulation, kSteps);
    EXPECT_EQ(simulation.Digest(), uncut.Digest());
  }
}

TEST(CompiledInParameter, ActsFromTheNextStepOn) {
  std::vector<std::string> digests;
  for (const EngineOptions& options : Backends()) {
    Simulation simulation = CompiledNetwork(kEverything, options);
    RunTo(simulation, 77);
    // Of a population, and of all that the model computes from it.
    ASSERT_TRUE(simulation.SetParameter("a.tau", Milliseconds(6)).ok());
    ASSERT_TRUE(simulation.SetParameter("b.gain", 0.5).ok());
    Simulation before = CompiledNetwork(kEverything, options);
    RunTo(before, 77);
    const double left = SumOf(simulation, "b.seen") * std::exp(-0.1 / 3);
    ASSERT_TRUE(simulation.Step().ok());
    ASSERT_TRUE(before.Step().ok());
    EXPECT_GT(SumOf(before, "b.seen") - left, 1e-3);
    EXPECT_NEAR((SumOf(simulation, "b.seen") - left) * 0.3, (SumOf(before, "b.seen") - left) * 0.5,
                1e-9);
    RunTo(simulation, kSteps);
    EXPECT_GT(simulation.report().spikes, 200u);
    digests.push_back(simulation.Digest().ToString());
  }
  EXPECT_EQ(digests[0], digests[1]);
  Simulation unchanged = CompiledNetwork(kEverything);
  RunTo(unchanged, kSteps);
  EXPECT_NE(unchanged.Digest().ToString(), digests[0]);
}

// A change of what could have been tunable gives the values of a network in which it is.
TEST(CompiledInParameter, GivesWhatATunableOneGives) {
  Simulation tunable = CompiledNetwork(
      Replaced(kEverything, "tunable = [\"drive\"]", "tunable = [\"drive\", \"gain\"]"));
  Simulation fixed = CompiledNetwork(kEverything);
  for (Simulation* simulation : {&tunable, &fixed}) {
    RunTo(*simulation, 50);
    ASSERT_TRUE(simulation->SetParameter("a.gain", 0.7).ok());
    RunTo(*simulation, kSteps);
  }
  // The order of constants in a product may be another.
  EXPECT_NEAR(SumOf(tunable, "a.seen"), SumOf(fixed, "a.seen"), 1e-9);
  EXPECT_EQ(*tunable.StateByName("a.v"), *fixed.StateByName("a.v"));
}

TEST(CompiledInParameter, IsPartOfACheckpoint) {
  for (const EngineOptions& from : Backends()) {
    for (const EngineOptions& to : Backends()) {
      Simulation simulation = CompiledNetwork(kEverything, from);
      RunTo(simulation, 40);
      const Checkpoint before = SavedBytes(simulation);
      ASSERT_TRUE(simulation.SetParameter("a.tau", Milliseconds(7)).ok());
      RunTo(simulation, 90);
      const Checkpoint after = SavedBytes(simulation);
      EXPECT_EQ(before.program(), after.program());
      RunTo(simulation, kSteps);
      const std::string expected = simulation.Digest().ToString();

      // Elsewhere, where the parameter has its first value, and has it again later.
      Simulation other = CompiledNetwork(kEverything, to);
      ASSERT_TRUE(other.Restore(after).ok());
      RunTo(other, kSteps);
      EXPECT_EQ(other.Digest().ToString(), expected);
      ASSERT_TRUE(other.Restore(before).ok());
      RunTo(other, kSteps);
      Simulation uncut = CompiledNetwork(kEverything, to);
      RunTo(uncut, kSteps);
      EXPECT_EQ(other.Digest(), uncut.Digest());
    }
  }
}

TEST(CompiledInParameter, OfAnotherShapeIsRefused) {
  const std::string text =
      Replaced(Replaced(kEverything, "drive = \"1.02\"", "drive = \"1.02\", late_by = \"1.3 ms\""),
               "v(t - 1.3 ms)", "v(t - late_by)");
  for (const EngineOptions& options : Backends()) {
    Simulation simulation = CompiledNetwork(text, options);
    RunTo(simulation, 20);
    const std::string before = simulation.Digest().ToString();
    const absl::Status refused = simulation.SetParameter("a.late_by", Milliseconds(2));
    EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition) << refused;
    EXPECT_TRUE(absl::StrContains(refused.message(), "a.v.past")) << refused;
    EXPECT_EQ(simulation.SetParameter("a.tau", Quantity(4)).code(),
              absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(simulation.SetParameter("a.taw", Milliseconds(4)).code(),
              absl::StatusCode::kNotFound);
    EXPECT_EQ(simulation.Digest().ToString(), before);
    RunTo(simulation, kSteps);
    EXPECT_GT(simulation.report().spikes, 300u);
  }
}

// Where there is no memory to compile again, nothing has changed, and the run goes on.
TEST(CompiledInParameter, WithoutMemoryForItChangesNothing) {
  for (const EngineOptions& options : Backends()) {
    Simulation simulation = CompiledNetwork(kEverything, options);
    RunTo(simulation, 20);
    const Checkpoint first = SavedBytes(simulation);
    SimulationAccess::Of(simulation).options.memory_limit = 1000;
    const absl::Status refused = simulation.SetParameter("a.tau", Milliseconds(6));
    EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted) << refused;
    SimulationAccess::Of(simulation).options.memory_limit = 0;
    ASSERT_TRUE(simulation.SetParameter("a.tau", Milliseconds(6)).ok());
    RunTo(simulation, kSteps);
    const std::string changed = simulation.Digest().ToString();
    // Nor does a checkpoint that has to be compiled in.
    SimulationAccess::Of(simulation).options.memory_limit = 1000;
    EXPECT_TRUE(absl::IsResourceExhausted(simulation.Restore(first)));
    EXPECT_EQ(simulation.Digest().ToString(), changed);
    SimulationAccess::Of(simulation).options.memory_limit = 0;
    ASSERT_TRUE(simulation.Restore(first).ok());
    EXPECT_EQ(simulation.step(), 20u);
    EXPECT_GT(simulation.report().spikes, 20u);
  }
}

// A decaying input whose time constant changes keeps its value.
TEST(CompiledInParameter, OfADecayingInputKeepsItsValue) {
  const std::string text = R"toml(
[models.cell]
parameters = { tau_g = "5 ms" }
equations = """
dv/dt = (1.1 + g - v)/(10 ms) : 1
dg/dt = -g/tau_g : 1
"""
threshold = "v > 1"
reset = "v = 0"
initial = { v = "uniform(0, 1)" }
[populations.a]
model = "cell"
size = 50
[projections.aa]
source = "a"
target = "a"
rule = { type = "bernoulli", p = 0.2 }
weight = 0.05
delay = "1 ms"
on_pre = "g_post += w"
)toml";
  std::vector<std::string> digests;
  for (const EngineOptions& options : Backends()) {
    Simulation simulation = CompiledNetwork(text, options);
    ASSERT_TRUE(simulation.Step(333).ok());
    const std::vector<double> before = *simulation.StateByName("a.g");
    const absl::Status changed = simulation.SetParameter("a.tau_g", Milliseconds(8));
    ASSERT_TRUE(changed.ok()) << changed;
    const std::vector<double> after = *simulation.StateByName("a.g");
    for (size_t i = 0; i < before.size(); ++i) EXPECT_NEAR(after[i], before[i], 1e-7);
    ASSERT_TRUE(simulation.Step(400).ok());
    EXPECT_GT(simulation.report().spikes, 100u);
    digests.push_back(simulation.Digest().ToString());
  }
  EXPECT_EQ(digests[0], digests[1]);
}

}  // namespace
}  // namespace bnsyn
