// Parts of code.h shared by its sources: arithmetic on values, words for dimension errors, and the
// class that walks expressions.
#ifndef BNSYN_COMPILER_LANGUAGE_CODE_EMITTER_H_
#define BNSYN_COMPILER_LANGUAGE_CODE_EMITTER_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/analysis/facts.h"
#include "compiler/language/code.h"
#include "compiler/language/code_integer.h"

namespace bnsyn::compiler {

// Arithmetic (code_arithmetic.cc).

// -v; a literal's sign flips at once.
ir::Value EmitNegate(Scope& scope, ir::Value v);
// a * b, without the factor 1.
ir::Value EmitMultiply(Scope& scope, ir::Value a, ir::Value b);

// Two factors that are still to be multiplied, and may be fused with a sum.
struct Product {
  ir::Value a;
  ir::Value b;
};
// The factors of a*b, or of a/b as a*(1/b), if the mode fuses them with a sum; else nullopt.
std::optional<Product> FusibleProduct(Scope& scope, ir::Value a, ir::Value b);
std::optional<Product> FusibleQuotient(Scope& scope, ir::Value a, ir::Value b);
// product + c and product - c, c - product, with one rounding.
ir::Value EmitFused(Scope& scope, Product product, ir::Value c);
ir::Value EmitNegatedFused(Scope& scope, Product product, ir::Value c);  // c - product

// The factors of factor * value. If `value` is a constant times something, the constant becomes
// part of the factor, which saves one product per element. Strict code keeps them as written.
Product WithConstantsTogether(Scope& scope, ir::Value factor, ir::Value value);

// x // y and x % y, as Python's: the remainder is exact and has the sign of y.
struct Division {
  ir::Value quotient;
  ir::Value remainder;
};
Division EmitFloorDivision(Scope& scope, ir::Value x, ir::Value y);
// The same of whole numbers within 2^53, of which y is not 0.
Division EmitShortDivision(Scope& scope, ir::Value x, ir::Value y);

// x**n for a whole n with |n| <= kLongestProduct as x*x*..., negative ones as 1/(x*x*...).
inline constexpr int kLongestProduct = 8;
// x**n of an integer x is one for a whole n that is written out, from 0 to this.
inline constexpr int kLongestIntegerPower = 64;
ir::Value EmitWholePower(Scope& scope, ir::Value x, int n);

// Words for errors (code_dimension.cc).

// The dimension two values share, a literal 0 fitting any; nullopt when they differ.
std::optional<Dimension> CommonDimension(const TypedValue& a, const TypedValue& b);
// What to do about a value of dimension `found` where `expected` is needed.
std::string DimensionAdvice(const Dimension& expected, const Dimension& found);

// Walks expressions (code.cc; calls in code_functions.cc).
class Emitter {
 public:
  Emitter(const ir::SourceText& source, Scope& scope) : source_(source), scope_(scope) {}

  absl::StatusOr<TypedValue> Emit(const Expr& expr);
  // The same, refusing true or false.
  absl::StatusOr<TypedValue> EmitNumber(const Expr& expr);
  // The same, with an integer as a float.
  absl::StatusOr<TypedValue> EmitFloat(const Expr& expr);
  // The same, refusing numbers.
  absl::StatusOr<TypedValue> EmitBoolean(const Expr& expr);
  // An error if `divisor`, with the value `value`, is 0 in every run.
  absl::Status CheckDivisor(const Expr& divisor, ir::Value value);
  // An error if a part of the right side of dx/dt divides by a time that is known and negative.
  absl::Status CheckTimeConstants(const Expr& right, absl::string_view variable);

 private:
  // A product is kept as its factors until it is known whether a sum takes them.
  struct Operand {
    TypedValue typed;
    std::optional<Product> product;
  };

  ir::Builder& builder() { return scope_.builder(); }
  absl::Status Error(ir::SourceRange range, absl::string_view message,
                     absl::string_view note = "") const {
    return ir::ErrorAt(source_, range, message, note);
  }
  TypedValue Number(ir::Value value, const Dimension& dimension) const;
  TypedValue Boolean(ir::Value value) const;
  // A float that is known to be whole if `whole`.
  TypedValue Whole(ir::Value value, const Dimension& dimension, bool whole) const;
  // Arithmetic of integers with the errors at `expr`.
  IntegerArithmetic Integers(const Expr& expr) {
    return IntegerArithmetic(source_, expr.range, scope_);
  }
  // Emits one arm of a choice: what has no result there does not matter elsewhere.
  absl::StatusOr<TypedValue> EmitArm(ir::Value condition, const Expr& expr);
  // Between them code counts where the condition holds. EnterArm returns true if that is never,
  // which LeaveArm is told.
  bool EnterArm(ir::Value condition);
  void LeaveArm(bool never);

  absl::StatusOr<TypedValue> Dispatch(const Expr& expr);

  // Values that are known before the run (code_known.cc).
  //
  // The bits of a value that literals and fixed parameters determine; nullopt if it may vary.
  std::optional<ir::Bits> Known(ir::Value value) { return Known(value.id, 0); }
  std::optional<ir::Bits> Known(ir::NodeId id, int depth);
  std::optional<double> KnownNumber(ir::Value value);
  // An error if the bounds of a clip are known, and the lower is above the upper.
  absl::Status CheckBounds(const Expr& clip, ir::Value low, ir::Value high);
  // An error if the value of an expression is known and not finite, though its parts are.
  absl::Status CheckFinite(const Expr& expr, const TypedValue& value);
  // An error of an expression that goes wrong for the values that its names have: at the place
  // where the only parameter in it is given, else at the expression.
  absl::Status BadValue(const Expr& expr, absl::string_view what);
  // "V_th is -50 mV, V_reset is -50 mV".
  std::string ValuesOf(const std::vector<std::string>& names, const Expr& expr);

  absl::StatusOr<TypedValue> Name(const Expr& expr);
  absl::Status UnknownName(const Expr& expr) const;
  absl::StatusOr<TypedValue> Unary(const Expr& expr);
  absl::StatusOr<TypedValue> Binary(const Expr& expr);
  absl::StatusOr<TypedValue> Logic(const Expr& expr);
  absl::StatusOr<TypedValue> Comparison(const Expr& expr);
  ir::Value Not(ir::Value condition);
  absl::StatusOr<TypedValue> WrittenNumber(const Expr& expr, bool negated);
  absl::StatusOr<TypedValue> Conditional(const Expr& expr);
  absl::StatusOr<TypedValue> Sum(const Expr& expr);
  absl::StatusOr<Operand> SumOperand(const Expr& expr);
  absl::StatusOr<Operand> ProductOf(const Expr& expr);
  TypedValue Finish(const Operand& operand);
  // x // y, or x % y if `remainder`; `what` names the two in errors.
  absl::StatusOr<TypedValue> FloorDivision(const Expr& expr, bool remainder,
                                           absl::string_view what);
  absl::StatusOr<TypedValue> Power(const Expr& expr, const Expr& base, const Expr& exponent);
  // The dimension of the power halves/2 of a value.
  absl::StatusOr<Dimension> PowerDimension(const Dimension& dimension, int halves,
                                           const Expr& expr) const;
  // An error if the exponents of a dimension are too large to be kept.
  absl::Status CheckDimension(const Dimension& dimension, const Expr& expr) const;
  absl::Status DimensionsDiffer(const Expr& expr, const TypedValue& left, const TypedValue& right,
                                absl::string_view what) const;

  absl::StatusOr<TypedValue> Call(const Expr& call);
  absl::Status UnknownFunction(const Expr& call) const;
  absl::StatusOr<TypedValue> SquareRoot(const Expr& call);
  // The number without its fraction, an integer; 1 or 0 for true or false.
  absl::StatusOr<TypedValue> Int(const Expr& call);
  ir::Value WithoutFraction(ir::Value x);
  absl::StatusOr<TypedValue> Sign(const Expr& call);
  absl::StatusOr<TypedValue> MinOrMax(const Expr& call, ir::Op op);
  absl::StatusOr<TypedValue> Clip(const Expr& call);
  TypedValue Draw(ir::Op op, absl::Span<const ir::Value> operands);
  // Location and scale of a random number: two values of one dimension.
  absl::StatusOr<TypedValue> ScaledDraw(const Expr& call, ir::Op op);
  // x - length*rint(x/length).
  absl::StatusOr<TypedValue> Periodic(const Expr& call);
  // arctan2(y, x) and hypot(x, y).
  absl::StatusOr<TypedValue> OfPoint(const Expr& call, ir::Op op);
  // From degrees to radians, or back.
  ir::Value Degrees(ir::Value x, bool to_radians);
  absl::StatusOr<TypedValue> Timestep(const Expr& call);
  absl::StatusOr<TypedValue> DimensionlessArgument(const Expr& call, size_t index);
  absl::Status ExpectDimensionless(const Expr& call, size_t index, const TypedValue& value) const;

  const ir::SourceText& source_;
  Scope& scope_;
  std::map<ir::NodeId, std::optional<ir::Bits>> known_;
  int never_ = 0;                // > 0 in parts that no run needs
  bool within_measure_ = false;  // in a product of numbers and units alone
};

// The names of all functions, and how one is called ("clip(x, low, high)"); "" when there is none.
std::vector<std::string> FunctionNames();
std::string FunctionUsage(absl::string_view name);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_LANGUAGE_CODE_EMITTER_H_
