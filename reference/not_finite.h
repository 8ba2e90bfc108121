// Says why a number is not finite: the first sub-expression that was not.
#ifndef BNSYN_REFERENCE_NOT_FINITE_H_
#define BNSYN_REFERENCE_NOT_FINITE_H_

#include <string>

#include "absl/types/span.h"
#include "ir/program.h"
#include "reference/array.h"

namespace bnsyn::reference {

// `values` are those of the nodes of a block, by NodeId; of `node`, which is a float, element
// `element` is not finite. The text is such as
//
//   exp((V - V_T)/Delta_T) = exp(750.5) is inf      the operands are finite
//   V was nan before                                a state that was not finite when it was read
//
// Of several it is the one in the leftmost operand, as people read. Long parts become "...".
std::string FirstNotFinite(const ir::Program& program, const ir::Block& block,
                           absl::Span<const Array> values, ir::NodeId node, size_t element);

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_NOT_FINITE_H_
