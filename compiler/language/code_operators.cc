// The operators of numbers: sums, products, floor division and powers.
#include <cmath>
#include <cstdlib>
#include <optional>

#include "absl/strings/str_cat.h"
#include "compiler/language/code_emitter.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

// Twice `x`, where it is written out as a multiple of 1/2 and counts factors.
std::optional<int> Halves(const ir::Builder& builder, ir::Value x) {
  if (!IsLiteral(builder, x)) return std::nullopt;
  const double value = 2 * ir::F64OfBits(builder.node(x).attr);
  constexpr double kLargest = 2000;
  if (std::floor(value) != value || std::fabs(value) > kLargest) return std::nullopt;
  return static_cast<int>(value);
}

// True if an expression is made of numbers and of names that could be units; `telling` becomes true
// if one of these parts is no single letter.
bool IsOfUnits(const Expr& expr, bool& telling) {
  switch (expr.kind) {
    case ExprKind::kNumber:
      telling = true;
      return true;
    case ExprKind::kName:
      telling = telling || expr.name.size() > 1;
      return UnitSymbol(expr.name).has_value();
    case ExprKind::kUnary:
      return expr.name != "not" && IsOfUnits(expr.children[0], telling);
    case ExprKind::kBinary:
      return (expr.name == "*" || expr.name == "/" || expr.name == "**") &&
             IsOfUnits(expr.children[0], telling) && IsOfUnits(expr.children[1], telling);
    case ExprKind::kBool:
    case ExprKind::kCall:
    case ExprKind::kConditional:
    case ExprKind::kSubscript:
    case ExprKind::kMember:
      return false;
  }
  return false;
}

// True for a product of numbers and units: 5*s, mV/s, 2*uS/cm**2; not for m*h.
bool IsMeasure(const Expr& expr) {
  bool telling = false;
  return IsOfUnits(expr, telling) && telling;
}

}  // namespace

absl::StatusOr<TypedValue> Emitter::Sum(const Expr& expr) {
  BNSYN_ASSIGN_OR_RETURN(Operand left, SumOperand(expr.children[0]));
  BNSYN_ASSIGN_OR_RETURN(Operand right, SumOperand(expr.children[1]));
  const std::optional<Dimension> dimension = CommonDimension(left.typed, right.typed);
  if (!dimension) {
    return DimensionsDiffer(expr, left.typed, right.typed,
                            absl::StrCat("the two sides of '", expr.name, "'"));
  }
  const bool minus = expr.name == "-";
  if (left.typed.integer && right.typed.integer) {
    BNSYN_ASSIGN_OR_RETURN(TypedValue sum, Integers(expr).Apply(minus ? ir::Op::kSub : ir::Op::kAdd,
                                                                left.typed, right.typed));
    sum.dimension = *dimension;
    return sum;
  }
  if (!left.product) {
    BNSYN_ASSIGN_OR_RETURN(left.typed, Integers(expr.children[0]).AsFloat(left.typed));
  }
  if (!right.product) {
    BNSYN_ASSIGN_OR_RETURN(right.typed, Integers(expr.children[1]).AsFloat(right.typed));
  }
  const bool whole = left.typed.whole && right.typed.whole;
  const auto number = [&](ir::Value value) { return Whole(value, *dimension, whole); };
  // Of two products the right one is fused, so that a sum of products accumulates.
  if (right.product) {
    const ir::Value c = Finish(left).value;
    return number(minus ? EmitNegatedFused(scope_, *right.product, c)
                        : EmitFused(scope_, *right.product, c));
  }
  if (left.product) {
    const ir::Value c = minus ? EmitNegate(scope_, right.typed.value) : right.typed.value;
    return number(EmitFused(scope_, *left.product, c));
  }
  return number(
      builder().Emit(minus ? ir::Op::kSub : ir::Op::kAdd, {left.typed.value, right.typed.value}));
}

absl::StatusOr<Emitter::Operand> Emitter::SumOperand(const Expr& expr) {
  if (expr.kind == ExprKind::kBinary && (expr.name == "*" || expr.name == "/")) {
    return ProductOf(expr);
  }
  Operand operand;
  BNSYN_ASSIGN_OR_RETURN(operand.typed, EmitNumber(expr));
  return operand;
}

absl::StatusOr<Emitter::Operand> Emitter::ProductOf(const Expr& expr) {
  const bool outer = within_measure_;
  within_measure_ = outer || IsMeasure(expr);
  absl::StatusOr<TypedValue> first = EmitNumber(expr.children[0]);
  absl::StatusOr<TypedValue> second = first.ok() ? EmitNumber(expr.children[1]) : first;
  within_measure_ = outer;
  BNSYN_ASSIGN_OR_RETURN(TypedValue left, std::move(first));
  BNSYN_ASSIGN_OR_RETURN(TypedValue right, std::move(second));
  Operand operand;
  if (expr.name == "*" && left.integer && right.integer) {
    BNSYN_ASSIGN_OR_RETURN(operand.typed, Integers(expr).Apply(ir::Op::kMul, left, right));
    operand.typed.dimension = left.dimension * right.dimension;
    return operand;
  }
  BNSYN_ASSIGN_OR_RETURN(left, Integers(expr.children[0]).AsFloat(left));
  BNSYN_ASSIGN_OR_RETURN(right, Integers(expr.children[1]).AsFloat(right));
  if (expr.name == "*") {
    operand.typed.dimension = left.dimension * right.dimension;
    operand.typed.whole = left.whole && right.whole;
    operand.product = FusibleProduct(scope_, left.value, right.value);
    if (!operand.product) operand.typed.value = EmitMultiply(scope_, left.value, right.value);
  } else {
    BNSYN_RETURN_IF_ERROR(CheckDivisor(expr.children[1], right.value));
    operand.typed.dimension = left.dimension / right.dimension;
    operand.product = FusibleQuotient(scope_, left.value, right.value);
    if (!operand.product) operand.typed.value = EmitDivide(scope_, left.value, right.value);
  }
  BNSYN_RETURN_IF_ERROR(CheckDimension(operand.typed.dimension, expr));
  return operand;
}

TypedValue Emitter::Finish(const Operand& operand) {
  TypedValue typed = operand.typed;
  if (operand.product) {
    typed.value = EmitMultiply(scope_, operand.product->a, operand.product->b);
  }
  return typed;
}

absl::StatusOr<TypedValue> Emitter::FloorDivision(const Expr& expr, bool remainder,
                                                  absl::string_view what) {
  BNSYN_ASSIGN_OR_RETURN(TypedValue x, EmitNumber(expr.children[0]));
  BNSYN_ASSIGN_OR_RETURN(TypedValue y, EmitNumber(expr.children[1]));
  BNSYN_RETURN_IF_ERROR(CheckDivisor(expr.children[1], y.value));
  if (!CommonDimension(x, y)) {
    return DimensionsDiffer(expr, x, y, what);
  }
  if (x.integer && y.integer) {
    BNSYN_ASSIGN_OR_RETURN(TypedValue result, Integers(expr).FloorDivide(x, y, remainder));
    if (remainder) result.dimension = y.dimension;
    return result;
  }
  BNSYN_ASSIGN_OR_RETURN(x, Integers(expr.children[0]).AsFloat(x));
  BNSYN_ASSIGN_OR_RETURN(y, Integers(expr.children[1]).AsFloat(y));
  const Division division = EmitFloorDivision(scope_, x.value, y.value);
  if (!remainder) return Whole(division.quotient, {}, true);
  return Whole(division.remainder, y.dimension, x.whole && y.whole);
}

absl::StatusOr<TypedValue> Emitter::Power(const Expr& expr, const Expr& base,
                                          const Expr& exponent) {
  BNSYN_ASSIGN_OR_RETURN(TypedValue x, EmitNumber(base));
  BNSYN_ASSIGN_OR_RETURN(TypedValue y, EmitNumber(exponent));
  if (!y.dimension.dimensionless()) {
    return Error(
        exponent.range,
        absl::StrCat("an exponent is a number without unit, not ", DescribeDimension(y.dimension)),
        DimensionAdvice({}, y.dimension));
  }
  const bool constant = y.integer && y.least == y.greatest;
  if (x.integer && constant && y.least >= 0 && y.least <= kLongestIntegerPower) {
    return Integers(expr).Power(x, y.least);
  }
  BNSYN_ASSIGN_OR_RETURN(x, Integers(base).AsFloat(x));
  BNSYN_ASSIGN_OR_RETURN(y, Integers(exponent).AsFloat(y));
  const std::optional<int> halves = Halves(builder(), y.value);
  if (!halves && !x.dimension.dimensionless()) {
    return Error(exponent.range,
                 absl::StrCat("a power of ", DescribeDimension(x.dimension),
                              " needs an exponent that is written out as a multiple of 1/2"),
                 "as in x**2, x**0.5 or x**-0.5");
  }
  Dimension dimension;
  if (halves) {
    BNSYN_ASSIGN_OR_RETURN(dimension, PowerDimension(x.dimension, *halves, expr));
    if (*halves % 2 == 0 && std::abs(*halves) <= 2 * kLongestProduct) {
      return Whole(EmitWholePower(scope_, x.value, *halves / 2), dimension,
                   x.whole && *halves >= 0);
    }
    if (std::abs(*halves) == 1 && scope_.math() == MathMode::kDefault) {
      const ir::Value root = builder().Emit(ir::Op::kSqrt, {x.value});
      return Number(*halves == 1 ? root : builder().Emit(ir::Op::kDiv, {builder().F64(1), root}),
                    dimension);
    }
  }
  return Number(builder().Emit(ir::Op::kPow, {x.value, y.value}), dimension);
}

absl::StatusOr<Dimension> Emitter::PowerDimension(const Dimension& dimension, int halves,
                                                  const Expr& expr) const {
  const std::optional<Dimension> power = dimension.PowerOfHalves(halves);
  if (!power) {
    return Error(
        expr.range,
        absl::StrCat("the square root of ", DescribeDimension(dimension), " has no dimension"),
        "exponents of units are multiples of 1/2");
  }
  BNSYN_RETURN_IF_ERROR(CheckDimension(*power, expr));
  return *power;
}

}  // namespace bnsyn::compiler
