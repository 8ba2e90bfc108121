// Rules of algebra that hold to the bit for every value, signed zeros and infinities included. Any
// NaN counts as the same value (R10), so a rule may change which NaN comes out, never whether one.
#ifndef BNSYN_COMPILER_PASSES_IDENTITIES_H_
#define BNSYN_COMPILER_PASSES_IDENTITIES_H_

#include <optional>

#include "ir/builder.h"
#include "ir/program.h"

namespace bnsyn::compiler {

// A value equal to `node`, a pure node whose operands are values of `builder`, that is there
// already or is cheaper to compute; nullopt when no rule applies. Each rule shortens the
// computation, so applying them ends.
std::optional<ir::Value> ApplyIdentity(ir::Builder& builder, const ir::Node& node);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_PASSES_IDENTITIES_H_
