// Multiplies a value by a constant, term by term where the value is a sum.
#ifndef BNSYN_COMPILER_EQUATIONS_AFFINE_H_
#define BNSYN_COMPILER_EQUATIONS_AFFINE_H_

#include "compiler/equations/ode_system.h"
#include "ir/builder.h"

namespace bnsyn::compiler {

// factor * value, for a constant factor (literals and parameters) and a value over stand-ins. The
// factor is multiplied into the constants of a sum once, where that costs no more, so that every
// term takes one fma: 0.1*(a*g + b*h - c) becomes (0.1*a)*g + ((0.1*b)*h - 0.1*c). In strict math
// it is one product.
ir::Value EmitScaled(const OdeSystem& system, ir::Value factor, ir::Value value);

// True if a value over stand-ins is a sum of constants times variables, like conductances divided
// by a capacity: no function of a variable makes it large.
bool IsSumOfVariables(const OdeSystem& system, ir::Value value);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EQUATIONS_AFFINE_H_
