// The part of a step in which the variables of a population move on: its update code, then its
// differential equations.
#ifndef BNSYN_COMPILER_LOWERING_ODES_H_
#define BNSYN_COMPILER_LOWERING_ODES_H_

#include <vector>

#include "absl/status/statusor.h"
#include "compiler/equations/integrate.h"
#include "compiler/lowering/lowering.h"
#include "compiler/lowering/scope.h"

namespace bnsyn::compiler {

// Runs the update code of the section of `scope`, then integrates its differential equations over
// one step by the method of its model. `scope` holds the new values afterwards. Returns the decays
// among the moves.
absl::StatusOr<std::vector<Decayed>> LowerUpdate(Lowering& lowering, CodeScope& scope);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_LOWERING_ODES_H_
