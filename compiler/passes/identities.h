// Simplifies one node by rules of algebra that hold to the bit for every value, signed zeros and
// infinities included: x*1 is x, but x+0 is not x. All NaNs count as one value (R10), so a rule may
// change which NaN results, but not whether a NaN results.
#ifndef BNSYN_COMPILER_PASSES_IDENTITIES_H_
#define BNSYN_COMPILER_PASSES_IDENTITIES_H_

#include <optional>

#include "ir/builder.h"
#include "ir/program.h"

namespace bnsyn::compiler {

// Returns a value equal to `node` that exists already or is cheaper to compute, or nullopt if no
// rule applies. The node must be pure, with operands of `builder`. Each rule shortens the
// computation, so that repeated application ends.
std::optional<ir::Value> ApplyIdentity(ir::Builder& builder, const ir::Node& node);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_PASSES_IDENTITIES_H_
