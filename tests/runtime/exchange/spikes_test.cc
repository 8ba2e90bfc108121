// The ring of spikes in flight.
#include "runtime/exchange/spikes.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "runtime/memory/partition.h"
#include "tests/runtime/networks.h"

namespace bnsyn {
namespace {

TEST(RepeatSpikes, RepeatsEachNeuronAsOftenAsItSpiked) {
  const std::vector<int64_t> repeats = {7, 2, 7, 1, 9, 0};
  std::vector<uint32_t> list = {1, 3, 4, 5, 0, 0, 0, 0};
  // At most four times, and at least once.
  ASSERT_EQ(RepeatSpikes(list.data(), 4, repeats.data(), 4), 8u);
  EXPECT_EQ(list, (std::vector<uint32_t>{1, 1, 3, 4, 4, 4, 4, 5}));
  EXPECT_EQ(RepeatSpikes(list.data(), 0, repeats.data(), 4), 0u);
}

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
