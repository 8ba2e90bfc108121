// The synapses of one group (layout.h) onto the targets of one thread.
#ifndef BNSYN_RUNTIME_DELIVERY_SYNAPSE_BLOCK_H_
#define BNSYN_RUNTIME_DELIVERY_SYNAPSE_BLOCK_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "ir/program.h"
#include "runtime/delivery/layout.h"
#include "runtime/memory/buffers.h"

namespace bnsyn {

// CSR. Synapses are ordered by source, delay and block of targets: a row for each. Within a row
// they are ordered by projection, target and occurrence. The place of a synapse is its number in
// that order. Row number `slot` of source s, where slot = delay_number * blocks + block, holds the
// places [rows()[s * slots() + slot], rows()[s * slots() + slot + 1]).
class SynapseBlock {
 public:
  SynapseBlock() = default;
  // A block without synapses, for the targets that have these sums.
  SynapseBlock(const ir::Program& program, const SynapseGroup& group, const TargetSums& sums);

  // Allocates the rows, and all arrays for at most `most` synapses.
  absl::Status Reserve(const ir::Program& program, const SynapseGroup& group, uint64_t most,
                       Arena& arena);
  // Allocates the order by target for `synapses` synapses if code runs over the synapses of a
  // target.
  absl::Status ReserveByTarget(const ir::Program& program, const SynapseGroup& group,
                               uint64_t synapses, Arena& arena);
  // Allocates room for Save, for `synapses` synapses.
  absl::Status ReserveSaved(const ir::Program& program, const SynapseGroup& group,
                            uint64_t synapses, Arena& arena);

  // Saves the states of the synapses, and restores them.
  void Save() const;
  void Restore() const;
  // The bytes that Save copies.
  size_t SavedBytes() const;

  uint64_t synapses() const { return synapses_; }
  SynapseForm form() const { return form_; }
  int target_bits() const { return target_bits_; }
  // The sum that target 0 of a block refers to, counted from first_sum().
  size_t FirstOfBlock(uint32_t block) const {
    return (size_t{block} << block_bits_) >> kFarBlockBits << kFarBlockBits;
  }
  // The delays that occur, in steps, ascending.
  const std::vector<uint32_t>& delays() const { return delays_; }
  uint32_t blocks() const { return blocks_; }
  uint32_t slots() const { return static_cast<uint32_t>(delays_.size()) * blocks_; }
  const uint32_t* rows() const { return As<uint32_t>(rows_); }
  // Of the population of the group.
  uint32_t sources() const { return sources_; }
  // The first place of a source, and the one behind its last.
  std::pair<uint32_t, uint32_t> PlacesOf(uint32_t source) const {
    const uint64_t row = uint64_t{source} * slots();
    return {rows()[row], rows()[row + slots()]};
  }

  // All forms but code. A row of n synapses is n targets, then n contributions in quanta (none in
  // constant groups). It begins at byte entry_bytes() times its first place. A target is a place
  // among the sums of the thread, counted from first_sum() plus FirstOfBlock().
  const char* entries() const { return entries_.data(); }
  size_t entry_bytes() const { return entry_bytes_; }
  uint64_t first_sum() const { return first_sum_; }

  // Form code: arrays by place.
  const uint32_t* targets() const { return As<uint32_t>(targets_); }
  // Null if all synapses have one weight.
  const double* weights() const { return As<double>(weights_); }
  // The number of each synapse among those of its pair; null unless the group keeps it.
  const uint32_t* occurrences() const { return As<uint32_t>(occurrences_); }
  // The values of state number i of ir::Program::SynapseStates.
  void* state(size_t i) const { return states_[i].data(); }
  // The same synapses by target (CSC), if on_post code that is not deferred visits them: entries
  // [by_target_rows()[t], by_target_rows()[t + 1]) are the synapses onto target t.
  const uint32_t* by_target_rows() const { return As<uint32_t>(by_target_rows_); }
  const uint32_t* by_target_places() const { return As<uint32_t>(by_target_places_); }
  const uint32_t* by_target_sources() const { return As<uint32_t>(by_target_sources_); }

  size_t bytes() const;

 private:
  friend class SynapseBuilder;

  // An array with an element for each synapse.
  struct Column {
    PageBuffer* array;
    size_t bytes;  // of an element
  };
  std::vector<Column> Columns(const ir::Program& program, const SynapseGroup& group);
  uint64_t RowCount(const ir::Program& program, const SynapseGroup& group) const {
    return uint64_t{program.populations[group.source].size} * slots() + 1;
  }

  template <typename T>
  static T* As(const PageBuffer& buffer) {
    return reinterpret_cast<T*>(buffer.data());
  }

  uint64_t synapses_ = 0;
  SynapseForm form_ = SynapseForm::kCode;
  int target_bits_ = 32;
  int block_bits_ = kFarBlockBits;
  uint32_t sources_ = 0;
  std::vector<uint32_t> delays_;
  uint32_t blocks_ = 1;
  size_t entry_bytes_ = 0;
  uint64_t first_sum_ = 0;
  PageBuffer rows_;
  PageBuffer entries_;
  PageBuffer targets_;
  PageBuffer weights_;
  PageBuffer occurrences_;
  std::vector<PageBuffer> states_;
  std::vector<PageBuffer> saved_;  // by state, likewise
  PageBuffer by_target_rows_;
  PageBuffer by_target_places_;
  PageBuffer by_target_sources_;
};

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_DELIVERY_SYNAPSE_BLOCK_H_
