// Emits one step of a population, in the order of R5: inputs, stimuli, update, threshold and reset.
#include <utility>
#include <vector>

#include "compiler/language/code_integer.h"
#include "compiler/lowering/emit.h"
#include "compiler/lowering/refractory.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

// A variable that projections add to, and its value with what arrived in this step.
struct Received {
  const Variable* variable = nullptr;
  ir::Value value;
};

// Adds what arrived in this step to the variables it is meant for.
std::vector<Received> TakeInputs(CodeScope& scope) {
  ir::Builder& builder = scope.builder();
  std::vector<Received> all;
  for (const Variable& variable : scope.section().variables) {
    if (!variable.input.has_value()) continue;
    ir::Value value = builder.Take(*variable.input);
    if (variable.equation->integer) {
      // What arrives is whole, so that a float holds it exactly up to 2^53.
      scope.Expect(ir::Op::kExpectInteger, value, builder.F64(0x1p53));
      value = builder.Convert(value, ir::Element::kI64);
      scope.Expect(ir::Op::kExpectSum, scope.Get(variable).value, value);
    }
    if (variable.state.has_value()) {
      value = builder.Emit(ir::Op::kAdd, {scope.Get(variable).value, value});
    }
    scope.Set(variable, value);
    all.push_back({&variable, value});
  }
  return all;
}

// Notes what became of them for the prepare passes, once all code of the step is emitted.
void NoteReceivers(const std::vector<Received>& received, const std::vector<Decayed>& decayed,
                   CodeScope& scope, ProgramBuilder& out) {
  for (const auto& [variable, value] : received) {
    Receiver receiver = {out.program.inputs[*variable->input].name, variable->state, {}};
    for (const Decayed& decay : decayed) {
      if (decay.variable != variable->equation || decay.before != value) continue;
      if (scope.Get(*variable).value == decay.after) receiver.decay = decay.factor;
    }
    out.facts.receivers.push_back(std::move(receiver));
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

// Where neurons may spike several times in a step: stores how often each does, and leaves those
// that do so 0 times out of `spiked`.
absl::Status EmitMultiplicity(ir::Value& spiked, CodeScope& scope) {
  const Section& section = scope.section();
  if (!section.multiplicity.has_value()) return absl::OkStatus();
  const ModelCode& code = *section.code;
  ir::Builder& builder = scope.builder();
  scope.EnterCode("multiplicity");
  scope.Change().guard = spiked;
  BNSYN_ASSIGN_OR_RETURN(const TypedValue value,
                         EmitExpression(*code.multiplicity, code.multiplicity_text, scope));
  BNSYN_ASSIGN_OR_RETURN(const TypedValue number,
                         EmitInteger(value, "the multiplicity", code.multiplicity_text,
                                     code.multiplicity->range, scope));
  scope.Change().guard = {};
  const ir::Value zero = builder.Literal(ir::Element::kI64, 0);
  const ir::Value spikes = builder.Emit(ir::Op::kSelect, {spiked, number.value, zero});
  builder.Check(*section.multiplicity, spikes);
  builder.Store(*section.multiplicity, spikes);
  spiked = builder.Emit(ir::Op::kAnd, {spiked, builder.Emit(ir::Op::kGt, {spikes, zero})});
  return absl::OkStatus();
}

// Runs code for the elements where `where` holds.
absl::Status EmitWhere(ir::Value where, const std::vector<Statement>& code,
                       const ir::SourceText& text, CodeScope& scope) {
  scope.Change().guard = where;
  BNSYN_RETURN_IF_ERROR(EmitStatements(code, text, scope));
  scope.Change().guard = {};
  scope.Change().locals.clear();
  return absl::OkStatus();
}

}  // namespace

absl::Status EmitPopulation(const Declarations& declared, size_t index, ir::Builder& builder,
                            ProgramBuilder& out) {
  const Section& section = declared.sections[index];
  const ModelCode& code = *section.code;
  const Names names = NamesOf(declared, section);
  CodeScope scope(declared, section, names, builder, out);
  BNSYN_RETURN_IF_ERROR(scope.TryDefinitions());
  RefractoryStep refractory(scope);
  refractory.Begin();
  const std::vector<Received> received = TakeInputs(scope);
  BNSYN_RETURN_IF_ERROR(EmitStimuli(declared, index, scope));
  BNSYN_RETURN_IF_ERROR(refractory.BeforeUpdate());
  BNSYN_ASSIGN_OR_RETURN(const std::vector<Decayed> decayed, EmitUpdate(declared, scope, out));
  scope.Change().free = {};

  // All conditions are tested before any of their code runs.
  ir::Value spiked;
  if (code.threshold.has_value()) {
    scope.EnterCode("threshold");
    BNSYN_ASSIGN_OR_RETURN(
        spiked, EmitCondition(*code.threshold, code.threshold_text, "a threshold", scope));
    BNSYN_RETURN_IF_ERROR(
        EmitChances(spiked, *code.threshold, code.threshold_text, /*checked=*/true, scope));
    if (scope.active().valid()) spiked = builder.Emit(ir::Op::kAnd, {spiked, scope.active()});
    BNSYN_RETURN_IF_ERROR(EmitMultiplicity(spiked, scope));
  }
  std::vector<ir::Value> happened;
  for (const EventCode& event : code.events) {
    scope.EnterCode("threshold", event.name);
    BNSYN_ASSIGN_OR_RETURN(
        const ir::Value where,
        EmitCondition(event.condition, event.condition_text, "what makes an event", scope));
    BNSYN_RETURN_IF_ERROR(EmitChances(where, event.condition, event.condition_text,
                                      /*checked=*/false, scope));
    happened.push_back(where);
  }
  if (spiked.valid()) {
    scope.Change().spiked = spiked;
    scope.EnterCode("reset");
    BNSYN_RETURN_IF_ERROR(EmitWhere(spiked, code.reset, code.reset_text, scope));
  }
  for (size_t e = 0; e < happened.size(); ++e) {
    const EventCode& event = code.events[e];
    scope.EnterCode("reset", event.name);
    BNSYN_RETURN_IF_ERROR(EmitWhere(happened[e], event.code, event.code_text, scope));
  }

  NoteReceivers(received, decayed, scope, out);
  scope.StoreChanged();
  BNSYN_RETURN_IF_ERROR(refractory.End(spiked));
  if (section.last_spike.has_value()) builder.Store(*section.last_spike, scope.LastSpike());
  EmitTraces(declared, index, spiked, builder, out.program);
  if (spiked.valid()) builder.Emit(ir::Op::kSpike, {spiked}, *section.population);
  for (size_t e = 0; e < happened.size(); ++e) {
    builder.Emit(ir::Op::kSpike, {happened[e]}, section.events[e]);
  }
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
