// Makes loops of code that a block has already: the substeps of differential equations.
#ifndef BNSYN_COMPILER_LOWERING_LOOP_H_
#define BNSYN_COMPILER_LOWERING_LOOP_H_

#include <string>
#include <vector>

#include "compiler/equations/equation_scope.h"
#include "compiler/lowering/declarations.h"
#include "compiler/lowering/program_builder.h"
#include "ir/builder.h"

namespace bnsyn::compiler {

// The name, longer if something in the program has it.
std::string UnusedName(const ir::Program& program, std::string name);

// See EquationScope::EmitLoop. The section's variables that all neurons share move in a loop of the
// network; a loop of neurons that reads them moves them once more, for each neuron.
std::vector<ir::Value> CutLoop(const Section& section, const LoopShape& shape,
                               const std::vector<LoopVariable>& variables, ir::Builder& builder,
                               ProgramBuilder& out);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_LOWERING_LOOP_H_
