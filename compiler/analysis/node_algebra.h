// Emits nodes again over other operands: as they stand, or simplified by the algebra of real
// numbers, in which 0*x is 0. Integrators simplify right sides; a pass may not, since that changes
// bits.
#ifndef BNSYN_COMPILER_ANALYSIS_NODE_ALGEBRA_H_
#define BNSYN_COMPILER_ANALYSIS_NODE_ALGEBRA_H_

#include <map>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "ir/builder.h"
#include "ir/program.h"

namespace bnsyn::compiler {

// Emits the op of `node` with its attribute, over other operands. Returns its value (invalid for an
// effect). The domain of the result is derived anew unless the op declares it: operands may have
// become uniform.
ir::Value EmitLike(ir::Builder& builder, const ir::Node& node,
                   absl::Span<const ir::Value> operands);

// Emits the op of `like` over `operands`, with the type and attribute of `like`, or a simpler value
// that is equal for real numbers: literals fold, sums lose zeros, products lose ones and become 0
// with a factor 0, two negations cancel.
ir::Value EmitSimplified(ir::Builder& builder, const ir::Node& like,
                         absl::Span<const ir::Value> operands);
// The same for a pure arithmetic op over f64 values.
ir::Value EmitSimplified(ir::Builder& builder, ir::Op op, absl::Span<const ir::Value> operands);

// By the node that is replaced.
using Replacement = std::map<ir::NodeId, ir::Value>;
// Emits the nodes of `value` again with other values in place of some. Nodes that do not depend on
// those are shared. Nodes are emitted as they stand, or `simplified` as above.
ir::Value Replace(ir::Builder& builder, ir::Value value, const Replacement& replacement,
                  bool simplified = false);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_ANALYSIS_NODE_ALGEBRA_H_
