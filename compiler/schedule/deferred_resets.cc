#include "compiler/schedule/deferred_resets.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "compiler/schedule/accesses.h"

namespace bnsyn::compiler {
namespace {

using ir::NodeId;
using ir::Op;

// The most nodes that resets compute anew, since no state holds them.
constexpr int kMostAnew = 8;

// Looks at the resets of one spike.
class Deferral {
 public:
  Deferral(const ir::Block& kernel, const std::vector<PlannedNode>& plan, size_t spike)
      : kernel_(kernel),
        plan_(plan),
        resets_(plan[spike].resets),
        condition_(kernel.nodes[plan[spike].id].operands[0]),
        stores_(CountStores(kernel)) {
    for (const PlannedNode& node : resets_.nodes) {
      own_.insert(node.id);
      if (kernel_.nodes[node.id].op == Op::kStore) stored_.insert(kernel_.nodes[node.id].attr);
    }
  }

  // What the resets read of others and states hold; nullopt if they cannot wait.
  std::optional<std::vector<StoredValue>> Held() {
    if (!resets_.selects.empty() || AnyReadsWhatTheyStore()) return std::nullopt;
    for (const PlannedNode& planned : resets_.nodes) {
      if (!planned.arms.empty()) return std::nullopt;
      const ir::Node& node = kernel_.nodes[planned.id];
      if (node.op == Op::kSelect && node.operands[0] == condition_) {
        if (!IsThere(node.operands[1])) return std::nullopt;
        continue;
      }
      for (const NodeId operand : node.inputs()) {
        if (!IsThere(operand)) return std::nullopt;
      }
    }
    return held_;
  }

 private:
  // Whether a node that stands behind a store of the resets loads what they store.
  bool AnyReadsWhatTheyStore() const {
    std::set<uint64_t> so_far;
    for (const PlannedNode& planned : plan_) {
      if (planned.before_reset) so_far.insert(kernel_.nodes[planned.id].attr);
      const auto loads = [&](const ir::Node& node) {
        return node.op == Op::kLoad && stored_.contains(node.attr) && so_far.contains(node.attr);
      };
      if (AnyWithin(kernel_, planned, loads)) return true;
    }
    return false;
  }

  // Whether the value is known at the end of the kernel.
  bool IsThere(NodeId id) {
    const ir::Node& node = kernel_.nodes[id];
    if (own_.contains(id) || id == condition_ || node.type().uniform()) return true;
    if (const std::optional<ir::StateId> state = Holder(id)) {
      held_.push_back({id, *state});
      own_.insert(id);
      return true;
    }
    if (node.op == Op::kLoad) return !stores_.contains(node.attr);
    if (!IsPlainArithmetic(node) || ++anew_ > kMostAnew) return false;
    return std::all_of(node.inputs().begin(), node.inputs().end(),
                       [&](NodeId operand) { return IsThere(operand); });
  }

  // The state that the value is stored in, and stays in until these resets run.
  std::optional<ir::StateId> Holder(NodeId id) const {
    for (const PlannedNode& planned : plan_) {
      const ir::Node& node = kernel_.nodes[planned.id];
      if (node.op != Op::kStore || stores_.at(node.attr) != 1) continue;
      if (InputsOf(kernel_, planned)[0] != id) continue;
      // What other resets store may have changed by then.
      if (planned.before_reset && !stored_.contains(node.attr)) continue;
      return static_cast<ir::StateId>(node.attr);
    }
    return std::nullopt;
  }

  const ir::Block& kernel_;
  const std::vector<PlannedNode>& plan_;
  const Resets& resets_;
  const NodeId condition_;
  const std::map<uint64_t, int> stores_;
  std::set<NodeId> own_;       // nodes of the resets, and those in held_
  std::set<uint64_t> stored_;  // states that the resets store
  std::vector<StoredValue> held_;
  int anew_ = 0;
};

}  // namespace

std::vector<PlannedNode> DeferResets(const ir::Block& kernel, std::vector<PlannedNode> plan) {
  for (size_t p = 0; p < plan.size(); ++p) {
    if (plan[p].resets.nodes.empty()) continue;
    std::optional<std::vector<StoredValue>> held = Deferral(kernel, plan, p).Held();
    if (!held) continue;
    plan[p].resets.deferred = true;
    plan[p].resets.held = std::move(*held);
  }
  return plan;
}

}  // namespace bnsyn::compiler
