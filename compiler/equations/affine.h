// Values as sums: a constant, and constants times other values.
#ifndef BNSYN_COMPILER_EQUATIONS_AFFINE_H_
#define BNSYN_COMPILER_EQUATIONS_AFFINE_H_

#include "compiler/equations/ode_system.h"
#include "ir/builder.h"

namespace bnsyn::compiler {

// factor * value, for a constant factor (literals and parameters) and a value over stand-ins. Where
// it costs nothing, the factor is multiplied into the constants of a sum once, so that every term
// takes one fma: 0.1*(a*g + b*h - c) becomes (0.1*a)*g + ((0.1*b)*h - 0.1*c). As it stands where
// the mode is to compute as written.
ir::Value EmitScaled(const OdeSystem& system, ir::Value factor, ir::Value value);

// Whether a value over stand-ins is a sum of constants times variables, as conductances by a
// capacity are: nothing is computed from a variable that might make it large.
bool IsSumOfVariables(const OdeSystem& system, ir::Value value);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EQUATIONS_AFFINE_H_
