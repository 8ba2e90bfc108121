// The memory of a program: its pages, its division among threads, and its values.
#include "runtime/memory/network_memory.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "absl/strings/str_cat.h"
#include "runtime/memory/buffers.h"
#include "runtime/memory/partition.h"
#include "tests/runtime/networks.h"

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

TEST(Arena, CountsWhatItIsAskedFor) {
  Arena arena = Arena::Counting();
  ArenaLayout layout;
  EXPECT_EQ(layout.Add("a", 1), 0u);
  EXPECT_EQ(layout.Add("b", 100), 64u);
  EXPECT_EQ(layout.Add("a", 64), 192u);
  EXPECT_EQ(layout.Add("none", 0), 256u);
  ASSERT_TRUE(arena.Allocate(layout).ok());
  const absl::StatusOr<PageBuffer> buffer = arena.Allocate("c", size_t{1} << 60);
  ASSERT_TRUE(buffer.ok());
  EXPECT_EQ(buffer->size(), 0u);
  ASSERT_EQ(arena.parts().size(), 3u);
  EXPECT_EQ(arena.parts()[0].name, "a");
  EXPECT_EQ(arena.parts()[0].bytes + arena.parts()[1].bytes, 4096);
  EXPECT_EQ(arena.parts()[2].bytes, 0x1p60);
}

TEST(NetworkMemory, PartsAreAlignedAndApart) {
  const ir::Program program = Parsed(kBalanced);
  const Partition partition(program, 3);
  Arena arena;
  absl::StatusOr<NetworkMemory> memory =
      NetworkMemory::Create(program, partition, arena);
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

}  // namespace
}  // namespace bnsyn
