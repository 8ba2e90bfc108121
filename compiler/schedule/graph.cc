#include "compiler/schedule/graph.h"

#include <algorithm>

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
  NodeId end = 0;
  for (const Use& use : by) end = std::max(end, use.user);
  std::vector<bool> found(end + size_t{1});
  const auto serves = [&](const Use& use) {
    return (use.user < end && found[use.user]) || std::find(by.begin(), by.end(), use) != by.end();
  };
  std::vector<NodeId> nodes;
  for (NodeId id = end; id-- > 0;) {
    if (uses_[id].empty() || !may_sink(id)) continue;
    if (!std::all_of(uses_[id].begin(), uses_[id].end(), serves)) continue;
    found[id] = true;
    nodes.push_back(id);
  }
  return {nodes.rbegin(), nodes.rend()};
}

std::string KernelGraph::Text(NodeId id) const { return ir::PrintNode(program_, kernel_, id); }

}  // namespace bnsyn::compiler
