// The dependencies between the nodes of a population kernel: who uses a node, and in what order the
// nodes access each state. Computed once, and read by every row of the plan (plan_rows.h).
//
//   const KernelGraph graph(program, kernel);
//   for (const KernelGraph::Use& use : graph.uses(id)) ...   // node use.user reads it
#ifndef BNSYN_COMPILER_SCHEDULE_GRAPH_H_
#define BNSYN_COMPILER_SCHEDULE_GRAPH_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/types/span.h"
#include "ir/program.h"

namespace bnsyn::compiler {

class KernelGraph {
 public:
  // One operand of one node.
  struct Use {
    ir::NodeId user = 0;
    size_t operand = 0;
    friend bool operator==(const Use&, const Use&) = default;
  };
  // The nodes that access a state, each list in the order of the kernel.
  struct Accesses {
    std::vector<ir::NodeId> loads;
    std::vector<ir::NodeId> stores;
    std::vector<ir::NodeId> checks;
  };

  // Both arguments must outlive the graph.
  KernelGraph(const ir::Program& program, const ir::Block& kernel);

  const ir::Program& program() const { return program_; }
  const ir::Block& kernel() const { return kernel_; }
  const ir::Node& node(ir::NodeId id) const { return kernel_.nodes[id]; }
  size_t size() const { return kernel_.nodes.size(); }

  // True if the node runs for every element or has an effect. All others have one value for the
  // whole kernel and run before its loops.
  bool IsPlanned(ir::NodeId id) const {
    return !node(id).type().uniform() || !ir::HasResult(node(id).op);
  }
  // True if the node only computes a value from its operands: it may run wherever these are known,
  // or not at all where its value is not needed.
  bool IsPlainArithmetic(ir::NodeId id) const;

  absl::Span<const Use> uses(ir::NodeId id) const { return uses_[id]; }
  // The accesses to a state, by its index; empty lists for a state that the kernel never names.
  const Accesses& accesses(uint64_t state) const;
  // The states that the kernel accesses, ascending.
  const std::map<ir::StateId, Accesses>& accesses() const { return accesses_; }

  // The nodes that serve nothing but these uses, directly or through each other, ascending; only
  // nodes for which `may_sink` is true.
  std::vector<ir::NodeId> NeededOnlyBy(absl::Span<const Use> by,
                                       absl::FunctionRef<bool(ir::NodeId)> may_sink) const;

  // The line of the node in the program's text.
  std::string Text(ir::NodeId id) const;

 private:
  const ir::Program& program_;
  const ir::Block& kernel_;
  std::vector<std::vector<Use>> uses_;  // by node
  std::map<ir::StateId, Accesses> accesses_;
};

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_SCHEDULE_GRAPH_H_
