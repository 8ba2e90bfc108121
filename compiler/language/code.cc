#include "compiler/language/code.h"

#include <cmath>
#include <cstdlib>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "compiler/language/code_emitter.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

bool IsBoolean(const ir::Builder& builder, const TypedValue& value) {
  return builder.type(value.value).element == ir::Element::kBool;
}

// Twice `x`, where it is written out as a multiple of 1/2 and counts factors.
std::optional<int> Halves(const ir::Builder& builder, ir::Value x) {
  if (!IsLiteral(builder, x)) return std::nullopt;
  const double value = 2 * ir::F64OfBits(builder.node(x).attr);
  constexpr double kLargest = 2000;
  if (std::floor(value) != value || std::fabs(value) > kLargest) return std::nullopt;
  return static_cast<int>(value);
}

ir::Op ComparisonOp(absl::string_view name) {
  if (name == "<") return ir::Op::kLt;
  if (name == "<=") return ir::Op::kLe;
  if (name == ">") return ir::Op::kGt;
  if (name == ">=") return ir::Op::kGe;
  return name == "==" ? ir::Op::kEq : ir::Op::kNe;
}

}  // namespace

TypedValue Emitter::Number(ir::Value value, const Dimension& dimension) const {
  TypedValue typed;
  typed.value = value;
  typed.dimension = dimension;
  return typed;
}

TypedValue Emitter::Whole(ir::Value value, const Dimension& dimension, bool integer) const {
  TypedValue typed = Number(value, dimension);
  typed.integer = integer;
  return typed;
}

TypedValue Emitter::Boolean(ir::Value value) const {
  TypedValue typed;
  typed.value = value;
  typed.boolean = true;
  return typed;
}

absl::StatusOr<TypedValue> Emitter::Emit(const Expr& expr) {
  BNSYN_ASSIGN_OR_RETURN(const TypedValue value, Dispatch(expr));
  BNSYN_RETURN_IF_ERROR(CheckFinite(expr, value));
  return value;
}

absl::StatusOr<TypedValue> Emitter::Dispatch(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kNumber: {
      TypedValue number = Number(builder().F64(expr.quantity.value), expr.quantity.dimension);
      number.zero = expr.quantity.value == 0 && expr.quantity.dimension.dimensionless();
      number.integer = IsWhole(expr.quantity);
      return number;
    }
    case ExprKind::kBool:
      return Boolean(builder().Bool(expr.quantity.value != 0));
    case ExprKind::kName:
      return Name(expr);
    case ExprKind::kCall:
      return Call(expr);
    case ExprKind::kUnary:
      return Unary(expr);
    case ExprKind::kBinary:
      return Binary(expr);
    case ExprKind::kConditional:
      return Conditional(expr);
  }
  return absl::InternalError("no such expression");
}

absl::StatusOr<TypedValue> Emitter::EmitNumber(const Expr& expr) {
  BNSYN_ASSIGN_OR_RETURN(TypedValue value, Emit(expr));
  if (value.boolean) {
    return Error(expr.range, "this is true or false where a number is needed",
                 "int(...) makes 1 or 0 of it");
  }
  return value;
}

absl::StatusOr<TypedValue> Emitter::EmitBoolean(const Expr& expr) {
  BNSYN_ASSIGN_OR_RETURN(TypedValue value, Emit(expr));
  if (!value.boolean) {
    return Error(expr.range, "this is a number where true or false is needed",
                 "compare it with something, as in x > 0");
  }
  return value;
}

absl::StatusOr<TypedValue> Emitter::Name(const Expr& expr) {
  BNSYN_ASSIGN_OR_RETURN(std::optional<TypedValue> known,
                         scope_.Read(expr.name, source_, expr.range));
  if (known) {
    known->boolean = IsBoolean(builder(), *known);
    known->zero = false;
    return *known;
  }
  // Symbols of one letter are units after a number alone: V, m or s that nobody declared is more
  // likely a slip than a volt, a metre or a second.
  if (expr.name.size() > 1) {
    if (const std::optional<Unit> unit = UnitSymbol(expr.name)) {
      return Number(builder().F64(Quantity(1, *unit).value), unit->dimension);
    }
  }
  return UnknownName(expr);
}

absl::Status Emitter::UnknownName(const Expr& expr) const {
  if (const std::string usage = FunctionUsage(expr.name); !usage.empty()) {
    return Error(expr.range, absl::StrCat("'", expr.name, "' is a function"),
                 absl::StrCat("it is called as ", usage));
  }
  std::vector<std::string> candidates = scope_.KnownNames();
  for (std::string& name : FunctionNames()) candidates.push_back(std::move(name));
  for (std::string& symbol : UnitSymbols()) {
    // Nearly every short name is one letter from some short unit.
    constexpr size_t kTelling = 4;
    if (symbol.size() > 1 &&
        (symbol.size() >= kTelling || absl::EqualsIgnoreCase(symbol, expr.name))) {
      candidates.push_back(std::move(symbol));
    }
  }
  const std::string guess = ir::DidYouMean(expr.name, candidates);
  std::string note;
  if (UnitSymbol(expr.name).has_value()) {
    note = absl::StrCat("the unit is written after a number, as in 1 ", expr.name);
  } else if (guess.empty()) {
    note = scope_.AdviceFor(expr.name);
  }
  return Error(expr.range, absl::StrCat("unknown name '", expr.name, "'", guess), note);
}

absl::StatusOr<TypedValue> Emitter::Unary(const Expr& expr) {
  if (expr.name == "not") {
    BNSYN_ASSIGN_OR_RETURN(TypedValue value, EmitBoolean(expr.children[0]));
    return Boolean(builder().Emit(ir::Op::kNot, {value.value}));
  }
  BNSYN_ASSIGN_OR_RETURN(TypedValue value, EmitNumber(expr.children[0]));
  if (expr.name == "-") value.value = EmitNegate(scope_, value.value);
  return value;
}

absl::StatusOr<TypedValue> Emitter::Binary(const Expr& expr) {
  if (expr.name == "and" || expr.name == "or") return Logic(expr);
  if (expr.name == "+" || expr.name == "-") return Sum(expr);
  if (expr.name == "**") return Power(expr, expr.children[0], expr.children[1]);
  if (expr.name == "*" || expr.name == "/") {
    BNSYN_ASSIGN_OR_RETURN(Operand product, ProductOf(expr));
    return Finish(product);
  }
  if (expr.name == "//" || expr.name == "%") return FloorDivision(expr);
  return Comparison(expr);
}

absl::StatusOr<TypedValue> Emitter::Logic(const Expr& expr) {
  BNSYN_ASSIGN_OR_RETURN(TypedValue left, EmitBoolean(expr.children[0]));
  const ir::Op op = expr.name == "and" ? ir::Op::kAnd : ir::Op::kOr;
  const bool decided = Known(left.value) == ir::Bits{op == ir::Op::kOr};
  never_ += decided;
  absl::StatusOr<TypedValue> right = EmitBoolean(expr.children[1]);
  never_ -= decided;
  BNSYN_RETURN_IF_ERROR(right.status());
  return Boolean(builder().Emit(op, {left.value, right->value}));
}

absl::StatusOr<TypedValue> Emitter::Comparison(const Expr& expr) {
  BNSYN_ASSIGN_OR_RETURN(TypedValue left, Emit(expr.children[0]));
  BNSYN_ASSIGN_OR_RETURN(TypedValue right, Emit(expr.children[1]));
  if (left.boolean && right.boolean && (expr.name == "==" || expr.name == "!=")) {
    const ir::Value differ = builder().Emit(ir::Op::kXor, {left.value, right.value});
    return Boolean(expr.name == "!=" ? differ : builder().Emit(ir::Op::kNot, {differ}));
  }
  if (left.boolean || right.boolean) {
    return Error(expr.children[left.boolean ? 0 : 1].range,
                 "this is true or false where a number is needed", "int(...) makes 1 or 0 of it");
  }
  if (!CommonDimension(left, right)) {
    return DimensionsDiffer(expr, left, right, absl::StrCat("the two sides of '", expr.name, "'"));
  }
  return Boolean(builder().Emit(ComparisonOp(expr.name), {left.value, right.value}));
}

absl::StatusOr<TypedValue> Emitter::Conditional(const Expr& expr) {
  BNSYN_ASSIGN_OR_RETURN(TypedValue condition, EmitBoolean(expr.children[0]));
  const std::optional<ir::Bits> decided = Known(condition.value);
  const auto arm = [&](const Expr& child, bool when) {
    const bool never = decided && (*decided != 0) != when;
    never_ += never;
    absl::StatusOr<TypedValue> value = Emit(child);
    never_ -= never;
    return value;
  };
  BNSYN_ASSIGN_OR_RETURN(TypedValue yes, arm(expr.children[1], true));
  BNSYN_ASSIGN_OR_RETURN(TypedValue no, arm(expr.children[2], false));
  if (yes.boolean != no.boolean) {
    return Error(expr.children[yes.boolean ? 1 : 2].range,
                 "one value of a choice is true or false, the other is a number",
                 "int(...) makes 1 or 0 of true or false");
  }
  const std::optional<Dimension> dimension = CommonDimension(yes, no);
  if (!dimension) return DimensionsDiffer(expr, yes, no, "the two values of a choice");
  TypedValue chosen =
      Number(decided ? (*decided != 0 ? yes : no).value
                     : builder().Emit(ir::Op::kSelect, {condition.value, yes.value, no.value}),
             *dimension);
  chosen.boolean = yes.boolean;
  chosen.integer = yes.integer && no.integer;
  return chosen;
}

absl::StatusOr<TypedValue> Emitter::Sum(const Expr& expr) {
  BNSYN_ASSIGN_OR_RETURN(Operand left, SumOperand(expr.children[0]));
  BNSYN_ASSIGN_OR_RETURN(Operand right, SumOperand(expr.children[1]));
  const std::optional<Dimension> dimension = CommonDimension(left.typed, right.typed);
  if (!dimension) {
    return DimensionsDiffer(expr, left.typed, right.typed,
                            absl::StrCat("the two sides of '", expr.name, "'"));
  }
  const bool minus = expr.name == "-";
  const bool integer = left.typed.integer && right.typed.integer;
  const auto number = [&](ir::Value value) { return Whole(value, *dimension, integer); };
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
  BNSYN_ASSIGN_OR_RETURN(TypedValue left, EmitNumber(expr.children[0]));
  BNSYN_ASSIGN_OR_RETURN(TypedValue right, EmitNumber(expr.children[1]));
  Operand operand;
  if (expr.name == "*") {
    operand.typed.dimension = left.dimension * right.dimension;
    operand.typed.integer = left.integer && right.integer;
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

absl::StatusOr<TypedValue> Emitter::FloorDivision(const Expr& expr) {
  BNSYN_ASSIGN_OR_RETURN(TypedValue x, EmitNumber(expr.children[0]));
  BNSYN_ASSIGN_OR_RETURN(TypedValue y, EmitNumber(expr.children[1]));
  BNSYN_RETURN_IF_ERROR(CheckDivisor(expr.children[1], y.value));
  if (!CommonDimension(x, y)) {
    return DimensionsDiffer(expr, x, y, absl::StrCat("the two sides of '", expr.name, "'"));
  }
  const Division division = EmitFloorDivision(scope_, x.value, y.value);
  if (expr.name == "//") return Whole(division.quotient, {}, true);
  return Whole(division.remainder, y.dimension, x.integer && y.integer);
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
                   x.integer && *halves >= 0);
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

absl::Status Emitter::CheckDimension(const Dimension& dimension, const Expr& expr) const {
  for (const int8_t halves : dimension.halves) {
    if (std::abs(halves) >= 2 * kMaxDimensionExponent) {
      return Error(expr.range, absl::StrCat("the powers of units in this grow beyond ",
                                            kMaxDimensionExponent - 1));
    }
  }
  return absl::OkStatus();
}

absl::Status Emitter::DimensionsDiffer(const Expr& expr, const TypedValue& left,
                                       const TypedValue& right, absl::string_view what) const {
  const bool missing = left.dimension.dimensionless() || right.dimension.dimensionless();
  return Error(expr.range,
               absl::StrCat(what, " differ in dimension: ", DescribeDimension(left.dimension),
                            " and ", DescribeDimension(right.dimension)),
               missing ? DimensionAdvice(left.dimension * right.dimension, {})
                       : absl::StrCat("they differ by a factor of the dimension ",
                                      DescribeDimension(left.dimension / right.dimension)));
}

bool IsWhole(const Quantity& quantity) {
  return quantity.dimension.dimensionless() && std::floor(quantity.value) == quantity.value;
}

ir::Value EmitStepTime(ir::Builder& builder, double dt) {
  const ir::Value step =
      builder.Emit(ir::Op::kStep, {ir::Element::kU64, ir::DomainId::kNetwork}, {});
  return builder.Emit(ir::Op::kMul, {builder.Convert(step, ir::Element::kF64), builder.F64(dt)});
}

bool IsWhiteNoise(absl::string_view name) { return name == "xi" || absl::StartsWith(name, "xi_"); }

absl::StatusOr<std::optional<TypedValue>> Scope::Call(const Expr&, const ir::SourceText&) {
  return std::nullopt;
}

std::string Scope::AdviceFor(const std::string&) const { return ""; }

std::optional<ir::SourceText> Scope::PlaceOf(const std::string&) const { return std::nullopt; }

std::optional<Scope::ZeroValue> Scope::FindZero(const std::string&) const { return std::nullopt; }

absl::Status Scope::Assign(const Statement& statement, TypedValue, const ir::SourceText& source) {
  return ir::ErrorAt(source, statement.target_range,
                     absl::StrCat("'", statement.target, "' cannot be set here"));
}

absl::StatusOr<TypedValue> EmitExpression(const Expr& expr, const ir::SourceText& source,
                                          Scope& scope) {
  return Emitter(source, scope).Emit(expr);
}

absl::Status EmitStatements(const std::vector<Statement>& statements, const ir::SourceText& source,
                            Scope& scope) {
  for (const Statement& statement : statements) {
    Emitter emitter(source, scope);
    BNSYN_ASSIGN_OR_RETURN(TypedValue right, emitter.Emit(statement.value));
    if (statement.op == '/') {
      BNSYN_RETURN_IF_ERROR(emitter.CheckDivisor(statement.value, right.value));
    }
    BNSYN_RETURN_IF_ERROR(scope.Assign(statement, right, source));
  }
  return absl::OkStatus();
}

absl::StatusOr<TypedValue> ApplyAssignment(const Statement& statement, TypedValue old,
                                           TypedValue right, const ir::SourceText& source,
                                           Scope& scope) {
  ir::Builder& builder = scope.builder();
  const ir::SourceRange range = statement.value.range;
  right.boolean = IsBoolean(builder, right);
  old.boolean = old.boolean || (old.value.valid() && IsBoolean(builder, old));
  if (old.boolean) {
    if (statement.op != '=') {
      return ir::ErrorAt(source, statement.target_range,
                         absl::StrCat("'", statement.target, "' is true or false and can only be ",
                                      "set with '='"));
    }
    BNSYN_RETURN_IF_ERROR(ExpectBoolean(right, statement.target, source, range));
    return right;
  }
  const bool scales = statement.op == '*' || statement.op == '/';
  if (scales) {
    const std::string what = absl::StrCat("what follows '", std::string(1, statement.op), "='");
    if (right.boolean || !right.dimension.dimensionless()) {
      return ir::ErrorAt(
          source, range,
          absl::StrCat(what, " is a number without unit, not ",
                       right.boolean ? "true or false" : DescribeDimension(right.dimension)),
          right.boolean ? "int(...) makes 1 or 0 of it" : DimensionAdvice({}, right.dimension));
    }
    if (statement.op == '/' && right.zero) {
      return ir::ErrorAt(source, range, "this divides by 0");
    }
  } else {
    BNSYN_RETURN_IF_ERROR(ExpectDimension(right, old.dimension, statement.target, source, range));
  }

  TypedValue result;
  result.value = right.value;
  result.dimension = old.dimension;
  result.integer = right.integer && (statement.op == '=' || (old.integer && statement.op != '/'));
  // The factors of a right side that is written as a product, to be fused with the sum.
  std::optional<Product> product;
  const Expr& value = statement.value;
  const ir::Node node = builder.node(right.value);
  if (value.kind == ExprKind::kBinary && (value.name == "*" || value.name == "/") &&
      node.op == ir::Op::kMul) {
    product = FusibleProduct(scope, {node.operands[0]}, {node.operands[1]});
  }
  switch (statement.op) {
    case '+':
      result.value = product ? EmitFused(scope, *product, old.value)
                             : builder.Emit(ir::Op::kAdd, {old.value, right.value});
      break;
    case '-':
      result.value = product ? EmitNegatedFused(scope, *product, old.value)
                             : builder.Emit(ir::Op::kSub, {old.value, right.value});
      break;
    case '*':
      result.value = EmitMultiply(scope, old.value, right.value);
      break;
    case '/':
      result.value = EmitDivide(scope, old.value, right.value);
      break;
    default:
      break;
  }
  return result;
}

}  // namespace bnsyn::compiler
