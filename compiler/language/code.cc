#include "compiler/language/code.h"

#include <cmath>
#include <cstdlib>
#include <limits>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "compiler/language/code_emitter.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

// An integer may be held by a bool.
bool IsBoolean(const ir::Builder& builder, const TypedValue& value) {
  return !value.integer && builder.type(value.value).element == ir::Element::kBool;
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

TypedValue Emitter::Whole(ir::Value value, const Dimension& dimension, bool whole) const {
  TypedValue typed = Number(value, dimension);
  typed.whole = whole;
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
    case ExprKind::kNumber:
      return WrittenNumber(expr, /*negated=*/false);
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
    case ExprKind::kSubscript: {
      BNSYN_ASSIGN_OR_RETURN(std::optional<TypedValue> known, scope_.Subscript(expr, source_));
      if (known) {
        known->boolean = IsBoolean(builder(), *known);
        return *known;
      }
    }
      [[fallthrough]];
    case ExprKind::kMember:
      return Error(expr.range, "some of the neurons of a population have no value here",
                   "the network's own code may write count(exc[0:50]), sum(exc[0:50].V) and "
                   "mean(exc[0:50].V)");
  }
  return absl::InternalError("no such expression");
}

// The least integer has no positive counterpart, so that the sign belongs to it.
absl::StatusOr<TypedValue> Emitter::WrittenNumber(const Expr& expr, bool negated) {
  const double value = expr.quantity.value;
  const bool zero = value == 0 && expr.quantity.dimension.dimensionless();
  TypedValue number;
  if (!expr.digits.has_value()) {
    number = Whole(builder().F64(value), expr.quantity.dimension, IsWhole(expr.quantity));
  } else {
    constexpr uint64_t kLimit = uint64_t{1} << 63;
    if (*expr.digits == kLimit && !negated) {
      return Error(expr.range,
                   absl::StrCat(*expr.digits, " is beyond the integers of 64 bits, which go from ",
                                "-2^63 to 2^63 - 1"),
                   absl::StrCat("for a float write ", *expr.digits, ".0"));
    }
    number = WrittenInteger(static_cast<int64_t>(*expr.digits), builder());
  }
  number.zero = zero;
  return number;
}

absl::StatusOr<TypedValue> Emitter::EmitFloat(const Expr& expr) {
  BNSYN_ASSIGN_OR_RETURN(const TypedValue value, EmitNumber(expr));
  return Integers(expr).AsFloat(value);
}

bool Emitter::EnterArm(ir::Value condition) {
  const bool never = Known(condition) == ir::Bits{0};
  scope_.EnterArm(condition);
  never_ += never;
  return never;
}

void Emitter::LeaveArm(bool never) {
  never_ -= never;
  scope_.LeaveArm();
}

absl::StatusOr<TypedValue> Emitter::EmitArm(ir::Value condition, const Expr& expr) {
  const bool never = EnterArm(condition);
  absl::StatusOr<TypedValue> value = Emit(expr);
  LeaveArm(never);
  return value;
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
  if (const std::optional<Quantity> constant = NamedConstant(expr.name)) {
    return Number(builder().F64(constant->value), constant->dimension);
  }
  // Elsewhere a V, m or s that nobody declared is more likely a slip than a volt, a metre or a
  // second; and so are g, C and h everywhere.
  constexpr absl::string_view kBare = "smSVAFJKW";
  if (expr.name.size() > 1 || (within_measure_ && absl::StrContains(kBare, expr.name))) {
    if (const std::optional<Unit> unit = UnitSymbol(expr.name)) {
      return Number(builder().F64(Quantity(1, *unit).value), unit->dimension);
    }
  }
  return UnknownName(expr);
}

namespace {

// The name without the module that it is taken from in Python: pi of np.pi.
std::string AfterPoint(const std::string& name) {
  for (const char* module : {"np.", "numpy.", "math.", "brian2."}) {
    if (absl::StartsWith(name, module)) return name.substr(name.rfind('.') + 1);
  }
  return name;
}

}  // namespace

absl::Status Emitter::UnknownName(const Expr& expr) const {
  if (const std::string usage = FunctionUsage(expr.name); !usage.empty()) {
    return Error(expr.range, absl::StrCat("'", expr.name, "' is a function"),
                 absl::StrCat("it is called as ", usage));
  }
  std::vector<std::string> candidates = scope_.KnownNames();
  for (std::string& name : FunctionNames()) candidates.push_back(std::move(name));
  for (const char* number : {"pi", "inf", "zero_celsius"}) candidates.emplace_back(number);
  const bool short_unit = expr.name.size() == 1 && UnitSymbol(expr.name).has_value();
  std::string guess = expr.name.size() > 1 ? UnitGuess(expr.name) : "";
  const std::string bare = AfterPoint(expr.name);
  if (bare != expr.name && NamedConstant(bare))
    guess = absl::StrCat(" (did you mean '", bare, "'?)");
  if (guess.empty()) guess = ir::DidYouMean(bare, candidates);
  std::string note;
  if (absl::EndsWith(expr.name, ".dt")) {
    note = "the step of time is dt";
  } else if (short_unit) {
    note = absl::StrCat("the unit is '", LongName(expr.name),
                        "', or its letter after a number, as in 1 ", expr.name);
  } else if (std::string advice = UnitAdvice(expr.name); !advice.empty()) {
    note = std::move(advice);
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
  const Expr& operand = expr.children[0];
  if (expr.name == "-" && operand.kind == ExprKind::kNumber && operand.digits.has_value()) {
    BNSYN_ASSIGN_OR_RETURN(const TypedValue number, WrittenNumber(operand, /*negated=*/true));
    if (number.least == std::numeric_limits<int64_t>::min()) return number;
    return Integers(expr).Negate(number);
  }
  BNSYN_ASSIGN_OR_RETURN(TypedValue value, EmitNumber(operand));
  if (expr.name != "-") return value;
  if (value.integer) return Integers(expr).Negate(value);
  value.value = EmitNegate(scope_, value.value);
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
  if (expr.name == "//" || expr.name == "%") {
    return FloorDivision(expr, expr.name == "%",
                         absl::StrCat("the two sides of '", expr.name, "'"));
  }
  return Comparison(expr);
}

absl::StatusOr<TypedValue> Emitter::Logic(const Expr& expr) {
  BNSYN_ASSIGN_OR_RETURN(const TypedValue left, EmitBoolean(expr.children[0]));
  const ir::Op op = expr.name == "and" ? ir::Op::kAnd : ir::Op::kOr;
  // The right side counts where the left one does not decide.
  const bool never = EnterArm(op == ir::Op::kAnd ? left.value : Not(left.value));
  const absl::StatusOr<TypedValue> right = EmitBoolean(expr.children[1]);
  LeaveArm(never);
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
  const ir::Op op = ComparisonOp(expr.name);
  if (left.integer && right.integer) return Boolean(Integers(expr).Compare(op, left, right));
  BNSYN_ASSIGN_OR_RETURN(left, Integers(expr.children[0]).AsFloat(left));
  BNSYN_ASSIGN_OR_RETURN(right, Integers(expr.children[1]).AsFloat(right));
  return Boolean(builder().Emit(op, {left.value, right.value}));
}

absl::StatusOr<TypedValue> Emitter::Conditional(const Expr& expr) {
  BNSYN_ASSIGN_OR_RETURN(const TypedValue condition, EmitBoolean(expr.children[0]));
  const std::optional<ir::Bits> decided = Known(condition.value);
  BNSYN_ASSIGN_OR_RETURN(TypedValue yes, EmitArm(condition.value, expr.children[1]));
  BNSYN_ASSIGN_OR_RETURN(TypedValue no, EmitArm(Not(condition.value), expr.children[2]));
  if (yes.boolean != no.boolean) {
    return Error(expr.children[yes.boolean ? 1 : 2].range,
                 "one value of a choice is true or false, the other is a number",
                 "int(...) makes 1 or 0 of true or false");
  }
  const std::optional<Dimension> dimension = CommonDimension(yes, no);
  if (!dimension) return DimensionsDiffer(expr, yes, no, "the two values of a choice");
  if (yes.integer && no.integer) {
    TypedValue chosen = Integers(expr).Select(condition.value, yes, no);
    chosen.dimension = *dimension;
    return chosen;
  }
  const auto as_float = [&](size_t child, ir::Value where, const TypedValue& value) {
    scope_.EnterArm(where);
    absl::StatusOr<TypedValue> number = Integers(expr.children[child]).AsFloat(value);
    scope_.LeaveArm();
    return number;
  };
  BNSYN_ASSIGN_OR_RETURN(yes, as_float(1, condition.value, yes));
  BNSYN_ASSIGN_OR_RETURN(no, as_float(2, Not(condition.value), no));
  TypedValue chosen =
      Number(decided ? (*decided != 0 ? yes : no).value
                     : builder().Emit(ir::Op::kSelect, {condition.value, yes.value, no.value}),
             *dimension);
  chosen.boolean = yes.boolean;
  chosen.whole = yes.whole && no.whole;
  return chosen;
}

ir::Value Emitter::Not(ir::Value condition) { return builder().Emit(ir::Op::kNot, {condition}); }

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

ir::Value EmitStepEnd(ir::Builder& builder, double dt) {
  const ir::Value step =
      builder.Emit(ir::Op::kStep, {ir::Element::kU64, ir::DomainId::kNetwork}, {});
  const ir::Value next =
      builder.Emit(ir::Op::kAdd, {builder.Convert(step, ir::Element::kF64), builder.F64(1)});
  return builder.Emit(ir::Op::kMul, {next, builder.F64(dt)});
}

bool IsWhiteNoise(absl::string_view name) { return name == "xi" || absl::StartsWith(name, "xi_"); }

absl::StatusOr<std::optional<TypedValue>> Scope::Call(const Expr&, const ir::SourceText&) {
  return std::nullopt;
}

absl::StatusOr<std::optional<TypedValue>> Scope::Subscript(const Expr&, const ir::SourceText&) {
  return std::nullopt;
}

std::string Scope::AdviceFor(const std::string&) const { return ""; }

void Scope::Expect(ir::Op op, ir::Value a, ir::Value b) {
  const ir::Value where = Where();
  if (b.valid()) {
    builder().Emit(op, {where, a, b});
  } else {
    builder().Emit(op, {where, a});
  }
}

ir::Value Scope::Where() {
  ir::Value where = StatementCondition();
  for (const ir::Value arm : arms_) {
    where = where.valid() ? builder().Emit(ir::Op::kAnd, {where, arm}) : arm;
  }
  return where.valid() ? where : builder().Bool(true);
}
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

absl::StatusOr<TypedValue> EmitFloat(const Expr& expr, const ir::SourceText& source, Scope& scope) {
  BNSYN_ASSIGN_OR_RETURN(const TypedValue value, EmitExpression(expr, source, scope));
  return IntegerArithmetic(source, expr.range, scope).AsFloat(value);
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

  const IntegerArithmetic integers(source, range, scope);
  if (statement.op == '=') {
    right.dimension = old.dimension;
    return right;
  }
  if (old.integer && right.integer && statement.op != '/') {
    const ir::Op op = statement.op == '+'   ? ir::Op::kAdd
                      : statement.op == '-' ? ir::Op::kSub
                                            : ir::Op::kMul;
    BNSYN_ASSIGN_OR_RETURN(TypedValue result, integers.Apply(op, old, right));
    result.dimension = old.dimension;
    return result;
  }
  BNSYN_ASSIGN_OR_RETURN(old, integers.AsFloat(old));
  BNSYN_ASSIGN_OR_RETURN(right, integers.AsFloat(right));
  TypedValue result;
  result.dimension = old.dimension;
  result.whole = right.whole && old.whole && statement.op != '/';
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
