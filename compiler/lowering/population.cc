// One step of a population, in the order of R5: events, stimuli, update, threshold and reset.
#include <utility>
#include <vector>

#include "compiler/lowering/lowering.h"
#include "compiler/lowering/odes.h"
#include "compiler/lowering/refractory.h"
#include "compiler/lowering/scope.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

// A variable that projections add to, and its value with what arrived in this step.
struct Received {
  const Variable* variable = nullptr;
  ir::Value value;
};

std::vector<Received> TakeInputs(CodeScope& scope) {
  ir::Builder& builder = scope.builder();
  std::vector<Received> all;
  for (const Variable& variable : scope.section().variables) {
    if (!variable.input.has_value()) continue;
    ir::Value value = builder.Take(*variable.input);
    if (variable.state.has_value()) {
      value = builder.Emit(ir::Op::kAdd, {scope.Get(variable).value, value});
    }
    scope.Set(variable, value);
    all.push_back({&variable, value});
  }
  return all;
}

// Notes what became of them for the prepare passes, once all code of the step is written.
void NoteReceivers(const std::vector<Received>& received, const std::vector<Decayed>& decayed,
                   CodeScope& scope, Lowering& lowering) {
  for (const auto& [variable, value] : received) {
    Receiver receiver = {lowering.program.inputs[*variable->input].name, variable->state, {}};
    for (const Decayed& decay : decayed) {
      if (decay.variable != variable->equation || decay.before != value) continue;
      if (scope.Get(*variable).value == decay.after) receiver.decay = decay.factor;
    }
    lowering.facts.receivers.push_back(std::move(receiver));
  }
}

absl::StatusOr<ir::Value> EmitCondition(const Expr& condition, const ir::SourceText& text,
                                        absl::string_view what, CodeScope& scope) {
  BNSYN_ASSIGN_OR_RETURN(const TypedValue value, EmitExpression(condition, text, scope));
  if (!value.boolean) {
    return ir::ErrorAt(text, condition.range,
                       absl::StrCat(std::string(what), " is a condition, but this is a number"),
                       "compare it with something, as in V > V_th");
  }
  return value.value;
}

// Runs code for the elements where `where` holds.
absl::Status EmitWhere(ir::Value where, const std::vector<Statement>& code,
                       const ir::SourceText& text, CodeScope& scope) {
  scope.SetGuard(where);
  BNSYN_RETURN_IF_ERROR(EmitStatements(code, text, scope));
  scope.SetGuard({});
  scope.ForgetLocals();
  return absl::OkStatus();
}

}  // namespace

absl::Status LowerPopulation(Lowering& lowering, size_t index, ir::Builder& builder) {
  const Section& section = lowering.sections[index];
  const ModelCode& code = *section.code;
  CodeScope scope(lowering, section, builder);
  BNSYN_RETURN_IF_ERROR(scope.TryDefinitions());
  RefractoryStep refractory(lowering, scope);
  refractory.Begin();
  const std::vector<Received> received = TakeInputs(scope);
  BNSYN_RETURN_IF_ERROR(LowerStimuli(lowering, index, scope));
  BNSYN_RETURN_IF_ERROR(refractory.BeforeUpdate());
  BNSYN_ASSIGN_OR_RETURN(const std::vector<Decayed> decayed, LowerUpdate(lowering, scope));
  scope.HoldUnless({});

  // All conditions are tested before any of their code runs.
  ir::Value spiked;
  if (code.threshold.has_value()) {
    scope.EnterCode("threshold");
    BNSYN_ASSIGN_OR_RETURN(
        spiked, EmitCondition(*code.threshold, code.threshold_text, "a threshold", scope));
    if (scope.active().valid()) spiked = builder.Emit(ir::Op::kAnd, {spiked, scope.active()});
  }
  std::vector<ir::Value> happened;
  for (const EventCode& event : code.events) {
    scope.EnterCode("threshold", event.name);
    BNSYN_ASSIGN_OR_RETURN(
        const ir::Value where,
        EmitCondition(event.condition, event.condition_text, "what makes an event", scope));
    happened.push_back(where);
  }
  if (spiked.valid()) {
    scope.SetSpiked(spiked);
    scope.EnterCode("reset");
    BNSYN_RETURN_IF_ERROR(EmitWhere(spiked, code.reset, code.reset_text, scope));
  }
  for (size_t e = 0; e < happened.size(); ++e) {
    const EventCode& event = code.events[e];
    scope.EnterCode("reset", event.name);
    BNSYN_RETURN_IF_ERROR(EmitWhere(happened[e], event.code, event.code_text, scope));
  }

  NoteReceivers(received, decayed, scope, lowering);
  for (const Variable* variable : scope.Changed()) {
    StoreVariable(lowering, builder, *variable->state, scope.Get(*variable).value,
                  scope.TinyOf(*variable));
  }
  BNSYN_RETURN_IF_ERROR(refractory.End(spiked));
  const auto last_spike = lowering.last_spikes.find(*section.population);
  if (last_spike != lowering.last_spikes.end()) {
    builder.Store(last_spike->second, scope.LastSpike());
  }
  LowerTraces(lowering, index, spiked, builder);
  if (spiked.valid()) builder.Emit(ir::Op::kSpike, {spiked}, *section.population);
  for (size_t e = 0; e < happened.size(); ++e) {
    builder.Emit(ir::Op::kSpike, {happened[e]}, section.events[e]);
  }
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
