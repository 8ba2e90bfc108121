// Which nodes of the step become one kernel: the first half of the fuse pass, which says at its top
// what anchors and floating nodes are. For use by fuse.cc alone.
#ifndef BNSYN_COMPILER_PASSES_KERNEL_GROUPS_H_
#define BNSYN_COMPILER_PASSES_KERNEL_GROUPS_H_

#include <set>
#include <string>
#include <vector>

#include "ir/program.h"

namespace bnsyn::compiler {

inline constexpr size_t kNoKernel = ~size_t{0};

// True for what other threads have a part in: counts, totals, gathered states and blocks over
// synapses.
bool IsCrossThread(const ir::Node& node);
// The same, and for nodes that run a clock with such nodes.
bool IsCrossThread(const ir::Program& program, const ir::Node& node);
bool IsAnchor(const ir::Node& node);
// The loop or clock that a node runs, or null.
const ir::Block* FindLoop(const ir::Program& program, const ir::Node& node);

// The graph of the step, with the order that effects impose on its nodes.
struct StepGraph {
  explicit StepGraph(const ir::Program& program, const ir::Block& step);

  const ir::Block& step;
  std::vector<bool> live;
  std::vector<ir::DomainId> domain;  // over which a node runs
  // A kernel has anchors of one lane: a loop has one to itself, and so have deliver and the gathers
  // of a population from itself. Other nodes have that of their domain.
  std::vector<size_t> lane;
  std::vector<std::vector<ir::NodeId>> after;   // effects that must come before a node
  std::vector<std::vector<ir::NodeId>> killed;  // loads of what a store overwrites
  std::vector<ir::NodeId> anchors;

  size_t size() const { return step.nodes.size(); }
  const ir::Node& node(ir::NodeId id) const { return step.nodes[id]; }
  bool uniform(ir::NodeId id) const { return domain[id] == ir::DomainId::kNetwork; }
};

// The kernels and their nodes. A node may be in several kernels; its `home` is the one that passes
// its value to the others.
struct Grouping {
  struct Kernel {
    ir::DomainId domain;
    std::string name;
    std::set<ir::NodeId> nodes;  // in program order, which is the order within a kernel
  };
  std::vector<Kernel> kernels;  // in execution order
  std::vector<size_t> home;
};

// As few kernels as the order of effects allows.
Grouping GroupByDomain(const ir::Program& program, const StepGraph& graph);
// A kernel for every node, in the order of the program.
Grouping GroupNothing(const ir::Program& program, const StepGraph& graph);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_PASSES_KERNEL_GROUPS_H_
