// Inputs are taken where their sums are needed, and states are stored where their values are made.
//
// A sum that is taken at the beginning, as programs do it, would be kept until it is read. And a
// program stores at its end what it has computed; where nothing reads or writes the state in
// between, it may as well be stored at once. Then the state itself keeps the value for later stages
// (stages.h), which need no buffer for it.
#ifndef BNSYN_COMPILER_SCHEDULE_ACCESSES_H_
#define BNSYN_COMPILER_SCHEDULE_ACCESSES_H_

#include <cstdint>
#include <map>
#include <vector>

#include "compiler/schedule/planned_node.h"
#include "ir/program.h"

namespace bnsyn::compiler {

// Moves takes to directly before the first that reads them.
std::vector<PlannedNode> TakeLate(const ir::Block& kernel, std::vector<PlannedNode> plan);

// Moves stores, and the checks of what they store, to directly behind their values.
std::vector<PlannedNode> StoreEarly(const ir::Block& kernel, std::vector<PlannedNode> plan);

// How many nodes of the kernel, in arms or not, store a state; by state.
std::map<uint64_t, int> CountStores(const ir::Block& kernel);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_SCHEDULE_ACCESSES_H_
