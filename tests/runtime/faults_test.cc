// Runs that must stop, with the same words on every engine.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <fstream>

#include "ir/table.h"
#include "networks.h"

namespace bnsyn {
namespace {

std::vector<EngineOptions> Engines() {
  return {Reference(), Accelerated(1), Accelerated(2), Accelerated(3)};
}

// Runs until an error, which must come in that many steps.
absl::Status ErrorOf(Simulation& simulation, uint64_t steps) {
  const absl::Status status = simulation.Step(steps);
  EXPECT_FALSE(status.ok());
  return status;
}

TEST(Faults, R10BoundsNamePopulationElementVariableStepAndValue) {
  const std::string text =
      Replaced(kRing, "state b.sum : f64[b] = 0", "state b.sum : f64[b] = 0 bounds=[0, 4]");
  std::vector<std::string> messages;
  std::vector<std::string> digests;
  for (const EngineOptions& options : Engines()) {
    Simulation simulation = Compiled(text, options);
    ASSERT_TRUE(simulation.InjectSpikes(*simulation.Population("a"), {130}).ok());
    const absl::Status status = ErrorOf(simulation, 1000);
    EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
    messages.emplace_back(status.message());
    // Arrivals in steps 2, 7 and 12 make 4.5; the state is that at the end of the step.
    EXPECT_EQ(simulation.step(), 13u);
    EXPECT_EQ((*simulation.StateByName("b.sum"))[130], 4.5);
    EXPECT_EQ(simulation.Spikes(*simulation.Population("b")).steps.back(), 12u);
    digests.push_back(simulation.Digest().ToString());
  }
  for (const char* part : {"b.sum", "130", "step 12", "4.5", "population b"}) {
    EXPECT_NE(messages[0].find(part), std::string::npos) << part << " in: " << messages[0];
  }
  for (const std::string& message : messages) EXPECT_EQ(message, messages[0]);
  for (const std::string& digest : digests) EXPECT_EQ(digest, digests[0]);
}

TEST(Faults, R10NotANumberStopsTheRun) {
  std::vector<std::string> messages;
  for (const EngineOptions& options : Engines()) {
    Simulation simulation = Compiled(kBalanced, options);
    ASSERT_TRUE(simulation.Step(5).ok());
    const ir::StateId V = *ProgramOf(simulation).FindState("inh.V");
    ASSERT_TRUE(SetRawState(simulation, V, 70, ir::BitsOfF64(std::nan(""))).ok());
    messages.emplace_back(ErrorOf(simulation, 10).message());
    EXPECT_EQ(simulation.step(), 6u);
  }
  EXPECT_NE(messages[0].find("inh.V of element 70"), std::string::npos) << messages[0];
  for (const std::string& message : messages) EXPECT_EQ(message, messages[0]);
}

// Kernels add up all values with deferred checks and check memory if the sum is not finite: the sum
// of numbers as large as these is not, and each number is fine until one is infinite.
TEST(Faults, R10FiniteNumbersAreNoFaultHoweverLarge) {
  for (const double large : {1e308, 3e307, -1e308}) {
    std::vector<std::string> messages;
    std::vector<std::string> digests;
    for (const EngineOptions& options : Engines()) {
      Simulation simulation = Compiled(kRing, options);
      const ir::StateId sum = *ProgramOf(simulation).FindState("b.sum");
      for (const uint32_t element : {3u, 17u, 19u, 70u}) {
        ASSERT_TRUE(SetRawState(simulation, sum, element, ir::BitsOfF64(large)).ok());
      }
      const absl::Status status = simulation.Step(1);
      EXPECT_TRUE(status.ok()) << status.message();
      digests.push_back(simulation.Digest().ToString());
      ASSERT_TRUE(SetRawState(simulation, sum, 71, ir::BitsOfF64(-HUGE_VAL)).ok());
      messages.emplace_back(ErrorOf(simulation, 1).message());
    }
    EXPECT_NE(messages[0].find("b.sum of element 71"), std::string::npos) << messages[0];
    for (const std::string& message : messages) EXPECT_EQ(message, messages[0]);
    for (const std::string& digest : digests) EXPECT_EQ(digest, digests[0]);
  }
}

// The ring with `sources` neurons in a, each joined to all of b with a contribution of 2^51 quanta.
std::string ManyLargeContributions(int sources) {
  std::string text = Replaced(kRing, "population a size=200\n",
                              "population a size=" + std::to_string(sources) + "\n");
  text =
      Replaced(text, "rule=one_to_one weight=1.5 delay=3", "rule=all_to_all weight=2048 delay=3");
  text = Replaced(text, "rule=one_to_one weight=1.5 delay=2", "rule=all_to_all weight=1 delay=2");
  return Replaced(text, "input b.g : b scale=2^-30", "input b.g : b scale=2^-40");
}

TEST(Faults, R6SumsThatCouldOverflowAreRefusedBeforeRunning) {
  std::vector<std::string> messages;
  for (const EngineOptions& options : {Reference(), Accelerated(1)}) {
    const absl::StatusOr<Simulation> simulation =
        Compile(Parsed(ManyLargeContributions(2048)), options);
    ASSERT_FALSE(simulation.ok());
    messages.emplace_back(simulation.status().message());
  }
  EXPECT_NE(messages[0].find("projection ab"), std::string::npos) << messages[0];
  EXPECT_NE(messages[0].find("reaches 4194304"), std::string::npos) << messages[0];
  EXPECT_EQ(messages[1], messages[0]);
}

TEST(Faults, R6TheLargestSumsThatCannotOverflowAreAccepted) {
  for (const EngineOptions& options : {Reference(), Accelerated(2)}) {
    const absl::StatusOr<Simulation> simulation =
        Compile(Parsed(ManyLargeContributions(2047)), options);
    EXPECT_TRUE(simulation.ok()) << simulation.status().message();
  }
}

TEST(Faults, R6AContributionOutOfRangeWhileRunning) {
  // The weight times a parameter, which becomes too large only when it is tuned.
  const std::string text = Replaced(kRing, "  %0 = weight : f64[ab]\n  accumulate b.g, %0\n",
                                    "  %0 = weight : f64[ab]\n  %1 = param a.threshold : f64\n"
                                    "  %2 = mul %0, %1 : f64[ab]\n  accumulate b.g, %2\n");
  std::vector<std::string> messages;
  for (const EngineOptions& options : Engines()) {
    Simulation simulation = Compiled(text, options);
    ASSERT_TRUE(simulation.InjectSpikes(*simulation.Population("a"), {150, 12}).ok());
    ASSERT_TRUE(simulation.SetParameter("a.threshold", Quantity(1e6, *ParseUnit("nS"))).ok());
    const absl::Status status = ErrorOf(simulation, 100);
    EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
    EXPECT_EQ(simulation.step(), 3u);
    messages.emplace_back(status.message());
  }
  EXPECT_NE(messages[0].find("input b.g of element 12"), std::string::npos) << messages[0];
  for (const std::string& message : messages) EXPECT_EQ(message, messages[0]);
}

TEST(Faults, R6ASumOutOfRangeWhileRunning) {
  // Each contribution is within 2^60 quanta, but 5 of them are more than 2^62.
  const std::string text =
      Replaced(Replaced(ManyLargeContributions(5), "scale=2^-40", "scale=2^-30 limit=2^60"),
               "  %0 = weight : f64[ab]\n  accumulate b.g, %0\n",
               "  %0 = weight : f64[ab]\n  %1 = param a.threshold : f64\n"
               "  %2 = mul %0, %1 : f64[ab]\n  accumulate b.g, %2\n");
  const std::vector<uint32_t> all = {0, 1, 2, 3, 4};
  std::vector<std::string> messages;
  for (const EngineOptions& options : Engines()) {
    Simulation simulation = Compiled(text, options);
    ASSERT_TRUE(simulation.InjectSpikes(*simulation.Population("a"), all).ok());
    ASSERT_TRUE(simulation.SetParameter("a.threshold", Quantity(524288, *ParseUnit("nS"))).ok());
    const absl::Status status = ErrorOf(simulation, 100);
    EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
    messages.emplace_back(status.message());
  }
  EXPECT_NE(messages[0].find("input b.g of element 0"), std::string::npos) << messages[0];
  EXPECT_NE(messages[0].find("summed to 5368709120"), std::string::npos) << messages[0];
  for (const std::string& message : messages) EXPECT_EQ(message, messages[0]);
}

TEST(Faults, EventFilesAct) {
  const std::string directory = testing::TempDir();
  std::ofstream(directory + "/events.csv") << "step,index,value\n5,199,2\n1,3,1.25\n5,64,0.5\n";
  const absl::StatusOr<ir::Table> table = ir::ReadTable("ev", "events.csv", directory);
  ASSERT_TRUE(table.ok()) << table.status().message();
  char digest[32];
  std::snprintf(digest, sizeof(digest), "0x%016llx",
                static_cast<unsigned long long>(table->digest));
  std::string text = Replaced(
      kRing, "population a size=200\n",
      std::string("table ev file=\"events.csv\" digest=") + digest + "\npopulation a size=200\n");
  text = Replaced(text, "on_pre ab {", "events ext : a.g table=ev\non_pre ab {");
  std::vector<std::string> digests;
  for (const EngineOptions& options : Engines()) {
    absl::StatusOr<Simulation> simulation = Compile(Parsed(text, directory), options);
    ASSERT_TRUE(simulation.ok()) << simulation.status().message();
    ASSERT_TRUE(simulation->Step(6).ok());
    const SpikeTrain& train = simulation->Spikes(*simulation->Population("a"));
    EXPECT_EQ(train.steps, (std::vector<uint64_t>{1, 5}));
    EXPECT_EQ(train.neurons, (std::vector<uint32_t>{3, 199}));
    EXPECT_EQ((*simulation->StateByName("a.sum"))[64], 0.5);
    digests.push_back(simulation->Digest().ToString());
  }
  for (const std::string& d : digests) EXPECT_EQ(d, digests[0]);
}

// An event brings as much as a sum may hold, and a spike may arrive besides.
TEST(Faults, R6EventsAndSynapsesAreProvedTogether) {
  const auto error = [](const char* value, const EngineOptions& options) {
    std::string text =
        Replaced(kRing, "population a size=200\n",
                 std::string("table ev columns=[step, index, value] values=[4, 64, ") + value +
                     "]\npopulation a size=200\n");
    text = Replaced(text, "on_pre ab {", "events ext : a.g table=ev\non_pre ab {");
    return std::string(Compile(Parsed(text), options).status().message());
  };
  const std::string expected = error("4294967295", Reference());
  EXPECT_NE(expected.find("input a.g of element 64 reaches"), std::string::npos) << expected;
  for (const EngineOptions& options : Engines()) {
    EXPECT_EQ(error("4294967295", options), expected);
    EXPECT_EQ(error("4294967293", options), "");
  }
}

}  // namespace
}  // namespace bnsyn
