// Derivatives of values of a block, found node by node (forward differentiation) and emitted as
// nodes of the same block.
#ifndef BNSYN_COMPILER_EQUATIONS_DIFFERENTIATE_H_
#define BNSYN_COMPILER_EQUATIONS_DIFFERENTIATE_H_

#include <optional>

#include "ir/builder.h"

namespace bnsyn::compiler {

// d(value)/d(variable) times `tangent`, simplified: the literal 0 where `value` does not depend on
// `variable`, free of `variable` where it is linear in it as far as its shape tells. Both are f64.
// Piecewise ops have piecewise derivatives (of abs, min, max), which depend on `variable`. nullopt
// where `value` jumps or is not a function that can be differentiated: a choice, comparison,
// rounding, conversion, table or draw that depends on `variable`.
std::optional<ir::Value> Differentiate(ir::Builder& builder, ir::Value value, ir::Value variable,
                                       ir::Value tangent);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EQUATIONS_DIFFERENTIATE_H_
