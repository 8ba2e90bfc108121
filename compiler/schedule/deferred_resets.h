// Resets that wait for the end.
//
// A branch that next to no vector takes costs little, but each time it is taken the processor has
// foreseen it wrongly, and throws away what it had begun of the vectors that follow: that takes as
// long as several vectors. Where nothing else in the kernel reads what a spike does to its neuron,
// the spikes of many groups are remembered, and their resets run neuron by neuron when these groups
// are done: there is little under way then.
#ifndef BNSYN_COMPILER_SCHEDULE_DEFERRED_RESETS_H_
#define BNSYN_COMPILER_SCHEDULE_DEFERRED_RESETS_H_

#include <vector>

#include "compiler/schedule/planned_node.h"
#include "ir/program.h"

namespace bnsyn::compiler {

// Marks resets as deferred where nothing reads their results, and they read only what is in memory
// at the end of the kernel, or is quickly made from that.
std::vector<PlannedNode> DeferResets(const ir::Block& kernel, std::vector<PlannedNode> plan);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_SCHEDULE_DEFERRED_RESETS_H_
