// BlockRunner: runs one block of a program node by node, each node over its whole domain.
#ifndef BNSYN_REFERENCE_BLOCK_RUNNER_H_
#define BNSYN_REFERENCE_BLOCK_RUNNER_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "ir/program.h"
#include "reference/array.h"
#include "reference/machine.h"

namespace bnsyn::reference {

class BlockRunner {
 public:
  // Both must outlive the runner and keep their addresses.
  BlockRunner(const ir::Block& block, Machine& machine);

  // Runs an init, step or kernel block.
  void Run();
  // Runs a synaptic block over synapses, numbered as in the SynapseTable of its projection.
  void Run(absl::Span<const uint64_t> synapses);

 private:
  void RunNode(ir::NodeId id);
  // The table of the synapses that the block runs over.
  const SynapseTable& Table() const;
  void RunSynapseNode(const ir::Node& node, Array& result);
  void RunOnPost(ir::ProjectionId projection);
  // The only operand of an effect.
  ArrayView Operand(const ir::Node& node) const { return values_[node.operands[0]].view(); }
  size_t Size(ir::DomainId domain) const;

  void Load(const ir::Node& node, Array& result) const;
  void Store(const ir::Node& node);
  void Check(const ir::Node& node);
  void Take(const ir::Node& node, Array& result);
  void Held(ir::InputId input, Array& result) const;
  void Spike(const ir::Node& node);
  void Reduce(const ir::Node& node);

  const ir::Block& block_;
  Machine& machine_;
  std::vector<Array> values_;    // by node
  std::vector<bool> is_static_;  // by node: an accumulate whose contributions are static (R6)
  absl::Span<const uint64_t> synapses_;
};

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_BLOCK_RUNNER_H_
