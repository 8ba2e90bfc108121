#include "compiler/analysis/node_algebra.h"

#include <cmath>

#include "absl/container/inlined_vector.h"
#include "reference/evaluate.h"

namespace bnsyn::compiler {
namespace {

bool IsLiteral(const ir::Builder& builder, ir::Value v) {
  return builder.node(v).op == ir::Op::kLiteral;
}

// Whether the oracle can tell the value of a node from those of its operands alone.
bool IsFoldable(const ir::Node& node) {
  const ir::OpInfo& info = ir::Info(node.op);
  return info.arity > 0 && info.attr == ir::AttrKind::kNone && reference::IsEvaluable(node.op);
}

// A node like `like`. The domain of the result is derived anew: operands may have become uniform.
ir::Value EmitLike(ir::Builder& builder, const ir::Node& like,
                   absl::Span<const ir::Value> operands) {
  const ir::TypeRule rule = ir::Info(like.op).rule;
  if (rule == ir::TypeRule::kConvert) return builder.Convert(operands[0], like.element);
  if (rule == ir::TypeRule::kBitcast) return builder.Bitcast(operands[0], like.element);
  return builder.Emit(like.op, like.type(), operands, like.attr);
}

// Negation, which cancels another.
ir::Value Negated(ir::Builder& builder, ir::Value v) {
  const ir::Node node = builder.node(v);
  if (node.op == ir::Op::kNeg) return {node.operands[0]};
  return EmitSimplified(builder, ir::Op::kNeg, {v});
}

// A simpler value than op(operands), where a rule knows one.
std::optional<ir::Value> Simpler(ir::Builder& builder, ir::Op op,
                                 absl::Span<const ir::Value> operands) {
  const auto zero = [&](size_t i) { return IsZero(builder, operands[i]); };
  const auto is = [&](size_t i, double number) { return IsNumber(builder, operands[i], number); };
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

bool IsNumber(const ir::Builder& builder, ir::Value v, double number) {
  const ir::Node& node = builder.node(v);
  return node.op == ir::Op::kLiteral && node.element == ir::Element::kF64 &&
         ir::F64OfBits(node.attr) == number;
}

bool IsZero(const ir::Builder& builder, ir::Value v) { return IsNumber(builder, v, 0); }

ir::Value EmitSimplified(ir::Builder& builder, const ir::Node& like,
                         absl::Span<const ir::Value> operands) {
  if (IsFoldable(like)) {
    if (const std::optional<ir::Value> simpler = Simpler(builder, like.op, operands)) {
      return *simpler;
    }
    absl::InlinedVector<ir::Element, 3> elements;
    absl::InlinedVector<ir::Bits, 3> bits;
    for (const ir::Value operand : operands) {
      if (!IsLiteral(builder, operand)) break;
      elements.push_back(builder.node(operand).element);
      bits.push_back(builder.node(operand).attr);
    }
    if (bits.size() == operands.size()) {
      return builder.Literal(like.element, reference::Fold(like, elements, bits));
    }
  }
  return EmitLike(builder, like, operands);
}

ir::Value EmitSimplified(ir::Builder& builder, ir::Op op, absl::Span<const ir::Value> operands) {
  ir::Node like;
  like.op = op;
  return EmitSimplified(builder, like, operands);
}

std::vector<bool> DependentsOf(const ir::Builder& builder, absl::Span<const ir::Value> leaves,
                               ir::Value value) {
  std::vector<bool> depends(value.id + 1);
  for (const ir::Value leaf : leaves) {
    if (leaf.id <= value.id) depends[leaf.id] = true;
  }
  // Operands come before what is made of them.
  for (ir::NodeId id = 0; id <= value.id; ++id) {
    for (const ir::NodeId operand : builder.node({id}).inputs()) {
      if (depends[operand]) depends[id] = true;
    }
  }
  return depends;
}

bool DependsOn(const ir::Builder& builder, ir::Value value, absl::Span<const ir::Value> leaves) {
  return DependentsOf(builder, leaves, value)[value.id];
}

ir::Value Replace(ir::Builder& builder, ir::Value value, const Replacement& replacement,
                  bool simplified) {
  std::vector<ir::Value> leaves;
  for (const auto& [id, by] : replacement) leaves.push_back({id});
  const std::vector<bool> depends = DependentsOf(builder, leaves, value);
  if (!depends[value.id]) return value;
  // Of those that depend on a replaced one, the nodes that `value` is made of.
  std::vector<bool> needed(value.id + 1);
  needed[value.id] = true;
  for (ir::NodeId id = value.id + 1; id-- > 0;) {
    if (!needed[id] || replacement.count(id) != 0) continue;
    for (const ir::NodeId operand : builder.node({id}).inputs()) {
      if (depends[operand]) needed[operand] = true;
    }
  }
  std::vector<ir::Value> now(value.id + 1);
  for (ir::NodeId id = 0; id <= value.id; ++id) {
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

std::optional<double> NumberOf(const ir::Program& program, const ir::Builder& builder,
                               ir::Value value) {
  std::vector<bool> needed(value.id + 1);
  needed[value.id] = true;
  for (ir::NodeId id = value.id + 1; id-- > 0;) {
    if (!needed[id]) continue;
    for (const ir::NodeId operand : builder.node({id}).inputs()) needed[operand] = true;
  }
  std::vector<ir::Bits> known(value.id + 1);
  for (ir::NodeId id = 0; id <= value.id; ++id) {
    if (!needed[id]) continue;
    const ir::Node& node = builder.node({id});
    if (node.op == ir::Op::kLiteral) {
      known[id] = node.attr;
    } else if (node.op == ir::Op::kParam && !program.params[node.attr].tunable) {
      known[id] = program.params[node.attr].value;
    } else if (IsFoldable(node)) {
      absl::InlinedVector<ir::Element, 3> elements;
      absl::InlinedVector<ir::Bits, 3> bits;
      for (const ir::NodeId operand : node.inputs()) {
        elements.push_back(builder.node({operand}).element);
        bits.push_back(known[operand]);
      }
      known[id] = reference::Fold(node, elements, bits);
    } else {
      return std::nullopt;
    }
  }
  if (builder.node(value).element != ir::Element::kF64) return std::nullopt;
  const double number = ir::F64OfBits(known[value.id]);
  return std::isfinite(number) ? std::optional<double>(number) : std::nullopt;
}

double ConstantTerm(const ir::Program& program, const ir::Builder& builder, ir::Value value) {
  std::vector<double> term(value.id + 1);
  for (ir::NodeId id = 0; id <= value.id; ++id) {
    const ir::Node& node = builder.node({id});
    const auto of = [&](size_t operand) { return term[node.operands[operand]]; };
    switch (node.op) {
      case ir::Op::kLiteral:
        if (node.element == ir::Element::kF64) term[id] = ir::F64OfBits(node.attr);
        break;
      case ir::Op::kParam:
        if (node.element == ir::Element::kF64 && !program.params[node.attr].tunable) {
          term[id] = ir::F64OfBits(program.params[node.attr].value);
        }
        break;
      case ir::Op::kNeg:
        term[id] = -of(0);
        break;
      case ir::Op::kAdd:
        term[id] = of(0) + of(1);
        break;
      case ir::Op::kSub:
        term[id] = of(0) - of(1);
        break;
      case ir::Op::kMul:
        term[id] = of(0) * of(1);
        break;
      case ir::Op::kFma:
        term[id] = of(0) * of(1) + of(2);
        break;
      case ir::Op::kDiv:
        // By a variable it is none.
        term[id] = of(1) != 0 && NumberOf(program, builder, {node.operands[1]}) ? of(0) / of(1) : 0;
        break;
      default:
        break;
    }
  }
  return term[value.id];
}

}  // namespace bnsyn::compiler
