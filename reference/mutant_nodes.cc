#include "reference/mutant_nodes.h"

#include <utility>
#include <vector>

#include "ir/mutant_flip.h"
#include "reference/block_runner.h"

namespace bnsyn::reference {

void FlipLowestBits(Array& result) {
  for (size_t i = 0; i < result.size(); ++i) result.set_bits(i, result.bits(i) ^ 1);
}

void EvaluateFlipped(const ir::Node& node, const EvaluationPoint& point,
                     absl::Span<const ArrayView> operands, Array& result) {
  const ir::Element last = operands.empty() ? node.element : operands.back().element;
  const ir::Flip* const flip = ir::ChosenFlip("oracle", node, last);
  if (flip == nullptr) return EvaluatePlain(node, point, operands, result);
  std::vector<ArrayView> views(operands.begin(), operands.end());
  if (flip->first) std::swap(views[*flip->first], views[*flip->first + 1]);
  EvaluatePlain(ir::Flipped(*flip, node), point, views, result);
  if (flip->flips_result) FlipLowestBits(result);
}

void BlockRunner::RunFlippedNode(ir::NodeId id) {
  const ir::Node& node = block_.nodes[id];
  const bool of_engine = !IsEvaluable(node.op);
  const ir::Flip* const flip = of_engine ? ir::ChosenFlip("oracle", node, node.element) : nullptr;
  if (flip != nullptr && flip->omits) return;
  RunPlainNode(id);
  if (flip != nullptr && flip->flips_result) FlipLowestBits(values_[id]);
}

}  // namespace bnsyn::reference
