// What becomes of differential equations, for people: `bnsyn dump --stage equations`.
#ifndef BNSYN_COMPILER_EQUATIONS_DESCRIBE_EQUATIONS_H_
#define BNSYN_COMPILER_EQUATIONS_DESCRIBE_EQUATIONS_H_

#include <string>

#include "absl/status/statusor.h"
#include "compiler/equations/integrate.h"
#include "compiler/equations/ode_system.h"
#include "compiler/lowering/lowering.h"

namespace bnsyn {

// For each population the moves of one step in their order: every equation, its method and why, and
// what it does to its variable, with the numbers of this network.
absl::StatusOr<std::string> DescribeEquations(const Network& network);

namespace compiler {

// The part that one population has in it.
std::string DescribeMoves(const ir::Program& program, const OdeSystem& system, const Plan& plan,
                          const Formulas& formulas);

// An equation as it stands in the text, in one line.
std::string LineOf(const Equation& equation, const ir::SourceText& source);

}  // namespace compiler
}  // namespace bnsyn

#endif  // BNSYN_COMPILER_EQUATIONS_DESCRIBE_EQUATIONS_H_
