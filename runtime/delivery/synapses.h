// The synapses of the accelerated backend.
#ifndef BNSYN_RUNTIME_DELIVERY_SYNAPSES_H_
#define BNSYN_RUNTIME_DELIVERY_SYNAPSES_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "ir/program.h"
#include "reference/array.h"
#include "reference/coarse.h"
#include "runtime/delivery/layout.h"
#include "runtime/delivery/synapse_block.h"
#include "runtime/memory/partition.h"

namespace bnsyn {

// All synapses, by group of the layout and thread. Neither changes which synapses there are (R8).
class Synapses {
 public:
  Synapses() = default;
  // The blocks of every group and thread: number group * threads + thread.
  Synapses(Layout layout, int threads, std::vector<SynapseBlock> blocks,
           reference::CoarseTallies coarse)
      : threads_(static_cast<size_t>(threads)),
        layout_(std::move(layout)),
        blocks_(std::move(blocks)),
        coarse_(std::move(coarse)) {}

  const Layout& layout() const { return layout_; }
  const SynapseBlock& block(size_t group, int thread) const {
    return blocks_[group * threads_ + static_cast<size_t>(thread)];
  }

  // The coarse contributions (R6) that are static.
  const reference::CoarseTallies& coarse() const { return coarse_; }
  uint64_t synapses() const;
  size_t bytes() const;

  // Saves the states of a thread's synapses, and restores them.
  void Save(int thread) const;
  void Restore(int thread) const;
  // The bytes that Save copies, for all threads.
  size_t SavedBytes() const;

  // The synapses of the projection of a state.
  uint64_t CountOf(const ir::Program& program, ir::StateId state) const;
  // The values of a state of synapses, by the number of the synapse; `out` has room for them.
  void Read(const ir::Program& program, ir::StateId state, char* out) const;
  reference::Array State(const ir::Program& program, ir::StateId state) const;
  void SetState(const ir::Program& program, ir::StateId state, uint64_t synapse, ir::Bits bits);
  void SetStates(const ir::Program& program, ir::StateId state, const reference::Array& values);

 private:
  // Those of each thread.
  absl::Span<const SynapseBlock> BlocksOf(size_t group) const;
  // The array of a state, by the number of the state in its projection.
  char* StateAt(size_t group, size_t thread, size_t index) const;

  size_t threads_ = 1;
  Layout layout_;
  std::vector<SynapseBlock> blocks_;
  reference::CoarseTallies coarse_;
};

}  // namespace bnsyn

#endif  // BNSYN_RUNTIME_DELIVERY_SYNAPSES_H_
