// Arms of selects that compiled code of synapses computes behind a branch: those that take many
// nodes which nothing else needs, as an exponential beyond its table does.
#ifndef BNSYN_COMPILER_ANALYSIS_LONG_ARMS_H_
#define BNSYN_COMPILER_ANALYSIS_LONG_ARMS_H_

#include <vector>

#include "ir/levels.h"
#include "ir/program.h"

namespace bnsyn::compiler {

// By node: the select in one arm of which alone it is needed, where that arm is long; kNoNode for
// all others. A select has one long arm at most.
std::vector<ir::NodeId> FindLongArms(const ir::Block& block, const std::vector<ir::Level>& levels);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_ANALYSIS_LONG_ARMS_H_
