// One step of a population, in the order of R5: events, stimuli, update, threshold and reset.
#include <vector>

#include "absl/strings/str_cat.h"
#include "compiler/network/integrate.h"
#include "compiler/network/lower.h"
#include "compiler/network/lower_scope.h"
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

// Adds what arrived in this step to the variables it is meant for.
void TakeInputs(CodeScope& scope) {
  for (const Variable& variable : scope.section().variables) {
    if (!variable.input.has_value()) continue;
    const ir::Value arrived = scope.builder().Take(*variable.input);
    const ir::Value value =
        variable.state.has_value()
            ? scope.builder().Emit(ir::Op::kAdd, {scope.Get(variable).value, arrived})
            : arrived;
    scope.Set(variable, value);
  }
}

// Counts the refractory time down: a neuron that spiked at step k with r steps is active again at
// step k + r.
ir::Value CountDown(const Section& section, ir::Builder& builder) {
  const ir::Value one = builder.Literal(ir::Element::kI32, 1);
  const ir::Value zero = builder.Literal(ir::Element::kI32, 0);
  const ir::Value left = builder.Emit(ir::Op::kSub, {builder.Load(*section.refractory), one});
  return builder.Emit(ir::Op::kMax, {left, zero});
}

absl::Status LowerUpdate(Lowering& lowering, CodeScope& scope) {
  const ModelCode& code = *scope.section().code;
  BNSYN_RETURN_IF_ERROR(EmitStatements(code.update, code.update_text, scope));
  scope.ForgetLocals();
  PopulationOdes odes(lowering, scope);
  if (odes.equations().empty()) return absl::OkStatus();
  const Integrator* integrator = FindIntegrator(code.method.text);
  return (integrator != nullptr ? *integrator : DefaultIntegrator()).run(odes);
}

}  // namespace

absl::Status LowerPopulation(Lowering& lowering, size_t index, ir::Builder& builder) {
  const Section& section = lowering.sections[index];
  const ModelCode& code = *section.code;
  CodeScope scope(lowering, section, builder);
  BNSYN_RETURN_IF_ERROR(scope.TryDefinitions());
  TakeInputs(scope);

  ir::Value refractory;
  if (section.refractory.has_value()) {
    refractory = CountDown(section, builder);
    scope.SetActive(builder.Emit(ir::Op::kEq, {refractory, builder.Literal(ir::Element::kI32, 0)}));
  }

  BNSYN_RETURN_IF_ERROR(LowerStimuli(lowering, index, scope));
  scope.HoldRefractory(true);
  BNSYN_RETURN_IF_ERROR(LowerUpdate(lowering, scope));
  scope.HoldRefractory(false);

  ir::Value spiked;
  if (code.threshold.has_value()) {
    BNSYN_ASSIGN_OR_RETURN(const TypedValue threshold,
                           EmitExpression(*code.threshold, code.threshold_text, scope));
    if (builder.type(threshold.value).element != ir::Element::kBool) {
      return ir::ErrorAt(code.threshold_text, code.threshold->range,
                         "a threshold is a condition, but this is a number",
                         "compare it with something, as in V > V_th");
    }
    spiked = threshold.value;
    if (scope.active().valid()) {
      spiked = builder.Emit(ir::Op::kAnd, {spiked, scope.active()});
    }
    scope.SetGuard(spiked);
    BNSYN_RETURN_IF_ERROR(EmitStatements(code.reset, code.reset_text, scope));
    scope.SetGuard({});
    scope.ForgetLocals();
  }

  for (const Variable* variable : scope.Changed()) {
    StoreVariable(lowering, builder, *variable->state, scope.Get(*variable).value);
  }
  if (section.refractory.has_value()) {
    const ir::Value steps = builder.Literal(ir::Element::kI32, section.refractory_steps);
    builder.Store(*section.refractory, builder.Emit(ir::Op::kSelect, {spiked, steps, refractory}));
  }
  if (spiked.valid()) builder.Emit(ir::Op::kSpike, {spiked}, *section.population);
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
