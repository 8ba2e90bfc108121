#include "compiler/passes/rewrite.h"

#include "absl/container/inlined_vector.h"
#include "compiler/analysis/node_algebra.h"

namespace bnsyn::compiler {
namespace {

// `block` without its nodes.
ir::Block EmptyCopy(const ir::Block& block) {
  ir::Block result = block;
  result.nodes.clear();
  return result;
}

}  // namespace

Rewriter::Rewriter(const ir::Program& program, const ir::Block& from, ir::Block& to)
    : program_(program), from_(from), builder_(program, to), values_(from.nodes.size()) {}

ir::Value Rewriter::Copy(ir::NodeId old) {
  const ir::Node& node = old_node(old);
  absl::InlinedVector<ir::Value, 3> operands;
  for (ir::NodeId id : node.inputs()) operands.push_back(At(id));
  const ir::Value value = EmitLike(builder_, node, operands);
  Set(old, value);
  return value;
}

ir::Block RewriteBlock(const ir::Program& program, const ir::Block& block, NodeRewrite rewrite) {
  ir::Block result = EmptyCopy(block);
  Rewriter rewriter(program, block, result);
  for (ir::NodeId id = 0; id < block.nodes.size(); ++id) {
    if (const std::optional<ir::Value> value = rewrite(rewriter, id)) {
      rewriter.Set(id, *value);
    } else {
      rewriter.Copy(id);
    }
  }
  return result;
}

ir::Program RewriteCode(const ir::Program& program,
                        absl::FunctionRef<ir::Block(const ir::Block&)> rewrite) {
  ir::Program result = program;
  for (std::vector<ir::Block>* const list : {&result.synaptic, &result.loops, &result.step}) {
    for (ir::Block& block : *list) block = rewrite(block);
  }
  return result;
}

std::vector<const ir::Block*> CodeBlocks(const ir::Program& program) {
  std::vector<const ir::Block*> blocks;
  for (const std::vector<ir::Block>* list : {&program.synaptic, &program.loops, &program.step}) {
    for (const ir::Block& block : *list) {
      if (!program.RunsSynapses(block)) blocks.push_back(&block);
    }
  }
  return blocks;
}

const ir::Block* StepOf(const ir::Program& program) {
  if (program.step.size() != 1 || program.step[0].kind != ir::BlockKind::kStep) return nullptr;
  return &program.step[0];
}

std::vector<bool> LiveNodes(const ir::Block& block) {
  std::vector<bool> live(block.nodes.size(), false);
  for (size_t i = block.nodes.size(); i-- > 0;) {
    const ir::Node& node = block.nodes[i];
    if (ir::Info(node.op).effect == ir::Effect::kWrite) live[i] = true;
    if (!live[i]) continue;
    for (ir::NodeId operand : node.inputs()) live[operand] = true;
  }
  return live;
}

ir::Block WithoutDeadNodes(const ir::Program& program, const ir::Block& block) {
  const std::vector<bool> live = LiveNodes(block);
  return RewriteBlock(program, block, [&](Rewriter&, ir::NodeId id) -> std::optional<ir::Value> {
    if (live[id]) return std::nullopt;
    return ir::Value{};
  });
}

ir::DomainId RunDomain(const ir::Program& program, const ir::Block& block, const ir::Node& node) {
  if (ir::HasResult(node.op) || ir::IsExpectation(node.op)) return node.domain;
  if (node.op == ir::Op::kRunSums) return node.domain;
  switch (ir::Info(node.op).attr) {
    case ir::AttrKind::kState:
      return program.states[node.attr].type.domain;
    case ir::AttrKind::kPopulation:
      return program.populations[node.attr].domain;
    case ir::AttrKind::kReduction:
      return program.reductions[node.attr].population;
    case ir::AttrKind::kLoop:
      return program.loops[node.attr].domain;
    case ir::AttrKind::kProjection:
      return program.projections[node.attr].domain;
    case ir::AttrKind::kInput:  // accumulate runs over synapses, not over the input's population
    case ir::AttrKind::kNone:
    case ir::AttrKind::kLiteral:
    case ir::AttrKind::kParam:
    case ir::AttrKind::kTable:
    case ir::AttrKind::kStream:
      break;
  }
  return block.domain;
}

}  // namespace bnsyn::compiler
