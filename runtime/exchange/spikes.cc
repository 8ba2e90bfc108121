#include "runtime/exchange/spikes.h"

#include <algorithm>
#include <bit>

#include "ir/status_macros.h"
#include "runtime/memory/network_memory.h"

namespace bnsyn {
namespace {

// Large enough that draining is rare, small enough for the second-level cache.
constexpr size_t kRecordWords = size_t{1} << 16;

constexpr absl::string_view kInFlight = "spikes in flight";

size_t RecordWords(size_t most_words) { return kRecordWords + most_words; }

}  // namespace

uint32_t SpikeRing::Slots(uint32_t max_delay, uint32_t epoch) {
  return std::bit_ceil(max_delay + epoch);
}

absl::StatusOr<SpikeRing> SpikeRing::Create(const ir::Program& program, const Partition& partition,
                                            uint32_t epoch, Arena& arena) {
  SpikeRing ring;
  ring.populations_ = program.populations.size();
  const uint32_t slots = Slots(program.MaxDelay(), epoch);
  ring.mask_ = slots - 1;
  ArenaLayout layout;
  for (int t = 0; t < partition.threads(); ++t) {
    for (uint32_t p = 0; p < ring.populations_; ++p) {
      // Kernels may store whole vectors at the end of a list: there is room for all lanes.
      const size_t stride = PaddedSize(partition.range(p, t).size());
      ring.lists_.push_back({layout.Add(kInFlight, stride * slots * sizeof(uint32_t)), stride});
    }
  }
  const size_t count_bytes = slots * ring.populations_ * sizeof(uint32_t);
  ring.counts_ = layout.Add(kInFlight, 0);
  ring.counts_stride_ = RoundUp(count_bytes, kCacheLine);
  for (int t = 0; t < partition.threads(); ++t) layout.Add(kInFlight, count_bytes);
  BNSYN_ASSIGN_OR_RETURN(ring.arena_, arena.Allocate(layout));
  if (arena.counts()) return ring;
  ring.injected_.resize(slots * ring.populations_);
  return ring;
}

absl::StatusOr<SpikeRecord> SpikeRecord::Create(size_t most_words, Arena& arena) {
  SpikeRecord record;
  BNSYN_ASSIGN_OR_RETURN(
      record.buffer_, arena.Allocate("spike records", RecordWords(most_words) * sizeof(uint32_t)));
  record.words_ = reinterpret_cast<uint32_t*>(record.buffer_.data());
  record.capacity_ = RecordWords(most_words);
  record.most_words_ = most_words;
  return record;
}

}  // namespace bnsyn
