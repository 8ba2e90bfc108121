#include "compiler/network/lower_odes.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "compiler/network/integrate.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

class PopulationOdes : public OdeSystem {
 public:
  PopulationOdes(const Lowering& lowering, CodeScope& scope) : lowering_(lowering), scope_(scope) {
    for (const Equation& equation : scope.section().code->equations) {
      if (equation.kind == EquationKind::kDifferential) equations_.push_back(&equation);
    }
  }

  Scope& scope() override { return scope_; }
  const ir::SourceText& source() const override { return code().equations_text; }
  Quantity dt() const override { return lowering_.network.options.dt; }
  const std::vector<const Equation*>& equations() const override { return equations_; }

  ir::Value Get(const Equation& equation) override { return scope_.Get(Of(equation)).value; }
  void Set(const Equation& equation, ir::Value value) override { scope_.Set(Of(equation), value); }

  absl::StatusOr<ir::Value> Derivative(const Equation& equation) override {
    BNSYN_ASSIGN_OR_RETURN(const TypedValue value,
                           EmitExpression(*equation.right, source(), scope_));
    BNSYN_RETURN_IF_ERROR(Expect(equation, value));
    return value.value;
  }

  absl::Status CheckDerivative(const Equation& equation) override {
    BNSYN_ASSIGN_OR_RETURN(const TypedValue value, scope_.Try(*equation.right, source()));
    return Expect(equation, value);
  }

  absl::StatusOr<TypedValue> EmitWith(const Expr& expr, const Equation& equation,
                                      TypedValue value) override {
    scope_.Bind(equation.name, value);
    absl::StatusOr<TypedValue> result = EmitExpression(expr, source(), scope_);
    scope_.Unbind(equation.name);
    return result;
  }

  const Expr* Definition(absl::string_view name) const override {
    const Equation* equation = code().Find(name);
    return equation != nullptr && equation->kind == EquationKind::kExpression ? &*equation->right
                                                                              : nullptr;
  }

  bool IsConstant(absl::string_view name) const override {
    const Section& section = scope_.section();
    if (const Variable* variable = section.FindVariable(name)) return variable->Is("constant");
    if (section.FindParameter(name) != nullptr || name == "i" || name == "N") return true;
    if (lowering_.uniform.FindVariable(name) != nullptr) return false;
    if (lowering_.uniform.FindParameter(name) != nullptr) return true;
    for (const Constant& constant : lowering_.constants) {
      if (constant.name == name) return true;
    }
    // Units are constant; t and not_refractory are not.
    return UnitSymbol(name).has_value() && name != "t";
  }

 private:
  const ModelCode& code() const { return *scope_.section().code; }
  const Variable& Of(const Equation& equation) const {
    return *scope_.section().FindVariable(equation.name);
  }
  absl::Status Expect(const Equation& equation, const TypedValue& value) const {
    return ExpectDimension(value, equation.unit.dimension / dimension::kTime,
                           absl::StrCat("d", equation.name, "/dt"), source(),
                           equation.right->range);
  }

  const Lowering& lowering_;
  CodeScope& scope_;
  std::vector<const Equation*> equations_;
};

}  // namespace

absl::Status LowerUpdate(Lowering& lowering, CodeScope& scope) {
  const ModelCode& code = *scope.section().code;
  BNSYN_RETURN_IF_ERROR(EmitStatements(code.update, code.update_text, scope));
  scope.ForgetLocals();
  PopulationOdes odes(lowering, scope);
  if (odes.equations().empty()) return absl::OkStatus();
  const Integrator* integrator = FindIntegrator(code.integration.method.text);
  return (integrator != nullptr ? *integrator : DefaultIntegrator()).run(odes);
}

}  // namespace bnsyn::compiler
