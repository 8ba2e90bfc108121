// The rules of blocks, in the files that the comments name. FindInBlocks (ir/verify_blocks.cc)
// applies them, block by block and node by node, and adds the block and the node to what they find.
#ifndef BNSYN_IR_VERIFY_BLOCKS_H_
#define BNSYN_IR_VERIFY_BLOCKS_H_

#include <cstdint>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "ir/program.h"
#include "ir/violation.h"

namespace bnsyn::ir {

// True for a block whose nodes run more than once in a step.
inline bool HasPasses(const Block& block) {
  return block.kind == BlockKind::kLoop || (block.kind == BlockKind::kKernel && block.times != 1);
}

// True for a clock, and for a kernel that is made of one.
inline bool IsOfAClock(const Block& block) {
  return block.kind == BlockKind::kClock || (block.kind == BlockKind::kKernel && block.HasClock());
}

// True if the op may stand in blocks of that kind (ir/verify_places.cc). Kernels are of the kind of
// what they are made of.
bool MayStand(Op op, BlockKind kind);

// An on_step block with sums=, and the take of a block with a clock (ir/verify_sums.cc).
Result FindInSums(const Program& program, const Block& block);
Result FindInClockedTake(const Program& program, const Block& clock, const Node& take);

// The pathway, the delay and the spikes of a synaptic block (ir/verify_pathways.cc). `delivers` is
// what Program::Delivers() says.
Result FindInPathway(const Program& program, const Block& block, bool delivers);
// Only blocks that spikes run have a pathway.
Result FindPathwayOfNone(const Block& block);

// What a node must be in its block, whatever stands before the block (ir/verify_nodes.cc).
class NodeRules {
 public:
  explicit NodeRules(const Program& program);

  Result Check(const Block& block, NodeId node);

 private:
  const Domain& DomainOf(DomainId domain) const {
    return program_.domains[static_cast<size_t>(domain)];
  }
  Result CheckHistory(const Node& node) const;
  Result CheckDecay(const Node& node) const;
  Result CheckType(const Node& node) const;
  Result CheckDomain(const Node& node) const;
  Result StepNode(const Node& node) const;
  Result SynapseNode(const Node& node) const;
  Result NodeOfNeuron(const Node& node) const;

  const Program& program_;
  const bool delivers_;
  const Block* block_ = nullptr;  // being checked
  NodeId node_ = kNoNode;
  std::vector<std::optional<InputId>> held_;  // by state: the input whose decaying sum it holds
};

// Ops that stand once in a step, before others or after others (ir/verify_order.cc).
class StepOrder {
 public:
  explicit StepOrder(const Program& program);

  // Blocks and their nodes in order.
  Result Check(const Block& block, const Node& node);
  // Behind the step: each state with a history has a value in each step.
  Result HistoriesStored() const;

 private:
  Result Deliver() const;
  Result Repeats(const Node& node) const;
  Result PassNode(const Node& node) const;
  Result ClockNode(const Node& node) const;
  Result Run(const Node& run);

  const Program& program_;
  const Block* block_ = nullptr;                          // being checked
  std::set<std::tuple<const Block*, Op, uint64_t>> set_;  // what connect blocks have set
  std::set<std::pair<Op, uint64_t>> done_;                // ops on symbols so far in a step
  std::set<uint64_t> spiking_;                            // populations that the step lets spike
};

}  // namespace bnsyn::ir

#endif  // BNSYN_IR_VERIFY_BLOCKS_H_
