// Lowers the description of a network to a program, and explains in words what became of its
// equations.
//
//   BNSYN_ASSIGN_OR_RETURN(const Network network, ReadNetwork("coba.toml"));
//   BNSYN_ASSIGN_OR_RETURN(const ir::Program program, LowerNetwork(network));
#ifndef BNSYN_COMPILER_LOWERING_LOWER_H_
#define BNSYN_COMPILER_LOWERING_LOWER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bnsyn/network.h"
#include "compiler/lowering/requirements.h"
#include "compiler/options.h"
#include "ir/program.h"

namespace bnsyn {

// Checks names, units and dimensions, writes the network as a program, and runs the prepare passes
// over it (compiler/passes/prepare.h). `observer`, which may be null, sees the program after each;
// `requirements`, too, takes what models require of tunable parameters.
absl::StatusOr<ir::Program> LowerNetwork(
    const Network& network, const compiler::CompileOptions& options = {},
    const compiler::StageObserver& observer = nullptr,
    std::vector<compiler::TunableRequirement>* requirements = nullptr);

// Explains each population: its equations in the order in which they move, the method of each and
// the reason for it, and the formula of the new value with the numbers of this network.
absl::StatusOr<std::string> ExplainEquations(const Network& network);

}  // namespace bnsyn

#endif  // BNSYN_COMPILER_LOWERING_LOWER_H_
