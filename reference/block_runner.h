// Runs one block of a program: node by node, each over its whole domain.
#ifndef BNSYN_REFERENCE_BLOCK_RUNNER_H_
#define BNSYN_REFERENCE_BLOCK_RUNNER_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "ir/program.h"
#include "reference/array.h"
#include "reference/machine.h"

namespace bnsyn::reference {

// The synapses of one source neuron, which an on_pre block runs over.
struct SynapseRow {
  uint32_t source = 0;
  absl::Span<const uint32_t> targets;
  absl::Span<const double> weights;  // one a synapse, or one for all
};

class BlockRunner {
 public:
  // Both must outlive the runner and stay where they are.
  BlockRunner(const ir::Block& block, Machine& machine);

  // An init, step or kernel block.
  void Run() { Run(SynapseRow{}); }
  // An on_pre block.
  void Run(const SynapseRow& row);

 private:
  void RunNode(ir::NodeId id, const SynapseRow& row);
  // A view of the only operand of an effect.
  ArrayView Operand(const ir::Node& node) const { return values_[node.operands[0]].view(); }
  size_t Size(ir::DomainId domain, const SynapseRow& row) const;

  void Lookup(const ir::Node& node, Array& result);
  void Store(const ir::Node& node);
  void Check(const ir::Node& node);
  void Take(const ir::Node& node, Array& result);
  void Spike(const ir::Node& node);
  void Reduce(const ir::Node& node);

  const ir::Block& block_;
  Machine& machine_;
  std::vector<Array> values_;  // by node
};

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_BLOCK_RUNNER_H_
