// Differentiates a value of a block, node by node (forward differentiation). The derivative is
// emitted as nodes of the same block.
#ifndef BNSYN_COMPILER_EQUATIONS_DIFFERENTIATE_H_
#define BNSYN_COMPILER_EQUATIONS_DIFFERENTIATE_H_

#include <optional>

#include "ir/builder.h"

namespace bnsyn::compiler {

// d(value)/d(variable) times `tangent`, simplified. It is the literal 0 if `value` does not depend
// on `variable`, and free of `variable` if the shape of `value` is linear in it. All are f64. abs,
// min and max have piecewise derivatives, which depend on `variable`. nullopt if `value` jumps or
// cannot be differentiated: a choice, comparison, rounding, conversion, table or draw depends on
// `variable`.
std::optional<ir::Value> Differentiate(ir::Builder& builder, ir::Value value, ir::Value variable,
                                       ir::Value tangent);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EQUATIONS_DIFFERENTIATE_H_
