// Spikes in flight: those that each thread emitted in the last steps, and the record of spikes.
#ifndef BNSYN_RUNTIME_EXCHANGE_SPIKES_H_
#define BNSYN_RUNTIME_EXCHANGE_SPIKES_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "ir/program.h"
#include "runtime/memory/buffers.h"
#include "runtime/memory/partition.h"

namespace bnsyn {

// Repeats each of the `count` neurons of a sorted list as often as `repeats` says of it, at least
// once and at most `most` times; the list has room for that. Returns their number.
uint32_t RepeatSpikes(uint32_t* list, uint32_t count, const int64_t* repeats, uint32_t most);

// A ring of steps. For each step, population and thread it holds a sorted list: the spikes of the
// neurons that the thread owns, each as often as it spiked. In step k a thread writes its own lists
// of k and reads the lists of all threads for the steps from k - MaxDelay to k minus the smallest
// delay. Other threads are less than an epoch (epoch.h) ahead or behind, so that the ring holds an
// epoch more; and another one, since lists of injected spikes are emptied an epoch ahead. It holds
// one more where the step delivers: spikes are then injected into the step that comes next.
class SpikeRing {
 public:
  // For epochs of `epoch` steps.
  static absl::StatusOr<SpikeRing> Create(const ir::Program& program, const Partition& partition,
                                          uint32_t epoch, Arena& arena);
  // The number of steps that the ring of a program holds.
  static uint32_t Slots(const ir::Program& program, uint32_t epoch);

  // Spikes injected before the first step have steps before 0: `step` is taken modulo 2^64.
  uint32_t* List(ir::PopulationId population, int thread, uint64_t step) const {
    const Lists& lists = lists_[static_cast<size_t>(thread) * populations_ + population];
    return reinterpret_cast<uint32_t*>(arena_.data() + lists.offset) + lists.stride * Slot(step);
  }
  uint32_t& Count(ir::PopulationId population, int thread, uint64_t step) const {
    return reinterpret_cast<uint32_t*>(
        arena_.data() + counts_ +
        counts_stride_ * static_cast<size_t>(thread))[Slot(step) * populations_ + population];
  }
  absl::Span<const uint32_t> Spikes(ir::PopulationId population, int thread, uint64_t step) const {
    return {List(population, thread, step), Count(population, thread, step)};
  }
  // Spikes that the host added to a step, of the neurons of all threads.
  std::vector<uint32_t>& Injected(ir::PopulationId population, uint64_t step) {
    return injected_[Slot(step) * populations_ + population];
  }
  const std::vector<uint32_t>& Injected(ir::PopulationId population, uint64_t step) const {
    return injected_[Slot(step) * populations_ + population];
  }

  // Empties all lists of injected spikes.
  void ClearInjected();
  // Gives a population the sorted spikes of a step, those of all threads, of which a neuron may
  // have `most` that it emitted. What it has beyond that counts as injected.
  void SetSpikes(ir::PopulationId population, const Partition& partition, uint64_t step,
                 absl::Span<const uint32_t> neurons, uint32_t most);
  // The sorted spikes of a step, injected ones among them.
  std::vector<uint32_t> AllSpikes(ir::PopulationId population, uint64_t step) const;

  // Saves the spikes of a thread's neurons that are in flight before `step`, and restores them.
  // Thread 0 has the injected ones.
  void Save(int thread, uint64_t step);
  void Restore(int thread);

  size_t bytes() const { return arena_.size(); }

 private:
  // The lists of the steps before `step`, by step and population, one after the other.
  struct Saved {
    uint64_t step = 0;
    std::vector<uint32_t> counts;
    std::vector<uint32_t> neurons;
    std::vector<std::vector<uint32_t>> injected;
  };
  struct Lists {
    size_t offset = 0;
    size_t stride = 0;  // elements from one step's list to the next
  };

  size_t Slot(uint64_t step) const { return step & mask_; }

  size_t populations_ = 0;
  uint32_t max_delay_ = 1;
  uint64_t mask_ = 0;
  PageBuffer arena_;
  std::vector<Lists> lists_;
  size_t counts_ = 0;
  size_t counts_stride_ = 0;
  std::vector<std::vector<uint32_t>> injected_;
  std::vector<Saved> saved_;  // by thread
};

// The record of one thread: for each step and spiking population the number of spikes, then the
// spikes. Its size is fixed while steps run. If the next epoch might not fit, the run pauses and
// the records are drained.
class SpikeRecord {
 public:
  // For at most `most_words` words in one epoch.
  static absl::StatusOr<SpikeRecord> Create(size_t most_words, Arena& arena);

  void Append(absl::Span<const uint32_t> spikes) {
    words_[used_++] = static_cast<uint32_t>(spikes.size());
    for (const uint32_t neuron : spikes) words_[used_++] = neuron;
  }
  bool HasRoom() const { return capacity_ - used_ >= most_words_; }
  absl::Span<const uint32_t> words() const { return {words_, used_}; }
  // Drops all but the first `words`.
  void Rewind(size_t words) { used_ = words; }

 private:
  PageBuffer buffer_;
  uint32_t* words_ = nullptr;
  size_t used_ = 0;
  size_t capacity_ = 0;
  size_t most_words_ = 0;
};

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_EXCHANGE_SPIKES_H_
