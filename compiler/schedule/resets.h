// What only lanes that spike take.
//
// A neuron spikes in one step of hundreds or thousands, and next to no vector holds one that does:
// what a spike does to its neuron, selects on the spike's condition and what only they need, goes
// behind one branch together with the spike.
#ifndef BNSYN_COMPILER_SCHEDULE_RESETS_H_
#define BNSYN_COMPILER_SCHEDULE_RESETS_H_

#include <vector>

#include "compiler/schedule/planned_node.h"
#include "ir/program.h"

namespace bnsyn::compiler {

// Moves the selects on a spike's condition into PlannedNode::resets of the spike, and the spike to
// where the first of them stood; the selects are no nodes of the plan of their own then. A select
// stays where it was if what it chooses from cannot be computed before the first one.
std::vector<PlannedNode> GatherResets(const ir::Block& kernel, std::vector<PlannedNode> plan);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_SCHEDULE_RESETS_H_
