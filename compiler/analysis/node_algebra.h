// Algebra on the nodes of a block under construction: what integrators need to see through a right
// side. Rules of real numbers are used freely here (0*x is 0), which a pass may not do.
#ifndef BNSYN_COMPILER_ANALYSIS_NODE_ALGEBRA_H_
#define BNSYN_COMPILER_ANALYSIS_NODE_ALGEBRA_H_

#include <map>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "ir/builder.h"
#include "ir/program.h"

namespace bnsyn::compiler {

// Whether a value is the literal 0 (of either sign), or the f64 literal `number`.
bool IsZero(const ir::Builder& builder, ir::Value v);
bool IsNumber(const ir::Builder& builder, ir::Value v, double number);

// The node `op` over `operands`, of the type of `like`, or something simpler that is equal as real
// numbers go: literals fold, sums lose zeros, products lose ones and vanish with a zero, two
// negations cancel. `like.attr` is kept.
ir::Value EmitSimplified(ir::Builder& builder, const ir::Node& like,
                         absl::Span<const ir::Value> operands);
// The same for a pure arithmetic op over f64 values.
ir::Value EmitSimplified(ir::Builder& builder, ir::Op op, absl::Span<const ir::Value> operands);

// For every node up to `value`, whether its value is made from any of `leaves`.
std::vector<bool> DependentsOf(const ir::Builder& builder, absl::Span<const ir::Value> leaves,
                               ir::Value value);
bool DependsOn(const ir::Builder& builder, ir::Value value, absl::Span<const ir::Value> leaves);

// What stands for what.
using Replacement = std::map<ir::NodeId, ir::Value>;
// The nodes of `value` emitted again with other values in the place of some. What does not depend
// on those is shared. The nodes are emitted as they stand, or `simplified` as above.
ir::Value Replace(ir::Builder& builder, ir::Value value, const Replacement& replacement,
                  bool simplified = false);

// The number that a value is for every element and step: made of literals and parameters that are
// not tunable, as the oracle computes it. nullopt for anything else, and for a value that is not
// finite.
std::optional<double> NumberOf(const ir::Program& program, const ir::Builder& builder,
                               ir::Value value);

// The constant term of a value as a polynomial in all of it that is neither a number in the sense
// above nor a sum or product: what is loaded, drawn or a function's result is a variable here.
double ConstantTerm(const ir::Program& program, const ir::Builder& builder, ir::Value value);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_ANALYSIS_NODE_ALGEBRA_H_
