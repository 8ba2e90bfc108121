#include "reference/known_bits.h"

#include "absl/container/inlined_vector.h"
#include "reference/evaluate.h"

namespace bnsyn::reference {
namespace {

// The value of a foldable node, if `known` has the bits of all its operands.
template <typename Known>
std::optional<ir::Bits> FoldIf(absl::Span<const ir::Node> nodes, const ir::Node& node,
                               const Known& known) {
  if (!IsFoldable(node)) return std::nullopt;
  absl::InlinedVector<ir::Element, 3> elements;
  absl::InlinedVector<ir::Bits, 3> operands;
  for (const ir::NodeId id : node.inputs()) {
    const std::optional<ir::Bits> bits = known(id);
    if (!bits) return std::nullopt;
    elements.push_back(nodes[id].element);
    operands.push_back(*bits);
  }
  return Fold(node, elements, operands);
}

}  // namespace

bool IsFoldable(const ir::Node& node) {
  const ir::OpInfo& info = ir::Info(node.op);
  return info.arity > 0 && info.attr == ir::AttrKind::kNone && IsEvaluable(node.op);
}

std::optional<ir::Bits> FoldLiterals(absl::Span<const ir::Node> nodes, const ir::Node& node) {
  return FoldIf(nodes, node, [nodes](ir::NodeId id) {
    return nodes[id].op == ir::Op::kLiteral ? std::optional<ir::Bits>(nodes[id].attr)
                                            : std::nullopt;
  });
}

std::optional<ir::Bits> KnownBits::operator[](ir::NodeId id) const {
  while (bits_.size() <= id) bits_.push_back(Find(block_.nodes[bits_.size()]));
  return bits_[id];
}

std::optional<ir::Bits> KnownBits::Find(const ir::Node& node) const {
  if (node.op == ir::Op::kLiteral) return node.attr;
  if (node.op == ir::Op::kParam) {
    const ir::Param& param = program_.params[node.attr];
    return param.tunable ? std::nullopt : std::optional<ir::Bits>(param.value);
  }
  if (node.op == ir::Op::kWeight && weight_) return ir::BitsOfF64(*weight_);
  return FoldIf(block_.nodes, node, [this](ir::NodeId id) { return bits_[id]; });
}

}  // namespace bnsyn::reference
