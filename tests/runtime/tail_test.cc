// Spike handlers that run in the tail of a kernel (compiler/schedule/sink.cc).
#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "compiler/schedule/plan_rows.h"
#include "networks.h"

namespace bnsyn {
namespace {

// V climbs, faster the higher the neuron's number; a spike takes it to 0 and adds to w, which
// decays. g grows on its own.
constexpr char kCells[] = R"(program cells dt=1 seed=1
population a size=9001
state a.V : f64[a] = 0
state a.w : f64[a] = 0
state a.g : f64[a] = 0
step {
  %0 = load a.V : f64[a]
  %1 = load a.w : f64[a]
  %2 = index : u32[a]
  %3 = convert %2 : f64[a]
  %4 = fma %3, 1e-05, 0.3 : f64[a]
  %5 = add %0, %4 : f64[a]
  %6 = ge %5, 1 : bool[a]
  %7 = select %6, 0, %5 : f64[a]
  check a.V, %7
  store a.V, %7
  %8 = mul %1, 0.5 : f64[a]
  %9 = fma %8, 1e+10, 0.125 : f64[a]
  %10 = select %6, %9, %8 : f64[a]
  check a.w, %10
  store a.w, %10
  %11 = load a.g : f64[a]
  %12 = mul %11, 10 : f64[a]
  check a.g, %12
  store a.g, %12
  spike a, %6
}
)";

std::vector<EngineOptions> Engines() {
  std::vector<EngineOptions> engines = {Reference()};
  for (const int threads : {1, 2, 3}) {
    for (const int width : {0, 1, 2}) {
      EngineOptions options = Accelerated(threads);
      options.compile.width = width;
      engines.push_back(options);
    }
  }
  for (const compiler::PlanRow& row : compiler::PlanRows()) {
    EngineOptions options = Accelerated(1);
    options.compile.disabled_passes = {std::string(row.name)};
    engines.push_back(options);
  }
  return engines;
}

// Sets states of elements, runs some steps on each engine and compares all that can be seen; the
// status of the last.
struct Given {
  const char* state;
  uint32_t element;
  double value;
};
absl::Status RunAlike(const std::string& text, const std::vector<Given>& given, uint64_t steps,
                      uint64_t* spikes = nullptr) {
  std::set<std::string> seen;
  absl::Status status;
  for (const EngineOptions& options : Engines()) {
    Simulation simulation = Compiled(text, options);
    for (const Given& g : given) {
      const ir::StateId state = *ProgramOf(simulation).FindState(g.state);
      EXPECT_TRUE(SetRawState(simulation, state, g.element, ir::BitsOfF64(g.value)).ok());
    }
    status = simulation.Step(steps);
    seen.insert(simulation.Digest().ToString() + std::string(status.message()));
    if (spikes != nullptr) *spikes = simulation.SpikeCount(*simulation.Population("a"));
  }
  EXPECT_EQ(seen.size(), 1u);
  return status;
}

TEST(Tails, OfManyGroupsDoAsHandlersInLoops) {
  uint64_t spikes = 0;
  EXPECT_TRUE(RunAlike(Replaced(kCells, "%8, 1e+10,", "%8, 2,"), {}, 60, &spikes).ok());
  EXPECT_GT(spikes, 9001u);
}

TEST(Tails, MayRunForAllElementsAtOnce) {
  const std::string alike =
      Replaced(Replaced(kCells, "%8, 1e+10,", "%8, 2,"), "%3, 1e-05,", "%3, 0,");
  uint64_t spikes = 0;
  EXPECT_TRUE(RunAlike(alike, {}, 12, &spikes).ok());
  EXPECT_GT(spikes, 0u);
  EXPECT_EQ(spikes % 9001, 0u);
}

TEST(Tails, R10_WhatTheyOverwriteIsNoFault) {
  uint64_t spikes = 0;
  EXPECT_TRUE(RunAlike(kCells, {{"a.V", 70, HUGE_VAL}, {"a.V", 9000, HUGE_VAL}}, 1, &spikes).ok());
  EXPECT_EQ(spikes, 2u);
  const std::string bounded =
      Replaced(kCells, "state a.V : f64[a] = 0", "state a.V : f64[a] = 0 bounds=[-1, 1]");
  EXPECT_TRUE(RunAlike(bounded, {{"a.V", 4100, 7.0}}, 1, &spikes).ok());
  EXPECT_EQ(spikes, 1u);
}

TEST(Tails, R10_WhatTheyStoreIsChecked) {
  const absl::Status status = RunAlike(kCells, {{"a.V", 4100, 7.0}, {"a.w", 4100, 1e300}}, 1);
  EXPECT_NE(status.message().find("a.w of element 4100"), std::string::npos) << status;
}

TEST(Tails, R10_WhatTheyDoNotStoreIsChecked) {
  const absl::Status status = RunAlike(kCells, {{"a.V", 4100, 7.0}, {"a.g", 4100, 1e308}}, 1);
  EXPECT_NE(status.message().find("a.g of element 4100"), std::string::npos) << status;
  EXPECT_FALSE(RunAlike(kCells, {{"a.V", 4100, -HUGE_VAL}}, 1).ok());
}

}  // namespace
}  // namespace bnsyn
