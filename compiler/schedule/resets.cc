#include "compiler/schedule/resets.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

#include "compiler/schedule/stored_checks.h"
#include "reference/evaluate.h"

namespace bnsyn::compiler {
namespace {

using ir::NodeId;
using ir::Op;

// Gathers the resets of one spike.
class Gatherer {
 public:
  Gatherer(const ir::Block& kernel, std::vector<PlannedNode> plan, NodeId spike)
      : kernel_(kernel),
        plan_(std::move(plan)),
        spike_(spike),
        condition_(kernel.nodes[spike].operands[0]),
        checked_as_stored_(StatesCheckedAsStored(kernel)),
        place_of_(kernel.nodes.size(), plan_.size()),
        roles_(kernel.nodes.size(), Role::kStays) {
    for (size_t p = 0; p < plan_.size(); ++p) {
      place_of_[plan_[p].id] = p;
      for (const NodeId select : plan_[p].resets.selects) place_of_[select] = p;
    }
    FindSelects();
    FindResetNodes();
    FindStores();
  }

  // The new plan; to be asked for once.
  std::vector<PlannedNode> Gather() && {
    if (first_ == plan_.size()) return std::move(plan_);
    PlannedNode spike;
    spike.id = spike_;
    std::vector<PlannedNode> before, stores, after;
    for (size_t p = 0; p < plan_.size(); ++p) {
      const NodeId id = plan_[p].id;
      switch (roles_[id]) {
        case Role::kStays:
          if (id != spike_) (p < first_ ? before : after).push_back(std::move(plan_[p]));
          break;
        case Role::kEarlier:
          before.push_back(std::move(plan_[p]));
          break;
        case Role::kSelect:
          spike.resets.selects.push_back(id);
          spike.resets.nodes.push_back(std::move(plan_[p]));
          break;
        case Role::kReset:
        case Role::kStoredSelect:
          spike.resets.nodes.push_back(std::move(plan_[p]));
          break;
        case Role::kStore:
          stores.push_back(plan_[p]);
          stores.back().before_reset = true;
          spike.resets.nodes.push_back(std::move(plan_[p]));
          break;
      }
    }
    std::move(stores.begin(), stores.end(), std::back_inserter(before));
    before.push_back(std::move(spike));
    std::move(after.begin(), after.end(), std::back_inserter(before));
    return before;
  }

 private:
  enum class Role {
    kStays,
    kEarlier,  // before the spike, since a select needs it
    kReset,    // with the selects, which alone need it
    kSelect,
    kStoredSelect,  // a select that only a store needs
    kStore,         // that store, and the checks of what it stores
  };

  void FindSelects() {
    for (size_t p = 0; p < plan_.size(); ++p) {
      const ir::Node& node = kernel_.nodes[plan_[p].id];
      if (node.op != Op::kSelect || node.operands[0] != condition_) continue;
      const auto always = [](const RareArm& arm) { return !arm.when; };
      if (std::any_of(plan_[p].arms.begin(), plan_[p].arms.end(), always)) continue;
      if (first_ == plan_.size()) first_ = p;
      std::vector<bool> needed(kernel_.nodes.size());
      if (!Need(plan_[p], needed)) continue;
      for (NodeId id = 0; id < needed.size(); ++id) {
        if (needed[id]) roles_[id] = Role::kEarlier;
      }
      roles_[plan_[p].id] = Role::kSelect;
    }
  }

  // Adds what stands between the first select and this node, and the node needs; false if some of
  // it has to stay there.
  bool Need(const PlannedNode& planned, std::vector<bool>& needed) const {
    for (const RareArm& arm : planned.arms) {
      for (const PlannedNode& node : arm.nodes) {
        if (!Need(node, needed)) return false;
      }
    }
    for (const NodeId id : kernel_.nodes[planned.id].inputs()) {
      const size_t place = place_of_[id];
      if (place == plan_.size() || place < first_) continue;
      if (needed[id] || roles_[id] == Role::kEarlier) continue;
      if (!MayGoEarlier(place)) return false;
      needed[id] = true;
      if (!Need(plan_[place], needed)) return false;
    }
    return true;
  }

  bool MayGoEarlier(size_t place) const {
    const ir::Node& node = kernel_.nodes[plan_[place].id];
    if (roles_[plan_[place].id] == Role::kSelect) return false;
    if (node.op != Op::kLoad) return reference::IsEvaluable(node.op);
    for (size_t p = first_; p < place; ++p) {
      const ir::Node& other = kernel_.nodes[plan_[p].id];
      if (other.op == Op::kStore && other.attr == node.attr) return false;
    }
    return true;
  }

  // Nodes that only the spiking operands of the selects need.
  void FindResetNodes() {
    std::vector<bool> elsewhere(kernel_.nodes.size());
    std::vector<bool> in_reset(kernel_.nodes.size());
    for (NodeId id = static_cast<NodeId>(kernel_.nodes.size()); id-- > 0;) {
      const ir::Node& node = kernel_.nodes[id];
      const bool is_select = roles_[id] == Role::kSelect;
      const bool waits = in_reset[id] && !elsewhere[id] && place_of_[id] < plan_.size() &&
                         !is_select && IsPlainArithmetic(node);
      if (waits) roles_[id] = Role::kReset;
      for (size_t i = 0; i < node.inputs().size(); ++i) {
        const bool reset = waits || (is_select && i == 1);
        (reset ? in_reset : elsewhere)[node.operands[i]] = true;
      }
    }
  }

  // Stores of selects that nothing else needs but their checks: they need not wait for the spike.
  void FindStores() {
    std::vector<int> users(kernel_.nodes.size());
    for (const ir::Node& node : kernel_.nodes) {
      if (IsCheckOfStored(node)) continue;
      for (const NodeId operand : node.inputs()) ++users[operand];
    }
    for (size_t p = 0; p < plan_.size(); ++p) {
      const ir::Node& node = kernel_.nodes[plan_[p].id];
      if (node.op != Op::kStore || p < first_) continue;
      const NodeId stored = node.operands[0];
      if (roles_[stored] != Role::kSelect || users[stored] != 1) continue;
      if (IsUsedBetween(node.attr, p)) continue;
      roles_[stored] = Role::kStoredSelect;
      roles_[plan_[p].id] = Role::kStore;
      for (const PlannedNode& planned : plan_) {
        const ir::Node& check = kernel_.nodes[planned.id];
        if (!IsCheckOfStored(check) || check.operands[0] != stored) continue;
        roles_[planned.id] = Role::kStore;
      }
    }
  }

  // Whether the node is a check that looks at what its state holds where it has to.
  bool IsCheckOfStored(const ir::Node& node) const {
    return node.op == Op::kCheck &&
           std::binary_search(checked_as_stored_.begin(), checked_as_stored_.end(), node.attr);
  }

  // Whether something that stays behind the spike loads or stores the state before this store does.
  bool IsUsedBetween(uint64_t state, size_t store) const {
    for (size_t p = first_; p < store; ++p) {
      const ir::Node& node = kernel_.nodes[plan_[p].id];
      const bool uses = node.op == Op::kLoad || node.op == Op::kStore;
      if (uses && node.attr == state && roles_[plan_[p].id] == Role::kStays) return true;
    }
    return false;
  }

  const ir::Block& kernel_;
  std::vector<PlannedNode> plan_;
  const NodeId spike_;
  const NodeId condition_;
  const std::vector<ir::StateId> checked_as_stored_;
  std::vector<size_t> place_of_;  // in the plan, by node; of others its size
  std::vector<Role> roles_;       // by node
  size_t first_ = plan_.size();   // place of the first select
};

}  // namespace

std::vector<PlannedNode> GatherResets(const ir::Block& kernel, std::vector<PlannedNode> plan) {
  for (NodeId id = 0; id < kernel.nodes.size(); ++id) {
    const ir::Node& node = kernel.nodes[id];
    if (node.op != Op::kSpike || kernel.nodes[node.operands[0]].type().uniform()) continue;
    plan = Gatherer(kernel, std::move(plan), id).Gather();
  }
  return plan;
}

}  // namespace bnsyn::compiler
