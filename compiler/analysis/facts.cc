#include "compiler/analysis/facts.h"

#include <algorithm>
#include <cmath>

#include "reference/known_bits.h"

namespace bnsyn::compiler {

std::optional<double> Facts::Number(ir::NodeId id) const {
  const std::optional<ir::Bits> bits = Bits(id);
  if (!bits || block_.nodes[id].element != ir::Element::kF64) return std::nullopt;
  const double number = ir::F64OfBits(*bits);
  return std::isfinite(number) ? std::optional<double>(number) : std::nullopt;
}

ir::Bits BitsOf(ir::Element element, double number) {
  switch (element) {
    case ir::Element::kF64:
      return ir::BitsOfF64(number);
    case ir::Element::kF32:
      return ir::BitsOfF32(static_cast<float>(number));
    case ir::Element::kI64:
    case ir::Element::kU64:
    case ir::Element::kBool:
      return static_cast<ir::Bits>(static_cast<int64_t>(number));
    case ir::Element::kI32:
    case ir::Element::kU32:
      return static_cast<uint32_t>(static_cast<int64_t>(number));
  }
  return 0;
}

bool IsLiteral(const ir::Builder& builder, ir::Value v) {
  return builder.node(v).op == ir::Op::kLiteral;
}

bool IsLiteral(const ir::Builder& builder, ir::Value v, double number) {
  const ir::Node& node = builder.node(v);
  return node.op == ir::Op::kLiteral && node.attr == BitsOf(node.element, number);
}

bool IsZero(const ir::Builder& builder, ir::Value v) {
  return IsLiteral(builder, v, 0.0) || IsLiteral(builder, v, -0.0);
}

bool IsConstant(const ir::Builder& builder, ir::Value v) {
  // Values are shared, so each is visited once.
  std::vector<bool> seen(v.id + 1);
  std::vector<ir::NodeId> open = {v.id};
  while (!open.empty()) {
    const ir::NodeId id = open.back();
    open.pop_back();
    if (seen[id]) continue;
    seen[id] = true;
    const ir::Node& node = builder.node({id});
    if (node.op == ir::Op::kLiteral || node.op == ir::Op::kParam) continue;
    if (!reference::IsFoldable(node)) return false;
    for (const ir::NodeId operand : node.inputs()) open.push_back(operand);
  }
  return true;
}

std::vector<ir::NodeId> NodesOf(const ir::Builder& builder, ir::Value value, ir::NodeId least) {
  std::vector<ir::NodeId> nodes;
  if (value.id < least) return nodes;
  std::vector<bool> seen(value.id - least + 1);
  const auto reach = [&](ir::NodeId id) {
    if (id < least || seen[id - least]) return;
    seen[id - least] = true;
    nodes.push_back(id);
  };
  reach(value.id);
  for (size_t i = 0; i < nodes.size(); ++i) {
    for (const ir::NodeId operand : builder.node({nodes[i]}).inputs()) reach(operand);
  }
  std::sort(nodes.begin(), nodes.end());
  return nodes;
}

std::vector<bool> DependentsOf(const ir::Builder& builder, absl::Span<const ir::Value> leaves,
                               ir::Value value) {
  std::vector<bool> depends(value.id + 1);
  ir::NodeId least = value.id;
  for (const ir::Value leaf : leaves) {
    if (leaf.id <= value.id) depends[leaf.id] = true;
    least = std::min(least, leaf.id);
  }
  // Operands come before what is made of them.
  for (const ir::NodeId id : NodesOf(builder, value, least)) {
    for (const ir::NodeId operand : builder.node({id}).inputs()) {
      if (depends[operand]) depends[id] = true;
    }
  }
  return depends;
}

bool DependsOn(const ir::Builder& builder, ir::Value value, absl::Span<const ir::Value> leaves) {
  return DependentsOf(builder, leaves, value)[value.id];
}

}  // namespace bnsyn::compiler
