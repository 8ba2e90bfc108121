#include "compiler/equations/affine.h"

#include <functional>
#include <map>
#include <vector>

#include "compiler/analysis/facts.h"
#include "compiler/analysis/node_algebra.h"
#include "compiler/language/code_emitter.h"

namespace bnsyn::compiler {
namespace {

using ir::Op;
using ir::Value;

// Splits a value into a constant and constant factors times other values.
class AffineForm {
 public:
  AffineForm(ir::Builder& builder, Value factor, Value value) : builder_(builder) {
    Add(value, factor);
    // The users of a node have higher numbers, so its factor is complete when its turn comes.
    while (!open_.empty()) {
      const auto [id, scale] = *open_.begin();
      open_.erase(open_.begin());
      TakeApart({id}, scale);
    }
  }

  struct Term {
    Value factor;
    Value value;
  };
  // In the order of their nodes.
  const std::map<ir::NodeId, Value>& terms() const { return terms_; }
  Value constant() const { return constant_; }  // invalid for none
  // Products without a constant that were fused with a sum: each needs one more multiplication.
  int bare_products() const { return bare_products_; }

 private:
  Value Times(Value a, Value b) { return EmitSimplified(builder_, Op::kMul, {a, b}); }
  Value Negative(Value a) { return EmitSimplified(builder_, Op::kNeg, {a}); }
  Value Sum(Value a, Value b) { return a.valid() ? EmitSimplified(builder_, Op::kAdd, {a, b}) : b; }

  void Add(Value value, Value factor) {
    Value& scale = open_[value.id];
    scale = Sum(scale, factor);
  }
  void AddTerm(Value value, Value factor) {
    Value& scale = terms_[value.id];
    scale = Sum(scale, factor);
  }

  void AddProduct(Value a, Value b, Value factor, bool fused) {
    if (IsConstant(builder_, a)) return Add(b, Times(factor, a));
    if (IsConstant(builder_, b)) return Add(a, Times(factor, b));
    const Term left = WithoutConstants(a);
    const Term right = WithoutConstants(b);
    if (fused && IsOne(left.factor) && IsOne(right.factor)) ++bare_products_;
    AddTerm(Times(left.value, right.value), Times(Times(factor, left.factor), right.factor));
  }

  // A product as the product of its constants times the rest; any other value as 1 times itself.
  Term WithoutConstants(Value value) {
    const Value one = builder_.F64(1);
    if (IsConstant(builder_, value)) return {value, one};
    const ir::Node node = builder_.node(value);
    if (node.op != Op::kMul) return {one, value};
    const Term left = WithoutConstants({node.operands[0]});
    const Term right = WithoutConstants({node.operands[1]});
    return {Times(left.factor, right.factor), Times(left.value, right.value)};
  }
  bool IsOne(Value value) const { return IsLiteral(builder_, value, 1); }

  void TakeApart(Value value, Value factor) {
    if (IsConstant(builder_, value)) {
      constant_ = Sum(constant_, Times(factor, value));
      return;
    }
    const ir::Node node = builder_.node(value);
    const auto operand = [&](size_t i) { return Value{node.operands[i]}; };
    switch (node.op) {
      case Op::kNeg:
        return Add(operand(0), Negative(factor));
      case Op::kAdd:
        Add(operand(0), factor);
        return Add(operand(1), factor);
      case Op::kSub:
        Add(operand(0), factor);
        return Add(operand(1), Negative(factor));
      case Op::kMul:
        return AddProduct(operand(0), operand(1), factor, /*fused=*/false);
      case Op::kFma:
        AddProduct(operand(0), operand(1), factor, /*fused=*/true);
        return Add(operand(2), factor);
      default:
        return AddTerm(value, factor);
    }
  }

  ir::Builder& builder_;
  std::map<ir::NodeId, Value, std::greater<>> open_;  // factors of nodes that may be sums
  std::map<ir::NodeId, Value> terms_;                 // factors of the other nodes
  Value constant_;
  int bare_products_ = 0;
};

}  // namespace

bool IsSumOfVariables(const OdeSystem& system, Value value) {
  ir::Builder& builder = system.builder();
  const AffineForm affine(builder, builder.F64(1), value);
  for (const auto& [id, factor] : affine.terms()) {
    if (!builder.node({id}).inputs().empty()) return false;
  }
  return true;
}

Value EmitScaled(const OdeSystem& system, Value factor, Value value) {
  Scope& scope = system.scope();
  if (scope.math() == MathMode::kStrict) return EmitMultiply(scope, factor, value);
  const AffineForm affine(system.builder(), factor, value);
  if (affine.bare_products() > 0 && affine.terms().size() > 1) {
    const Product product = WithConstantsTogether(scope, factor, value);
    return EmitMultiply(scope, product.a, product.b);
  }
  const auto is_zero = [&](Value constant) { return system.Number(constant) == 0.0; };
  Value sum = affine.constant();
  if (sum.valid() && is_zero(sum)) sum = {};
  for (const auto& [id, scale] : affine.terms()) {
    if (is_zero(scale)) continue;
    sum = sum.valid() ? EmitMulAdd(scope, scale, {id}, sum) : EmitMultiply(scope, scale, {id});
  }
  return sum.valid() ? sum : system.builder().F64(0);
}

}  // namespace bnsyn::compiler
