#include "compiler/analysis/long_arms.h"

#include <algorithm>

namespace bnsyn::compiler {
namespace {

// Nodes of an arm that take longer than a branch which is mostly predicted.
constexpr size_t kFewest = 16;

// What the nodes of a block are needed for.
class Arms {
 public:
  Arms(const ir::Block& block, const std::vector<ir::Level>& levels)
      : block_(block), levels_(levels), users_(block.nodes.size()) {
    for (ir::NodeId id = 0; id < block.nodes.size(); ++id) {
      for (const ir::NodeId operand : block.nodes[id].inputs()) users_[operand].push_back(id);
    }
  }

  // The nodes that are needed for that operand of a select alone, in falling order.
  std::vector<ir::NodeId> Of(ir::NodeId select, int operand) const {
    const ir::Node& node = block_.nodes[select];
    const ir::NodeId arm = node.operands[operand];
    for (int other = 0; other < 3; ++other) {
      if (other != operand && node.operands[other] == arm) return {};
    }
    std::vector<bool> in_arm(select);
    std::vector<ir::NodeId> nodes;
    for (ir::NodeId id = arm + 1; id-- > 0;) {
      if (!MayStandThere(id, select)) continue;
      const bool needed = std::all_of(users_[id].begin(), users_[id].end(), [&](ir::NodeId user) {
        return user == select ? id == arm : user < select && in_arm[user];
      });
      if (!needed || (id != arm && users_[id].empty())) continue;
      in_arm[id] = true;
      nodes.push_back(id);
    }
    return nodes;
  }

 private:
  // What draws, or reads what may change, stays where it is.
  bool MayStandThere(ir::NodeId id, ir::NodeId select) const {
    const ir::OpInfo& info = ir::Info(block_.nodes[id].op);
    return info.effect == ir::Effect::kPure && info.attr != ir::AttrKind::kStream &&
           levels_[id] == levels_[select];
  }

  const ir::Block& block_;
  const std::vector<ir::Level>& levels_;
  std::vector<std::vector<ir::NodeId>> users_;
};

}  // namespace

std::vector<ir::NodeId> FindLongArms(const ir::Block& block, const std::vector<ir::Level>& levels) {
  const Arms arms(block, levels);
  std::vector<ir::NodeId> select_of(block.nodes.size(), ir::kNoNode);
  // An arm within an arm is part of it.
  for (ir::NodeId id = static_cast<ir::NodeId>(block.nodes.size()); id-- > 0;) {
    if (block.nodes[id].op != ir::Op::kSelect || select_of[id] != ir::kNoNode) continue;
    std::vector<ir::NodeId> yes = arms.Of(id, 1);
    std::vector<ir::NodeId> no = arms.Of(id, 2);
    const std::vector<ir::NodeId>& longer = yes.size() > no.size() ? yes : no;
    if (longer.size() < kFewest) continue;
    for (const ir::NodeId node : longer) select_of[node] = id;
  }
  return select_of;
}

}  // namespace bnsyn::compiler
