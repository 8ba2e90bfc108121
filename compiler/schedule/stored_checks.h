// Which checks of a kernel can be looked into again after the fact.
//
// A check must find the elements that fail among those that count (R10), and next to none ever do.
// Where what is checked is also what the kernel leaves in memory, it is enough to learn for a
// vector that something may be wrong, and to look at the memory of the group when that is so.
#ifndef BNSYN_COMPILER_SCHEDULE_STORED_CHECKS_H_
#define BNSYN_COMPILER_SCHEDULE_STORED_CHECKS_H_

#include <vector>

#include "ir/program.h"

namespace bnsyn::compiler {

// States of f64 whose checks in this block all see the very node that its one store of the state
// stores, ascending.
std::vector<ir::StateId> StatesCheckedAsStored(const ir::Block& block);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_SCHEDULE_STORED_CHECKS_H_
