// Epochs of several steps between barriers: the same bits, records and faults.
#include "runtime/exchange/epoch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/runtime/networks.h"

namespace bnsyn {
namespace {

std::string WithDelay(uint32_t delay) {
  return Replaced(Replaced(kNoisy, "delay=15", absl::StrCat("delay=", delay)), "delay=20",
                  absl::StrCat("delay=", delay + 5));
}

uint32_t EpochOf(const std::string& text, int threads, const std::string& layout_name = "") {
  const ir::Program program = Parsed(text);
  const absl::StatusOr<Layout> layout =
      ChooseLayout(program, Partition(program, threads), *LimitsByName(layout_name));
  EXPECT_TRUE(layout.ok());
  return StepsPerEpoch(program, *layout, threads);
}

TEST(Epoch, IsTheSmallestDelay) {
  EXPECT_EQ(EpochOf(WithDelay(1), 2), 1u);
  EXPECT_EQ(EpochOf(WithDelay(2), 2), 2u);
  EXPECT_EQ(EpochOf(WithDelay(15), 3), 15u);
  EXPECT_EQ(EpochOf(WithDelay(1000), 4), kLongestEpoch);
  EXPECT_EQ(EpochOf(kRing, 2), 2u);
}

TEST(Epoch, IsOneStepWhereThreadsNeedMoreOfEachOther) {
  EXPECT_EQ(EpochOf(kNoisy, 2), 15u);
  EXPECT_EQ(EpochOf(kNoisy, 1), 1u);
  EXPECT_EQ(EpochOf(kNoisy, 2, "code"), 15u);
  const std::string end = "  store age, %16\n";
  EXPECT_EQ(EpochOf(Replaced(kNoisy, end, end + "  %17 = count dice : i64\n"), 2), 1u);
  EXPECT_EQ(EpochOf(Replaced(Replaced(kNoisy, end, end + "  reduce exc.r, %0\n"), "input exc.g",
                             "reduction exc.r : exc\ninput exc.g"),
                    2),
            1u);
}

// All that a run shows.
struct Outcome {
  std::vector<std::string> digests;  // after each part
  std::vector<std::string> errors;
  std::vector<uint64_t> ends;
  std::vector<std::vector<uint64_t>> steps;
  std::vector<std::vector<uint32_t>> neurons;
  std::vector<uint64_t> counts;
  double age = 0;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

// Runs parts of that many steps, with something of the host between them.
Outcome RunParts(const std::string& text, const EngineOptions& options,
                 const std::vector<uint64_t>& parts) {
  Simulation simulation = Compiled(text, options);
  Outcome outcome;
  for (size_t i = 0; i < parts.size(); ++i) {
    const absl::Status status = simulation.Step(parts[i]);
    outcome.errors.emplace_back(std::string(status.message()));
    outcome.ends.push_back(simulation.step());
    outcome.digests.push_back(simulation.Digest().ToString());
    const auto neuron = static_cast<uint32_t>(i);
    EXPECT_TRUE(
        simulation.InjectSpikes(*simulation.Population("exc"), {neuron, 399 - neuron}).ok());
    EXPECT_TRUE(simulation.SetState("exc.V", 200 + neuron, -50.5).ok());
  }
  for (const char* name : {"exc", "dice"}) {
    const PopulationHandle population = *simulation.Population(name);
    outcome.steps.push_back(simulation.Spikes(population).steps);
    outcome.neurons.push_back(simulation.Spikes(population).neurons);
    outcome.counts.push_back(simulation.SpikeCount(population));
  }
  outcome.age = *simulation.Uniform("age");
  return outcome;
}

// Compares runs on one to four threads with the reference. The least number of spikes of neurons.
size_t ExpectAgreement(const std::string& text, const std::vector<uint64_t>& parts) {
  const Outcome reference = RunParts(text, Reference(), parts);
  for (int threads = 1; threads <= 4; ++threads) {
    const Outcome outcome = RunParts(text, Accelerated(threads), parts);
    EXPECT_EQ(outcome.digests, reference.digests) << threads << " threads";
    EXPECT_EQ(outcome.errors, reference.errors) << threads << " threads";
    EXPECT_EQ(outcome.ends, reference.ends) << threads << " threads";
    EXPECT_TRUE(outcome == reference) << threads << " threads";
  }
  return std::min(reference.steps[0].size(), reference.steps[1].size());
}

class Epochs : public testing::TestWithParam<uint32_t> {};

// Parts end within epochs and at their ends; the delays are longer than some parts.
TEST_P(Epochs, AgreeWithTheReferenceToTheBit) {
  EXPECT_GT(ExpectAgreement(WithDelay(GetParam()), {1, 7, 16, 15, 64, 1, 333, 700}), 5000u);
}

INSTANTIATE_TEST_SUITE_P(Delays, Epochs, testing::Values(1, 2, 15, 16, 17, 1000));

// The first neuron that has spiked too often ends the run: in any step of an epoch, on any thread.
TEST(Epoch, FaultsAreThoseOfTheReference) {
  std::vector<uint64_t> ends;
  for (const int most : {2, 3, 4, 5, 6, 7}) {
    const std::string text = Replaced(kNoisy, "[0, 1000000]", absl::StrCat("[0, ", most, "]"));
    const std::vector<uint64_t> parts = {25, 1000, 1, 20};
    const Outcome reference = RunParts(text, Reference(), parts);
    ASSERT_NE(reference.errors[1].find("exc.n"), std::string::npos) << reference.errors[1];
    EXPECT_GT(ExpectAgreement(text, parts), 100u);
    ends.push_back((reference.ends[1] - 25) % 15);
  }
  std::sort(ends.begin(), ends.end());
  EXPECT_NE(ends.front(), ends.back());
}

// Two neurons fault in one epoch, on different threads: the step of the earlier counts.
TEST(Epoch, TheFirstFaultOfAnEpochCounts) {
  std::vector<std::string> messages;
  std::vector<std::string> digests;
  for (int threads = 0; threads <= 4; ++threads) {
    Simulation simulation = Compiled(Replaced(kNoisy, "[0, 1000000]", "[0, 50]"),
                                     threads == 0 ? Reference() : Accelerated(threads));
    ASSERT_TRUE(simulation.Step(30).ok());
    EXPECT_GT(simulation.SpikeCount(*simulation.Population("dice")), 100u);
    // From 50 on with the next spike: with the drive of 2 mV that takes some steps from -51 mV.
    for (const uint32_t neuron : {10u, 390u}) {
      ASSERT_TRUE(simulation.SetState("exc.n", neuron, 50).ok());
      ASSERT_TRUE(simulation.SetState("exc.V", neuron, neuron == 10 ? -54 : -52).ok());
    }
    messages.emplace_back(simulation.Step(15).message());
    digests.push_back(simulation.Digest().ToString());
  }
  EXPECT_NE(messages[0].find("exc.n of element 390"), std::string::npos) << messages[0];
  for (const std::string& message : messages) EXPECT_EQ(message, messages[0]);
  for (const std::string& digest : digests) EXPECT_EQ(digest, digests[0]);
}

// Each thread records 1500 spikes in a step, or its share, and must pause more than once.
TEST(Epoch, RecordsMoreThanTheBuffersHold) {
  const std::string text = Replaced(kNoisy, "lt %13, 0.02", "lt %13, 2");
  EXPECT_GT(ExpectAgreement(Replaced(text, "weight=-0.125", "weight=-0.0005"), {400}), 500u);
}

}  // namespace
}  // namespace bnsyn
