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

// A node, after which what it needs of rare arms has been computed.
struct PlannedNode {
  ir::NodeId id = 0;
  std::vector<RareArm> arms;  // of a select
};

// All nodes over elements of a kernel in order, those of rare arms within their selects.
std::vector<PlannedNode> PlanRareArms(const ir::Block& kernel);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EMISSION_RARE_ARMS_H_
