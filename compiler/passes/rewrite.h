// What passes share: rebuilding a block node by node, with a map from old nodes to new values.
#ifndef BNSYN_COMPILER_PASSES_REWRITE_H_
#define BNSYN_COMPILER_PASSES_REWRITE_H_

#include <optional>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/types/span.h"
#include "ir/builder.h"
#include "ir/program.h"

namespace bnsyn::compiler {

// Rebuilds one block through a Builder, in the order of its nodes. Every old node is given its new
// value, by Copy or by Set, before a later one asks for it.
class Rewriter {
 public:
  // `to` is appended to. Symbols are looked up in `program`, which, like the blocks, must outlive
  // the rewriter.
  Rewriter(const ir::Program& program, const ir::Block& from, ir::Block& to);

  const ir::Program& program() const { return program_; }
  ir::Builder& builder() { return builder_; }
  const ir::Node& old_node(ir::NodeId old) const { return from_.nodes[old]; }

  // What became of an old node.
  ir::Value At(ir::NodeId old) const { return values_[old]; }
  void Set(ir::NodeId old, ir::Value value) { values_[old] = value; }
  // Operand `i` of an old node, as it is now.
  ir::Value Operand(ir::NodeId old, size_t i) const { return At(old_node(old).inputs()[i]); }

  // Emits the old node over the new operands, remembers and returns its value (invalid for an
  // effect). The result's domain is derived anew: operands may have become uniform.
  ir::Value Copy(ir::NodeId old);

 private:
  const ir::Program& program_;
  const ir::Block& from_;
  ir::Builder builder_;
  std::vector<ir::Value> values_;
};

// Emits a node like `node` over these operands; returns its value (invalid for an effect). Where
// the result's domain follows from the operands it is derived anew.
ir::Value EmitLike(ir::Builder& builder, const ir::Node& node,
                   absl::Span<const ir::Value> operands);

// Decides what becomes of one old node: a value; an invalid value for an effect that goes; nullopt
// to copy the node as it is.
using NodeRewrite = absl::FunctionRef<std::optional<ir::Value>(Rewriter&, ir::NodeId)>;

// The block with every node rewritten, in order.
ir::Block RewriteBlock(const ir::Program& program, const ir::Block& block, NodeRewrite rewrite);

// The program with its on_pre blocks and the blocks of its step rewritten. The init block runs
// once, in the interpreter, on every backend: passes leave it alone.
ir::Program RewriteCode(const ir::Program& program,
                        absl::FunctionRef<ir::Block(const ir::Block&)> rewrite);

// All blocks that become code, for reading: synaptic blocks, then those of the step.
std::vector<const ir::Block*> CodeBlocks(const ir::Program& program);

// Whether a node of the step runs a block over synapses.
bool RunsSynapses(const ir::Node& node);

// What a node reads or writes beside its operands.
struct Access {
  ir::AttrKind kind;
  uint64_t symbol;
  bool write;
};
// All of it; of a node that runs a block over synapses, what that block does, where the states of
// the synapses count as their projection.
std::vector<Access> AccessesOf(const ir::Program& program, const ir::Node& node);

// Which nodes of a block are needed: writes, and what they are computed from.
std::vector<bool> LiveNodes(const ir::Block& block);
// The block without the others.
ir::Block WithoutDeadNodes(const ir::Program& program, const ir::Block& block);

// The domain over which a node runs: of its result, or for effects that of what they act upon.
ir::DomainId RunDomain(const ir::Program& program, const ir::Block& block, const ir::Node& node);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_PASSES_REWRITE_H_
