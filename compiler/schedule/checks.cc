// The row that defers checks to memory.
//
// A check must find the elements that fail (R10), and hardly any ever do. Where memory holds what
// was checked when the group ends, a vector only notes that something may be wrong: one addition in
// place of two comparisons. If a group has such a note, its memory is checked.
#include "absl/strings/str_cat.h"
#include "compiler/schedule/plan_rows.h"

namespace bnsyn::compiler {
namespace {

// True if the state has 8-byte floats, is stored once, and every check is of the stored value.
bool AreOfStored(const KernelGraph& graph, const KernelGraph::Accesses& accesses) {
  if (accesses.stores.size() != 1 || accesses.checks.empty()) return false;
  const ir::Node& store = graph.node(accesses.stores[0]);
  for (const ir::NodeId check : accesses.checks) {
    if (graph.node(check).operands[0] != store.operands[0]) return false;
  }
  return store.element == ir::Element::kF64;
}

}  // namespace

KernelPlan DeferChecks(const KernelGraph& graph, const PlanTarget&, KernelPlan plan) {
  for (const auto& [state, accesses] : graph.accesses()) {
    if (AreOfStored(graph, accesses)) plan.deferred_checks.push_back({state, {}});
  }
  return plan;
}

absl::Status CheckDeferChecks(const KernelGraph& graph, const PlanTarget&, const KernelPlan& plan) {
  for (const auto& [state, accesses] : graph.accesses()) {
    if (!AreOfStored(graph, accesses) || plan.FindDeferredCheck(state) != nullptr) continue;
    return absl::InternalError(
        absl::StrCat("'", graph.Text(accesses.checks[0]), "' could be deferred"));
  }
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
