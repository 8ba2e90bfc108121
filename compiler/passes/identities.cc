#include "compiler/passes/identities.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "compiler/analysis/facts.h"
#include "ir/mutant.h"
#include "reference/evaluate.h"

namespace bnsyn::compiler {
namespace {

using ir::Element;
using ir::Op;
using ir::Value;
using Result = std::optional<Value>;

// 1/c when it is exact, so that x/c is x*(1/c) to the bit: for powers of two whose inverse is in
// range.
template <typename Float>
std::optional<Float> ExactReciprocal(Float c) {
  int exponent;
  if (!std::isfinite(c) || std::fabs(std::frexp(c, &exponent)) != Float{0.5}) return std::nullopt;
  const Float reciprocal = Float{1} / c;
  if (!std::isfinite(reciprocal)) return std::nullopt;
  return reciprocal;
}

// Where a float is, unless it is NaN.
struct Bounds {
  double least = -std::numeric_limits<double>::infinity();
  double greatest = std::numeric_limits<double>::infinity();
};

// Matches one node and its operands a, b and c with the rules.
class Matcher {
 public:
  Matcher(ir::Builder& builder, const ir::Node& node) : builder_(builder), node_(node) {
    for (size_t i = 0; i < node.inputs().size(); ++i) operand_[i] = Value{node.operands[i]};
  }

  Result Apply();

 private:
  Value a() const { return operand_[0]; }
  Value b() const { return operand_[1]; }
  Value c() const { return operand_[2]; }
  bool Is(Value v, Op op) const { return builder_.node(v).op == op; }
  Value Inner(Value v, size_t i = 0) const { return Value{builder_.node(v).operands[i]}; }
  Element element(Value v) const { return builder_.node(v).element; }
  bool floating() const { return ir::IsFloat(element(a())); }
  bool boolean() const { return element(a()) == Element::kBool; }

  // True if `v` is the literal of this number; for floats 0 is +0.
  bool IsNumber(Value v, double number) const { return IsLiteral(builder_, v, number); }
  bool IsMinusZero(Value v) const { return IsNumber(v, -0.0); }
  // True if `v` is a literal, and no NaN.
  bool IsNumeral(Value v) const {
    const ir::Bits bits = builder_.node(v).attr;
    return Is(v, Op::kLiteral) &&
           !(element(v) == Element::kF64 && std::isnan(ir::F64OfBits(bits))) &&
           !(element(v) == Element::kF32 && std::isnan(ir::F32OfBits(bits)));
  }
  // The literal with all bits set: true, for a bool.
  bool IsAllOnes(Value v) const { return IsNumber(v, boolean() ? 1 : -1); }
  Value Number(int number) {
    return builder_.Literal(node_.element, BitsOf(node_.element, number));
  }

  Result Add();
  Result Sub();
  Result Mul();
  Result Div();
  Result Fma();
  Result And();
  Result Or();
  Result Xor();
  Result Select();
  Result MinOrMax();
  Result Involution(Op op);
  // False for a comparison that no two values within these bounds meet, nor NaN.
  Result Never(Value less, Value greater, bool or_equal);
  // Looks through at most `depth` nodes, one behind another.
  Bounds BoundsOf(Value v, int depth = 4) const;

  ir::Builder& builder_;
  const ir::Node node_;
  Value operand_[3];
};

// Adding -0 keeps every float, adding +0 does not: -0 + +0 is +0. Adding -x is subtracting x.
Result Matcher::Add() {
  for (const auto& [x, y] : {std::pair(a(), b()), std::pair(b(), a())}) {
    if (Mutant("pass.simplify.add_plus_zero") && IsNumber(y, 0)) return x;
    if (floating() ? IsMinusZero(y) : IsNumber(y, 0)) return x;
    if (Is(y, Op::kNeg)) {
      return builder_.Emit(Mutant("pass.simplify.add_neg") ? Op::kAdd : Op::kSub, {x, Inner(y)});
    }
  }
  return std::nullopt;
}

Result Matcher::Sub() {
  if (IsNumber(b(), 0)) return a();
  if (Mutant("pass.simplify.sub_from_plus_zero") && IsNumber(a(), 0)) {
    return builder_.Emit(Op::kNeg, {b()});
  }
  if (floating() ? IsMinusZero(a()) : IsNumber(a(), 0)) return builder_.Emit(Op::kNeg, {b()});
  if ((!floating() || Mutant("pass.simplify.sub_of_itself")) && a() == b()) return Number(0);
  if (Is(b(), Op::kNeg)) return builder_.Emit(Op::kAdd, {a(), Inner(b())});
  return std::nullopt;
}

// A float times 0 is not always 0: the float may be infinite, NaN or negative.
Result Matcher::Mul() {
  for (const auto& [x, y] : {std::pair(a(), b()), std::pair(b(), a())}) {
    if (IsNumber(y, 1)) return x;
    if (IsNumber(y, -1)) return builder_.Emit(Op::kNeg, {x});
    if ((!floating() || Mutant("pass.simplify.mul_by_zero")) && IsNumber(y, 0)) return y;
  }
  return std::nullopt;
}

Result Matcher::Div() {
  if (IsNumber(b(), 1)) return a();
  if (!floating() || !Is(b(), Op::kLiteral)) return std::nullopt;
  if (IsNumber(b(), -1)) return builder_.Emit(Op::kNeg, {a()});
  const ir::Bits divisor = builder_.node(b()).attr;
  if (node_.element == Element::kF64) {
    if (const auto factor = ExactReciprocal(ir::F64OfBits(divisor))) {
      return builder_.Emit(Op::kMul, {a(), builder_.F64(*factor)});
    }
  } else if (const auto factor = ExactReciprocal(ir::F32OfBits(divisor))) {
    return builder_.Emit(Op::kMul, {a(), builder_.F32(*factor)});
  }
  return std::nullopt;
}

// One rounding of a*b + c is one rounding of the product when c is -0, and of the sum when a or b
// is 1 or -1.
Result Matcher::Fma() {
  if (IsNumber(c(), 0) && Mutant("pass.simplify.fma_with_plus_zero")) {
    return builder_.Emit(Op::kMul, {a(), b()});
  }
  if (IsMinusZero(c())) return builder_.Emit(Op::kMul, {a(), b()});
  for (const auto& [x, y] : {std::pair(a(), b()), std::pair(b(), a())}) {
    if (IsNumber(y, 1)) return builder_.Emit(Op::kAdd, {x, c()});
    if (IsNumber(y, -1) && Mutant("pass.simplify.fma_of_minus_one")) {
      return builder_.Emit(Op::kSub, {x, c()});
    }
    if (IsNumber(y, -1)) return builder_.Emit(Op::kSub, {c(), x});
  }
  return std::nullopt;
}

Result Matcher::And() {
  if (a() == b()) return a();
  for (const auto& [x, y] : {std::pair(a(), b()), std::pair(b(), a())}) {
    if (IsNumber(y, 0)) return y;
    if (IsAllOnes(y)) return x;
  }
  return std::nullopt;
}

Result Matcher::Or() {
  if (a() == b()) return a();
  for (const auto& [x, y] : {std::pair(a(), b()), std::pair(b(), a())}) {
    if (IsNumber(y, 0)) return x;
    if (IsAllOnes(y)) return y;
  }
  return std::nullopt;
}

Result Matcher::Xor() {
  if (a() == b()) return Number(0);
  for (const auto& [x, y] : {std::pair(a(), b()), std::pair(b(), a())}) {
    if (IsNumber(y, 0)) return x;
    if (IsAllOnes(y) && Mutant("pass.simplify.xor_of_ones")) return x;
    if (IsAllOnes(y)) return builder_.Emit(Op::kNot, {x});
  }
  return std::nullopt;
}

Result Matcher::Select() {
  if (Is(a(), Op::kLiteral)) return IsNumber(a(), 1) ? b() : c();
  if (b() == c()) return b();
  if (Is(a(), Op::kNot) && Mutant("pass.simplify.select_by_not")) {
    return builder_.Emit(Op::kSelect, {Inner(a()), b(), c()});
  }
  if (Is(a(), Op::kNot)) return builder_.Emit(Op::kSelect, {Inner(a()), c(), b()});
  if (node_.element == Element::kBool) {
    if (IsNumber(b(), 1) && IsNumber(c(), 0)) return a();
    if (IsNumber(b(), 0) && IsNumber(c(), 1)) return builder_.Emit(Op::kNot, {a()});
  }
  return std::nullopt;
}

// min(min(x, c), d) is min(x, min(c, d)) for literals c and d that are numbers; a NaN in x stays
// one in both.
Result Matcher::MinOrMax() {
  if (a() == b()) return a();
  if (!Is(a(), node_.op) || !IsNumeral(b()) || !IsNumeral(Inner(a(), 1))) return std::nullopt;
  const Element element = node_.element;
  const ir::Bits bound = reference::Fold(
      node_, {element, element}, {builder_.node(Inner(a(), 1)).attr, builder_.node(b()).attr});
  return builder_.Emit(node_.op, {Inner(a()), builder_.Literal(element, bound)});
}

// op(op(x)) is x.
Result Matcher::Involution(Op op) {
  if (Is(a(), op)) return Inner(a());
  return std::nullopt;
}

// What clip and abs leave of a number. If the first operand of min or max is NaN, so is the result;
// if the second is, the result is the first.
Bounds Matcher::BoundsOf(Value v, int depth) const {
  const ir::Node& node = builder_.node(v);
  if (node.element != Element::kF64 || depth == 0) return {};
  if (node.op == Op::kLiteral) {
    const double number = ir::F64OfBits(node.attr);
    return std::isnan(number) ? Bounds{} : Bounds{number, number};
  }
  const auto of = [&](size_t i) { return BoundsOf(Inner(v, i), depth - 1); };
  if (node.op == Op::kAbs) {
    const Bounds x = of(0);
    return {std::max({x.least, -x.greatest, 0.0}), std::max(-x.least, x.greatest)};
  }
  if (node.op != Op::kMin && node.op != Op::kMax) return {};
  if (!IsNumeral(Inner(v, 1))) return {};
  const Bounds x = of(0);
  const double bound = ir::F64OfBits(builder_.node(Inner(v, 1)).attr);
  if (node.op == Op::kMin) {
    return {std::min(x.least, bound), std::min(x.greatest, bound)};
  }
  return {std::max(x.least, bound), std::max(x.greatest, bound)};
}

Result Matcher::Never(Value less, Value greater, bool or_equal) {
  if (element(less) != Element::kF64) return std::nullopt;
  const double least = BoundsOf(less).least;
  const double greatest = BoundsOf(greater).greatest;
  if (or_equal ? least > greatest : least >= greatest) return builder_.Bool(false);
  return std::nullopt;
}

Result Matcher::Apply() {
  switch (node_.op) {
    case Op::kAdd:
      return Add();
    case Op::kSub:
      return Sub();
    case Op::kMul:
      return Mul();
    case Op::kDiv:
      return Div();
    case Op::kFma:
      return Fma();
    case Op::kNeg:
    case Op::kNot:
      return Involution(node_.op);
    case Op::kAbs:
      if (Is(a(), Op::kAbs)) return a();
      if (Is(a(), Op::kNeg)) return builder_.Emit(Op::kAbs, {Inner(a())});
      return std::nullopt;
    case Op::kMin:
    case Op::kMax:
      return MinOrMax();
    // A NaN is not equal to itself, nor less or greater than itself.
    case Op::kEq:
      if (a() == b() && (!floating() || Mutant("pass.simplify.eq_of_nan"))) {
        return builder_.Bool(true);
      }
      return std::nullopt;
    case Op::kLe:
    case Op::kGe:
      if (a() == b() && !floating()) return builder_.Bool(true);
      return node_.op == Op::kLe ? Never(a(), b(), true) : Never(b(), a(), true);
    case Op::kNe:
      if (a() == b() && (!floating() || Mutant("pass.simplify.ne_of_nan"))) {
        return builder_.Bool(false);
      }
      return std::nullopt;
    case Op::kLt:
    case Op::kGt:
      if (a() == b()) return builder_.Bool(false);
      return node_.op == Op::kLt ? Never(a(), b(), false) : Never(b(), a(), false);
    case Op::kAnd:
      return And();
    case Op::kOr:
      return Or();
    case Op::kXor:
      return Xor();
    case Op::kShl:
    case Op::kShr:
      if (IsNumber(b(), 0)) return a();
      return std::nullopt;
    case Op::kSelect:
      return Select();
    case Op::kConvert:
      if (element(a()) == node_.element) return a();
      return std::nullopt;
    case Op::kBitcast:
      if (element(a()) == node_.element) return a();
      if (Is(a(), Op::kBitcast)) return builder_.Bitcast(Inner(a()), node_.element);
      return std::nullopt;
    case Op::kRem:
    case Op::kSqrt:
    case Op::kFloor:
    case Op::kCeil:
    case Op::kRint:
    case Op::kLiteral:
    case Op::kStep:
    case Op::kIndex:
    case Op::kRandom:
#define BNSYN_FUNCTION(name, ...) case Op::k##name:
#define BNSYN_FUNCTION_OF_TWO(name, ...) case Op::k##name:
#define BNSYN_DRAW(name, ...) case Op::k##name:
#define BNSYN_ENGINE(name, ...) case Op::k##name:
#include "ir/ops.def"
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::optional<ir::Value> ApplyIdentity(ir::Builder& builder, const ir::Node& node) {
  return Matcher(builder, node).Apply();
}

}  // namespace bnsyn::compiler
