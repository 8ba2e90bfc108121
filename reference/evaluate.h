// Evaluates one node: the meaning of every op that depends on its operands alone. The interpreter
// and the constant folder call it:
//
//   Fold(node, {kF64, kF64}, {BitsOfF64(1), BitsOfF64(2)}) == BitsOfF64(3)     for an `add`
#ifndef BNSYN_REFERENCE_EVALUATE_H_
#define BNSYN_REFERENCE_EVALUATE_H_

#include <cstdint>

#include "absl/types/span.h"
#include "ir/program.h"
#include "reference/array.h"
#include "reference/philox.h"

namespace bnsyn::reference {

// Where and when a node is evaluated: all that a random draw or an index may depend on.
struct EvaluationPoint {
  uint64_t seed = 0;
  uint64_t step = 0;
  uint32_t first_element = 0;  // the elements are first_element, first_element + 1, ...
  uint32_t pass = 0;           // of a loop
  // In the code of synapses, the synapses that draw; else empty.
  absl::Span<const SynapseNumber> synapses = {};
};

// True for ops whose result depends on their operands, attribute and the evaluation point alone.
bool IsEvaluable(ir::Op op);

// Evaluates one evaluable node over `result.size()` elements. An operand of size 1 is uniform and
// is used for every element.
void Evaluate(const ir::Node& node, const EvaluationPoint& point,
              absl::Span<const ArrayView> operands, Array& result);

// The value of a node whose operands are the literals `operands`: the folder's view. The node must
// be evaluable and must not depend on the evaluation point.
ir::Bits Fold(const ir::Node& node, absl::Span<const ir::Element> elements,
              absl::Span<const ir::Bits> operands);

}  // namespace bnsyn::reference

#endif  // BNSYN_REFERENCE_EVALUATE_H_
