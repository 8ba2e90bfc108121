#include "compiler/analysis/node_algebra.h"

#include <unordered_map>

#include "absl/container/inlined_vector.h"
#include "compiler/analysis/facts.h"
#include "reference/known_bits.h"

namespace bnsyn::compiler {
namespace {

// Negates a value; two negations cancel.
ir::Value Negated(ir::Builder& builder, ir::Value v) {
  const ir::Node node = builder.node(v);
  if (node.op == ir::Op::kNeg) return {node.operands[0]};
  return EmitSimplified(builder, ir::Op::kNeg, {v});
}

// A simpler value that is equal to op(operands), if there is a rule for it.
std::optional<ir::Value> Simpler(ir::Builder& builder, ir::Op op,
                                 absl::Span<const ir::Value> operands) {
  const auto zero = [&](size_t i) { return IsZero(builder, operands[i]); };
  const auto is = [&](size_t i, double number) { return IsLiteral(builder, operands[i], number); };
  const auto none = [&] { return builder.F64(0); };
  if (op == ir::Op::kAdd) {
    if (zero(0)) return operands[1];
    if (zero(1)) return operands[0];
  } else if (op == ir::Op::kSub) {
    if (zero(1)) return operands[0];
    if (zero(0)) return Negated(builder, operands[1]);
    if (operands[0] == operands[1]) return none();
  } else if (op == ir::Op::kMul) {
    if (zero(0) || zero(1)) return none();
    if (is(0, 1)) return operands[1];
    if (is(1, 1)) return operands[0];
    if (is(0, -1)) return Negated(builder, operands[1]);
    if (is(1, -1)) return Negated(builder, operands[0]);
  } else if (op == ir::Op::kDiv) {
    if (zero(0)) return none();
    if (is(1, 1)) return operands[0];
  } else if (op == ir::Op::kFma) {
    if (zero(0) || zero(1)) return operands[2];
    if (zero(2)) return EmitSimplified(builder, ir::Op::kMul, operands.subspan(0, 2));
    if (is(0, 1)) return EmitSimplified(builder, ir::Op::kAdd, {operands[1], operands[2]});
    if (is(1, 1)) return EmitSimplified(builder, ir::Op::kAdd, {operands[0], operands[2]});
  } else if (op == ir::Op::kNeg) {
    const ir::Node inner = builder.node(operands[0]);
    if (inner.op == ir::Op::kNeg) return ir::Value{inner.operands[0]};
  } else if (op == ir::Op::kSelect) {
    if (operands[1] == operands[2]) return operands[1];
    const ir::Node condition = builder.node(operands[0]);
    if (condition.op == ir::Op::kLiteral) return operands[condition.attr != 0 ? 1 : 2];
  }
  return std::nullopt;
}

}  // namespace

ir::Value EmitLike(ir::Builder& builder, const ir::Node& node,
                   absl::Span<const ir::Value> operands) {
  if (node.op == ir::Op::kConvert) return builder.Convert(operands[0], node.element);
  if (node.op == ir::Op::kBitcast) return builder.Bitcast(operands[0], node.element);
  return builder.Emit(node.op, node.type(), operands, node.attr);
}

ir::Value EmitSimplified(ir::Builder& builder, const ir::Node& like,
                         absl::Span<const ir::Value> operands) {
  if (reference::IsFoldable(like)) {
    if (const std::optional<ir::Value> simpler = Simpler(builder, like.op, operands)) {
      return *simpler;
    }
    ir::Node node = like;
    for (size_t i = 0; i < operands.size(); ++i) node.operands[i] = operands[i].id;
    if (const auto bits = reference::FoldLiterals(builder.block().nodes, node)) {
      return builder.Literal(like.element, *bits);
    }
  }
  return EmitLike(builder, like, operands);
}

ir::Value EmitSimplified(ir::Builder& builder, ir::Op op, absl::Span<const ir::Value> operands) {
  ir::Node like;
  like.op = op;
  return EmitSimplified(builder, like, operands);
}

ir::Value Replace(ir::Builder& builder, ir::Value value, const Replacement& replacement,
                  bool simplified) {
  std::vector<ir::Value> leaves;
  for (const auto& [id, by] : replacement) leaves.push_back({id});
  const std::vector<bool> depends = DependentsOf(builder, leaves, value);
  if (!depends[value.id]) return value;
  // The nodes between the replaced ones and `value`.
  const std::vector<ir::NodeId> nodes = NodesOf(builder, value, replacement.begin()->first);
  std::vector<bool> needed(value.id + 1);
  needed[value.id] = true;
  for (auto id = nodes.rbegin(); id != nodes.rend(); ++id) {
    if (!needed[*id] || replacement.count(*id) != 0) continue;
    for (const ir::NodeId operand : builder.node({*id}).inputs()) {
      if (depends[operand]) needed[operand] = true;
    }
  }
  std::unordered_map<ir::NodeId, ir::Value> now;
  for (const ir::NodeId id : nodes) {
    if (!needed[id]) continue;
    if (const auto found = replacement.find(id); found != replacement.end()) {
      now[id] = found->second;
      continue;
    }
    const ir::Node node = builder.node({id});
    absl::InlinedVector<ir::Value, 3> operands;
    for (const ir::NodeId operand : node.inputs()) {
      operands.push_back(depends[operand] ? now[operand] : ir::Value{operand});
    }
    now[id] =
        simplified ? EmitSimplified(builder, node, operands) : EmitLike(builder, node, operands);
  }
  return now[value.id];
}

}  // namespace bnsyn::compiler
