#include "compiler/schedule/stored_checks.h"

#include <map>

namespace bnsyn::compiler {
namespace {

struct Uses {
  int stores = 0;
  ir::NodeId stored = ir::kNoNode;
  std::vector<ir::NodeId> checked;
};

bool CheckedAsStored(const Uses& uses) {
  if (uses.stores != 1 || uses.checked.empty()) return false;
  for (const ir::NodeId id : uses.checked) {
    if (id != uses.stored) return false;
  }
  return true;
}

}  // namespace

std::vector<ir::StateId> StatesCheckedAsStored(const ir::Block& block) {
  std::map<ir::StateId, Uses> by_state;
  for (const ir::Node& node : block.nodes) {
    if (node.op != ir::Op::kStore && node.op != ir::Op::kCheck) continue;
    if (node.element != ir::Element::kF64) continue;
    Uses& uses = by_state[static_cast<ir::StateId>(node.attr)];
    if (node.op == ir::Op::kCheck) {
      uses.checked.push_back(node.operands[0]);
    } else {
      ++uses.stores;
      uses.stored = node.operands[0];
    }
  }
  std::vector<ir::StateId> states;
  for (const auto& [state, uses] : by_state) {
    if (CheckedAsStored(uses)) states.push_back(state);
  }
  return states;
}

}  // namespace bnsyn::compiler
