// The threads of the accelerated backend in any order: one at a time, up to the next barrier, as a
// seed chooses (seeded_team.h). The digests are those of the reference.
//
//   BNSYN_SCHEDULES=1000 build/release/bin/schedules_test    so many seeds, in place of 5
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>

#include "absl/strings/numbers.h"
#include "tests/runtime/closed_loop.h"
#include "tests/runtime/networks.h"
#include "tests/schedules/seeded_team.h"

namespace bnsyn {
namespace {

uint64_t Seeds() {
  const char* const text = std::getenv("BNSYN_SCHEDULES");
  uint64_t number = 0;
  return text != nullptr && absl::SimpleAtoi(text, &number) ? number : 5;
}

// `make` gives the simulation of options.
template <typename Make>
void ExpectEqualInAnyOrder(const std::string& name, Make make, const std::string& state,
                           const std::string& population) {
  Simulation oracle = make(Reference());
  const ClosedLoopResult right = RunClosedLoop(oracle, state, population);
  EXPECT_GT(right.spikes, 50u) << "equal digests of silence prove nothing";
  for (const int threads : {2, 3, 5}) {
    std::set<uint64_t> orders;
    uint64_t turns = 0;
    for (uint64_t seed = 0; seed < Seeds(); ++seed) {
      SetTeamSeed(seed);
      {
        Simulation simulation = make(Accelerated(threads));
        ASSERT_EQ(RunClosedLoop(simulation, state, population).digests, right.digests)
            << name << ", " << threads << " threads, seed " << seed;
      }
      turns = OrderOfTeams().turns;
      orders.insert(OrderOfTeams().hash);
    }
    std::printf("%-12s %d threads: %d seeds, %d orders of %d turns, digests equal\n", name.c_str(),
                threads, static_cast<int>(Seeds()), static_cast<int>(orders.size()),
                static_cast<int>(turns));
    EXPECT_EQ(orders.size(), Seeds()) << "some seeds have one order";
  }
}

// A barrier or more in each step.
TEST(Schedules, BarriersInEachStep) {
  ExpectEqualInAnyOrder(
      "balanced", [](const EngineOptions& options) { return Compiled(kBalanced, options); },
      "exc.V", "exc");
}

// Windows of 15 steps without a barrier.
TEST(Schedules, Windows) {
  ExpectEqualInAnyOrder(
      "noisy", [](const EngineOptions& options) { return Compiled(kNoisy, options); }, "exc.V",
      "exc");
}

// Synapses that learn, whose code runs later than it is due.
TEST(Schedules, Plastic) {
  const auto network = ReadNetwork(BNSYN_SOURCE_DIR "/tests/faults/network.toml");
  ASSERT_TRUE(network.ok()) << network.status();
  ExpectEqualInAnyOrder(
      "plastic", [&](const EngineOptions& options) { return CompiledNetwork(*network, options); },
      "ee.w", "given");
}

// Threads that do not wait for each other give another digest, and some seed shows it.
TEST(Schedules, AMissingBarrierIsNoticed) {
  Simulation oracle = Compiled(kBalanced, Reference());
  ASSERT_TRUE(oracle.Step(100).ok());
  EXPECT_GT(oracle.report().spikes, 50u);
  bool noticed = false;
  LeaveOutBarriers(true);
  for (uint64_t seed = 0; seed < 5; ++seed) {
    SetTeamSeed(seed);
    Simulation simulation = Compiled(kBalanced, Accelerated(3));
    noticed |= !simulation.Step(100).ok() || simulation.Digest() != oracle.Digest();
  }
  LeaveOutBarriers(false);
  EXPECT_TRUE(noticed);
}

}  // namespace
}  // namespace bnsyn
