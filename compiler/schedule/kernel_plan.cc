#include "compiler/schedule/kernel_plan.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "ir/text.h"

namespace bnsyn::compiler {
namespace {

using ir::NodeId;
using ir::Op;

class Printer {
 public:
  explicit Printer(const KernelGraph& graph) : graph_(graph) {}

  std::string Print(const KernelPlan& plan) {
    if (plan.least_cycles > 0) {
      Line(absl::StrFormat("estimate: %.0f cycles for a vector", plan.least_cycles));
    }
    for (const Loop& loop : plan.loops) {
      Line(loop.narrow ? "loop over vectors of twice the lanes {" : "loop over vectors {");
      Nodes(loop.nodes);
      for (const NodeId id : loop.kept) Line(absl::StrCat("  keep ", Value(id)));
      for (const HeldValue& held : loop.held) {
        Line(absl::StrCat("  ", Value(held.value), " stays in ", State(held.state)));
      }
      Line("}");
    }
    for (const Tail& tail : plan.tails) {
      Line(absl::StrCat("tail for each spike of ", Population(tail.spike), " {"));
      for (const HeldValue& held : tail.held) {
        Line(absl::StrCat("  ", Value(held.value), " is in ", State(held.state)));
      }
      Nodes(tail.nodes);
      Line("}");
    }
    for (const DeferredCheck& check : plan.deferred_checks) {
      Line(absl::StrCat("check ", State(check.state), " in memory at the end of a suspect group",
                        check.spared.empty() ? "" : ", apart from spikes of ",
                        absl::StrJoin(check.spared, ", ", [&](std::string* out, NodeId spike) {
                          absl::StrAppend(out, Population(spike));
                        })));
    }
    return std::move(text_);
  }

 private:
  void Line(absl::string_view line) { absl::StrAppend(&text_, indent_, line, "\n"); }

  void Nodes(const std::vector<PlannedNode>& nodes) {
    indent_ += "  ";
    for (const PlannedNode& planned : nodes) {
      if (planned.regions.empty()) Line(absl::StrCat(graph_.Text(planned.id), Suffix(planned)));
      for (const ColdRegion& region : planned.regions) Region(region);
    }
    indent_.resize(indent_.size() - 2);
  }

  void Region(const ColdRegion& region) {
    Line(absl::StrCat("if some lane has ", Value(region.condition),
                      region.when ? " true {" : " false {"));
    Nodes(region.nodes);
    std::string results;
    for (const ColdRegion::Result& result : region.results) {
      absl::StrAppend(&results, " ", Value(result.value));
      if (result.otherwise != ir::kNoNode) {
        absl::StrAppend(&results, ", else ", Value(result.otherwise));
      }
    }
    Line(absl::StrCat("}", results));
  }

  std::string Suffix(const PlannedNode& planned) const {
    if (planned.known == Known::kNothing) return "";
    const std::string operand = Value(OperandsOf(graph_, planned)[0]);
    if (planned.known == Known::kTrue) return absl::StrCat(" is ", operand);
    const ir::Node& select = graph_.node(graph_.node(planned.id).operands[0]);
    return absl::StrCat(" is ", operand, " where not ", Value(select.operands[0]));
  }

  // "%7", or a literal.
  std::string Value(NodeId id) const {
    const ir::Node& node = graph_.node(id);
    if (node.op == Op::kLiteral) return ir::PrintLiteral(node.element, node.attr);
    const std::string text = graph_.Text(id);
    return text.substr(0, text.find(' '));
  }
  const std::string& State(ir::StateId state) const { return graph_.program().states[state].name; }
  const std::string& Population(NodeId spike) const {
    return graph_.program().populations[graph_.node(spike).attr].name;
  }

  const KernelGraph& graph_;
  std::string text_;
  std::string indent_;
};

}  // namespace

const DeferredCheck* KernelPlan::FindDeferredCheck(uint64_t state) const {
  const auto found = std::find_if(deferred_checks.begin(), deferred_checks.end(),
                                  [&](const DeferredCheck& check) { return check.state == state; });
  return found == deferred_checks.end() ? nullptr : &*found;
}

const Tail* KernelPlan::FindTail(NodeId spike) const {
  const auto found = std::find_if(tails.begin(), tails.end(),
                                  [&](const Tail& tail) { return tail.spike == spike; });
  return found == tails.end() ? nullptr : &*found;
}

KernelPlan PlainPlan(const KernelGraph& graph) {
  Loop loop;
  for (NodeId id = 0; id < graph.size(); ++id) {
    if (graph.IsPlanned(id)) loop.nodes.emplace_back().id = id;
  }
  KernelPlan plan;
  plan.loops.push_back(std::move(loop));
  return plan;
}

std::vector<NodeId> OperandsOf(const KernelGraph& graph, const PlannedNode& planned) {
  const ir::Node& node = graph.node(planned.id);
  if (planned.known == Known::kNothing) return {node.inputs().begin(), node.inputs().end()};
  const ir::Node& select = node.op == Op::kSelect ? node : graph.node(node.operands[0]);
  return {select.operands[planned.known == Known::kTrue ? 1 : 2]};
}

void ForEachComputed(const std::vector<PlannedNode>& nodes,
                     absl::FunctionRef<void(const PlannedNode&)> visit) {
  for (const PlannedNode& planned : nodes) {
    if (planned.regions.empty()) visit(planned);
    for (const ColdRegion& region : planned.regions) ForEachComputed(region.nodes, visit);
  }
}

std::string PrintPlan(const KernelGraph& graph, const KernelPlan& plan) {
  return Printer(graph).Print(plan);
}

}  // namespace bnsyn::compiler
