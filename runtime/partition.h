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

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_PARTITION_H_
