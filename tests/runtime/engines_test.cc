// Both backends, all thread counts and all widths give the same bits.
#include <gtest/gtest.h>

#include <tuple>

#include "networks.h"

namespace bnsyn {
namespace {

constexpr uint64_t kSteps = 400;

struct Outcome {
  std::string digest;
  std::vector<std::vector<uint64_t>> steps;
  std::vector<std::vector<uint32_t>> neurons;
  double rate = 0;
  double mean = 0;
};

Outcome RunBalanced(const EngineOptions& options, uint64_t steps = kSteps) {
  Simulation simulation = Compiled(kBalanced, options);
  const absl::Status status = simulation.Step(steps);
  EXPECT_TRUE(status.ok()) << status.message();
  Outcome outcome;
  outcome.digest = simulation.Digest().ToString();
  for (const char* name : {"exc", "inh"}) {
    const SpikeTrain& train = simulation.Spikes(*simulation.Population(name));
    EXPECT_EQ(train.steps.size(), simulation.SpikeCount(*simulation.Population(name)));
    outcome.steps.push_back(train.steps);
    outcome.neurons.push_back(train.neurons);
  }
  outcome.rate = *simulation.Uniform("rate");
  outcome.mean = *simulation.Uniform("mean_V");
  return outcome;
}

class Engines : public testing::TestWithParam<std::tuple<int, int>> {};

TEST_P(Engines, AgreeWithTheReferenceToTheBit) {
  const auto [threads, width] = GetParam();
  const Outcome reference = RunBalanced(Reference());
  const Outcome accelerated = RunBalanced(Accelerated(threads, width));
  // A silent network would prove nothing.
  ASSERT_GT(reference.steps[0].size(), 1000u);
  ASSERT_GT(reference.steps[1].size(), 100u);
  EXPECT_NE(reference.mean, 0);
  EXPECT_EQ(reference.steps, accelerated.steps);
  EXPECT_EQ(reference.neurons, accelerated.neurons);
  EXPECT_EQ(reference.rate, accelerated.rate);
  EXPECT_EQ(reference.mean, accelerated.mean);
  EXPECT_EQ(reference.digest, accelerated.digest);
}

INSTANTIATE_TEST_SUITE_P(ThreadsAndWidths, Engines,
                         testing::Combine(testing::Values(1, 2, 3, 8),
                                          testing::Values(1, 2, 4, 8, 16)),
                         [](const auto& instance) {
                           return "threads" + std::to_string(std::get<0>(instance.param)) +
                                  "_width" + std::to_string(std::get<1>(instance.param));
                         });

TEST(Engines, AgreeWhenPinnedToFewerCoresThanThreads) {
  EngineOptions options = Accelerated(4);
  options.pin = true;
  EXPECT_EQ(RunBalanced(options).digest, RunBalanced(Accelerated(1)).digest);
}

TEST(Engines, TellWhatThreadsDid) {
  Simulation simulation = Compiled(kBalanced, Accelerated(3));
  ASSERT_EQ(ReportOf(simulation).threads.size(), 3u);
  ASSERT_TRUE(simulation.Step(kSteps).ok());
  for (const ThreadTime& time : ReportOf(simulation).threads) {
    EXPECT_GT(time.working_seconds, 0);
    EXPECT_LE(time.working_seconds + time.waiting_seconds,
              simulation.report().run_seconds * (1 + 1e-9));
  }
}

TEST(Engines, AgreeWhateverTheStepsAreCalledIn) {
  const Outcome whole = RunBalanced(Accelerated(2));
  Simulation parts = Compiled(kBalanced, Accelerated(2));
  for (uint64_t step = 0; step < kSteps; step += 50) {
    for (int i = 0; i < 7; ++i) ASSERT_TRUE(parts.Step().ok());
    ASSERT_TRUE(parts.Step(43).ok());
  }
  EXPECT_EQ(parts.Digest().ToString(), whole.digest);
  EXPECT_EQ(parts.Spikes(*parts.Population("exc")).neurons, whole.neurons[0]);
}

TEST(Engines, AgreeWithEachPassLeftOut) {
  const Outcome reference = RunBalanced(Reference(), 100);
  ASSERT_GT(reference.steps[0].size(), 100u);
  for (const char* pass : {"specialise", "expand_math", "simplify", "fuse", "place"}) {
    EngineOptions options = Accelerated(2);
    options.compile.disabled_passes = {pass};
    EXPECT_EQ(RunBalanced(options, 100).digest, reference.digest) << "without " << pass;
  }
}

TEST(Engines, AgreeOnStatesOfEveryType) {
  Simulation reference = Compiled(kBalanced, Reference());
  Simulation accelerated = Compiled(kBalanced, Accelerated(2));
  for (Simulation* simulation : {&reference, &accelerated}) {
    ASSERT_TRUE(simulation->Step(99).ok());
  }
  const PopulationHandle exc = *reference.Population("exc");
  const PopulationHandle inh = *reference.Population("inh");
  const std::vector<int32_t> counts = *reference.State<int32_t>(exc, "n");
  EXPECT_EQ(counts, *accelerated.State<int32_t>(exc, "n"));
  EXPECT_EQ(*reference.State<double>(exc, "V"), *accelerated.State<double>(exc, "V"));
  EXPECT_EQ(*reference.State<bool>(exc, "last"), *accelerated.State<bool>(exc, "last"));
  EXPECT_EQ(*reference.State<float>(inh, "x"), *accelerated.State<float>(inh, "x"));
  uint64_t spikes = 0;
  for (const int32_t n : counts) spikes += static_cast<uint64_t>(n);
  EXPECT_EQ(spikes, accelerated.SpikeCount(exc));
  EXPECT_GT(spikes, 0u);
}

TEST(Engines, InjectedSpikesArriveAfterTheDelay) {
  for (const EngineOptions& options :
       {Reference(), Accelerated(1), Accelerated(2), Accelerated(3)}) {
    Simulation simulation = Compiled(kRing, options);
    const PopulationHandle a = *simulation.Population("a");
    const PopulationHandle b = *simulation.Population("b");
    // As if emitted in the step before the first: they reach b after 3 steps, in step 2.
    ASSERT_TRUE(simulation.InjectSpikes(a, {7, 199, 7}).ok());
    ASSERT_TRUE(simulation.InjectSpikes(a, {7}).ok());
    ASSERT_TRUE(simulation.Step(12).ok());
    EXPECT_EQ(simulation.Spikes(b).steps, (std::vector<uint64_t>{2, 2, 7, 7}));
    EXPECT_EQ(simulation.Spikes(b).neurons, (std::vector<uint32_t>{7, 199, 7, 199}));
    EXPECT_EQ(simulation.Spikes(a).steps, (std::vector<uint64_t>{4, 4, 9, 9}));
  }
}

TEST(Engines, AgreeOnTheDigestOfInjectedSpikes) {
  std::vector<std::string> digests;
  for (const EngineOptions& options :
       {Reference(), Accelerated(1), Accelerated(2), Accelerated(3)}) {
    Simulation simulation = Compiled(kRing, options);
    const PopulationHandle a = *simulation.Population("a");
    ASSERT_TRUE(simulation.InjectSpikes(a, {150, 3}).ok());
    const std::string at_start = simulation.Digest().ToString();
    ASSERT_TRUE(simulation.Step(5).ok());
    // Neuron 3 has just spiked: it cannot spike again in the same step.
    ASSERT_EQ(simulation.Spikes(a).steps.back(), 4u);
    ASSERT_TRUE(simulation.InjectSpikes(a, {3, 4}).ok());
    ASSERT_TRUE(simulation.Step(1).ok());
    digests.push_back(at_start + simulation.Digest().ToString());
    ASSERT_TRUE(simulation.Step(50).ok());
    EXPECT_GT(simulation.SpikeCount(a), 30u);
    digests.back() += simulation.Digest().ToString();
  }
  for (const std::string& digest : digests) EXPECT_EQ(digest, digests[0]);
}

TEST(Engines, TunableParametersActFromTheNextStepOn) {
  for (const EngineOptions& options : {Reference(), Accelerated(1), Accelerated(2)}) {
    Simulation simulation = Compiled(kRing, options);
    const PopulationHandle a = *simulation.Population("a");
    ASSERT_TRUE(simulation.InjectSpikes(a, {1}).ok());
    ASSERT_TRUE(simulation.Step(10).ok());
    EXPECT_EQ(simulation.SpikeCount(a), 2u);
    ASSERT_TRUE(simulation.SetParameter("a.threshold", Quantity(2, *ParseUnit("nS"))).ok());
    ASSERT_TRUE(simulation.Step(50).ok());
    EXPECT_EQ(simulation.SpikeCount(a), 2u);
  }
}

TEST(Engines, OneFlippedBitChangesTheDigest) {
  Simulation untouched = Compiled(kBalanced, Accelerated(2));
  Simulation flipped = Compiled(kBalanced, Accelerated(2));
  const ir::StateId V = *ProgramOf(flipped).FindState("exc.V");
  EXPECT_EQ(untouched.Digest(), flipped.Digest());
  ASSERT_TRUE(SetRawState(flipped, V, 299, RawState(flipped, V).bits(299) ^ 1).ok());
  EXPECT_FALSE(untouched.Digest() == flipped.Digest());
  ASSERT_TRUE(SetRawState(flipped, V, 299, RawState(flipped, V).bits(299) ^ 1).ok());
  EXPECT_EQ(untouched.Digest(), flipped.Digest());
}

TEST(Engines, UniformStateIsSetOnEveryThread) {
  Simulation one = Compiled(kBalanced, Accelerated(1));
  Simulation three = Compiled(kBalanced, Accelerated(3));
  for (Simulation* simulation : {&one, &three}) {
    ASSERT_TRUE(simulation->Step(20).ok());
    ASSERT_TRUE(simulation->SetState("rate", 0, 500).ok());
    ASSERT_TRUE(simulation->Step(20).ok());
  }
  EXPECT_EQ(one.Digest().ToString(), three.Digest().ToString());
}

TEST(Engines, SimulationsInOneProcessDoNotTouchEachOther) {
  const Outcome alone = RunBalanced(Accelerated(2), 100);
  Simulation first = Compiled(kBalanced, Accelerated(2));
  Simulation second = Compiled(Replaced(kBalanced, "seed=7", "seed=8"), Accelerated(3));
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(first.Step(10).ok());
    ASSERT_TRUE(second.Step(10).ok());
  }
  EXPECT_EQ(first.Digest().ToString(), alone.digest);
  EXPECT_NE(second.Digest().ToString(), alone.digest);
}

}  // namespace
}  // namespace bnsyn
