// Which nodes a kernel computes only where some lane wants them.
//
// A select computes both of its arms. Where an arm is long, and nothing else needs it, a vector of
// which no lane takes it may skip it: the same bits, and most of the time less work, since long
// arms are the far ranges of functions (R2).
#ifndef BNSYN_COMPILER_EMISSION_RARE_ARMS_H_
#define BNSYN_COMPILER_EMISSION_RARE_ARMS_H_

#include <vector>

#include "ir/program.h"

namespace bnsyn::compiler {

struct PlannedNode;

// The arm of a select that some lane takes where the condition is `when`; its last node is the
// operand of the select.
struct RareArm {
  bool when = false;
  std::vector<PlannedNode> nodes;
};

// What a spike does to its neuron, as GatherResets finds it (resets.h).
struct Resets {
  std::vector<PlannedNode> nodes;  // run only where some lane spikes
  std::vector<ir::NodeId>
      selects;  // those of them that others read; elsewhere, their last operands
};

// A node, after which what it needs of rare arms has been computed.
struct PlannedNode {
  ir::NodeId id = 0;
  std::vector<RareArm> arms;  // of a select
  Resets resets;              // of a spike
  // Of a store: it stores the last operand of the select that it names. Resets hold it once more,
  // as it is.
  bool before_reset = false;
};

// The nodes that a planned node itself reads.
std::vector<ir::NodeId> InputsOf(const ir::Block& kernel, const PlannedNode& planned);

// All nodes over elements of a kernel in order, those of rare arms within their selects.
std::vector<PlannedNode> PlanRareArms(const ir::Block& kernel);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EMISSION_RARE_ARMS_H_
