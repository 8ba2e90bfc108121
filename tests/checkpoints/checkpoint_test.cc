// What a checkpoint is for: to go on, elsewhere and later, as if nothing had happened.
#include "bnsyn/checkpoint.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/checkpoints/networks.h"
#include "tests/runtime/networks.h"

namespace bnsyn {
namespace {

constexpr uint64_t kSteps = 300;

EngineOptions Deferring(int threads, int width) {
  EngineOptions options = Accelerated(threads, width);
  options.compile.defer_from = 0;
  return options;
}

std::vector<EngineOptions> AllOptions() {
  EngineOptions eager = Accelerated(1, 4);
  eager.compile.disabled_passes = {"defer"};
  return {Reference(), Deferring(1, 8), Deferring(2, 2), Deferring(3, 1), eager};
}

// Where arrivals come within the step, and the host injects into the one that comes next.
std::string Delivering() {
  return Replaced(kEverything, "seed = 11", "seed = 11\nschedule = \"brian2\"");
}

// The digest of a run that never stops.
std::string Uncut(uint64_t steps = kSteps, const std::string& text = kEverything) {
  Simulation simulation = CompiledNetwork(text);
  RunTo(simulation, steps);
  EXPECT_GT(simulation.report().spikes, 300u);
  return simulation.Digest().ToString();
}

void ExpectContinuation(const std::string& text) {
  const std::string expected = Uncut(kSteps, text);
  const std::string on_the_way = Uncut(200, text);
  const std::vector<EngineOptions> all = AllOptions();
  for (size_t from = 0; from < all.size(); ++from) {
    for (size_t to = 0; to < all.size(); ++to) {
      SCOPED_TRACE(absl::StrCat("from engine ", from, " to engine ", to));
      const uint64_t cut = 17 + 31 * from + 13 * to;
      Simulation first = CompiledNetwork(text, all[from]);
      RunTo(first, cut);
      // What the host does before the step that comes next is part of the checkpoint.
      ActAt(first, cut);
      const Checkpoint checkpoint = SavedBytes(first);
      EXPECT_EQ(checkpoint.step(), cut);
      EXPECT_DOUBLE_EQ(checkpoint.time_ms(), 0.1 * static_cast<double>(cut));

      Simulation second = CompiledNetwork(text, all[to]);
      const absl::Status restored = second.Restore(checkpoint);
      ASSERT_TRUE(restored.ok()) << restored;
      EXPECT_EQ(second.step(), cut);
      EXPECT_EQ(second.Digest(), first.Digest());
      ASSERT_TRUE(second.Step().ok());
      RunTo(second, 200);
      EXPECT_EQ(second.Digest().ToString(), on_the_way);
      RunTo(second, kSteps);
      EXPECT_EQ(second.Digest().ToString(), expected);
      // And the run that was saved goes on unchanged.
      ASSERT_TRUE(first.Step().ok());
      RunTo(first, kSteps);
      EXPECT_EQ(first.Digest().ToString(), expected);
      EXPECT_EQ(first.report().spikes, second.report().spikes);
    }
  }
}

TEST(Checkpoint, ContinuesOnAnyEngineAsIfTheRunHadNotStopped) { ExpectContinuation(kEverything); }

TEST(Checkpoint, ContinuesWhereArrivalsComeWithinTheStep) { ExpectContinuation(Delivering()); }

TEST(Checkpoint, IsTheSameFromEveryEngine) {
  std::string reference;
  for (const EngineOptions& options : AllOptions()) {
    Simulation simulation = CompiledNetwork(kEverything, options);
    RunTo(simulation, 123);
    const Checkpoint checkpoint = SavedBytes(simulation);
    if (reference.empty()) reference = checkpoint.bytes();
    EXPECT_TRUE(checkpoint.bytes() == reference);
  }
}

TEST(Checkpoint, OfTheBeginningAndBeforeAnyStep) {
  for (const EngineOptions& options : AllOptions()) {
    Simulation first = CompiledNetwork(kEverything, options);
    const Checkpoint beginning = SavedBytes(first);
    RunTo(first, kSteps);
    const std::string expected = first.Digest().ToString();
    EXPECT_EQ(expected, Uncut());
    ASSERT_TRUE(first.Restore(beginning).ok());
    EXPECT_EQ(first.step(), 0u);
    EXPECT_EQ(first.report().spikes, 0u);
    RunTo(first, kSteps);
    EXPECT_EQ(first.Digest().ToString(), expected);
  }
}

TEST(Checkpoint, BranchesAndRewinds) {
  const std::string expected = Uncut();
  for (const EngineOptions& options : AllOptions()) {
    Simulation simulation = CompiledNetwork(kEverything, options);
    RunTo(simulation, 100);
    const Checkpoint here = SavedBytes(simulation);
    // A branch that the host drives otherwise.
    const auto b = simulation.Population("b");
    ASSERT_TRUE(b.ok());
    ASSERT_TRUE(simulation.SetInput(*b, "current", std::vector<double>{0.9}).ok());
    ASSERT_TRUE(simulation.SetParameter("a.drive", 1.5).ok());
    ASSERT_TRUE(simulation.Step(150).ok());
    EXPECT_NE(simulation.Digest().ToString(), Uncut(250));
    const Checkpoint branch = SavedBytes(simulation);
    ASSERT_TRUE(simulation.Restore(here).ok());
    RunTo(simulation, kSteps);
    EXPECT_EQ(simulation.Digest().ToString(), expected);
    // Forth again, and back again.
    ASSERT_TRUE(simulation.Restore(branch).ok());
    EXPECT_EQ(simulation.step(), 250u);
    ASSERT_TRUE(simulation.Restore(here).ok());
    RunTo(simulation, kSteps);
    EXPECT_EQ(simulation.Digest().ToString(), expected);
  }
}

TEST(Checkpoint, KeepsTheRecordedSpikesOfBefore) {
  for (EngineOptions options : {Reference(), Deferring(2, 0)}) {
    options.record_spikes = true;
    Simulation simulation = CompiledNetwork(kEverything, options);
    const PopulationHandle a = *simulation.Population("a");
    RunTo(simulation, 100);
    const Checkpoint here = SavedBytes(simulation);
    const SpikeTrain before = simulation.Spikes(a);
    const uint64_t count = simulation.SpikeCount(a);
    ASSERT_GT(count, 0u);
    RunTo(simulation, kSteps);
    const SpikeTrain all = simulation.Spikes(a);
    ASSERT_TRUE(simulation.Restore(here).ok());
    EXPECT_EQ(simulation.Spikes(a).neurons, before.neurons);
    EXPECT_EQ(simulation.SpikeCount(a), count);
    RunTo(simulation, kSteps);
    EXPECT_EQ(simulation.Spikes(a).steps, all.steps);
    EXPECT_EQ(simulation.Spikes(a).neurons, all.neurons);
    // Elsewhere there are none of before, but they are counted.
    Simulation other = CompiledNetwork(kEverything, options);
    ASSERT_TRUE(other.Restore(here).ok());
    EXPECT_TRUE(other.Spikes(a).steps.empty());
    EXPECT_EQ(other.SpikeCount(a), count);
    // Cleared later than the checkpoint: counting begins at it.
    simulation.ClearSpikes();
    ASSERT_TRUE(simulation.Restore(here).ok());
    EXPECT_EQ(simulation.SpikeCount(a), 0u);
  }
}

// Spikes that the host injects into the future that is left behind do not come back: epochs of
// several steps empty their lists ahead.
TEST(Checkpoint, ForgetsWhatWasInjectedLater) {
  for (const int threads : {1, 2}) {
    for (uint64_t later = 1; later <= 12; ++later) {
      Simulation simulation = Compiled(kRing, Accelerated(threads));
      const PopulationHandle a = *simulation.Population("a");
      const PopulationHandle b = *simulation.Population("b");
      ASSERT_TRUE(simulation.InjectSpikes(a, {3, 100}).ok());
      ASSERT_TRUE(simulation.Step(20).ok());
      const Checkpoint here = SavedBytes(simulation);
      ASSERT_TRUE(simulation.Step(30).ok());
      const std::string expected = simulation.Digest().ToString();
      ASSERT_TRUE(simulation.Restore(here).ok());
      ASSERT_TRUE(simulation.Step(later).ok());
      ASSERT_TRUE(simulation.InjectSpikes(a, {7}).ok());
      ASSERT_TRUE(simulation.InjectSpikes(b, {8, 199}).ok());
      ASSERT_TRUE(simulation.Restore(here).ok());
      ASSERT_TRUE(simulation.Step(30).ok());
      EXPECT_EQ(simulation.Digest().ToString(), expected) << threads << " threads, " << later;
      EXPECT_GT(simulation.report().spikes, 10u);
    }
  }
}

// Neurons that no step lets spike: the host alone does.
TEST(Checkpoint, OfAPopulationThatOnlyTheHostLetsSpike) {
  const std::string text = Replaced(kRing, "  spike a, %4\n", "");
  std::string expected;
  for (const EngineOptions& options : {Reference(), Accelerated(1), Accelerated(2)}) {
    Simulation first = Compiled(text, options);
    ASSERT_TRUE(first.Step(9).ok());
    ASSERT_TRUE(first.InjectSpikes(*first.Population("a"), {1, 4}).ok());
    ASSERT_TRUE(first.Step(1).ok());
    const Checkpoint here = SavedBytes(first);
    for (const EngineOptions& other : {Reference(), Accelerated(1), Accelerated(2)}) {
      Simulation second = Compiled(text, other);
      ASSERT_TRUE(second.Restore(here).ok());
      ASSERT_TRUE(second.Step(100).ok());
      if (expected.empty()) expected = second.Digest().ToString();
      EXPECT_EQ(second.Digest().ToString(), expected);
      EXPECT_EQ(second.report().spikes, 2u);
    }
  }
}

TEST(Checkpoint, AfterAFaultGoesOnBeforeIt) {
  // A sum that leaves its bounds ends the run; a checkpoint of before takes it up again.
  const std::string text = Replaced(kRing, "state a.sum : f64[a] = 0 unit",
                                    "state a.sum : f64[a] = 0 bounds=[-100, 7] unit");
  for (const EngineOptions& options : {Reference(), Accelerated(2)}) {
    Simulation simulation = Compiled(text, options);
    const PopulationHandle a = *simulation.Population("a");
    ASSERT_TRUE(simulation.InjectSpikes(a, {3, 100}).ok());
    ASSERT_TRUE(simulation.Step(4).ok());
    const Checkpoint here = SavedBytes(simulation);
    const absl::Status fault = simulation.Step(100);
    EXPECT_FALSE(fault.ok());
    ASSERT_TRUE(simulation.Restore(here).ok());
    EXPECT_EQ(simulation.Step(100), fault);
    ASSERT_TRUE(simulation.Restore(here).ok());
    ASSERT_TRUE(simulation.SetParameter("a.threshold", Quantity(5, *ParseUnit("nS"))).ok());
    EXPECT_TRUE(simulation.Step(100).ok());
    EXPECT_GT(simulation.report().spikes, 0u);
  }
}

TEST(Checkpoint, IsAFileThatIsWholeOrNotThere) {
  const std::string path =
      (std::filesystem::path(::testing::TempDir()) / "whole.checkpoint").string();
  Simulation simulation = CompiledNetwork(kEverything, Accelerated(2));
  RunTo(simulation, 50);
  const Checkpoint saved = SavedBytes(simulation);
  ASSERT_TRUE(saved.Write(path).ok());
  const absl::StatusOr<Checkpoint> read = Checkpoint::Read(path);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(read->bytes() == saved.bytes());
  EXPECT_EQ(read->program(), saved.program());
  // Another one in its place.
  RunTo(simulation, 60);
  ASSERT_TRUE(SavedBytes(simulation).Write(path).ok());
  EXPECT_EQ(Checkpoint::Read(path)->step(), 60u);
  std::filesystem::remove(path);
  const absl::Status missing = Checkpoint::Read(path).status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(saved.Write("/nowhere/to/be/found").ok());
}

TEST(Checkpoint, OfAnotherNetworkIsRefused) {
  Simulation simulation = CompiledNetwork(kEverything);
  RunTo(simulation, 20);
  const Checkpoint saved = SavedBytes(simulation);
  struct Change {
    const char* from;
    const char* to;
    const char* says;
  };
  const Change changes[] = {
      {"seed = 11", "seed = 12", "seed=11' where this one has 'program"},
      {"seed = 11", "seed = 11\nmath = \"strict\"", "another network: "},
      {"size = 37", "size = 38",
       "'population a size=37' where this one has 'population a size=38'"},
      {"drive = \"1.02\"", "drive = \"1.03\"", "'param a.drive : f64 = 1.02"},
      {"v = 0; n += 1", "v = 0.01; n += 1", "equations, initial values or tables are others"},
      {"\"21 ms\", \"28 ms\"", "\"21 ms\", \"28.1 ms\"", "initial values or tables are others"},
  };
  for (const Change& change : changes) {
    Simulation other = CompiledNetwork(Replaced(kEverything, change.from, change.to));
    const std::string before = other.Digest().ToString();
    const absl::Status refused = other.Restore(saved);
    EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_NE(refused.message().find("another network"), absl::string_view::npos);
    EXPECT_NE(refused.message().find(change.says), absl::string_view::npos) << refused;
    EXPECT_EQ(other.Digest().ToString(), before);
  }
  // How long it runs is no part of it.
  Simulation longer =
      CompiledNetwork(Replaced(kEverything, "duration = \"30 ms\"", "duration = \"60 ms\""));
  EXPECT_TRUE(longer.Restore(saved).ok());
}

TEST(Checkpoint, OfARunThatWasCancelled) {
  for (const EngineOptions& options : AllOptions()) {
    Simulation first = CompiledNetwork(kEverything, options);
    RunTo(first, 100);
    const Checkpoint before = SavedBytes(first);
    std::atomic<bool> cancel = false;
    RunControl control;
    control.cancel = &cancel;
    control.progress = [&](const Progress& progress) { cancel = progress.done >= 3; };
    EXPECT_TRUE(absl::IsCancelled(first.Step(1'000'000, control)));
    ASSERT_GT(first.step(), 100u);
    const Checkpoint after = SavedBytes(first);
    const std::string there = first.Digest().ToString();
    Simulation second = CompiledNetwork(kEverything, Reference());
    ASSERT_TRUE(second.Restore(before).ok());
    ASSERT_TRUE(second.Step(first.step() - 100).ok());
    EXPECT_TRUE(SavedBytes(second).bytes() == after.bytes());
    // Back in the cancelled one, and forth.
    ASSERT_TRUE(first.Restore(before).ok());
    RunTo(first, kSteps);
    EXPECT_EQ(first.Digest().ToString(), Uncut());
    ASSERT_TRUE(first.Restore(after).ok());
    EXPECT_EQ(first.Digest().ToString(), there);
  }
}

TEST(Checkpoint, NeedsMemoryThatIsThere) {
  EngineOptions options = Reference();
  Simulation fits = CompiledNetwork(kEverything, options);
  options.memory_limit = fits.report().memory_bytes + 100;
  Simulation simulation = CompiledNetwork(kEverything, options);
  RunTo(simulation, 5);
  const absl::Status refused = simulation.Save().status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted) << refused;
  // And it goes on.
  RunTo(simulation, kSteps);
  EXPECT_EQ(simulation.Digest().ToString(), Uncut());
}

}  // namespace
}  // namespace bnsyn
