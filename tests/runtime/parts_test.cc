// The parts that engines are made of.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "compiler/connect/connect_program.h"
#include "networks.h"
#include "reference/connectivity.h"
#include "runtime/construction/build_synapses.h"
#include "runtime/conversion.h"
#include "runtime/delivery/synapses.h"
#include "runtime/exchange/spikes.h"
#include "runtime/exchange/thread_settings.h"
#include "runtime/exchange/thread_team.h"
#include "runtime/memory/buffers.h"
#include "runtime/memory/network_memory.h"
#include "runtime/memory/partition.h"

namespace bnsyn {
namespace {

TEST(PageBuffer, StartsAsZerosAndMoves) {
  absl::StatusOr<PageBuffer> buffer = PageBuffer::Create(10000);
  ASSERT_TRUE(buffer.ok());
  EXPECT_GE(buffer->size(), 10000u);
  EXPECT_EQ(buffer->data()[9999], 0);
  std::memset(buffer->data(), 7, 10000);
  const PageBuffer moved = *std::move(buffer);
  EXPECT_EQ(moved.data()[9999], 7);
}

TEST(PageBuffer, RefusesTheImpossible) {
  const absl::StatusOr<PageBuffer> buffer = PageBuffer::Create(size_t{1} << 60);
  EXPECT_EQ(buffer.status().code(), absl::StatusCode::kResourceExhausted);
}

TEST(Partition, CoversEachPopulationInWholeGroups) {
  ir::Program program;
  for (const uint32_t size : {1u, 64u, 65u, 200u, 1000u, 128u, 50u, 4000u}) {
    program.AddPopulation(absl::StrCat("p", program.populations.size()), size);
  }
  for (const int threads : {1, 2, 3, 7, 100}) {
    const Partition partition(program, threads);
    uint64_t least = ~uint64_t{0};
    uint64_t most = 0;
    std::vector<uint64_t> load(static_cast<size_t>(threads));
    for (ir::PopulationId p = 0; p < program.populations.size(); ++p) {
      uint32_t next = 0;
      for (int t = 0; t < threads; ++t) {
        const Range range = partition.range(p, t);
        EXPECT_EQ(range.begin, next);
        if (!range.empty()) {
          EXPECT_EQ(range.begin % 64, 0u);
          EXPECT_EQ(partition.owner(p, range.begin), t);
          EXPECT_EQ(partition.owner(p, range.end - 1), t);
        }
        next = range.end;
        load[static_cast<size_t>(t)] += PaddedSize(range.size()) / 64;
      }
      EXPECT_EQ(next, program.populations[p].size);
    }
    for (const uint64_t groups : load) {
      least = std::min(least, groups);
      most = std::max(most, groups);
    }
    EXPECT_LE(most - least, 1u) << threads << " threads";
  }
}

TEST(ThreadTeam, EveryThreadRunsAndMeetsTheOthers) {
  for (const int threads : {1, 2, 3, 8}) {
    const absl::StatusOr<std::unique_ptr<ThreadTeam>> team = ThreadTeam::Create(threads);
    ASSERT_TRUE(team.ok());
    const auto n = static_cast<size_t>(threads);
    // Each round every thread adds one to its cell, and after the barrier sees those of all.
    std::vector<uint64_t> cells[2] = {std::vector<uint64_t>(n), std::vector<uint64_t>(n)};
    std::atomic<int> wrong = 0;
    for (int run = 0; run < 20; ++run) {
      (*team)->Run([&](int thread) {
        for (uint64_t round = 0; round < 50; ++round) {
          std::vector<uint64_t>& now = cells[round & 1];
          now[static_cast<size_t>(thread)] += round + 1;
          (*team)->Barrier(thread);
          for (const uint64_t cell : now) wrong += cell != now[0];
        }
      });
    }
    EXPECT_EQ(wrong, 0) << threads << " threads";
    EXPECT_EQ(cells[0][0] + cells[1][n - 1], 20u * 50 * 51 / 2);
  }
}

TEST(ThreadTeam, TellsWorkingFromWaiting) {
  const absl::StatusOr<std::unique_ptr<ThreadTeam>> team = ThreadTeam::Create(2);
  ASSERT_TRUE(team.ok());
  const auto sleep = [&](int thread) {
    if (thread == 1) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    (*team)->Barrier(thread);
  };
  (*team)->Run(sleep);
  EXPECT_GE((*team)->time(1).working_seconds, 0.02);
  // Thread 0 arrives some time before thread 1, unless the machine holds it up.
  EXPECT_GT((*team)->time(0).waiting_seconds + (*team)->time(0).working_seconds, 0.02);
  (*team)->ClearTimes();
  EXPECT_EQ((*team)->time(1).working_seconds, 0);
}

TEST(ThreadTeam, LeavesTheCallersThreadAsItWas) {
  const std::vector<int> before = AllowedCores();
  const absl::StatusOr<std::unique_ptr<ThreadTeam>> team = ThreadTeam::Create(3, /*pin=*/true);
  ASSERT_TRUE(team.ok());
  std::vector<std::vector<int>> during(3);
  (*team)->Run([&](int thread) { during[static_cast<size_t>(thread)] = AllowedCores(); });
  EXPECT_EQ(AllowedCores(), before);
  if (before.empty()) return;  // the system does not tell
  for (size_t thread = 0; thread < during.size(); ++thread) {
    EXPECT_EQ(during[thread], std::vector<int>{before[thread % before.size()]});
  }
}

// The target of a synapse of a group with one projection. Shared rows count sums, which here are
// those of one input.
uint32_t TargetAt(const SynapseBlock& block, uint32_t place, Range own) {
  if (block.form() == SynapseForm::kCode) return block.targets()[place];
  EXPECT_EQ(block.form(), SynapseForm::kConstant);
  const char* const entry = block.entries() + place * block.entry_bytes();
  if (block.target_bits() == 16) return own.begin + *reinterpret_cast<const uint16_t*>(entry);
  return own.begin + *reinterpret_cast<const uint32_t*>(entry);
}

// On every partition.
void ExpectSynapsesOfReference(const ir::Program& program, const std::string& forced) {
  for (const int threads : {1, 2, 3, 8}) {
    const Partition partition(program, threads);
    const absl::StatusOr<std::unique_ptr<ThreadTeam>> team = ThreadTeam::Create(threads);
    ASSERT_TRUE(team.ok());
    const absl::StatusOr<Layout> layout = ChooseLayout(program, partition, *LimitsByName(forced));
    ASSERT_TRUE(layout.ok());
    const absl::StatusOr<Synapses> synapses =
        BuildSynapses(program, partition, *layout, {}, **team);
    ASSERT_TRUE(synapses.ok()) << synapses.status().message();
    uint64_t total = 0;
    for (ir::ProjectionId p = 0; p < program.projections.size(); ++p) {
      const absl::StatusOr<reference::Connectivity> connectivity =
          reference::Connectivity::Create(program, p, {});
      ASSERT_TRUE(connectivity.ok());
      const ir::Projection& projection = program.projections[p];
      const absl::StatusOr<reference::SynapseRows> rows =
          connectivity->Build(0, program.populations[projection.target].size);
      ASSERT_TRUE(rows.ok());
      for (uint32_t source = 0; source < program.populations[program.projections[p].source].size;
           ++source) {
        const auto begin = rows->targets.begin();
        const std::vector<uint32_t> expected(
            begin + static_cast<ptrdiff_t>(rows->begin[source]),
            begin + static_cast<ptrdiff_t>(rows->begin[source + size_t{1}]));
        std::vector<uint32_t> found;
        for (int t = 0; t < threads; ++t) {
          const SynapseBlock& block = synapses->block(synapses->layout().GroupOf(p), t);
          if (block.synapses() == 0) continue;
          ASSERT_EQ(block.delays().size(), 1u);
          for (uint32_t place = block.rows()[source]; place < block.rows()[source + 1]; ++place) {
            found.push_back(TargetAt(block, place, partition.range(projection.target, t)));
          }
        }
        EXPECT_EQ(found, expected);
        total += found.size();
      }
    }
    EXPECT_EQ(synapses->synapses(), total);
    EXPECT_GT(total, 30000u);
  }
}

class SynapsesTest : public testing::TestWithParam<std::string> {};

TEST_P(SynapsesTest, AreThoseOfTheReferenceOnEveryPartition) {
  ExpectSynapsesOfReference(Parsed(kBalanced), GetParam());
}

INSTANTIATE_TEST_SUITE_P(Layouts, SynapsesTest,
                         testing::Values("best", "code", "targets32", "far", "apart"),
                         [](const auto& info) { return info.param; });

// Bernoulli rules that draw a lot: by compiled code, but for what few rows need beyond the likely.
// Dense and sparse, with a block of targets and with several, and without synapses onto oneself.
TEST(Synapses, R8_ManyBernoulliDrawsAreThoseOfTheReference) {
  const ir::Program program = Parsed(R"(program many dt=1 seed=3
population a size=1500
population b size=9000
state b.x : f64[b] = 0
state a.x : f64[a] = 0
input b.in : b quantum=2^-20
input a.in : a quantum=2^-20
projection ab : a -> b rule=bernoulli p=0.1 stream=1 weight=0.5 delay=1
projection aa : a -> a rule=bernoulli p=0.01 self=false stream=2 weight=0.5 delay=1
projection ba : b -> a rule=bernoulli p=0.0001 stream=3 weight=0.5 delay=1
projection bb : b -> b rule=bernoulli p=1e-05 stream=4 weight=0.5 delay=1
on_pre ab {
  accumulate b.in, 0.5
}
on_pre aa {
  accumulate a.in, 0.5
}
on_pre ba {
  accumulate a.in, 0.5
}
on_pre bb {
  accumulate b.in, 0.5
}
step {
  %0 = take b.in : f64[b]
  store b.x, %0
  %1 = take a.in : f64[a]
  store a.x, %1
}
)");
  const std::vector<compiler::ConnectRequest> requests(program.projections.size());
  ASSERT_TRUE(compiler::MakeConnectProgram(program, requests, {}).skips);
  ASSERT_FALSE(compiler::MakeConnectProgram(Parsed(kBalanced), requests, {}).skips);
  ExpectSynapsesOfReference(program, "code");
}

TEST(SpikeRing, KeepsTheStepsOfTheLongestDelayAndAnEpochApart) {
  const ir::Program program = Parsed(kBalanced);
  const Partition partition(program, 2);
  const uint32_t epoch = 15;
  absl::StatusOr<SpikeRing> ring = SpikeRing::Create(program, partition, epoch);
  ASSERT_TRUE(ring.ok());
  const uint64_t first = 1000;
  const uint64_t end = first + program.MaxDelay() + epoch;
  for (uint64_t step = first; step < end; ++step) {
    for (ir::PopulationId p = 0; p < 2; ++p) {
      for (int t = 0; t < 2; ++t) {
        const uint32_t size = partition.range(p, t).size();
        for (uint32_t i = 0; i < size; ++i) {
          ring->List(p, t, step)[i] = static_cast<uint32_t>(step) + p + static_cast<uint32_t>(t);
        }
        ring->Count(p, t, step) = size;
      }
    }
  }
  for (uint64_t step = first; step < end; ++step) {
    for (ir::PopulationId p = 0; p < 2; ++p) {
      for (int t = 0; t < 2; ++t) {
        const absl::Span<const uint32_t> spikes = ring->Spikes(p, t, step);
        ASSERT_EQ(spikes.size(), partition.range(p, t).size());
        for (const uint32_t spike : spikes) {
          EXPECT_EQ(spike, static_cast<uint32_t>(step) + p + static_cast<uint32_t>(t));
        }
      }
    }
  }
}

TEST(NetworkMemory, PartsAreAlignedAndApart) {
  const ir::Program program = Parsed(kBalanced);
  const Partition partition(program, 3);
  absl::StatusOr<NetworkMemory> memory = NetworkMemory::Create(program, partition);
  ASSERT_TRUE(memory.ok());
  for (ir::StateId id = 0; id < program.states.size(); ++id) {
    const ir::State& state = program.states[id];
    for (int t = 0; t < 3; ++t) {
      EXPECT_EQ(reinterpret_cast<uintptr_t>(memory->State(id, t)) % kCacheLine, 0u) << state.name;
    }
    // Copies of uniform states stand apart; arrays are there once.
    EXPECT_EQ(memory->State(id, 0) == memory->State(id, 1), !state.type.uniform()) << state.name;
    for (uint32_t i = 0; i < memory->View(id).size; ++i) memory->SetState(id, i, (id + 1) & 1);
  }
  for (ir::StateId id = 0; id < program.states.size(); ++id) {
    for (uint32_t i = 0; i < memory->View(id).size; ++i) {
      ASSERT_EQ(memory->View(id).bits(i), (id + 1) & 1) << program.states[id].name;
    }
  }
  EXPECT_NE(memory->Partials(0, 6), memory->Partials(0, 7));
  EXPECT_EQ(memory->Partials(0, 6), memory->Partials(0, 8));
  EXPECT_EQ(*memory->Param(0), program.params[0].value);
}

TEST(Conversion, RoundsFloatsAndKeepsIntegersExact) {
  EXPECT_EQ(ToDouble(ir::Element::kF32, *FromDouble(ir::Element::kF32, 0.1, "x")), 0.1f);
  EXPECT_EQ(ToDouble(ir::Element::kI32, *FromDouble(ir::Element::kI32, -7, "x")), -7);
  EXPECT_EQ(ToDouble(ir::Element::kU64, *FromDouble(ir::Element::kU64, 0x1p63, "x")), 0x1p63);
  EXPECT_FALSE(FromDouble(ir::Element::kU32, -1, "x").ok());
  EXPECT_FALSE(FromDouble(ir::Element::kI32, 0x1p31, "x").ok());
  EXPECT_FALSE(FromDouble(ir::Element::kI64, 0.5, "x").ok());
  EXPECT_FALSE(FromDouble(ir::Element::kF32, 1e39, "x").ok());
}

}  // namespace
}  // namespace bnsyn
