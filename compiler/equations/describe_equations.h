// What becomes of differential equations, for people: `bnsyn dump --stage equations`.
#ifndef BNSYN_COMPILER_EQUATIONS_DESCRIBE_EQUATIONS_H_
#define BNSYN_COMPILER_EQUATIONS_DESCRIBE_EQUATIONS_H_

#include <string>

#include "compiler/equations/integrate.h"
#include "compiler/equations/ode_system.h"

namespace bnsyn::compiler {

// The moves of one step in their order: every equation, its method and why, and what it does to its
// variable, with the numbers of this network. Names of states and parameters are written without
// `prefix` ("exc.").
std::string DescribeMoves(const OdeSystem& system, const Plan& plan, const Formulas& formulas,
                          const std::string& prefix);

// An equation as it stands in the text, in one line.
std::string LineOf(const Equation& equation, const ir::SourceText& source);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EQUATIONS_DESCRIBE_EQUATIONS_H_
