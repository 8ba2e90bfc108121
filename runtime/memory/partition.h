// Divides neurons and their sums among threads.
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

// Gives each thread a contiguous range of each population, in thread order, beginning at a multiple
// of the kernels' group size. Remainders go to the threads in turn, so that many small populations
// load them alike.
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

// The places of the sums of inputs. The sums of a thread's own neurons are contiguous: the widest
// first (ir::Accumulator), within one width input by input. Each input begins a new group of
// neurons.
class SumPlaces {
 public:
  SumPlaces(const ir::Program& program, const Partition& partition);

  // The sums of an input have places [Begin, End) among those of the thread; element n of the input
  // has place Begin + n - the first neuron of the thread's range.
  uint64_t Begin(ir::InputId input, int thread) const { return Of(input, thread).begin; }
  uint64_t End(ir::InputId input, int thread) const { return Of(input, thread).end; }
  // All sums of a thread: their number, and their bytes.
  uint64_t Size(int thread) const { return wholes_[static_cast<size_t>(thread)].places; }
  size_t Bytes(int thread) const { return wholes_[static_cast<size_t>(thread)].bytes; }
  // The offset in bytes of the sum at a place from place 0. The place is one of the input, or of
  // another input with sums of the same width.
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
