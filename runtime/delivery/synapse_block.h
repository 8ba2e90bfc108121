// The synapses of one group (layout.h) on the targets of one thread.
#ifndef BNSYN_RUNTIME_DELIVERY_SYNAPSE_BLOCK_H_
#define BNSYN_RUNTIME_DELIVERY_SYNAPSE_BLOCK_H_

#include <cstdint>
#include <vector>

#include "ir/program.h"
#include "runtime/delivery/layout.h"
#include "runtime/memory/buffers.h"

namespace bnsyn {

// Synapses stand by source, then delay, then block of targets; within such a row by projection,
// target and occurrence. They have places from 0 in that order. Row number `slot` of source s,
// where slot = delay_number * blocks + block, holds the places
// [rows()[s * slots() + slot], rows()[s * slots() + slot + 1]).
class SynapseBlock {
 public:
  uint64_t synapses() const { return synapses_; }
  SynapseForm form() const { return form_; }
  int target_bits() const { return target_bits_; }
  // The place among the sums of the group that the targets of a block are counted from.
  size_t FirstOfBlock(uint32_t block) const {
    return (size_t{block} << block_bits_) >> kFarBlockBits << kFarBlockBits;
  }
  // The delays that occur, in steps, ascending.
  const std::vector<uint32_t>& delays() const { return delays_; }
  uint32_t blocks() const { return blocks_; }
  uint32_t slots() const { return static_cast<uint32_t>(delays_.size()) * blocks_; }
  const uint32_t* rows() const { return As<uint32_t>(rows_); }

  // All forms but full. A row of n synapses is n targets, then n weights in quanta (none in shared
  // groups), at the bytes from `entry_bytes` times its first place on. A target is a place among
  // the sums of the thread, counted from first_sum() and FirstOfBlock().
  const char* entries() const { return entries_.data(); }
  size_t entry_bytes() const { return entry_bytes_; }
  uint64_t first_sum() const { return first_sum_; }

  // Full: arrays by place.
  const uint32_t* targets() const { return As<uint32_t>(targets_); }
  // Null where the projection has one weight.
  const double* weights() const { return As<double>(weights_); }
  // Of state number i of ir::Program::SynapseStates.
  void* state(size_t i) const { return states_[i].data(); }
  // The number of each in the projection (see reference::SynapseTable); only where it has states.
  uint64_t* numbers() const { return As<uint64_t>(numbers_); }
  // Where the projection has an on_post block: row t, [onto_rows()[t], onto_rows()[t + 1]), is the
  // synapses onto target t, with the place and the source of each.
  const uint32_t* onto_rows() const { return As<uint32_t>(onto_rows_); }
  const uint32_t* onto_places() const { return As<uint32_t>(onto_places_); }
  const uint32_t* onto_sources() const { return As<uint32_t>(onto_sources_); }

  size_t bytes() const;

 private:
  friend class SynapseBuilder;

  template <typename T>
  static T* As(const PageBuffer& buffer) {
    return reinterpret_cast<T*>(buffer.data());
  }

  uint64_t synapses_ = 0;
  SynapseForm form_ = SynapseForm::kCode;
  int target_bits_ = 32;
  int block_bits_ = kFarBlockBits;
  std::vector<uint32_t> delays_;
  uint32_t blocks_ = 1;
  size_t entry_bytes_ = 0;
  uint64_t first_sum_ = 0;
  PageBuffer rows_;
  PageBuffer entries_;
  PageBuffer targets_;
  PageBuffer weights_;
  std::vector<PageBuffer> states_;
  PageBuffer numbers_;
  PageBuffer onto_rows_;
  PageBuffer onto_places_;
  PageBuffer onto_sources_;
};

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_DELIVERY_SYNAPSE_BLOCK_H_
