// Four threads wherever threads meet: windows of several steps, barriers in each step, synapses
// that learn, construction in each layout, and a host that takes part. `make tsan` runs this under
// the thread sanitizer, emitted code included.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <string>
#include <thread>

#include "absl/strings/string_view.h"
#include "runtime/delivery/layout.h"
#include "tests/runtime/closed_loop.h"
#include "tests/runtime/networks.h"
#include "tests/sanitized.h"

namespace bnsyn {
namespace {

constexpr int kThreads = 4;
// Two doubles are the most that the sanitizer looks at in one access.
constexpr int kWidth = 2;

// `make` gives the simulation of options.
template <typename Make>
void ExpectEqual(Make make, const std::string& state, const std::string& population) {
  Simulation oracle = make(Reference());
  const ClosedLoopResult right = RunClosedLoop(oracle, state, population);
  EXPECT_GT(right.spikes, 50u) << "equal digests of silence prove nothing";
  for (const absl::string_view layout : LayoutNames()) {
    EngineOptions options = Accelerated(kThreads, kWidth);
    options.layout = std::string(layout);
    Simulation simulation = make(options);
    EXPECT_EQ(RunClosedLoop(simulation, state, population).digests, right.digests) << layout;
  }
}

Simulation Plastic(const EngineOptions& options) {
  const auto network = ReadNetwork(BNSYN_SOURCE_DIR "/tests/faults/network.toml");
  EXPECT_TRUE(network.ok()) << network.status();
  return CompiledNetwork(*network, options);
}

TEST(Threads, Windows) {
  ExpectEqual([](const EngineOptions& options) { return Compiled(kNoisy, options); }, "exc.V",
              "exc");
}

TEST(Threads, BarriersInEachStep) {
  ExpectEqual([](const EngineOptions& options) { return Compiled(kBalanced, options); }, "exc.V",
              "exc");
}

TEST(Threads, SynapsesThatLearn) { ExpectEqual(&Plastic, "ee.w", "given"); }

// Another thread looks on, and ends the run.
TEST(Threads, AreWatchedAndCancelled) {
  std::atomic<bool> cancel = false;
  std::atomic<uint64_t> done = 0;
  Simulation simulation = Compiled(kNoisy, Accelerated(kThreads, kWidth));
  std::thread watcher([&] {
    while (done.load() < 100) std::this_thread::yield();
    cancel.store(true);
  });
  RunControl control;
  control.cancel = &cancel;
  control.progress = [&](const Progress& progress) { done.store(progress.done); };
  const absl::Status status = simulation.Step(100000000, control);
  watcher.join();
  EXPECT_TRUE(absl::IsCancelled(status)) << status;
  EXPECT_GE(simulation.step(), 100u);
  Simulation again = Compiled(kNoisy, Reference());
  ASSERT_TRUE(again.Step(100).ok());
  EXPECT_GT(again.report().spikes, 50u);
}

#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
// A host may not read a simulation that runs. Emitted code writes there, and the sanitizer has to
// notice: it sees emitted code.
void ReadWhileItRuns() {
  Simulation simulation = Compiled(kNoisy, Accelerated(1, kWidth));
  std::atomic<bool> ends = false;
  std::thread reader([&] {
    while (!ends.load()) static_cast<void>(simulation.StateByName("exc.V"));
  });
  static_cast<void>(simulation.Step(2000));
  ends.store(true);
  reader.join();
  std::exit(0);
}

TEST(ThreadsDeathTest, ARaceIsFound) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  constexpr int kRace = 66;  // the exit code of a process in which the sanitizer has found one
  EXPECT_EXIT(ReadWhileItRuns(), testing::ExitedWithCode(kRace), "data race");
}
#endif

}  // namespace
}  // namespace bnsyn
