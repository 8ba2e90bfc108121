// Explains to people what an integration plan does: `bnsyn dump --stage equations`.
#ifndef BNSYN_COMPILER_EQUATIONS_EXPLANATIONS_H_
#define BNSYN_COMPILER_EQUATIONS_EXPLANATIONS_H_

#include <string>

#include "compiler/equations/integrate.h"
#include "compiler/equations/integration_plan.h"
#include "compiler/equations/ode_system.h"

namespace bnsyn::compiler {

// The moves of one step in their order. Each has its equation, its method with the reason, and the
// formula of the new value with the numbers of this network. Names of states and parameters are
// written without `prefix` ("exc.").
std::string ExplainMoves(const OdeSystem& system, const IntegrationPlan& plan,
                         const Formulas& formulas, const std::string& prefix);

// An equation in one line, as it is written in the text.
std::string LineOf(const Equation& equation, const ir::SourceText& source);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_EQUATIONS_EXPLANATIONS_H_
