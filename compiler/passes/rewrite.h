// Rebuilds blocks node by node, with a map from old nodes to new values; and what passes ask of a
// block: what its nodes access, which of them are live.
//
//   ir::Block result = RewriteBlock(program, block, [&](Rewriter& rewriter, ir::NodeId id) {
//     ...a new value for node `id`, or nullopt to copy it...
//   });
#ifndef BNSYN_COMPILER_PASSES_REWRITE_H_
#define BNSYN_COMPILER_PASSES_REWRITE_H_

#include <optional>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/types/span.h"
#include "ir/access.h"
#include "ir/builder.h"
#include "ir/program.h"

namespace bnsyn::compiler {

// Rebuilds one block through a Builder, in the order of its nodes. Every old node gets its new
// value, by Copy or by Set, before a later node asks for it.
class Rewriter {
 public:
  // Appends to `to`. Symbols are those of `program`. All three must outlive the rewriter.
  Rewriter(const ir::Program& program, const ir::Block& from, ir::Block& to);

  const ir::Program& program() const { return program_; }
  ir::Builder& builder() { return builder_; }
  const ir::Node& old_node(ir::NodeId old) const { return from_.nodes[old]; }

  // The new value of an old node.
  ir::Value At(ir::NodeId old) const { return values_[old]; }
  void Set(ir::NodeId old, ir::Value value) { values_[old] = value; }
  // The new value of operand `i` of an old node.
  ir::Value Operand(ir::NodeId old, size_t i) const { return At(old_node(old).inputs()[i]); }

  // Emits the old node over the new operands. Keeps and returns its value (invalid for an effect).
  ir::Value Copy(ir::NodeId old);

 private:
  const ir::Program& program_;
  const ir::Block& from_;
  ir::Builder builder_;
  std::vector<ir::Value> values_;
};

// Decides about one old node: its new value; an invalid value to remove an effect; nullopt to copy
// the node as it is.
using NodeRewrite = absl::FunctionRef<std::optional<ir::Value>(Rewriter&, ir::NodeId)>;

// The block with every node rewritten, in order.
ir::Block RewriteBlock(const ir::Program& program, const ir::Block& block, NodeRewrite rewrite);

// The program with its synaptic blocks, its loops and the blocks of its step rewritten. Init and
// connect blocks run once, before the first step: passes leave them alone.
ir::Program RewriteCode(const ir::Program& program,
                        absl::FunctionRef<ir::Block(const ir::Block&)> rewrite);

// All blocks that become kernels: synaptic blocks, loops, then those of the step.
std::vector<const ir::Block*> CodeBlocks(const ir::Program& program);

// The step as one graph; null if there is no step, or it is divided into kernels already.
const ir::Block* StepOf(const ir::Program& program);

// By node: true for writes and for everything they are computed from.
std::vector<bool> LiveNodes(const ir::Block& block);
// The block without the nodes that are not live.
ir::Block WithoutDeadNodes(const ir::Program& program, const ir::Block& block);

// The domain over which a node runs: that of its result, or of the symbol that an effect changes.
ir::DomainId RunDomain(const ir::Program& program, const ir::Block& block, const ir::Node& node);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_PASSES_REWRITE_H_
