// Integers in code: what they are made of, and their arithmetic.
//
// An integer stands in the program as i64, or in a shorter form that holds it exactly: a bool, the
// u32 of an index, or an f64. Where intervals show that operands and result are within 2^53, the
// arithmetic is that of f64, which is exact there and vectorises; else it is that of i64 with an
// expectation (ir/ops.def) wherever there may be no result.
#ifndef BNSYN_COMPILER_LANGUAGE_CODE_INTEGER_H_
#define BNSYN_COMPILER_LANGUAGE_CODE_INTEGER_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "compiler/language/code.h"
#include "ir/diagnostic.h"

namespace bnsyn::compiler {

// An integer that is held by a value of a shorter form, from `least` to `greatest`.
TypedValue HeldInteger(ir::Value value, int64_t least, int64_t greatest);
// The i64 of a state, or any other of which nothing is known.
TypedValue AnyInteger(ir::Value value);
// A constant: an integer if it is a whole number without unit within 2^53, else a float.
TypedValue ConstantNumber(ir::Value value, const Quantity& quantity);
// A whole number as it is written in code, within 64 bits.
TypedValue WrittenInteger(int64_t number, ir::Builder& builder);

// True (bool) where the expectation `op` fails, in ops that stand anywhere; `b` may be invalid.
// Sums, differences and products beyond 2^62 count as failures.
ir::Value EmitHasNoResult(ir::Builder& builder, ir::Op op, ir::Value a, ir::Value b);

class IntegerArithmetic {
 public:
  // Errors are shown at `range` of `source`.
  IntegerArithmetic(const ir::SourceText& source, ir::SourceRange range, Scope& scope)
      : source_(source), range_(range), scope_(scope), builder_(scope.builder()) {}

  // The value as f64. An integer may be beyond 2^53: then a written one is an error, and any other
  // stops the run. Floats and booleans stay as they are.
  absl::StatusOr<TypedValue> AsFloat(const TypedValue& value) const;
  // An integer, or a float that is known to be whole, as i64.
  TypedValue AsI64(const TypedValue& value) const;

  // `op` is kAdd, kSub or kMul. Both are integers. Two constants whose result is beyond 64 bits
  // give a float, or an error where one of them has no exact f64.
  absl::StatusOr<TypedValue> Apply(ir::Op op, const TypedValue& a, const TypedValue& b) const;
  absl::StatusOr<TypedValue> Negate(const TypedValue& a) const;
  TypedValue Abs(const TypedValue& a) const;
  // `op` is kMin or kMax, in that order of operands.
  TypedValue MinOrMax(ir::Op op, const TypedValue& a, const TypedValue& b) const;
  // a // b, or a % b if `remainder`, as Python's.
  absl::StatusOr<TypedValue> FloorDivide(const TypedValue& a, const TypedValue& b,
                                         bool remainder) const;
  // a**n for n >= 0.
  absl::StatusOr<TypedValue> Power(const TypedValue& a, int64_t n) const;
  ir::Value Compare(ir::Op op, const TypedValue& a, const TypedValue& b) const;
  TypedValue Select(ir::Value condition, const TypedValue& yes, const TypedValue& no) const;

 private:
  absl::StatusOr<TypedValue> OfConstants(ir::Op op, const TypedValue& a, const TypedValue& b) const;
  absl::Status Beyond(const std::string& operation) const;
  ir::Value AsF64(const TypedValue& held) const;

  const ir::SourceText& source_;
  ir::SourceRange range_;
  Scope& scope_;
  ir::Builder& builder_;
};

}  // namespace bnsyn::compiler

#endif  // BNSYN_COMPILER_LANGUAGE_CODE_INTEGER_H_
