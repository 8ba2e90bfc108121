// Which nodes a kernel computes only where some lane wants them.
//
// A select computes both of its arms. Where an arm is long, and nothing else needs it, a vector of
// which no lane takes it may skip it, and the choice as well: the same bits, and most of the time
// less work, since long arms are the far ranges of functions (R2).
#ifndef BNSYN_COMPILER_SCHEDULE_RARE_ARMS_H_
#define BNSYN_COMPILER_SCHEDULE_RARE_ARMS_H_

#include <vector>

#include "compiler/schedule/planned_node.h"
#include "ir/program.h"

namespace bnsyn::compiler {

// All nodes over elements of a kernel in order, those of rare arms within their selects.
std::vector<PlannedNode> PlanRareArms(const ir::Block& kernel);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_SCHEDULE_RARE_ARMS_H_
