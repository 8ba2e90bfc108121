#include "runtime/exchange/spikes.h"

#include <algorithm>
#include <bit>

#include "ir/status_macros.h"
#include "runtime/memory/network_memory.h"

namespace bnsyn {
namespace {

// Large enough that draining is rare, small enough for the second-level cache.
constexpr size_t kRecordWords = size_t{1} << 16;

size_t RecordWords(size_t most_words) { return kRecordWords + most_words; }

}  // namespace

uint32_t SpikeRing::Slots(uint32_t max_delay, uint32_t epoch) {
  return std::bit_ceil(max_delay + epoch);
}

absl::StatusOr<SpikeRing> SpikeRing::Create(const ir::Program& program, const Partition& partition,
                                            uint32_t epoch) {
  SpikeRing ring;
  ring.populations_ = program.populations.size();
  const uint32_t slots = Slots(program.MaxDelay(), epoch);
  ring.mask_ = slots - 1;
  ArenaLayout layout;
  for (int t = 0; t < partition.threads(); ++t) {
    for (uint32_t p = 0; p < ring.populations_; ++p) {
      // Kernels may store whole vectors at the end of a list: there is room for all lanes.
      const size_t stride = PaddedSize(partition.range(p, t).size());
      ring.lists_.push_back({layout.Add(stride * slots * sizeof(uint32_t)), stride});
    }
  }
  const size_t count_bytes = slots * ring.populations_ * sizeof(uint32_t);
  ring.counts_ = layout.Add(0);
  ring.counts_stride_ = RoundUp(count_bytes, kCacheLine);
  for (int t = 0; t < partition.threads(); ++t) layout.Add(count_bytes);
  BNSYN_ASSIGN_OR_RETURN(ring.arena_, PageBuffer::Create(layout.size()));
  ring.injected_.resize(slots * ring.populations_);
  return ring;
}

size_t RecordBytes(size_t most_words) { return RecordWords(most_words) * sizeof(uint32_t); }

absl::StatusOr<SpikeRecord> SpikeRecord::Create(size_t most_words) {
  SpikeRecord record;
  BNSYN_ASSIGN_OR_RETURN(record.buffer_, PageBuffer::Create(RecordBytes(most_words)));
  record.words_ = reinterpret_cast<uint32_t*>(record.buffer_.data());
  record.capacity_ = RecordWords(most_words);
  record.most_words_ = most_words;
  return record;
}

}  // namespace bnsyn
