#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "compiler/analysis/facts.h"
#include "compiler/language/code.h"
#include "compiler/language/code_integer.h"
#include "ir/status_macros.h"
#include "reference/expectation.h"

namespace bnsyn::compiler {
namespace {

// Emits constant expressions: there are no states, and nothing random.
class ConstantScope : public Scope {
 public:
  explicit ConstantScope(const std::vector<Constant>& constants)
      : constants_(constants), builder_(program_, block_) {}

  ir::Builder& builder() override { return builder_; }
  // It is computed once, so it may be computed as written.
  MathMode math() const override { return MathMode::kStrict; }
  ir::DomainId domain() const override { return ir::DomainId::kNetwork; }
  uint32_t NextStream() override { return 0; }

  absl::StatusOr<std::optional<TypedValue>> Read(const std::string& name, const ir::SourceText&,
                                                 ir::SourceRange) override {
    for (const Constant& constant : constants_) {
      if (constant.name != name) continue;
      return ConstantNumber(builder_.F64(constant.value.value), constant.value);
    }
    return std::nullopt;
  }

  absl::StatusOr<std::optional<TypedValue>> Call(const Expr& call,
                                                 const ir::SourceText& source) override {
    if (DrawsNumber(call.name)) {
      return ir::ErrorAt(source, call.range,
                         absl::StrCat("'", call.name, "' draws a random number; this value is ",
                                      "one for the whole run"));
    }
    return std::nullopt;
  }

  absl::StatusOr<std::optional<TypedValue>> Subscript(const Expr& expr,
                                                      const ir::SourceText& source) override {
    return ir::ErrorAt(source, expr.range,
                       "this value is one for the whole run, and reads no table or population");
  }

  std::vector<std::string> KnownNames() const override {
    std::vector<std::string> names;
    for (const Constant& constant : constants_) names.push_back(constant.name);
    return names;
  }

  void Expect(ir::Op op, ir::Value a, ir::Value b) override {
    if (!failure_.empty() || Bits(Where()) == 0) return;
    const ir::Bits second = b.valid() ? Bits(b) : 0;
    if (reference::Holds(op, Bits(a), second)) return;
    failure_ = reference::DescribeExpectation(op, Bits(a), second);
  }
  // Why an integer has no value; empty if all have one.
  const std::string& failure() const { return failure_; }

  // The value of a node: everything is foldable here.
  ir::Bits Bits(ir::Value result) const { return *Facts(program_, block_).Bits(result.id); }

 private:
  const std::vector<Constant>& constants_;
  ir::Program program_;
  ir::Block block_;
  ir::Builder builder_;
  std::string failure_;
};

}  // namespace

absl::StatusOr<Quantity> EvaluateConstant(const ir::SourceText& source,
                                          const std::vector<Constant>& constants) {
  BNSYN_ASSIGN_OR_RETURN(const Expr expr, ParseExpression(source));
  ConstantScope scope(constants);
  BNSYN_ASSIGN_OR_RETURN(const TypedValue value, EmitFloat(expr, source, scope));
  if (!scope.failure().empty()) return ir::ErrorAt(source, expr.range, scope.failure());
  if (value.boolean) {
    return ir::ErrorAt(source, expr.range, "this is true or false where a number is needed",
                       "int(...) makes 1 or 0 of it");
  }
  Quantity quantity;
  quantity.value = ir::F64OfBits(scope.Bits(value.value));
  quantity.dimension = value.dimension;
  if (!std::isfinite(quantity.value)) {
    return ir::ErrorAt(source, expr.range,
                       absl::StrCat("the value of this is ", quantity.value, ", not a number"));
  }
  return quantity;
}

absl::StatusOr<bool> EvaluateCondition(const ir::SourceText& source,
                                       const std::vector<Constant>& constants) {
  BNSYN_ASSIGN_OR_RETURN(const Expr expr, ParseExpression(source));
  ConstantScope scope(constants);
  BNSYN_ASSIGN_OR_RETURN(const TypedValue value, EmitExpression(expr, source, scope));
  BNSYN_RETURN_IF_ERROR(ExpectBoolean(value, "a condition", source, expr.range));
  if (!scope.failure().empty()) return ir::ErrorAt(source, expr.range, scope.failure());
  return scope.Bits(value.value) != 0;
}

absl::StatusOr<int64_t> EvaluateInteger(const ir::SourceText& source,
                                        const std::vector<Constant>& constants,
                                        absl::string_view what) {
  BNSYN_ASSIGN_OR_RETURN(const Expr expr, ParseExpression(source));
  ConstantScope scope(constants);
  BNSYN_ASSIGN_OR_RETURN(TypedValue value, EmitExpression(expr, source, scope));
  BNSYN_RETURN_IF_ERROR(ExpectDimension(value, Dimension{}, what, source, expr.range));
  if (!value.integer && !value.boolean) {
    const double number = ir::F64OfBits(scope.Bits(value.value));
    value = ConstantNumber(scope.builder().F64(number), number);
  }
  BNSYN_ASSIGN_OR_RETURN(value, EmitInteger(value, what, source, expr.range, scope));
  if (!scope.failure().empty()) return ir::ErrorAt(source, expr.range, scope.failure());
  return static_cast<int64_t>(scope.Bits(value.value));
}

}  // namespace bnsyn::compiler
