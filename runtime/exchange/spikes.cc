#include "runtime/exchange/spikes.h"

#include <algorithm>
#include <bit>

#include "ir/status_macros.h"
#include "runtime/memory/network_memory.h"

namespace bnsyn {
namespace {

// Enough that draining is rare, little enough to stay in the second-level cache.
constexpr size_t kRecordWords = size_t{1} << 16;

size_t RecordWords(size_t worst_window) { return kRecordWords + worst_window; }

}  // namespace

uint32_t SpikeRing::Slots(uint32_t max_delay, uint32_t window) {
  return std::bit_ceil(max_delay + window);
}

absl::StatusOr<SpikeRing> SpikeRing::Create(const ir::Program& program, const Partition& partition,
                                            uint32_t window) {
  SpikeRing ring;
  ring.populations_ = program.populations.size();
  const uint32_t slots = Slots(program.MaxDelay(), window);
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

size_t RecordBytes(size_t worst_window) { return RecordWords(worst_window) * sizeof(uint32_t); }

absl::StatusOr<SpikeRecord> SpikeRecord::Create(size_t worst_window) {
  SpikeRecord record;
  BNSYN_ASSIGN_OR_RETURN(record.buffer_, PageBuffer::Create(RecordBytes(worst_window)));
  record.words_ = reinterpret_cast<uint32_t*>(record.buffer_.data());
  record.capacity_ = RecordWords(worst_window);
  record.worst_window_ = worst_window;
  return record;
}

}  // namespace bnsyn
