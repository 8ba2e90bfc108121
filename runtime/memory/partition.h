// Which thread owns which neurons.
#ifndef BNSYN_RUNTIME_MEMORY_PARTITION_H_
#define BNSYN_RUNTIME_MEMORY_PARTITION_H_

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

// Where the sums of inputs stand: those of a thread's own neurons side by side, the widest first
// (ir::SumForm), and of one width input by input, each beginning a new group of neurons.
class SumPlaces {
 public:
  SumPlaces(const ir::Program& program, const Partition& partition);

  // The places of an input's sums among those of the thread are numbers from Begin to End; element
  // n of the input is at Begin + n - the first neuron of the thread's range.
  uint64_t Begin(ir::InputId input, int thread) const { return Of(input, thread).begin; }
  uint64_t End(ir::InputId input, int thread) const { return Of(input, thread).end; }
  // All of a thread.
  uint64_t Size(int thread) const { return wholes_[static_cast<size_t>(thread)].places; }
  size_t Bytes(int thread) const { return wholes_[static_cast<size_t>(thread)].bytes; }
  // The byte at which the sum of a place begins, from that of place 0 on; the place is one of the
  // input, or of another whose sums are as wide.
  size_t ByteOf(ir::InputId input, uint64_t place, int thread) const {
    const Places& own = Of(input, thread);
    return own.first_byte + (place - own.begin) * own.sum_bytes;
  }

 private:
  struct Places {
    uint64_t begin = 0;
    uint64_t end = 0;
    size_t first_byte = 0;
    size_t sum_bytes = 0;
  };
  struct Whole {
    uint64_t places = 0;
    size_t bytes = 0;
  };

  const Places& Of(ir::InputId input, int thread) const {
    return places_[static_cast<size_t>(thread) * inputs_ + input];
  }

  size_t inputs_;
  std::vector<Places> places_;  // by thread and input
  std::vector<Whole> wholes_;   // by thread
};

// The neurons of an input's population that a thread owns.
Range RangeOf(const ir::Program& program, const Partition& partition, ir::InputId input,
              int thread);

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_MEMORY_PARTITION_H_
