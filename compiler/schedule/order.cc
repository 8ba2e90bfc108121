// The rows that move accesses to memory to where their values are read or made.
//
// A program takes the sums of its inputs first and stores its states last. A sum that is taken
// where it is read occupies no register before; a state that is stored where its value is made
// holds the value for later loops, which then need no buffer for it.
#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "compiler/schedule/plan_rows.h"

namespace bnsyn::compiler {
namespace {

using ir::NodeId;
using ir::Op;

// Where a node goes: directly before (side 0) what stood at a place, there (1), or behind (2...).
struct Destination {
  size_t place = 0;
  size_t side = 1;
  friend bool operator<(const Destination& a, const Destination& b) {
    return std::pair(a.place, a.side) < std::pair(b.place, b.side);
  }
};

std::vector<Destination> Stay(size_t size) {
  std::vector<Destination> destinations(size);
  for (size_t p = 0; p < size; ++p) destinations[p].place = p;
  return destinations;
}

// Nodes with equal destinations stay in their order.
void Move(std::vector<PlannedNode>& nodes, const std::vector<Destination>& destinations) {
  std::vector<size_t> order(nodes.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return destinations[a] < destinations[b]; });
  std::vector<PlannedNode> moved;
  for (const size_t p : order) moved.push_back(std::move(nodes[p]));
  nodes = std::move(moved);
}

std::vector<Destination> WhereToTake(const KernelGraph& graph,
                                     const std::vector<PlannedNode>& nodes) {
  std::vector<Destination> destinations = Stay(nodes.size());
  std::vector<size_t> first_reader(graph.size(), nodes.size());
  for (size_t p = nodes.size(); p-- > 0;) {
    ForEachComputed({nodes[p]}, [&](const PlannedNode& computed) {
      for (const NodeId operand : OperandsOf(graph, computed)) first_reader[operand] = p;
    });
  }
  for (size_t p = 0; p < nodes.size(); ++p) {
    if (graph.node(nodes[p].id).op != Op::kTake) continue;
    // A sum without a reader is taken all the same, last.
    destinations[p] = {first_reader[nodes[p].id], 0};
  }
  return destinations;
}

std::vector<Destination> WhereToStore(const KernelGraph& graph,
                                      const std::vector<PlannedNode>& nodes) {
  std::vector<Destination> destinations = Stay(nodes.size());
  std::vector<size_t> place_of(graph.size(), nodes.size());
  for (size_t p = 0; p < nodes.size(); ++p) {
    if (nodes[p].known == Known::kNothing) place_of[nodes[p].id] = p;
  }
  std::vector<size_t> behind(nodes.size(), 1);  // how many nodes go behind a place, and 1
  for (size_t p = 0; p < nodes.size(); ++p) {
    const ir::Node& store = graph.node(nodes[p].id);
    if (store.op != Op::kStore || nodes[p].known != Known::kNothing) continue;
    const KernelGraph::Accesses& accesses = graph.accesses(store.attr);
    const size_t value = place_of[store.operands[0]];
    const auto is_behind = [&](NodeId load) { return place_of[load] > value; };
    if (value >= p || accesses.stores.size() != 1 ||
        std::any_of(accesses.loads.begin(), accesses.loads.end(), is_behind)) {
      continue;
    }
    for (const NodeId check : accesses.checks) {
      if (graph.node(check).operands[0] != store.operands[0]) continue;
      if (place_of[check] < nodes.size()) destinations[place_of[check]] = {value, ++behind[value]};
    }
    destinations[p] = {value, ++behind[value]};
  }
  return destinations;
}

// The first node that is not where it should be.
absl::Status CheckOrder(const KernelGraph& graph, const std::vector<PlannedNode>& nodes,
                        const std::vector<Destination>& destinations) {
  for (size_t p = 0; p + 1 < nodes.size(); ++p) {
    if (!(destinations[p + 1] < destinations[p])) continue;
    return absl::InternalError(absl::StrCat("'", graph.Text(nodes[p + 1].id),
                                            "' does not stand where it should: before '",
                                            graph.Text(nodes[p].id), "'"));
  }
  return absl::OkStatus();
}

}  // namespace

KernelPlan TakeLate(const KernelGraph& graph, const PlanTarget&, KernelPlan plan) {
  Move(plan.loops[0].nodes, WhereToTake(graph, plan.loops[0].nodes));
  return plan;
}

absl::Status CheckTakeLate(const KernelGraph& graph, const PlanTarget&, const KernelPlan& plan) {
  const std::vector<PlannedNode>& nodes = plan.loops[0].nodes;
  return CheckOrder(graph, nodes, WhereToTake(graph, nodes));
}

KernelPlan StoreEarly(const KernelGraph& graph, const PlanTarget&, KernelPlan plan) {
  Move(plan.loops[0].nodes, WhereToStore(graph, plan.loops[0].nodes));
  return plan;
}

absl::Status CheckStoreEarly(const KernelGraph& graph, const PlanTarget&, const KernelPlan& plan) {
  const std::vector<PlannedNode>& nodes = plan.loops[0].nodes;
  return CheckOrder(graph, nodes, WhereToStore(graph, nodes));
}

}  // namespace bnsyn::compiler
