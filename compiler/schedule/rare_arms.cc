#include "compiler/schedule/rare_arms.h"

#include <limits>
#include <utility>

namespace bnsyn::compiler {
namespace {

using ir::NodeId;
using ir::Op;

// An arm below this costs less than a branch that is sometimes foreseen wrongly.
constexpr int kWorthABranch = 16;
// Who wants an arm wants what is this much of it as well, and need not ask again.
constexpr double kMostOfAnArm = 0.5;

int Cost(Op op) { return op == Op::kDiv || op == Op::kSqrt ? 8 : 1; }

class Planner {
 public:
  explicit Planner(const ir::Block& kernel) : kernel_(kernel), users_(kernel.nodes.size()) {
    for (NodeId id = 0; id < kernel.nodes.size(); ++id) {
      for (const NodeId operand : kernel.nodes[id].inputs()) users_[operand].push_back(id);
    }
  }

  // `ids` ascend; an arm of one of them is worth a branch if it costs at most so much.
  std::vector<PlannedNode> Plan(const std::vector<NodeId>& ids, double most) const {
    std::vector<bool> present(kernel_.nodes.size());
    for (const NodeId id : ids) present[id] = true;
    std::vector<PlannedNode> planned;
    // The last select comes first: what is in an arm of it is planned within.
    for (size_t i = ids.size(); i-- > 0;) {
      const NodeId id = ids[i];
      if (!present[id]) continue;
      PlannedNode node;
      node.id = id;
      if (kernel_.nodes[id].op == Op::kSelect) {
        for (const size_t operand : {size_t{1}, size_t{2}}) {
          if (HoldsState(id, 3 - operand)) continue;
          const std::vector<NodeId> arm = FindArm(id, operand, present);
          const int cost = CostOf(arm);
          if (cost < kWorthABranch || cost > most) continue;
          for (const NodeId member : arm) present[member] = false;
          node.arms.push_back({operand == 1, Plan(arm, kMostOfAnArm * cost)});
        }
      }
      planned.push_back(std::move(node));
    }
    return {std::make_move_iterator(planned.rbegin()), std::make_move_iterator(planned.rend())};
  }

 private:
  // Whether the operand is a state as it was, where one is still the same: lanes that take it rest,
  // as in refractory time, and next to no vector rests altogether.
  bool HoldsState(NodeId select, size_t operand) const {
    const NodeId condition = kernel_.nodes[select].operands[0];
    const ir::Node* node = &kernel_.nodes[kernel_.nodes[select].operands[operand]];
    while (node->op == Op::kSelect && node->operands[0] == condition) {
      node = &kernel_.nodes[node->operands[operand]];
    }
    return node->op == Op::kLoad;
  }

  int CostOf(const std::vector<NodeId>& nodes) const {
    int cost = 0;
    for (const NodeId id : nodes) cost += Cost(kernel_.nodes[id].op);
    return cost;
  }

  // The nodes that only this operand of the select needs.
  std::vector<NodeId> FindArm(NodeId select, size_t operand,
                              const std::vector<bool>& present) const {
    const ir::Node& node = kernel_.nodes[select];
    const NodeId root = node.operands[operand];
    if (node.operands[0] == root || node.operands[3 - operand] == root) return {};
    std::vector<bool> in_arm(select + size_t{1});
    std::vector<NodeId> arm;
    for (NodeId id = select; id-- > 0;) {
      if (!present[id] || !IsPlainArithmetic(kernel_.nodes[id])) continue;
      bool needed = id == root;
      bool elsewhere = false;
      for (const NodeId user : users_[id]) {
        if (user < select && in_arm[user]) {
          needed = true;
        } else if (user != select || id != root) {
          elsewhere = true;
        }
      }
      if (!needed || elsewhere) continue;
      in_arm[id] = true;
      arm.push_back(id);
    }
    if (arm.empty() || arm.front() != root) return {};
    return {arm.rbegin(), arm.rend()};
  }

  const ir::Block& kernel_;
  std::vector<std::vector<NodeId>> users_;
};

}  // namespace

std::vector<PlannedNode> PlanRareArms(const ir::Block& kernel) {
  std::vector<NodeId> ids;
  for (NodeId id = 0; id < kernel.nodes.size(); ++id) {
    const ir::Node& node = kernel.nodes[id];
    if (!node.type().uniform() || !ir::HasResult(node.op)) ids.push_back(id);
  }
  return Planner(kernel).Plan(ids, std::numeric_limits<double>::infinity());
}

}  // namespace bnsyn::compiler
