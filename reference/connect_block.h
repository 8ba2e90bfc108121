// Runs a connect block: what the synapses of a projection are, one by one.
#ifndef BNSYN_REFERENCE_CONNECT_BLOCK_H_
#define BNSYN_REFERENCE_CONNECT_BLOCK_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "ir/program.h"
#include "reference/array.h"

namespace bnsyn::reference {

// Synapses of one source, or pairs that may become synapses.
struct ConnectRow {
  uint32_t source = 0;
  absl::Span<const uint32_t> targets;  // those that join one pair stand together
  absl::Span<const double> weights;    // before the block: one a synapse, or one for all
};

// Two random words for a synapse, with which draws of its projection are made (R3): words 0 and 1
// of the counter (target, source, occurrence, stream), `occurrence` counting the synapses of one
// pair from 0.
struct SynapseBits {
  uint32_t first;
  uint32_t second;
};
SynapseBits SynapseRandomBits(uint64_t seed, uint32_t stream, uint32_t source, uint32_t target,
                              uint32_t occurrence);

class ConnectBlock {
 public:
  // `states` are those after init. All must outlive the object and stay where they are.
  ConnectBlock(const ir::Program& program, const ir::Block& block, absl::Span<const Array> states);

  // Whether the block holds that op: set_probability, set_weight or set_delay.
  bool Sets(ir::Op op) const { return Find(op) != ir::kNoNode; }
  // Whether it stores that state of the synapses.
  bool Stores(ir::StateId state) const { return FindStore(state) != ir::kNoNode; }
  // What it sets, one a synapse; the block must set it. Weights and probabilities are f64, delays
  // i64.
  Array Run(ir::Op op, const ConnectRow& row) const { return RunUpTo(Find(op), row); }
  // What it stores, one a synapse; it must store it.
  Array RunStore(ir::StateId state, const ConnectRow& row) const {
    return RunUpTo(FindStore(state), row);
  }

 private:
  ir::NodeId Find(ir::Op op) const;
  ir::NodeId FindStore(ir::StateId state) const;
  // The operand of the node `end`, one value a synapse.
  Array RunUpTo(ir::NodeId end, const ConnectRow& row) const;
  Array RunNode(const ir::Node& node, const ConnectRow& row, const std::vector<Array>& values,
                const std::vector<uint32_t>& occurrences) const;
  Array Draw(const ir::Node& node, const ConnectRow& row, const std::vector<Array>& values,
             const std::vector<uint32_t>& occurrences) const;

  const ir::Program& program_;
  const ir::Block& block_;
  absl::Span<const Array> states_;
};

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_CONNECT_BLOCK_H_
