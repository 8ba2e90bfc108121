#include "runtime/deferral/read_later.h"

namespace bnsyn {

std::vector<bool> FindReadLater(const ir::Program& program) {
  std::vector<bool> result(program.states.size());
  for (const ir::Block& block : program.synaptic) {
    if (!block.deferred) continue;
    for (const ir::StateId id : program.SynapseStates(program.ProjectionOf(block))) {
      result[id] = true;
    }
    // What is uniform, and what on_post code reads of the target, is captured when the code is due.
    const bool captures_target = block.kind == ir::BlockKind::kOnPost;
    for (const ir::Node& node : block.nodes) {
      const bool later = node.op == ir::Op::kLoadPre || node.op == ir::Op::kGather ||
                         (node.op == ir::Op::kLoadPost && !captures_target);
      if (later) result[node.attr] = true;
    }
  }
  return result;
}

}  // namespace bnsyn
