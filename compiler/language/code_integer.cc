#include "compiler/language/code_integer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "compiler/analysis/facts.h"
#include "compiler/language/code_emitter.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

using Wide = __int128;

constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
constexpr int64_t kGreatest = std::numeric_limits<int64_t>::max();
constexpr int64_t kExactInF64 = int64_t{1} << 53;

// All values of an operation over integers; two wide bounds have room for any sum or product.
struct Interval {
  Wide least;
  Wide greatest;
};

bool FitsI64(const Interval& x) { return x.least >= kLeast && x.greatest <= kGreatest; }
bool FitsF64(const Interval& x) { return x.least >= -kExactInF64 && x.greatest <= kExactInF64; }
Interval Of(const TypedValue& value) { return {value.least, value.greatest}; }
bool FitsF64(const TypedValue& value) { return FitsF64(Of(value)); }
bool IsConstantInteger(const TypedValue& value) { return value.least == value.greatest; }

Interval Apply(ir::Op op, const Interval& a, const Interval& b) {
  if (op == ir::Op::kAdd) return {a.least + b.least, a.greatest + b.greatest};
  if (op == ir::Op::kSub) return {a.least - b.greatest, a.greatest - b.least};
  const Wide corners[] = {a.least * b.least, a.least * b.greatest, a.greatest * b.least,
                          a.greatest * b.greatest};
  return {*std::min_element(std::begin(corners), std::end(corners)),
          *std::max_element(std::begin(corners), std::end(corners))};
}

ir::Op ExpectationOf(ir::Op op) {
  if (op == ir::Op::kAdd) return ir::Op::kExpectSum;
  return op == ir::Op::kSub ? ir::Op::kExpectDifference : ir::Op::kExpectProduct;
}

absl::string_view SignOf(ir::Op op) {
  if (op == ir::Op::kAdd) return "+";
  return op == ir::Op::kSub ? "-" : "*";
}

int64_t FloorQuotient(int64_t a, int64_t b) {
  const int64_t quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

int64_t FloorRemainder(int64_t a, int64_t b) {
  const int64_t left = a % b;
  return left != 0 && (left < 0) != (b < 0) ? left + b : left;
}

// The range of a % b, and of a // b where b is never 0.
Interval RemainderRange(const Interval& a, const Interval& b) {
  if (a.least >= 0 && b.least > 0) return {0, std::min(a.greatest, b.greatest - 1)};
  return {std::min<Wide>(b.least + 1, 0), std::max<Wide>(b.greatest - 1, 0)};
}
Interval QuotientRange(const Interval& a, const Interval& b) {
  if (a.least >= 0 && b.least > 0) return {0, a.greatest / b.least};
  const Wide most = std::max(a.greatest, -a.least);
  return {-most, most};
}

std::optional<int> PowerOfTwo(const TypedValue& value) {
  if (!IsConstantInteger(value) || value.least <= 0) return std::nullopt;
  if ((value.least & (value.least - 1)) != 0) return std::nullopt;
  return static_cast<int>(std::log2(static_cast<double>(value.least)));
}

TypedValue Integer(ir::Value value, const Interval& range) {
  return HeldInteger(value, static_cast<int64_t>(std::max<Wide>(range.least, kLeast)),
                     static_cast<int64_t>(std::min<Wide>(range.greatest, kGreatest)));
}

}  // namespace

TypedValue HeldInteger(ir::Value value, int64_t least, int64_t greatest) {
  TypedValue typed;
  typed.value = value;
  typed.integer = true;
  typed.least = least;
  typed.greatest = greatest;
  return typed;
}

TypedValue AnyInteger(ir::Value value) { return HeldInteger(value, kLeast, kGreatest); }

TypedValue ConstantNumber(ir::Value value, const Quantity& quantity) {
  const double number = quantity.value;
  TypedValue typed;
  if (IsWhole(quantity) && std::fabs(number) <= static_cast<double>(kExactInF64)) {
    typed = HeldInteger(value, static_cast<int64_t>(number), static_cast<int64_t>(number));
  }
  typed.value = value;
  typed.dimension = quantity.dimension;
  typed.whole = IsWhole(quantity);
  return typed;
}

TypedValue WrittenInteger(int64_t number, ir::Builder& builder) {
  const bool exact = -kExactInF64 <= number && number <= kExactInF64;
  return HeldInteger(exact ? builder.F64(static_cast<double>(number))
                           : builder.Literal(ir::Element::kI64, static_cast<ir::Bits>(number)),
                     number, number);
}

ir::Value EmitHasNoResult(ir::Builder& builder, ir::Op op, ir::Value a, ir::Value b) {
  const auto beyond = [&](ir::Value number, double limit) {
    const ir::Value within =
        builder.Emit(ir::Op::kLe, {builder.Emit(ir::Op::kAbs, {number}), builder.F64(limit)});
    return builder.Emit(ir::Op::kNot, {within});
  };
  if (op == ir::Op::kExpectInteger) {
    return builder.Emit(ir::Op::kNot,
                        {builder.Emit(ir::Op::kLt, {builder.Emit(ir::Op::kAbs, {a}), b})});
  }
  if (op == ir::Op::kExpectQuotient) {
    return builder.Emit(ir::Op::kEq, {b, builder.Literal(ir::Element::kI64, 0)});
  }
  const ir::Value x = builder.Convert(a, ir::Element::kF64);
  if (op == ir::Op::kExpectFloat) return beyond(x, 0x1p53);
  const ir::Value y = builder.Convert(b, ir::Element::kF64);
  const ir::Op real = op == ir::Op::kExpectSum          ? ir::Op::kAdd
                      : op == ir::Op::kExpectDifference ? ir::Op::kSub
                                                        : ir::Op::kMul;
  return beyond(builder.Emit(real, {x, y}), 0x1p62);
}

absl::Status IntegerArithmetic::Beyond(const std::string& operation) const {
  return ir::ErrorAt(source_, range_,
                     absl::StrCat(operation, " is beyond the integers of 64 bits, which go from ",
                                  "-2^63 to 2^63 - 1"),
                     "a float has an exponent or a point, as in 1e20");
}

// Of an integer that f64 is known to hold.
ir::Value IntegerArithmetic::AsF64(const TypedValue& held) const {
  if (builder_.type(held.value).element == ir::Element::kF64) return held.value;
  const ir::Node& node = builder_.node(held.value);
  if (node.op == ir::Op::kLiteral) {
    return builder_.F64(static_cast<double>(static_cast<int64_t>(node.attr)));
  }
  return builder_.Convert(held.value, ir::Element::kF64);
}

absl::StatusOr<TypedValue> IntegerArithmetic::AsFloat(const TypedValue& value) const {
  if (!value.integer) return value;
  TypedValue number;
  number.dimension = value.dimension;
  number.zero = value.zero;
  number.whole = true;
  const ir::Element element = builder_.type(value.value).element;
  if (value.rounded.valid()) {
    number.value = value.rounded;
  } else if (element != ir::Element::kI64 || FitsF64(value)) {
    number.value = AsF64(value);
  } else if (IsConstantInteger(value)) {
    return ir::ErrorAt(
        source_, range_,
        absl::StrCat("the integer ", value.least, " is beyond 2^53, and would be rounded as a ",
                     "float, which is needed here"),
        absl::StrCat("for a float write ", value.least,
                     ".0; exact are integers with integers, and ", "variables declared 'integer'"));
  } else {
    scope_.Expect(ir::Op::kExpectFloat, value.value, {});
    number.value = builder_.Convert(value.value, ir::Element::kF64);
  }
  return number;
}

TypedValue IntegerArithmetic::AsI64(const TypedValue& value) const {
  const ir::Element element = builder_.type(value.value).element;
  const auto literal = [&](int64_t number) {
    return HeldInteger(builder_.Literal(ir::Element::kI64, static_cast<ir::Bits>(number)), number,
                       number);
  };
  if (value.integer && IsConstantInteger(value)) return literal(value.least);
  if (element == ir::Element::kI64) return value;
  if (!value.integer && IsLiteral(builder_, value.value)) {
    const double number = ir::F64OfBits(builder_.node(value.value).attr);
    if (std::fabs(number) < 0x1p63) return literal(static_cast<int64_t>(number));
  }
  TypedValue converted = value.integer ? value : AnyInteger(value.value);
  converted.dimension = value.dimension;
  if (element == ir::Element::kF64 && !(value.integer && FitsF64(value))) {
    // A float that was computed is exact up to 2^53 alone; int(x) is so wherever it has a result.
    scope_.Expect(ir::Op::kExpectInteger, value.value,
                  builder_.F64(value.integer ? 0x1p63 : 0x1p53));
  }
  converted.value = builder_.Convert(value.value, ir::Element::kI64);
  return converted;
}

absl::StatusOr<TypedValue> IntegerArithmetic::OfConstants(ir::Op op, const TypedValue& a,
                                                          const TypedValue& b) const {
  const Interval exact = compiler::Apply(op, Of(a), Of(b));
  ir::Value rounded;
  const auto float_of = [&](const TypedValue& x) {
    if (x.rounded.valid()) return x.rounded;
    return FitsF64(x) ? AsF64(x) : ir::Value{};
  };
  const ir::Value x = float_of(a);
  const ir::Value y = float_of(b);
  if (x.valid() && y.valid()) {
    rounded = op == ir::Op::kMul ? EmitMultiply(scope_, x, y) : builder_.Emit(op, {x, y});
  }
  TypedValue result;
  if (FitsF64(exact) && rounded.valid()) return Integer(rounded, exact);
  if (!FitsI64(exact)) {
    if (!rounded.valid()) {
      return Beyond(absl::StrCat(a.least, " ", SignOf(op), " ", b.least));
    }
    result.value = rounded;
    return result;
  }
  result = WrittenInteger(static_cast<int64_t>(exact.least), builder_);
  if (!FitsF64(exact)) result.rounded = rounded;
  return result;
}

absl::StatusOr<TypedValue> IntegerArithmetic::Apply(ir::Op op, const TypedValue& a,
                                                    const TypedValue& b) const {
  if (IsConstantInteger(a) && IsConstantInteger(b)) return OfConstants(op, a, b);
  const Interval range = compiler::Apply(op, Of(a), Of(b));
  if (FitsF64(a) && FitsF64(b) && FitsF64(range)) {
    const ir::Value x = AsF64(a);
    const ir::Value y = AsF64(b);
    return Integer(op == ir::Op::kMul ? EmitMultiply(scope_, x, y) : builder_.Emit(op, {x, y}),
                   range);
  }
  const ir::Value x = AsI64(a).value;
  const ir::Value y = AsI64(b).value;
  if (!FitsI64(range)) scope_.Expect(ExpectationOf(op), x, y);
  return Integer(builder_.Emit(op, {x, y}), range);
}

absl::StatusOr<TypedValue> IntegerArithmetic::Negate(const TypedValue& a) const {
  if (IsConstantInteger(a) && FitsF64(a) && builder_.type(a.value).element == ir::Element::kF64) {
    // The sign of a literal is flipped at once.
    TypedValue negated = HeldInteger(EmitNegate(scope_, a.value), -a.least, -a.least);
    negated.zero = a.zero;
    return negated;
  }
  return Apply(ir::Op::kSub, HeldInteger(builder_.F64(0), 0, 0), a);
}

TypedValue IntegerArithmetic::Abs(const TypedValue& a) const {
  const Interval range = {a.least > 0      ? a.least
                          : a.greatest < 0 ? -Wide{a.greatest}
                                           : 0,
                          std::max(-Wide{a.least}, Wide{a.greatest})};
  if (FitsF64(a)) return Integer(builder_.Emit(ir::Op::kAbs, {AsF64(a)}), range);
  const ir::Value x = AsI64(a).value;
  const ir::Value zero = builder_.Literal(ir::Element::kI64, 0);
  if (!FitsI64(range))
    scope_.Expect(ir::Op::kExpectDifference, zero, builder_.Emit(ir::Op::kMin, {x, zero}));
  const ir::Value negated = builder_.Emit(ir::Op::kSub, {zero, x});
  return Integer(builder_.Emit(ir::Op::kMax, {x, negated}), range);
}

TypedValue IntegerArithmetic::MinOrMax(ir::Op op, const TypedValue& a, const TypedValue& b) const {
  Interval range = {std::min(a.least, b.least), std::min(a.greatest, b.greatest)};
  if (op == ir::Op::kMax) range = {std::max(a.least, b.least), std::max(a.greatest, b.greatest)};
  if (FitsF64(a) && FitsF64(b)) return Integer(builder_.Emit(op, {AsF64(a), AsF64(b)}), range);
  return Integer(builder_.Emit(op, {AsI64(a).value, AsI64(b).value}), range);
}

absl::StatusOr<TypedValue> IntegerArithmetic::FloorDivide(const TypedValue& a, const TypedValue& b,
                                                          bool remainder) const {
  if (IsConstantInteger(b) && b.least == 0)
    return ir::ErrorAt(source_, range_, "this divides by 0");
  const bool may_be_zero = b.least <= 0 && b.greatest >= 0;
  if (IsConstantInteger(a) && IsConstantInteger(b)) {
    if (a.least == kLeast && b.least == -1) {
      if (remainder) return WrittenInteger(0, builder_);
      return Beyond(absl::StrCat(a.least, " // -1"));
    }
    return WrittenInteger(
        remainder ? FloorRemainder(a.least, b.least) : FloorQuotient(a.least, b.least), builder_);
  }
  const Interval range = remainder ? RemainderRange(Of(a), Of(b)) : QuotientRange(Of(a), Of(b));
  if (!may_be_zero && FitsF64(a) && FitsF64(b)) {
    const Division division = EmitShortDivision(scope_, AsF64(a), AsF64(b));
    return Integer(remainder ? division.remainder : division.quotient, range);
  }
  const ir::Value x = AsI64(a).value;
  const ir::Value y = AsI64(b).value;
  if (const std::optional<int> power = PowerOfTwo(b)) {
    const ir::Value mask = builder_.Literal(ir::Element::kI64, static_cast<ir::Bits>(b.least - 1));
    const ir::Value places = builder_.Literal(ir::Element::kI64, static_cast<ir::Bits>(*power));
    return Integer(remainder ? builder_.Emit(ir::Op::kAnd, {x, mask})
                             : builder_.Emit(ir::Op::kShr, {x, places}),
                   range);
  }
  const ir::Value zero = builder_.Literal(ir::Element::kI64, 0);
  const bool may_wrap = !remainder && a.least == kLeast && b.least <= -1 && b.greatest >= -1;
  if (may_be_zero || may_wrap) {
    // A remainder by -1 is 0, also of the least integer.
    const ir::Value dividend =
        remainder ? builder_.Emit(
                        ir::Op::kMax,
                        {x, builder_.Literal(ir::Element::kI64, static_cast<ir::Bits>(kLeast + 1))})
                  : x;
    scope_.Expect(ir::Op::kExpectQuotient, dividend, y);
  }
  const ir::Value left = builder_.Emit(ir::Op::kRem, {x, y});
  const ir::Value some = builder_.Emit(ir::Op::kNe, {left, zero});
  const ir::Value apart =
      builder_.Emit(ir::Op::kLt, {builder_.Emit(ir::Op::kXor, {left, y}), zero});
  const ir::Value correct = builder_.Emit(ir::Op::kAnd, {some, apart});
  const bool same_sign = a.least >= 0 && b.least > 0;
  if (remainder) {
    if (same_sign) return Integer(left, range);
    const ir::Value other = builder_.Emit(ir::Op::kAdd, {left, y});
    return Integer(builder_.Emit(ir::Op::kSelect, {correct, other, left}), range);
  }
  const ir::Value quotient = builder_.Emit(ir::Op::kDiv, {x, y});
  if (same_sign) return Integer(quotient, range);
  const ir::Value less =
      builder_.Emit(ir::Op::kSub, {quotient, builder_.Literal(ir::Element::kI64, 1)});
  return Integer(builder_.Emit(ir::Op::kSelect, {correct, less, quotient}), range);
}

absl::StatusOr<TypedValue> IntegerArithmetic::Power(const TypedValue& a, int64_t n) const {
  if (n == 0) return WrittenInteger(1, builder_);
  TypedValue power = a;
  for (int64_t i = 1; i < n; ++i) {
    BNSYN_ASSIGN_OR_RETURN(power, Apply(ir::Op::kMul, power, a));
    // A product of constants beyond 64 bits is a float, and so are those after it.
    if (!power.integer)
      return TypedValue{
          builder_.F64(std::pow(static_cast<double>(a.least), static_cast<double>(n))), {}};
  }
  return power;
}

ir::Value IntegerArithmetic::Compare(ir::Op op, const TypedValue& a, const TypedValue& b) const {
  if (FitsF64(a) && FitsF64(b)) return builder_.Emit(op, {AsF64(a), AsF64(b)});
  return builder_.Emit(op, {AsI64(a).value, AsI64(b).value});
}

TypedValue IntegerArithmetic::Select(ir::Value condition, const TypedValue& yes,
                                     const TypedValue& no) const {
  const Interval range = {std::min(yes.least, no.least), std::max(yes.greatest, no.greatest)};
  const bool real = FitsF64(yes) && FitsF64(no);
  const ir::Value a = real ? AsF64(yes) : AsI64(yes).value;
  const ir::Value b = real ? AsF64(no) : AsI64(no).value;
  return Integer(builder_.Emit(ir::Op::kSelect, {condition, a, b}), range);
}

}  // namespace bnsyn::compiler
