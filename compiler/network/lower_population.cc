// One step of a population, in the order of R5: events, stimuli, update, threshold and reset.
#include "compiler/network/lower.h"
#include "compiler/network/lower_odes.h"
#include "compiler/network/lower_scope.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

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

}  // namespace

absl::Status LowerPopulation(Lowering& lowering, size_t index, ir::Builder& builder) {
  const Section& section = lowering.sections[index];
  const ModelCode& code = *section.code;
  CodeScope scope(lowering, section, builder);
  BNSYN_RETURN_IF_ERROR(scope.TryDefinitions());

  // Events come before time moves on: they find a neuron as the last step left it.
  ir::Value refractory;
  if (section.refractory.has_value()) {
    const ir::Value zero = builder.Literal(ir::Element::kI32, 0);
    scope.HoldUnless(builder.Emit(ir::Op::kEq, {builder.Load(*section.refractory), zero}));
    refractory = CountDown(section, builder);
    scope.SetActive(builder.Emit(ir::Op::kEq, {refractory, zero}));
  }
  TakeInputs(scope);
  BNSYN_RETURN_IF_ERROR(LowerStimuli(lowering, index, scope));
  scope.HoldUnless(scope.active());
  BNSYN_RETURN_IF_ERROR(LowerUpdate(lowering, scope));
  scope.HoldUnless({});

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
