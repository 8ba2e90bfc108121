// The ring of spikes in flight.
#include "runtime/exchange/spikes.h"

#include <gtest/gtest.h>

#include <cstdint>

#include "runtime/memory/partition.h"
#include "tests/runtime/networks.h"

namespace bnsyn {
namespace {

TEST(SpikeRing, KeepsTheStepsOfTheLongestDelayAndAnEpochApart) {
  const ir::Program program = Parsed(kBalanced);
  const Partition partition(program, 2);
  const uint32_t epoch = 15;
  Arena arena;
  absl::StatusOr<SpikeRing> ring = SpikeRing::Create(program, partition, epoch, arena);
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

}  // namespace
}  // namespace bnsyn
