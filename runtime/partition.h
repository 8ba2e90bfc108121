// Which thread owns which neurons.
#ifndef BNSYN_RUNTIME_PARTITION_H_
#define BNSYN_RUNTIME_PARTITION_H_

#include <cstdint>
#include <vector>

#include "ir/program.h"

namespace bnsyn {

struct Range {
  uint32_t begin = 0;
  uint32_t end = 0;
  uint32_t size() const { return end - begin; }
  bool empty() const { return begin == end; }
};

// Divides each population into one contiguous range a thread, in thread order, each beginning at a
// multiple of the kernels' group size. What does not divide evenly goes round the threads, so that
// many small populations load them alike.
class Partition {
 public:
  Partition(const ir::Program& program, int threads);

  int threads() const { return threads_; }
  Range range(ir::PopulationId population, int thread) const {
    return ranges_[population * static_cast<size_t>(threads_) + static_cast<size_t>(thread)];
  }
  // The thread that owns a neuron.
  int owner(ir::PopulationId population, uint32_t neuron) const {
    int thread = 0;
    while (neuron >= range(population, thread).end) ++thread;
    return thread;
  }

 private:
  int threads_;
  std::vector<Range> ranges_;
};

// Where the sums of inputs stand: those of a thread's own neurons side by side, input by input,
// each beginning a new group.
class SumPlaces {
 public:
  SumPlaces(const ir::Program& program, const Partition& partition);

  // The place of an input's first sum among those of the thread; element n of the input is at
  // Begin + n - the first neuron of the thread's range.
  uint64_t Begin(ir::InputId input, int thread) const { return At(input, thread); }
  uint64_t End(ir::InputId input, int thread) const { return At(input + size_t{1}, thread); }
  // All of a thread.
  uint64_t Size(int thread) const { return At(inputs_, thread); }

 private:
  uint64_t At(size_t input, int thread) const {
    return begin_[static_cast<size_t>(thread) * (inputs_ + 1) + input];
  }

  size_t inputs_;
  std::vector<uint64_t> begin_;  // by thread and input, with the end of the last
};

// The neurons of an input's population that a thread owns.
Range RangeOf(const ir::Program& program, const Partition& partition, ir::InputId input,
              int thread);

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_PARTITION_H_
