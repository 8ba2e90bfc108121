#include "compiler/emission/planned_node.h"

#include "reference/evaluate.h"

namespace bnsyn::compiler {

bool IsPlainArithmetic(const ir::Node& node) {
  return !node.type().uniform() && ir::Info(node.op).attr == ir::AttrKind::kNone &&
         reference::IsEvaluable(node.op);
}

std::vector<ir::NodeId> InputsOf(const ir::Block& kernel, const PlannedNode& planned) {
  const auto inputs = kernel.nodes[planned.id].inputs();
  if (planned.before_reset) return {kernel.nodes[inputs[0]].operands[2]};
  return {inputs.begin(), inputs.end()};
}

}  // namespace bnsyn::compiler
