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

// The node `op` over `operands`, of the type of `like`, or something simpler that is equal as real
// numbers go: literals fold, sums lose zeros, products lose ones and vanish with a zero, two
// negations cancel. `like.attr` is kept.
ir::Value EmitSimplified(ir::Builder& builder, const ir::Node& like,
                         absl::Span<const ir::Value> operands);
// The same for a pure arithmetic op over f64 values.
ir::Value EmitSimplified(ir::Builder& builder, ir::Op op, absl::Span<const ir::Value> operands);

// What stands for what.
using Replacement = std::map<ir::NodeId, ir::Value>;
// The nodes of `value` emitted again with other values in the place of some. What does not depend
// on those is shared. The nodes are emitted as they stand, or `simplified` as above.
ir::Value Replace(ir::Builder& builder, ir::Value value, const Replacement& replacement,
                  bool simplified = false);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_ANALYSIS_NODE_ALGEBRA_H_
