#include "runtime/exchange/spikes.h"

#include <algorithm>
#include <bit>

#include "ir/mutant.h"
#include "ir/status_macros.h"
#include "runtime/memory/network_memory.h"

namespace bnsyn {
namespace {

// Large enough that draining is rare, small enough for the second-level cache.
constexpr size_t kRecordWords = size_t{1} << 16;

constexpr absl::string_view kInFlight = "spikes in flight";

size_t RecordWords(size_t most_words) { return kRecordWords + most_words; }

}  // namespace

uint32_t RepeatSpikes(uint32_t* list, uint32_t count, const int64_t* repeats, uint32_t most) {
  const auto times = [&](uint32_t neuron) {
    const int64_t least = Mutant("runtime.repeats") ? 0 : 1;
    return static_cast<uint32_t>(std::clamp(repeats[neuron], least, int64_t{most}));
  };
  uint32_t total = 0;
  for (uint32_t i = 0; i < count; ++i) total += times(list[i]);
  // From the end, so that no neuron is overwritten before it is read.
  uint32_t end = total;
  for (uint32_t i = count; i-- > 0 && end != i + 1;) {
    const uint32_t neuron = list[i];
    const uint32_t begin = end - times(neuron);
    std::fill(list + begin, list + end, neuron);
    end = begin;
  }
  return total;
}

uint32_t SpikeRing::Slots(const ir::Program& program, uint32_t epoch) {
  return std::bit_ceil(program.MaxDelay() + 2 * epoch - 1 + (program.Delivers() ? 1 : 0));
}

absl::StatusOr<SpikeRing> SpikeRing::Create(const ir::Program& program, const Partition& partition,
                                            uint32_t epoch, Arena& arena) {
  SpikeRing ring;
  ring.populations_ = program.populations.size();
  ring.max_delay_ = program.MaxDelay();
  const uint32_t slots = Slots(program, epoch);
  ring.mask_ = slots - 1;
  ArenaLayout layout;
  for (int t = 0; t < partition.threads(); ++t) {
    for (uint32_t p = 0; p < ring.populations_; ++p) {
      // Kernels may store whole vectors at the end of a list: there is room for all lanes.
      const size_t stride =
          size_t{PaddedSize(partition.range(p, t).size())} * program.MostRepeats(p);
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
  ring.saved_.resize(static_cast<size_t>(partition.threads()));
  return ring;
}

void SpikeRing::ClearInjected() {
  for (std::vector<uint32_t>& list : injected_) list.clear();
}

void SpikeRing::SetSpikes(ir::PopulationId population, const Partition& partition, uint64_t step,
                          absl::Span<const uint32_t> neurons, uint32_t most) {
  std::vector<uint32_t>& injected = Injected(population, step);
  injected.clear();
  const uint32_t* next = neurons.begin();
  for (int t = 0; t < partition.threads(); ++t) {
    uint32_t* const list = List(population, t, step);
    uint32_t& count = Count(population, t, step);
    count = 0;
    for (; next != neurons.end() && *next < partition.range(population, t).end; ++next) {
      if (most != 0 && (count < most || list[count - most] != *next)) {
        list[count++] = *next;
      } else {
        injected.push_back(*next);
      }
    }
  }
}

std::vector<uint32_t> SpikeRing::AllSpikes(ir::PopulationId population, uint64_t step) const {
  std::vector<uint32_t> spikes = Injected(population, step);
  for (size_t t = 0; t < saved_.size(); ++t) {
    const absl::Span<const uint32_t> own = Spikes(population, static_cast<int>(t), step);
    spikes.insert(spikes.end(), own.begin(), own.end());
  }
  std::sort(spikes.begin(), spikes.end());
  return spikes;
}

void SpikeRing::Save(int thread, uint64_t step) {
  Saved& saved = saved_[static_cast<size_t>(thread)];
  saved.step = step;
  saved.counts.clear();
  saved.neurons.clear();
  for (uint64_t past = step - max_delay_; past != step; ++past) {
    for (ir::PopulationId p = 0; p < populations_; ++p) {
      const absl::Span<const uint32_t> spikes = Spikes(p, thread, past);
      saved.counts.push_back(static_cast<uint32_t>(spikes.size()));
      saved.neurons.insert(saved.neurons.end(), spikes.begin(), spikes.end());
    }
  }
  if (thread == 0) saved.injected = injected_;
}

void SpikeRing::Restore(int thread) {
  const Saved& saved = saved_[static_cast<size_t>(thread)];
  const uint32_t* count = saved.counts.data();
  const uint32_t* neurons = saved.neurons.data();
  for (uint64_t past = saved.step - max_delay_; past != saved.step; ++past) {
    for (ir::PopulationId p = 0; p < populations_; ++p) {
      Count(p, thread, past) = *count;
      std::copy_n(neurons, *count, List(p, thread, past));
      neurons += *count++;
    }
  }
  if (thread == 0) injected_ = saved.injected;
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
