#include <cmath>
#include <cstdlib>
#include <initializer_list>

#include "compiler/language/code_emitter.h"

namespace bnsyn::compiler {

ir::Value EmitNegate(Scope& scope, ir::Value v) {
  ir::Builder& builder = scope.builder();
  const ir::Node node = builder.node(v);
  if (node.op == ir::Op::kLiteral) return builder.F64(-ir::F64OfBits(node.attr));
  if (node.op == ir::Op::kNeg) return {node.operands[0]};
  return builder.Emit(ir::Op::kNeg, {v});
}

ir::Value EmitMultiply(Scope& scope, ir::Value a, ir::Value b) {
  ir::Builder& builder = scope.builder();
  if (IsLiteral(builder, a, 1)) return b;
  if (IsLiteral(builder, b, 1)) return a;
  return builder.Emit(ir::Op::kMul, {a, b});
}

std::optional<Product> FusibleProduct(Scope& scope, ir::Value a, ir::Value b) {
  const ir::Builder& builder = scope.builder();
  if (scope.math() == MathMode::kStrict) return std::nullopt;
  if (IsLiteral(builder, a, 1) || IsLiteral(builder, b, 1)) return std::nullopt;
  if (IsConstant(builder, a) && IsConstant(builder, b)) return std::nullopt;
  return Product{a, b};
}

std::optional<Product> FusibleQuotient(Scope& scope, ir::Value a, ir::Value b) {
  ir::Builder& builder = scope.builder();
  if (scope.math() == MathMode::kStrict || IsLiteral(builder, b, 1)) return std::nullopt;
  if (IsConstant(builder, a) || !IsConstant(builder, b)) return std::nullopt;
  if (!IsLiteral(builder, b)) {
    return Product{a, builder.Emit(ir::Op::kDiv, {builder.F64(1), b})};
  }
  const double reciprocal = 1 / ir::F64OfBits(builder.node(b).attr);
  // 0 and the smallest numbers have no reciprocal.
  if (!std::isfinite(reciprocal)) return std::nullopt;
  return Product{a, builder.F64(reciprocal)};
}

ir::Value EmitFused(Scope& scope, Product product, ir::Value c) {
  return scope.builder().Emit(ir::Op::kFma, {product.a, product.b, c});
}

ir::Value EmitNegatedFused(Scope& scope, Product product, ir::Value c) {
  // The sign goes where it costs nothing.
  const bool second = IsConstant(scope.builder(), product.b);
  const ir::Value a = second ? product.a : EmitNegate(scope, product.a);
  const ir::Value b = second ? EmitNegate(scope, product.b) : product.b;
  return EmitFused(scope, {a, b}, c);
}

ir::Value EmitMulAdd(Scope& scope, ir::Value a, ir::Value b, ir::Value c) {
  if (const std::optional<Product> product = FusibleProduct(scope, a, b)) {
    return EmitFused(scope, *product, c);
  }
  return scope.builder().Emit(ir::Op::kAdd, {EmitMultiply(scope, a, b), c});
}

Product WithConstantsTogether(Scope& scope, ir::Value factor, ir::Value value) {
  const ir::Builder& builder = scope.builder();
  const ir::Node& node = builder.node(value);
  if (scope.math() == MathMode::kStrict || node.op != ir::Op::kMul) return {factor, value};
  for (const size_t i : {size_t{0}, size_t{1}}) {
    const ir::Value constant = {node.operands[i]};
    const ir::Value rest = {node.operands[1 - i]};
    if (!IsConstant(builder, constant) || IsConstant(builder, rest)) continue;
    if (IsLiteral(builder, factor) && IsLiteral(builder, constant)) {
      const double product =
          ir::F64OfBits(builder.node(factor).attr) * ir::F64OfBits(builder.node(constant).attr);
      return {scope.builder().F64(product), rest};
    }
    return {EmitMultiply(scope, factor, constant), rest};
  }
  return {factor, value};
}

ir::Value EmitDivide(Scope& scope, ir::Value a, ir::Value b) {
  if (const std::optional<Product> product = FusibleQuotient(scope, a, b)) {
    return EmitMultiply(scope, product->a, product->b);
  }
  if (IsLiteral(scope.builder(), b, 1)) return a;
  return scope.builder().Emit(ir::Op::kDiv, {a, b});
}

// CPython's float.__divmod__, step by step.
Division EmitFloorDivision(Scope& scope, ir::Value x, ir::Value y) {
  ir::Builder& builder = scope.builder();
  const auto emit = [&](ir::Op op, std::initializer_list<ir::Value> operands) {
    return builder.Emit(op, operands);
  };
  const ir::Value zero = builder.F64(0);
  const ir::Value one = builder.F64(1);
  const ir::Value left = emit(ir::Op::kRem, {x, y});
  const ir::Value below = emit(ir::Op::kLt, {y, zero});
  const ir::Value apart = emit(ir::Op::kXor, {emit(ir::Op::kLt, {left, zero}), below});
  const ir::Value some = emit(ir::Op::kNe, {left, zero});
  const ir::Value correct = emit(ir::Op::kAnd, {some, apart});
  const ir::Value signed_left =
      emit(ir::Op::kSelect, {correct, emit(ir::Op::kAdd, {left, y}), left});
  // What leaves nothing leaves a zero with the sign of y.
  const ir::Value none = emit(ir::Op::kSelect, {below, builder.F64(-0.0), zero});

  const ir::Value times = emit(ir::Op::kDiv, {emit(ir::Op::kSub, {x, left}), y});
  const ir::Value whole = emit(ir::Op::kSelect, {correct, emit(ir::Op::kSub, {times, one}), times});
  const ir::Value down = emit(ir::Op::kFloor, {whole});
  const ir::Value far = emit(ir::Op::kGt, {emit(ir::Op::kSub, {whole, down}), builder.F64(0.5)});
  const ir::Value nearest = emit(ir::Op::kSelect, {far, emit(ir::Op::kAdd, {down, one}), down});
  const ir::Value nothing = emit(ir::Op::kMul, {emit(ir::Op::kDiv, {x, y}), zero});
  return {emit(ir::Op::kSelect, {emit(ir::Op::kEq, {whole, zero}), nothing, nearest}),
          emit(ir::Op::kSelect, {some, signed_left, none})};
}

// If x/y rounds up to a whole number, the quotient is one too large, and the remainder has the
// wrong sign. The fma makes that remainder exact.
Division EmitShortDivision(Scope& scope, ir::Value x, ir::Value y) {
  ir::Builder& builder = scope.builder();
  const ir::Value zero = builder.F64(0);
  const ir::Value quotient = builder.Emit(ir::Op::kFloor, {builder.Emit(ir::Op::kDiv, {x, y})});
  const ir::Value remainder =
      builder.Emit(ir::Op::kFma, {builder.Emit(ir::Op::kNeg, {quotient}), y, x});
  const ir::Value below = builder.Emit(ir::Op::kAnd, {builder.Emit(ir::Op::kLt, {remainder, zero}),
                                                      builder.Emit(ir::Op::kGt, {y, zero})});
  const ir::Value above = builder.Emit(ir::Op::kAnd, {builder.Emit(ir::Op::kGt, {remainder, zero}),
                                                      builder.Emit(ir::Op::kLt, {y, zero})});
  const ir::Value beyond = builder.Emit(ir::Op::kOr, {below, above});
  const ir::Value less = builder.Emit(ir::Op::kSub, {quotient, builder.F64(1)});
  const ir::Value back = builder.Emit(ir::Op::kAdd, {remainder, y});
  return {builder.Emit(ir::Op::kSelect, {beyond, less, quotient}),
          builder.Emit(ir::Op::kSelect, {beyond, back, remainder})};
}

ir::Value EmitWholePower(Scope& scope, ir::Value x, int n) {
  ir::Builder& builder = scope.builder();
  if (n == 0) return builder.F64(1);
  ir::Value power = x;
  for (int i = 1; i < std::abs(n); ++i) power = builder.Emit(ir::Op::kMul, {power, x});
  return n > 0 ? power : builder.Emit(ir::Op::kDiv, {builder.F64(1), power});
}

}  // namespace bnsyn::compiler
