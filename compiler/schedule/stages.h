// How the loop over the vectors of a group is divided into loops that follow one another.
//
// The nodes of a kernel are mostly one long chain, from sums of inputs through a function or two to
// spikes. A processor looks ahead over a few hundred instructions: over little more than one vector
// where a vector takes two hundred, and then it waits for the chain most of the time. A loop over
// a part of the nodes is short enough for several vectors to be under way together. What one stage
// computes and another reads goes through buffers of a group's size, which the nearest cache holds,
// or through the state that it is stored in; or it is made anew there, where that costs no more.
// Nodes that are integers of 4 bytes, or compare such, may go first, in stages of their own: a
// vector holds twice as many of them.
#ifndef BNSYN_COMPILER_SCHEDULE_STAGES_H_
#define BNSYN_COMPILER_SCHEDULE_STAGES_H_

#include <vector>

#include "compiler/schedule/planned_node.h"
#include "ir/program.h"

namespace bnsyn::compiler {

struct Stage {
  std::vector<PlannedNode> nodes;
  // Those of its nodes that a later stage needs and cannot make anew, ascending. Whatever else it
  // needs from before can be emitted once more: it reads memory that did not change in between, or
  // nodes of which the same is true.
  std::vector<ir::NodeId> kept;
  // Those that a later stage needs and that the stage stores in a state, which holds them from then
  // on.
  std::vector<StoredValue> stored;
  // Vectors may have twice the lanes: see IsNarrow in stages.cc.
  bool narrow = false;
};

// Divides the nodes so that all stages together are estimated to take the least time. They stay in
// their order, apart from narrow ones that go before the others. Where the machine has registers of
// `masks`, a comparison is one instruction, and less than to keep what comes of it.
std::vector<Stage> PlanStages(const ir::Block& kernel, std::vector<PlannedNode> plan, bool masks);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_SCHEDULE_STAGES_H_
