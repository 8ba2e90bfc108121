// Emits expressions and statements as nodes, and checks their dimensions.
//
//   BNSYN_ASSIGN_OR_RETURN(const Expr expr, ParseExpression(text));        // "2*tau + 1 ms"
//   BNSYN_ASSIGN_OR_RETURN(const TypedValue value, EmitExpression(expr, text, scope));
#ifndef BNSYN_COMPILER_LANGUAGE_CODE_H_
#define BNSYN_COMPILER_LANGUAGE_CODE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/language/expression.h"
#include "compiler/language/units.h"
#include "ir/builder.h"
#include "ir/diagnostic.h"

namespace bnsyn::compiler {

// A value with its physical dimension. Booleans are dimensionless and of element bool; numbers are
// f64, but for integers, which code_integer.h explains.
struct TypedValue {
  ir::Value value;
  Dimension dimension;
  // Set in what EmitExpression returns; a Scope need not set them.
  bool boolean = false;
  bool zero = false;  // the number 0 as written: it fits every dimension
  // A number as a file has it, in the units of files: it fits every dimension too, but in products.
  bool of_file = false;
  // A float that is known to be a whole number, as floor(x), and so can be an integer where one is
  // needed. A Scope sets it for names of such numbers.
  bool whole = false;
  // An integer from `least` to `greatest`; a constant where these are equal.
  bool integer = false;
  int64_t least = 0;
  int64_t greatest = 0;
  // The f64 of an integer constant beyond 2^53 that floats give too: 1000000000*1000000000.
  ir::Value rounded = {};
};

// How arithmetic is written (R1). A value is *constant* here when it is made of literals and
// parameters alone: it is computed once, not for every element.
//
// kDefault:
//   - a*b + c, c + a*b, a*b - c and c - a*b, products as they stand in the text, are one fma with
//     the signs moved into it, unless a and b are both constant. Of two products the right one is
//     fused: a*b + c*d is fma(c, d, a*b), and a sum of products accumulates from the left.
//   - x/c with a constant c and an x that is not constant is x*(1/c), a product as above.
//   - x**0.5 is sqrt(x), and x**-0.5 is 1/sqrt(x).
//   - Where a method multiplies a right side c*x with a constant c by its step h, it is (h*c)*x.
// kStrict: every operation as it stands, left to right, by Python's precedence.
// In both modes: a factor or divisor that is the literal 1 is left out, the sign of a literal is
// flipped at once, x**n with a literal whole |n| <= 8 is the product x*x*... from the left (1/(...)
// for a negative n), and min and max take a constant as their second operand, so that a NaN in the
// other stays visible.
enum class MathMode { kDefault, kStrict };

// What names mean in a piece of code: the model's parameters, states and expressions, t, dt, i, N,
// and so on. Each kind of code (update, reset, on_pre, uniform, init) has a scope of its own.
class Scope {
 public:
  virtual ~Scope() = default;
  virtual ir::Builder& builder() = 0;
  virtual MathMode math() const = 0;
  // The domain of random draws and of the index i.
  virtual ir::DomainId domain() const = 0;
  // A fresh random stream for each use of a random function in the text.
  virtual uint32_t NextStream() = 0;
  // The value of a name; nullopt if the name means nothing here. An error, shown at `range`, if the
  // name means something that this code cannot read.
  virtual absl::StatusOr<std::optional<TypedValue>> Read(const std::string& name,
                                                         const ir::SourceText& source,
                                                         ir::SourceRange range) = 0;
  // The value of a call that only this scope knows, as count(exc); nullopt for other calls.
  virtual absl::StatusOr<std::optional<TypedValue>> Call(const Expr& call,
                                                         const ir::SourceText& source);
  // The value of base[index] that only this scope knows, as table[i]; nullopt for others.
  virtual absl::StatusOr<std::optional<TypedValue>> Subscript(const Expr& expr,
                                                              const ir::SourceText& source);
  // All names that Read knows, for did-you-mean.
  virtual std::vector<std::string> KnownNames() const = 0;
  // What to do about a name that means nothing and is no plausible misspelling of a known one.
  virtual std::string AdviceFor(const std::string& unknown) const;
  // Emits the expectation `op` of integer arithmetic (ir/ops.def), here and under the conditions
  // that code is under. `b` is not read by one that has a single number.
  virtual void Expect(ir::Op op, ir::Value a, ir::Value b);
  // Where code runs, bool: the condition of the statement, if it has one, and those of the arms of
  // choices that surround it. EnterArm begins an arm, and LeaveArm ends the last one.
  ir::Value Where();
  virtual void EnterArm(ir::Value condition) { arms_.push_back(condition); }
  virtual void LeaveArm() { arms_.pop_back(); }
  // Where the value of a parameter is given, for errors about it; nullopt for other names.
  virtual std::optional<ir::SourceText> PlaceOf(const std::string& name) const;
  // A variable that no code changes, with 0 among the values it was given.
  struct ZeroValue {
    std::string what;  // "tau of neuron 3"
    ir::SourceText place;
  };
  virtual std::optional<ZeroValue> FindZero(const std::string& name) const;
  // Performs a statement whose right side has the value `right`. For op= forms the scope combines
  // it with the old value by ApplyAssignment. Scopes without variables refuse.
  virtual absl::Status Assign(const Statement& statement, TypedValue right,
                              const ir::SourceText& source);

 protected:
  // The condition of the statement at hand; invalid for none.
  virtual ir::Value StatementCondition() const { return {}; }
  bool within_arm() const { return !arms_.empty(); }

 private:
  std::vector<ir::Value> arms_;
};

// Emits an expression. A name is what the scope says, else a constant (pi, e, inf, gas_constant,
// ...) or a unit (mV, volt). A unit of one letter (s, V) is one only in a product or quotient of
// numbers and units, as in 5*s or mV/s: elsewhere it is more likely a slip. A call is what the
// scope says, else a function of one argument of ir/ops.def (exp(x), arctan(x), ...), or one of:
// min max clip abs sqrt pow floor ceil rint int sign; periodic(x, length), the distance x on a
// ring: the nearest to 0 of x and all numbers that are a multiple of the length away from it;
// rand() randn() exponential(mean) bernoulli(p) poisson(m) normal(mean, deviation) uniform(low,
// high) lognormal(mu, sigma), which is exp(normal(mu, sigma)). x % y and x // y are Python's, to
// the bit; y has the dimension of x. Integers with integers give integers, but for '/'. Dimension
// errors say what was expected and found, in words.
//
// Where literals and fixed parameters alone decide the condition of a choice, the value is that of
// the arm it takes. What divides by 0 in every run is an error, and so is a part whose value is
// known and not finite, as log(0); but not in an arm that is never taken, or in the second operand
// of `and` and `or` where the first decides.
absl::StatusOr<TypedValue> EmitExpression(const Expr& expr, const ir::SourceText& source,
                                          Scope& scope);
// The same, with an integer as a float.
absl::StatusOr<TypedValue> EmitFloat(const Expr& expr, const ir::SourceText& source, Scope& scope);

// Emits statements in order through Scope::Assign.
absl::Status EmitStatements(const std::vector<Statement>& statements, const ir::SourceText& source,
                            Scope& scope);

// The value of `old op right`, with its dimension checked against that of `old`; of `right` for
// '='. For '=' `old.value` may be invalid, and old.boolean says if a boolean is expected.
absl::StatusOr<TypedValue> ApplyAssignment(const Statement& statement, TypedValue old,
                                           TypedValue right, const ir::SourceText& source,
                                           Scope& scope);

// Fails with a dimension error at `range` unless `value` has the dimension `expected`; `what` names
// the thing that has it ("the threshold", "dV/dt").
absl::Status ExpectDimension(const TypedValue& value, const Dimension& expected,
                             absl::string_view what, const ir::SourceText& source,
                             ir::SourceRange range);

// Fails unless `value` is true or false.
absl::Status ExpectBoolean(const TypedValue& value, absl::string_view what,
                           const ir::SourceText& source, ir::SourceRange range);

// The i64 of a number that is known to be whole; an error for any other.
absl::StatusOr<TypedValue> EmitInteger(const TypedValue& value, absl::string_view what,
                                       const ir::SourceText& source, ir::SourceRange range,
                                       Scope& scope);

// a*b + c and a/b, written in the mode of the scope.
ir::Value EmitMulAdd(Scope& scope, ir::Value a, ir::Value b, ir::Value c);
ir::Value EmitDivide(Scope& scope, ir::Value a, ir::Value b);

// The time at the start, and at the end, of a step of `dt`, f64.
ir::Value EmitStepTime(ir::Builder& builder, double dt);
ir::Value EmitStepEnd(ir::Builder& builder, double dt);

// True for a whole number without unit.
bool IsWhole(const Quantity& quantity);

// True for a name of white noise in differential equations: "xi", and "xi_..." for further
// independent sources. Their dimension is dimension::kWhiteNoise.
bool IsWhiteNoise(absl::string_view name);

// True if the function of that name draws random numbers.
bool DrawsNumber(absl::string_view function);

// A named constant of a network: "N", "scale".
struct Constant {
  std::string name;
  Quantity value;
};
// Evaluates an expression over numbers, units and constants alone, by emitting it (kStrict) and
// folding it with the oracle. The result is finite.
absl::StatusOr<Quantity> EvaluateConstant(const ir::SourceText& source,
                                          const std::vector<Constant>& constants);
// The same for a condition.
absl::StatusOr<bool> EvaluateCondition(const ir::SourceText& source,
                                       const std::vector<Constant>& constants);
// The same for an integer, exact over all 64 bits; `what` names it in errors.
absl::StatusOr<int64_t> EvaluateInteger(const ir::SourceText& source,
                                        const std::vector<Constant>& constants,
                                        absl::string_view what);

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_LANGUAGE_CODE_H_
