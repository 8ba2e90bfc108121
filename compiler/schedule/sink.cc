// The rows that sink nodes into cold regions: code that runs only where some lane needs it.
//
// Three kinds of work are seldom needed. The far arms of functions (R2) serve lanes with unusual
// arguments. What a spike does to its neuron serves the one vector in hundreds that holds a spike.
// And where nothing in the step waits for it, that can run after many groups, neuron by neuron: a
// branch that is mispredicted costs as much as several vectors, and in the tail it costs little.
#include <algorithm>
#include <iterator>
#include <limits>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "compiler/schedule/plan_rows.h"
#include "compiler/schedule/verify_plan.h"
#include "reference/evaluate.h"

namespace bnsyn::compiler {
namespace {

using ir::NodeId;
using ir::Op;
using Use = KernelGraph::Use;

// An arm that costs less than this many instructions is cheaper than a branch that is sometimes
// mispredicted.
constexpr int kWorthABranch = 16;
// What it takes to make a vector of random bits.
constexpr int kRandomCost = 32;
// A lane that needs an arm most likely needs whatever is this much of it, without another branch.
constexpr double kMostOfAnArm = 0.5;

constexpr size_t kNowhere = std::numeric_limits<size_t>::max();

// True if the node is a spike that has a handler.
bool IsHandled(const KernelGraph& graph, const PlannedNode& planned) {
  return graph.node(planned.id).op == Op::kSpike && !planned.regions.empty();
}

// Sinks the arms of selects.
class ArmSinker {
 public:
  explicit ArmSinker(const KernelGraph& graph) : graph_(graph) {}

  // `nodes` ascend and have no regions; an arm is worth a branch if it costs at most `most`.
  std::vector<PlannedNode> Sink(const std::vector<PlannedNode>& nodes, double most) const {
    std::vector<bool> present = PresentIn(nodes);
    std::vector<PlannedNode> sunk;
    // The last select comes first: the selects in its arms are dealt with there.
    for (auto planned = nodes.rbegin(); planned != nodes.rend(); ++planned) {
      if (!present[planned->id]) continue;
      sunk.push_back(*planned);
      if (graph_.node(planned->id).op != Op::kSelect) continue;
      for (const size_t operand : {size_t{1}, size_t{2}}) {
        const std::vector<NodeId> arm = FindArm(planned->id, operand, present, most);
        if (arm.empty()) continue;
        std::vector<PlannedNode> within;
        for (const NodeId id : arm) {
          present[id] = false;
          within.emplace_back().id = id;
        }
        AddRegion(sunk.back(), operand, Sink(within, kMostOfAnArm * CostOf(arm)));
      }
    }
    std::reverse(sunk.begin(), sunk.end());
    return sunk;
  }

  // The nodes that only this operand of the select needs, if a branch around them pays.
  std::vector<NodeId> FindArm(NodeId select, size_t operand, const std::vector<bool>& present,
                              double most) const {
    if (LeavesState(select, 3 - operand)) return {};
    const Use use = {select, operand};
    std::vector<NodeId> arm = graph_.NeededOnlyBy({&use, 1}, [&](NodeId id) {
      return present[id] && (graph_.IsPlainArithmetic(id) || IsRandom(id));
    });
    const int cost = CostOf(arm);
    if (cost < kWorthABranch || cost > most) return {};
    return arm;
  }

  std::vector<bool> PresentIn(const std::vector<PlannedNode>& nodes) const {
    std::vector<bool> present(graph_.size());
    for (const PlannedNode& planned : nodes) present[planned.id] = true;
    return present;
  }

 private:
  // True if lanes that take this operand leave a state as it was: they are refractory, and hardly
  // any vector has no other lanes.
  bool LeavesState(NodeId select, size_t operand) const {
    const NodeId condition = graph_.node(select).operands[0];
    const ir::Node* node = &graph_.node(graph_.node(select).operands[operand]);
    while (node->op == Op::kSelect && node->operands[0] == condition) {
      node = &graph_.node(node->operands[operand]);
    }
    return node->op == Op::kLoad;
  }

  // Random bits of the elements of a population. Where no lane of a group needs them they are not
  // made.
  bool IsRandom(NodeId id) const {
    return graph_.node(id).op == Op::kRandom && !graph_.node(id).type().uniform();
  }

  int CostOf(const std::vector<NodeId>& nodes) const {
    int cost = 0;
    for (const NodeId id : nodes) {
      const Op op = graph_.node(id).op;
      // A remainder is a call or a division for each lane.
      cost += op == Op::kRem                      ? 4 * kWorthABranch
              : op == Op::kRandom                 ? kRandomCost
              : op == Op::kDiv || op == Op::kSqrt ? 8
                                                  : 1;
    }
    return cost;
  }

  // The select moves into the region of its last arm, since no lane needs it elsewhere.
  void AddRegion(PlannedNode& select, size_t operand, std::vector<PlannedNode> arm) const {
    const ir::Node& node = graph_.node(select.id);
    if (!select.regions.empty()) {
      ColdRegion& first = select.regions.back();
      first.nodes.pop_back();
      first.results = {{node.operands[1], ir::kNoNode}};
    }
    ColdRegion region;
    region.condition = node.operands[0];
    region.when = operand == 1;
    region.nodes = std::move(arm);
    region.nodes.emplace_back().id = select.id;
    region.results = {{select.id, node.operands[3 - operand]}};
    select.regions.push_back(std::move(region));
  }

  const KernelGraph& graph_;
};

// Sinks the selects on a spike's condition, and what only they need, into a region of the spike:
// its handler.
class HandlerSinker {
 public:
  HandlerSinker(const KernelGraph& graph, const KernelPlan& plan, NodeId spike)
      : graph_(graph),
        plan_(plan),
        nodes_(plan.loops[0].nodes),
        spike_(spike),
        condition_(graph.node(spike).operands[0]),
        place_of_(graph.size(), kNowhere),
        roles_(graph.size(), Role::kStays) {
    for (size_t p = 0; p < nodes_.size(); ++p) {
      place_of_[nodes_[p].id] = p;
      if (!IsHandled(graph, nodes_[p])) continue;
      for (const ColdRegion::Result& result : nodes_[p].regions[0].results) {
        place_of_[result.value] = p;
      }
    }
  }

  // The nodes of the loop with the handler; unchanged where there is nothing to handle.
  std::vector<PlannedNode> Sink() {
    FindSelects();
    if (first_ == kNowhere) return nodes_;
    FindWhatOnlySelectsNeed();
    FindStores();
    ColdRegion handler;
    handler.condition = condition_;
    std::vector<PlannedNode> result, stores, behind;
    for (size_t p = 0; p < nodes_.size(); ++p) {
      const PlannedNode& planned = nodes_[p];
      switch (roles_[planned.id]) {
        case Role::kStays:
          if (planned.id != spike_) (p < first_ ? result : behind).push_back(planned);
          break;
        case Role::kEarlier:
          result.push_back(planned);
          break;
        case Role::kSelect:
          handler.results.push_back({planned.id, graph_.node(planned.id).operands[2]});
          handler.nodes.push_back(planned);
          break;
        case Role::kSinks:
          handler.nodes.push_back(planned);
          break;
        case Role::kStore:
          stores.push_back({planned.id, Known::kFalse, {}});
          handler.nodes.push_back(planned);
          break;
      }
    }
    handler.nodes.emplace_back().id = spike_;
    PlannedNode spike;
    spike.id = spike_;
    spike.regions.push_back(std::move(handler));
    std::move(stores.begin(), stores.end(), std::back_inserter(result));
    result.push_back(std::move(spike));
    std::move(behind.begin(), behind.end(), std::back_inserter(result));
    return result;
  }

  // True if the node is a select that a handler takes in.
  bool IsForHandler(const PlannedNode& planned) const {
    const ir::Node& node = graph_.node(planned.id);
    return node.op == Op::kSelect && node.operands[0] == condition_ &&
           std::all_of(planned.regions.begin(), planned.regions.end(),
                       [](const ColdRegion& region) { return region.when; });
  }

 private:
  enum class Role {
    kStays,
    kEarlier,  // moves before the spike, since a select needs it
    kSelect,   // sinks; others read it behind the handler
    kSinks,    // sinks; nothing reads it behind
    kStore,    // a store or check of a select: acts before the spike, and again in the handler
  };

  void FindSelects() {
    for (size_t p = 0; p < nodes_.size(); ++p) {
      if (!IsForHandler(nodes_[p])) continue;
      if (first_ == kNowhere) first_ = p;
      std::set<NodeId> needed;
      if (!Need(nodes_[p], needed)) continue;
      for (const NodeId id : needed) roles_[id] = Role::kEarlier;
      roles_[nodes_[p].id] = Role::kSelect;
    }
  }

  // Adds the nodes between the first select and this one that it needs; false if one of them has to
  // stay there.
  bool Need(const PlannedNode& planned, std::set<NodeId>& needed) const {
    bool can_move = true;
    ForEachComputed({planned}, [&](const PlannedNode& computed) {
      for (const NodeId id : graph_.node(computed.id).inputs()) {
        const size_t place = place_of_[id];
        if (!can_move || place == kNowhere || place < first_) continue;
        if (needed.contains(id) || roles_[id] == Role::kEarlier) continue;
        can_move = MayGoEarlier(place);
        needed.insert(id);
        can_move = can_move && Need(nodes_[place], needed);
      }
    });
    return can_move;
  }

  bool MayGoEarlier(size_t place) const {
    const ir::Node& node = graph_.node(nodes_[place].id);
    if (roles_[nodes_[place].id] == Role::kSelect) return false;
    if (node.op != Op::kLoad) return reference::IsEvaluable(node.op);
    const std::vector<NodeId>& stores = graph_.accesses(node.attr).stores;
    return std::none_of(stores.begin(), stores.end(), [&](NodeId store) {
      return place_of_[store] >= first_ && place_of_[store] < place;
    });
  }

  void FindWhatOnlySelectsNeed() {
    std::vector<Use> uses;
    for (NodeId id = 0; id < graph_.size(); ++id) {
      if (roles_[id] == Role::kSelect) uses.push_back({id, 1});
    }
    const auto may_sink = [&](NodeId id) {
      return place_of_[id] != kNowhere && nodes_[place_of_[id]].id == id &&
             roles_[id] != Role::kSelect && graph_.IsPlainArithmetic(id);
    };
    for (const NodeId id : graph_.NeededOnlyBy(uses, may_sink)) roles_[id] = Role::kSinks;
  }

  // Finds stores of selects that nothing else reads but deferred checks: lanes that do not spike
  // need not wait for the spike.
  void FindStores() {
    for (size_t p = first_; p < nodes_.size(); ++p) {
      const NodeId store = nodes_[p].id;
      const ir::Node& node = graph_.node(store);
      if (node.op != Op::kStore || roles_[node.operands[0]] != Role::kSelect) continue;
      std::vector<NodeId> checks;
      if (!IsOnlyStored(node.operands[0], store, checks) || IsUsedBetween(node.attr, p)) continue;
      roles_[node.operands[0]] = Role::kSinks;
      roles_[store] = Role::kStore;
      for (const NodeId check : checks) roles_[check] = Role::kStore;
    }
  }

  // True if the value has no users but this store and deferred checks, which are added to `checks`.
  bool IsOnlyStored(NodeId value, NodeId store, std::vector<NodeId>& checks) const {
    for (const Use& use : graph_.uses(value)) {
      if (use.user == store) continue;
      const ir::Node& user = graph_.node(use.user);
      if (user.op != Op::kCheck || plan_.FindDeferredCheck(user.attr) == nullptr) return false;
      checks.push_back(use.user);
    }
    return true;
  }

  // True if a node that stays behind the spike accesses the state before this store does.
  bool IsUsedBetween(uint64_t state, size_t store) const {
    const auto between = [&](NodeId access) {
      return roles_[access] == Role::kStays && place_of_[access] >= first_ &&
             place_of_[access] < store;
    };
    const KernelGraph::Accesses& accesses = graph_.accesses(state);
    return std::any_of(accesses.loads.begin(), accesses.loads.end(), between) ||
           std::any_of(accesses.stores.begin(), accesses.stores.end(), between);
  }

  const KernelGraph& graph_;
  const KernelPlan& plan_;
  const std::vector<PlannedNode>& nodes_;
  const NodeId spike_;
  const NodeId condition_;
  std::vector<size_t> place_of_;  // in nodes_, by node
  std::vector<Role> roles_;       // by node
  size_t first_ = kNowhere;       // place of the first select
};

// Makes a tail of the handler of a spike.
class TailMaker {
 public:
  TailMaker(const KernelGraph& graph, const std::vector<PlannedNode>& nodes,
            const PlannedNode& spike)
      : graph_(graph), nodes_(nodes), tail_{.spike = spike.id, .held = {}, .nodes = {}} {
    const ColdRegion& handler = spike.regions[0];
    known_.insert(handler.condition);
    for (const PlannedNode& planned : handler.nodes) {
      const ir::Node& node = graph.node(planned.id);
      known_.insert(planned.id);
      if (node.op == Op::kStore) stored_.insert(node.attr);
      if (planned.id == spike.id) continue;
      const bool on_spike = node.op == Op::kSelect && node.operands[0] == handler.condition;
      tail_.nodes.push_back({planned.id, on_spike ? Known::kTrue : Known::kNothing, {}});
    }
    for (const PlannedNode& planned : tail_.nodes) {
      for (const NodeId operand : OperandsOf(graph, planned)) Hold(operand);
    }
  }

  const Tail& tail() const { return tail_; }
  bool Stores(ir::StateId state) const { return stored_.contains(state); }

 private:
  // Finds the state that holds the value, or those that hold what it is computed from.
  void Hold(NodeId id) {
    if (graph_.node(id).type().uniform() || !known_.insert(id).second) return;
    if (const std::optional<ir::StateId> state = FindHolder(id)) {
      tail_.held.push_back({id, *state});
      return;
    }
    for (const NodeId operand : graph_.node(id).inputs()) Hold(operand);
  }

  std::optional<ir::StateId> FindHolder(NodeId id) const {
    for (const PlannedNode& planned : nodes_) {
      const ir::Node& node = graph_.node(planned.id);
      if (node.op != Op::kStore || graph_.accesses(node.attr).stores.size() != 1) continue;
      // A state with a history holds the value in one of its places.
      if (graph_.program().states[node.attr].history != 0) continue;
      if (OperandsOf(graph_, planned)[0] == id) return static_cast<ir::StateId>(node.attr);
    }
    return std::nullopt;
  }

  const KernelGraph& graph_;
  const std::vector<PlannedNode>& nodes_;
  Tail tail_;
  std::set<NodeId> known_;     // the condition, nodes of the tail, and what Hold has dealt with
  std::set<uint64_t> stored_;  // states that the tail stores
};

// True if the node is a spike whose condition differs from element to element. Where all neurons
// spike together, no vector could skip a handler.
bool MayHaveHandler(const KernelGraph& graph, NodeId id) {
  const ir::Node& node = graph.node(id);
  return node.op == Op::kSpike && !graph.node(node.operands[0]).type().uniform();
}

// The plan with the handler at a place made a tail; nullopt if there is none, something waits for
// it, or it would read what is gone by then: VerifyPlan knows.
std::optional<KernelPlan> MakeTail(const KernelGraph& graph, const KernelPlan& without,
                                   size_t place) {
  const PlannedNode& handled = without.loops[0].nodes[place];
  if (!IsHandled(graph, handled)) return std::nullopt;
  for (const PlannedNode& planned : handled.regions[0].nodes) {
    if (!planned.regions.empty()) return std::nullopt;
  }
  const TailMaker maker(graph, without.loops[0].nodes, handled);
  KernelPlan plan = without;
  PlannedNode& spike = plan.loops[0].nodes[place];
  spike.regions.clear();
  plan.tails.push_back(maker.tail());
  std::sort(plan.tails.begin(), plan.tails.end(),
            [](const Tail& a, const Tail& b) { return a.spike < b.spike; });
  for (DeferredCheck& check : plan.deferred_checks) {
    if (maker.Stores(check.state)) check.spared.push_back(spike.id);
  }
  if (!VerifyPlan(graph, plan).ok()) return std::nullopt;
  return plan;
}

}  // namespace

KernelPlan SinkArms(const KernelGraph& graph, const PlanTarget&, KernelPlan plan) {
  std::vector<PlannedNode>& nodes = plan.loops[0].nodes;
  nodes = ArmSinker(graph).Sink(nodes, std::numeric_limits<double>::infinity());
  return plan;
}

absl::Status CheckSinkArms(const KernelGraph& graph, const PlanTarget&, const KernelPlan& plan) {
  const ArmSinker sinker(graph);
  const std::vector<bool> present = sinker.PresentIn(plan.loops[0].nodes);
  for (const PlannedNode& planned : plan.loops[0].nodes) {
    if (graph.node(planned.id).op != Op::kSelect || !planned.regions.empty()) continue;
    for (const size_t operand : {size_t{1}, size_t{2}}) {
      constexpr double kAny = std::numeric_limits<double>::infinity();
      if (sinker.FindArm(planned.id, operand, present, kAny).empty()) continue;
      return absl::InternalError(
          absl::StrCat("'", graph.Text(planned.id), "' has a long arm in no cold region"));
    }
  }
  return absl::OkStatus();
}

KernelPlan SinkHandlers(const KernelGraph& graph, const PlanTarget&, KernelPlan plan) {
  for (NodeId id = 0; id < graph.size(); ++id) {
    if (!MayHaveHandler(graph, id)) continue;
    plan.loops[0].nodes = HandlerSinker(graph, plan, id).Sink();
  }
  return plan;
}

absl::Status CheckSinkHandlers(const KernelGraph& graph, const PlanTarget&,
                               const KernelPlan& plan) {
  const std::vector<PlannedNode>& nodes = plan.loops[0].nodes;
  for (const PlannedNode& spike : nodes) {
    if (!MayHaveHandler(graph, spike.id) || IsHandled(graph, spike)) continue;
    const HandlerSinker sinker(graph, plan, spike.id);
    for (const PlannedNode& planned : nodes) {
      if (!sinker.IsForHandler(planned)) continue;
      return absl::InternalError(absl::StrCat(
          "'", graph.Text(planned.id), "' is in no handler of '", graph.Text(spike.id), "'"));
    }
  }
  return absl::OkStatus();
}

KernelPlan SinkToTail(const KernelGraph& graph, const PlanTarget&, KernelPlan plan) {
  for (size_t p = 0; p < plan.loops[0].nodes.size(); ++p) {
    if (auto with_tail = MakeTail(graph, plan, p)) plan = *std::move(with_tail);
  }
  return plan;
}

absl::Status CheckSinkToTail(const KernelGraph& graph, const PlanTarget&, const KernelPlan& plan) {
  for (size_t p = 0; p < plan.loops[0].nodes.size(); ++p) {
    if (!MakeTail(graph, plan, p)) continue;
    return absl::InternalError(absl::StrCat(
        "the handler of '", graph.Text(plan.loops[0].nodes[p].id), "' could run in the tail"));
  }
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
