#include "compiler/schedule/graph.h"

#include <algorithm>
#include <functional>
#include <set>
#include <unordered_set>
#include <utility>

#include "ir/text.h"
#include "reference/evaluate.h"

namespace bnsyn::compiler {

using ir::NodeId;
using ir::Op;

KernelGraph::KernelGraph(const ir::Program& program, const ir::Block& kernel)
    : program_(program), kernel_(kernel), uses_(kernel.nodes.size()) {
  for (NodeId id = 0; id < kernel.nodes.size(); ++id) {
    const ir::Node& n = kernel.nodes[id];
    for (size_t i = 0; i < n.inputs().size(); ++i) uses_[n.operands[i]].push_back({id, i});
    if (!IsPlanned(id) || ir::Info(n.op).attr != ir::AttrKind::kState) continue;
    Accesses& accesses = accesses_[static_cast<ir::StateId>(n.attr)];
    if (n.op == Op::kLoad) accesses.loads.push_back(id);
    if (n.op == Op::kStore) accesses.stores.push_back(id);
    if (n.op == Op::kCheck) accesses.checks.push_back(id);
  }
}

bool KernelGraph::IsPlainArithmetic(NodeId id) const {
  const ir::Node& n = node(id);
  return !n.type().uniform() && ir::Info(n.op).attr == ir::AttrKind::kNone &&
         reference::IsEvaluable(n.op);
}

const KernelGraph::Accesses& KernelGraph::accesses(uint64_t state) const {
  static const Accesses& none = *new Accesses;
  const auto found = accesses_.find(static_cast<ir::StateId>(state));
  return found == accesses_.end() ? none : found->second;
}

std::vector<NodeId> KernelGraph::NeededOnlyBy(absl::Span<const Use> by,
                                              absl::FunctionRef<bool(NodeId)> may_sink) const {
  // The last node comes first: its users have been decided by then. A search from the uses, since a
  // kernel asks this for each of its selects.
  std::set<NodeId, std::greater<>> open;
  std::set<std::pair<NodeId, size_t>> given;
  for (const Use& use : by) {
    open.insert(node(use.user).operands[use.operand]);
    given.insert({use.user, use.operand});
  }
  std::unordered_set<NodeId> found;
  const auto serves = [&](const Use& use) {
    return found.contains(use.user) || given.contains({use.user, use.operand});
  };
  std::vector<NodeId> nodes;
  while (!open.empty()) {
    const NodeId id = *open.begin();
    open.erase(open.begin());
    if (!may_sink(id) || !std::all_of(uses_[id].begin(), uses_[id].end(), serves)) continue;
    found.insert(id);
    nodes.push_back(id);
    for (const NodeId operand : node(id).inputs()) open.insert(operand);
  }
  return {nodes.rbegin(), nodes.rend()};
}

std::string KernelGraph::Text(NodeId id) const { return ir::PrintNode(program_, kernel_, id); }

}  // namespace bnsyn::compiler
