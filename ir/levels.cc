#include "ir/levels.h"

#include <algorithm>

namespace bnsyn::ir {
namespace {

// The level of a node without regard to its operands.
Level OwnLevel(const Program& program, const Block& block, const Node& node) {
  const bool by_target = block.kind == BlockKind::kOnPost;
  const bool of_source = node.op == Op::kLoadPre || node.op == Op::kIndexPre;
  const bool of_target = node.op == Op::kLoadPost || node.op == Op::kIndexPost;
  if (of_source || of_target) return by_target == of_target ? Level::kSpike : Level::kSynapse;
  if (ActsOnNeuron(program, block, node)) return Level::kSpike;
  if (node.op == Op::kWeight && !program.HasOwnWeights(program.ProjectionOf(block))) {
    return Level::kOnce;
  }
  const bool of_operands = node.op == Op::kGather || node.op == Op::kPast;
  const bool own = node.domain == block.domain && !of_operands &&
                   (node.op == Op::kWeight || Info(node.op).attr == AttrKind::kState ||
                    Info(node.op).attr == AttrKind::kStream);
  return own || IsExpectation(node.op) ? Level::kSynapse : Level::kOnce;
}

}  // namespace

bool ActsOnNeuron(const Program& program, const Block& block, const Node& node) {
  if (StoresNeuron(node)) return true;
  if (node.op != Op::kCheck) return false;
  const Type state = program.states[node.attr].type;
  return !state.uniform() && state.domain != block.domain;
}

bool ActsOnNeurons(const Program& program, const Block& block) {
  return std::any_of(block.nodes.begin(), block.nodes.end(),
                     [&](const Node& node) { return ActsOnNeuron(program, block, node); });
}

std::vector<Level> LevelsOf(const Program& program, const Block& block) {
  return LevelsOf(program, block, static_cast<NodeId>(block.nodes.size()));
}

std::vector<Level> LevelsOf(const Program& program, const Block& block, NodeId end) {
  std::vector<Level> levels;
  levels.reserve(end);
  for (NodeId id = 0; id < end; ++id) {
    const Node& node = block.nodes[id];
    Level level = OwnLevel(program, block, node);
    for (const NodeId operand : node.inputs()) level = std::max(level, levels[operand]);
    levels.push_back(level);
  }
  return levels;
}

}  // namespace bnsyn::ir
