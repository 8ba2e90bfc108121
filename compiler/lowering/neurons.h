// Some of the neurons of a population in a network: those that its descriptions name, and what code
// knows of them.
#ifndef BNSYN_COMPILER_LOWERING_NEURONS_H_
#define BNSYN_COMPILER_LOWERING_NEURONS_H_

#include <string>

#include "absl/status/statusor.h"
#include "compiler/language/code.h"
#include "compiler/language/expression.h"
#include "compiler/lowering/code_scope.h"
#include "compiler/lowering/declarations.h"
#include "ir/builder.h"

namespace bnsyn::compiler {

// The neurons that a description names; populations and groups are declared. `place` is where it
// names them, for errors about handles.
absl::StatusOr<NeuronSet> FindNeurons(const Declarations& declared, const Neurons& neurons,
                                      const ir::SourceText& place);
// The same of an expression: a name, or subscripts of one.
absl::StatusOr<NeuronSet> ResolveNeurons(const Declarations& declared, const Expr& expr,
                                         const ir::SourceText& source);

// Of neurons whose number in the population is `index` (u32), the number among the selected ones.
// Where a neuron is not selected it is some number of one that is. A table, if it takes one, is
// named `name`.rank.
TypedValue EmitRank(const NeuronSet& neurons, const std::string& name, ir::Value index,
                    ir::Program& program, ir::Builder& builder);
// The ranges of a selection in the form of a part of a name: "0_50", "3__5__8_20_2".
std::string PartName(const NeuronSet& neurons);
// Makes i mean the number of a neuron among the selected ones in the code of a scope, and N how
// many they are. `name` names a table, as above.
void BindNumbers(const NeuronSet& neurons, const std::string& name, CodeScope& scope);
// Fails if N could be two things in code about these neurons: how many they are, and a constant.
// `place` is that of the code, or of its owner.
absl::Status CheckSizeName(const Declarations& declared, const NeuronSet& neurons,
                           const ir::SourceText& place);
// True (bool) where a neuron is selected.
ir::Value EmitIsSelected(const NeuronSet& neurons, const std::string& name, ir::Value index,
                         ir::Program& program, ir::Builder& builder);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_LOWERING_NEURONS_H_
