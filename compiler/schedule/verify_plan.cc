#include "compiler/schedule/verify_plan.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace bnsyn::compiler {
namespace {

using ir::NodeId;
using ir::Op;

// Walks through a plan as a group runs through it.
class Verifier {
 public:
  Verifier(const KernelGraph& graph, const KernelPlan& plan)
      : graph_(graph),
        plan_(plan),
        count_(graph.size()),
        count_not_spiking_(graph.size()),
        first_at_(graph.size()),
        last_at_(graph.size()),
        version_of_(graph.size()) {}

  absl::Status Verify() {
    for (const Loop& loop : plan_.loops) {
      here_.assign(graph_.size(), false);
      Walk(loop.nodes);
      for (const NodeId id : loop.kept) {
        if (!here_[id]) Fail(id, "is kept by a loop that does not compute it");
        kept_.insert(id);
      }
      for (const HeldValue& held : loop.held) CheckHeld(held);
    }
    for (const Tail& tail : plan_.tails) VerifyTail(tail);
    for (NodeId id = 0; id < graph_.size(); ++id) CheckCount(id);
    for (const auto& [state, accesses] : graph_.accesses()) CheckOrder(accesses);
    for (const DeferredCheck& check : plan_.deferred_checks) CheckDeferred(check);
    return status_;
  }

 private:
  void Fail(NodeId id, absl::string_view fault) {
    if (!status_.ok()) return;
    status_ = absl::InternalError(absl::StrCat("'", graph_.Text(id), "' ", fault));
  }

  void Walk(const std::vector<PlannedNode>& nodes) {
    for (const PlannedNode& planned : nodes) {
      if (planned.regions.empty()) Compute(planned);
      for (const ColdRegion& region : planned.regions) WalkRegion(region);
    }
  }

  void WalkRegion(const ColdRegion& region) {
    Read(region.condition, region.condition);
    for (const ColdRegion::Result& result : region.results) {
      if (result.otherwise != ir::kNoNode) Read(result.otherwise, result.value);
    }
    const std::vector<bool> before = here_;
    const NodeId outer = std::exchange(cold_where_, region.when ? region.condition : ir::kNoNode);
    ++depth_;
    Walk(region.nodes);
    --depth_;
    cold_where_ = outer;
    const std::vector<bool> within = std::exchange(here_, before);
    for (const ColdRegion::Result& result : region.results) {
      if (!within[result.value]) Fail(result.value, "is no node of the region whose result it is");
      here_[result.value] = true;
    }
  }

  void Compute(const PlannedNode& planned) {
    const NodeId id = planned.id;
    const ir::Node& node = graph_.node(id);
    for (const NodeId operand : OperandsOf(graph_, planned)) Read(operand, id);
    ++time_;
    if (planned.known == Known::kFalse) {
      if (node.op != Op::kStore && node.op != Op::kCheck) Fail(id, "is no store or check");
      if (node.op == Op::kCheck && plan_.FindDeferredCheck(node.attr) == nullptr) {
        Fail(id, "acts before its spike and is not deferred");
      }
      ++count_not_spiking_[id];
    } else {
      ++count_[id];
      if (depth_ > 0 && !ir::HasResult(node.op)) CheckColdEffect(id);
    }
    if (planned.known == Known::kTrue && !in_tail_) Fail(id, "follows no spike");
    if (first_at_[id] == 0) first_at_[id] = time_;
    last_at_[id] = time_;
    here_[id] = true;
    if (node.op == Op::kStore) ++stored_[node.attr];
    if (node.op == Op::kLoad) version_of_[id] = stored_[node.attr];
  }

  // Effects of lanes that a cold region leaves out: a spike has none, and a store or check has
  // acted before the spike.
  void CheckColdEffect(NodeId id) {
    const ir::Node& node = graph_.node(id);
    const ir::Node& operand = graph_.node(node.operands[0]);
    const bool has_acted = count_not_spiking_[id] > 0 && operand.operands[0] == cold_where_;
    const bool has_none = node.op == Op::kSpike && node.operands[0] == cold_where_;
    if (!has_acted && !has_none) Fail(id, "does not act on lanes that need no cold region");
  }

  void Read(NodeId id, NodeId reader) {
    int in_loop = kMostAgainInLoop;
    if (IsAvailable(id, in_tail_ ? again_in_tail_ : in_loop)) return;
    Fail(reader, absl::StrCat("reads '", graph_.Text(id), "' where it is not known"));
  }

  // True if the value is known, or can be computed by up to `again` nodes from values that are.
  bool IsAvailable(NodeId id, int& again) {
    const ir::Node& node = graph_.node(id);
    if (!graph_.IsPlanned(id) || here_[id] || kept_.contains(id)) return true;
    if (held_.contains(id)) {
      here_[id] = held_[id] == stored_[graph_.node(holder_[id]).attr];
    } else if (count_[id] == 0) {
      return false;  // its turn is still to come
    } else if (node.op == Op::kLoad) {
      here_[id] = version_of_[id] == stored_[node.attr];
    } else if (graph_.IsPlainArithmetic(id) || (!in_tail_ && node.op == Op::kRandom)) {
      here_[id] =
          again-- > 0 && std::all_of(node.inputs().begin(), node.inputs().end(),
                                     [&](NodeId operand) { return IsAvailable(operand, again); });
    }
    return here_[id];
  }

  // The loop must have stored the value in the state, as its only store.
  void CheckHeld(const HeldValue& held) {
    const std::vector<NodeId>& stores = graph_.accesses(held.state).stores;
    if (stores.size() != 1 || first_at_[stores[0]] == 0) {
      Fail(held.value, "is in no state that holds it");
      return;
    }
    const NodeId store = stores[0];
    const ir::Node& stored = graph_.node(graph_.node(store).operands[0]);
    const bool not_spiking = count_not_spiking_[store] > 0 && stored.operands[2] == held.value;
    if (graph_.node(store).operands[0] != held.value && !not_spiking) {
      Fail(held.value, "is not what its state holds");
    }
    holder_[held.value] = store;
    held_[held.value] = 1;  // the version of the state: a handler makes the second one
  }

  void VerifyTail(const Tail& tail) {
    const ir::Node& spike = graph_.node(tail.spike);
    here_.assign(graph_.size(), false);
    kept_.clear();
    held_.clear();
    in_tail_ = true;
    again_in_tail_ = kMostAgainInTail;
    depth_ = 1;
    cold_where_ = spike.operands[0];
    here_[spike.operands[0]] = true;
    for (const HeldValue& held : tail.held) CheckHeld(held);
    for (const HeldValue& held : tail.held) {
      int again = 0;
      if (!IsAvailable(held.value, again)) Fail(held.value, "has left the state that held it");
      here_[held.value] = true;
    }
    for (const PlannedNode& planned : tail.nodes) {
      const ir::Node& node = graph_.node(planned.id);
      const bool on_spike = node.op == Op::kSelect && node.operands[0] == spike.operands[0];
      if (planned.known == Known::kTrue && !on_spike) Fail(planned.id, "does not follow its spike");
    }
    Walk(tail.nodes);
  }

  void CheckCount(NodeId id) {
    const int wanted = graph_.IsPlanned(id) ? 1 : 0;
    if (count_[id] < wanted) Fail(id, "is missing");
    if (count_[id] > wanted || count_not_spiking_[id] > 1) Fail(id, "is there twice");
  }

  // Each store stands behind the loads and stores before it in the kernel, and before those behind.
  void CheckOrder(const KernelGraph::Accesses& accesses) {
    for (const NodeId store : accesses.stores) {
      for (const std::vector<NodeId>* others : {&accesses.loads, &accesses.stores}) {
        for (const NodeId other : *others) {
          const bool kept = other < store   ? last_at_[other] < first_at_[store]
                            : other > store ? last_at_[store] < first_at_[other]
                                            : true;
          if (!kept) Fail(store, absl::StrCat("changed places with '", graph_.Text(other), "'"));
        }
      }
    }
  }

  // Memory must hold what was checked, apart from spiking neurons that tails check.
  void CheckDeferred(const DeferredCheck& check) {
    const KernelGraph::Accesses& accesses = graph_.accesses(check.state);
    for (const NodeId id : accesses.checks) {
      if (accesses.stores.size() != 1 ||
          graph_.node(id).operands[0] != graph_.node(accesses.stores[0]).operands[0]) {
        Fail(id, "is deferred, and memory does not hold what it checks");
      }
    }
    for (const Tail& tail : plan_.tails) {
      bool stores = false;
      ForEachComputed(tail.nodes, [&](const PlannedNode& computed) {
        const ir::Node& node = graph_.node(computed.id);
        stores = stores || (node.op == Op::kStore && node.attr == check.state);
      });
      const bool spared =
          std::find(check.spared.begin(), check.spared.end(), tail.spike) != check.spared.end();
      if (stores != spared) Fail(tail.spike, "is not spared by the checks that it would fail");
    }
  }

  const KernelGraph& graph_;
  const KernelPlan& plan_;
  absl::Status status_;
  std::vector<int> count_;              // how often a node is computed
  std::vector<int> count_not_spiking_;  // the same where Known::kFalse
  std::vector<int> first_at_;           // times of a node's computations; 0 for none
  std::vector<int> last_at_;
  std::vector<int> version_of_;     // of a load: the stores to its state before it
  std::map<uint64_t, int> stored_;  // by state: the stores so far
  int time_ = 0;
  std::vector<bool> here_;           // known in the loop and region at hand
  std::set<NodeId> kept_;            // by loops before
  std::map<NodeId, int> held_;       // by states, with the version of the state
  std::map<NodeId, NodeId> holder_;  // the store that put it there
  bool in_tail_ = false;
  int again_in_tail_ = 0;            // nodes that the tail at hand may still compute again
  int depth_ = 0;                    // of cold regions
  NodeId cold_where_ = ir::kNoNode;  // the condition that is true in the innermost one
};

}  // namespace

absl::Status VerifyPlan(const KernelGraph& graph, const KernelPlan& plan) {
  return Verifier(graph, plan).Verify();
}

}  // namespace bnsyn::compiler
