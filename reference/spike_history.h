// Keeps the spikes of the last steps, from which delayed synapses deliver.
#ifndef BNSYN_REFERENCE_SPIKE_HISTORY_H_
#define BNSYN_REFERENCE_SPIKE_HISTORY_H_

#include <cstdint>
#include <vector>

namespace bnsyn::reference {

// Sorted lists of neurons, by population and step. Before step k it holds the steps k - max_delay
// to k - 1, and has room for the steps k and k + 1. Steps before 0 are numbered modulo 2^64.
class SpikeHistory {
 public:
  SpikeHistory(size_t populations, uint32_t max_delay)
      : depth_(max_delay + uint64_t{2}),
        slots_(populations, std::vector<std::vector<uint32_t>>(depth_)) {}

  std::vector<uint32_t>& At(size_t population, uint64_t step) {
    return slots_[population][(step + depth_) % depth_];
  }
  const std::vector<uint32_t>& At(size_t population, uint64_t step) const {
    return slots_[population][(step + depth_) % depth_];
  }

 private:
  uint64_t depth_;
  std::vector<std::vector<std::vector<uint32_t>>> slots_;
};

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_SPIKE_HISTORY_H_
