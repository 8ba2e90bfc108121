// Memory: planned before it is taken, and never taken while stepping.
#include <gtest/gtest.h>

#include <memory>
#include <new>

#include "absl/strings/match.h"
#include "allocations.h"
#include "compiler/passes/passes.h"
#include "networks.h"
#include "runtime/construction/build_synapses.h"
#include "runtime/delivery/synapses.h"
#include "runtime/engine.h"
#include "runtime/exchange/epoch.h"
#include "runtime/memory_plan.h"
#include "runtime/run_memory.h"

namespace bnsyn {
namespace {

class CountingSink : public SpikeSink {
 public:
  void OnSpikes(ir::PopulationId, uint64_t, absl::Span<const uint32_t> neurons) override {
    spikes += neurons.size();
  }
  uint64_t spikes = 0;
};

TEST(Memory, TheCounterCounts) {
  const uint64_t before = Allocations();
  // A call, unlike a new expression, is never optimised away.
  ::operator delete(::operator new(100));
  EXPECT_EQ(Allocations() - before, 1u);
}

// kBalanced has a barrier in every step, kNoisy one in 15 steps.
TEST(Memory, SteppingAllocatesNothing) {
  for (const char* network : {kBalanced, kNoisy}) {
    for (const int threads : {1, 2}) {
      EngineOptions options = Accelerated(threads);
      options.record_spikes = false;
      Simulation simulation = Compiled(network, options);
      ASSERT_TRUE(simulation.Step(10).ok());
      const uint64_t spikes_before = simulation.report().spikes;
      const uint64_t before = Allocations();
      const absl::Status status = simulation.Step(1000);
      const uint64_t after = Allocations();
      ASSERT_TRUE(status.ok());
      EXPECT_EQ(after - before, 0u)
          << ProgramOf(simulation).name << " with " << threads << " threads";
      EXPECT_GT(simulation.report().spikes, spikes_before + 1000);
    }
  }
}

TEST(Memory, RecordingAllocatesNothingInTheEngine) {
  for (const int threads : {1, 2}) {
    EngineReport report;
    absl::StatusOr<std::unique_ptr<Engine>> engine =
        MakeAcceleratedEngine(Parsed(kBalanced), Accelerated(threads), report);
    ASSERT_TRUE(engine.ok()) << engine.status().message();
    CountingSink sink;
    ASSERT_TRUE((*engine)->Run(100, &sink).ok());
    const uint64_t before = Allocations();
    const absl::Status status = (*engine)->Run(1000, &sink);
    const uint64_t after = Allocations();
    ASSERT_TRUE(status.ok());
    EXPECT_EQ(after - before, 0u) << "with " << threads << " threads";
    EXPECT_GT(sink.spikes, 1000u);
  }
}

TEST(Memory, ThePlanIsWhatIsAllocated) {
  // Of kNoisy threads save their states, and of kRing all synapses are known before they are drawn.
  const std::string wide =
      Replaced(kRing, "input b.g : b scale=2^-30", "input b.g : b scale=2^-30 wide");
  for (const std::string& network :
       {std::string(kBalanced), std::string(kNoisy), std::string(kRing), wide}) {
    for (const int threads : {1, 3}) {
      EngineOptions options = Accelerated(threads);
      options.record_spikes = false;
      const ir::Program source = Parsed(network);
      const absl::StatusOr<AcceleratedProgram> accelerated = PrepareAccelerated(source, options);
      ASSERT_TRUE(accelerated.ok()) << accelerated.status().message();
      const auto& [program, partition, layout] = *accelerated;
      const absl::StatusOr<std::unique_ptr<ThreadTeam>> team = ThreadTeam::Create(threads);
      ASSERT_TRUE(team.ok());
      const absl::StatusOr<Synapses> synapses =
          BuildSynapses(program, {}, partition, layout, options.compile, **team);
      Arena arena;
      const uint32_t epoch = StepsPerEpoch(program, layout, threads);
      const absl::StatusOr<RunMemory> memory =
          RunMemory::Allocate(program, partition, epoch, false, arena);
      ASSERT_TRUE(synapses.ok() && memory.ok());
      const absl::StatusOr<MemoryPlan> plan = PlanMemory(source, options);
      ASSERT_TRUE(plan.ok());
      double values = 0;
      double of_synapses = 0;
      for (const MemoryPart& part : plan->parts) {
        if (part.name == "synapses while they are drawn") continue;
        (absl::StartsWith(part.name, "synapses of ") ? of_synapses : values) += part.bytes;
      }
      EXPECT_EQ(values, static_cast<double>(memory->values.bytes() + memory->ring.bytes()));
      const auto taken = static_cast<double>(synapses->bytes());
      EXPECT_GE(of_synapses, taken);
      EXPECT_LE(of_synapses, network == kRing ? taken : 2 * taken);
    }
  }
}

TEST(Memory, TooLargeNetworksAreRefusedBeforeAllocating) {
  // A hundred million neurons, all joined to all: 10^16 synapses.
  const std::string text = Replaced(Replaced(kRing, "size=200\n", "size=100000000\n"),
                                    "rule=one_to_one weight=1.5", "rule=all_to_all weight=1e-9");
  for (const EngineOptions& options : {Reference(), Accelerated(2)}) {
    const absl::StatusOr<Simulation> simulation = Compile(Parsed(text), options);
    ASSERT_FALSE(simulation.ok());
    EXPECT_EQ(simulation.status().code(), absl::StatusCode::kResourceExhausted);
    const std::string message(simulation.status().message());
    for (const char* part : {"synapses of ab", "MB", "free", "smaller"}) {
      EXPECT_NE(message.find(part), std::string::npos) << part << " in: " << message;
    }
  }
}

TEST(Memory, ALimitIsKept) {
  for (EngineOptions options : {Reference(), Accelerated(1)}) {
    options.memory_limit = 100;
    const absl::StatusOr<Simulation> refused = Compile(Parsed(kBalanced), options);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
    EXPECT_NE(std::string(refused.status().message()).find("memory limit"), std::string::npos);
    options.memory_limit = 1 << 30;
    EXPECT_TRUE(Compile(Parsed(kBalanced), options).ok());
  }
}

}  // namespace
}  // namespace bnsyn
