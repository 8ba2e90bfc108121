// Runs a connect block in the interpreter: weights, delays and states of synapses, row by row.
#ifndef BNSYN_REFERENCE_CONNECT_BLOCK_H_
#define BNSYN_REFERENCE_CONNECT_BLOCK_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "ir/program.h"
#include "reference/array.h"

namespace bnsyn::reference {

// Synapses of one source, or pairs that may become synapses.
struct ConnectRow {
  uint32_t source = 0;
  absl::Span<const uint32_t> targets;  // synapses of one pair are adjacent
  absl::Span<const double> weights;    // before the block: one a synapse, or one for all
};

// The two random words of a synapse in a stream (R3): words 0 and 1 of the counter (target, source,
// occurrence, stream). `occurrence` numbers the synapses of one pair from 0.
struct SynapseBits {
  uint32_t first;
  uint32_t second;
};
SynapseBits SynapseRandomBits(uint64_t seed, uint32_t stream, uint32_t source, uint32_t target,
                              uint32_t occurrence);

// The error of a value that a connect block or a list gives a pair of neurons: names the
// projection, the two neurons and the value of `what`.
absl::Status PairFault(const ir::Program& program, ir::ProjectionId projection, uint32_t source,
                       uint32_t target, absl::string_view what, absl::string_view value,
                       absl::string_view advice);

class ConnectBlock {
 public:
  // `states` are the states after init. The arguments must outlive the object and must not move.
  ConnectBlock(const ir::Program& program, const ir::Block& block, absl::Span<const Array> states);

  // True if the block has the op: set_probability, set_weight or set_delay.
  bool Sets(ir::Op op) const { return Find(op) != ir::kNoNode; }
  // True if it stores that state of the synapses.
  bool Stores(ir::StateId state) const { return FindStore(state) != ir::kNoNode; }
  // The values that the op sets, one a synapse; the block must have the op. Weights and
  // probabilities are f64, delays i64.
  Array Run(ir::Op op, const ConnectRow& row) const { return RunUpTo(Find(op), row); }
  // The values that it stores to a state, one a synapse; the block must store it.
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
