// count, sum and mean of an expression over synapses or neurons, in code of the network level.
#ifndef BNSYN_COMPILER_LOWERING_SUMS_H_
#define BNSYN_COMPILER_LOWERING_SUMS_H_

#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "compiler/lowering/code_scope.h"

namespace bnsyn::compiler {

// The total of a new reduction over a population, of what `make` emits; that of a clock is a clock
// of its own, since it runs over neurons.
absl::StatusOr<ir::Value> EmitTotal(
    std::string name, ir::DomainId population, CodeScope& scope, ir::Program& program,
    const std::function<absl::StatusOr<ir::Value>(ir::Builder&)>& make);

// The value of count(ee.tag), sum(ee.w**2), mean(ee.w) and count(ee), which reads synapses as they
// are where the code stands; nullopt where the call names no projection.
//
// An on_step block of the projection, which runs right before the code, adds the values to inputs
// of the targets (R6), so that their order is free. The code sums these along the tree of R7.
absl::StatusOr<std::optional<TypedValue>> SumOverSynapses(const Declarations& declared,
                                                          const Expr& call,
                                                          const ir::SourceText& source,
                                                          CodeScope& scope, ProgramBuilder& out);

// The same of an expression over the neurons of one population: sum(exc.r**2), count(exc.V > E_L).
absl::StatusOr<TypedValue> SumOverNeurons(const Declarations& declared, const Expr& call,
                                          const ir::SourceText& source, CodeScope& scope,
                                          ProgramBuilder& out);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_LOWERING_SUMS_H_
