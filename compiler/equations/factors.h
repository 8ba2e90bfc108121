// Multiplies variables by constants at the places where that costs nothing.
#ifndef BNSYN_COMPILER_EQUATIONS_FACTORS_H_
#define BNSYN_COMPILER_EQUATIONS_FACTORS_H_

#include "compiler/analysis/node_algebra.h"
#include "compiler/equations/ode_system.h"
#include "ir/builder.h"

namespace bnsyn::compiler {

// Emits `value` again with factors[x]*x in place of every node x of `factors`, which are constants
// (literals and parameters). A factor moves along products and sums to where it joins another
// constant or makes an fma of a sum, so that 2*(x*(V + 70)) - w becomes fma(2*f, x*(V + 70), -w).
// Where there is no such place it takes one multiplication. Not for strict math: it rounds
// otherwise than what stands in the text.
ir::Value EmitWithFactors(const OdeSystem& system, ir::Value value, const Replacement& factors);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EQUATIONS_FACTORS_H_
