#include "compiler/schedule/planned_node.h"

#include <algorithm>

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

bool AnyWithin(const ir::Block& kernel, const PlannedNode& planned,
               absl::FunctionRef<bool(const ir::Node&)> is_such) {
  const auto any = [&](const std::vector<PlannedNode>& nodes) {
    return std::any_of(nodes.begin(), nodes.end(), [&](const PlannedNode& within) {
      return AnyWithin(kernel, within, is_such);
    });
  };
  return is_such(kernel.nodes[planned.id]) || any(planned.resets.nodes) ||
         std::any_of(planned.arms.begin(), planned.arms.end(),
                     [&](const RareArm& arm) { return any(arm.nodes); });
}

}  // namespace bnsyn::compiler
