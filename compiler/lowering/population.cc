// Emits one step of a population, in the order of R5: inputs, stimuli, update, threshold and reset.
#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "compiler/language/code_integer.h"
#include "compiler/lowering/declare.h"
#include "compiler/lowering/emit.h"
#include "compiler/lowering/refractory.h"
#include "compiler/lowering/stimulus.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

// A variable that projections add to, and its value with what arrived.
struct Received {
  const Variable* variable = nullptr;
  ir::Value value;
};

bool IsSummed(const Variable& variable) { return variable.input.has_value(); }
// One without a state is what arrived in a step, and nothing else.
bool KeepsWhatArrives(const Variable& variable) { return variable.state.has_value(); }

// Adds what arrived to the variables it is meant for, as far as `takes` is true of them.
template <typename Takes>
std::vector<Received> TakeInputs(CodeScope& scope, Takes takes) {
  ir::Builder& builder = scope.builder();
  std::vector<Received> all;
  for (const Variable& variable : scope.section().variables) {
    if (!IsSummed(variable) || !takes(variable)) continue;
    ir::Value value = builder.Take(*variable.input);
    if (variable.equation->integer) {
      // What arrives is whole, so that a float holds it exactly up to 2^53.
      scope.Expect(ir::Op::kExpectInteger, value, builder.F64(0x1p53));
      value = builder.Convert(value, ir::Element::kI64);
      scope.Expect(ir::Op::kExpectSum, scope.Get(variable).value, value);
    }
    if (variable.state.has_value() || scope.environment().variables.count(&variable) != 0) {
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

// Where the threshold and the conditions of events hold.
struct Happened {
  ir::Value spiked;               // invalid without a threshold
  std::vector<ir::Value> events;  // in order of declaration
};

// All conditions are tested before any of their code runs.
absl::StatusOr<Happened> TestConditions(CodeScope& scope) {
  const ModelCode& code = *scope.section().code;
  ir::Builder& builder = scope.builder();
  Happened happened;
  // With interpolated spikes the passes of the update have tested it, and run the reset.
  if (code.integration.interpolated_spikes) {
    happened.spiked = scope.environment().spiked;
  } else if (code.threshold.has_value()) {
    scope.EnterCode("threshold");
    BNSYN_ASSIGN_OR_RETURN(
        happened.spiked, EmitCondition(*code.threshold, code.threshold_text, "a threshold", scope));
    BNSYN_RETURN_IF_ERROR(EmitChances(happened.spiked, *code.threshold, code.threshold_text,
                                      /*checked=*/true, scope));
    if (scope.active().valid()) {
      happened.spiked = builder.Emit(ir::Op::kAnd, {happened.spiked, scope.active()});
    }
    BNSYN_RETURN_IF_ERROR(EmitMultiplicity(happened.spiked, scope));
  }
  for (const EventCode& event : code.events) {
    scope.EnterCode("threshold", event.name);
    BNSYN_ASSIGN_OR_RETURN(
        const ir::Value where,
        EmitCondition(event.condition, event.condition_text, "what makes an event", scope));
    BNSYN_RETURN_IF_ERROR(EmitChances(where, event.condition, event.condition_text,
                                      /*checked=*/false, scope));
    happened.events.push_back(where);
  }
  return happened;
}

// The reset, then the code of events.
absl::Status RunCode(const Happened& happened, CodeScope& scope) {
  const ModelCode& code = *scope.section().code;
  if (happened.spiked.valid() && !code.integration.interpolated_spikes) {
    scope.EnterCode("reset");
    BNSYN_RETURN_IF_ERROR(EmitWhere(happened.spiked, code.reset, code.reset_text, scope));
  }
  for (size_t e = 0; e < happened.events.size(); ++e) {
    const EventCode& event = code.events[e];
    scope.EnterCode("reset", event.name);
    BNSYN_RETURN_IF_ERROR(EmitWhere(happened.events[e], event.code, event.code_text, scope));
  }
  return absl::OkStatus();
}

void EmitSpikes(const Happened& happened, CodeScope& scope) {
  const Section& section = scope.section();
  ir::Builder& builder = scope.builder();
  if (happened.spiked.valid()) {
    builder.Emit(ir::Op::kSpike, {happened.spiked}, *section.population);
  }
  for (size_t e = 0; e < happened.events.size(); ++e) {
    builder.Emit(ir::Op::kSpike, {happened.events[e]}, section.events[e]);
  }
}

// The states that carry what happened over the arrivals, by the population of the spikes.
std::string CarrierOf(const ir::Program& program, ir::PopulationId spikes) {
  return absl::StrCat(program.populations[spikes].name, ".happened.now");
}

void Carry(ir::Value where, ir::PopulationId spikes, ir::Builder& builder) {
  builder.Store(*builder.program().FindState(CarrierOf(builder.program(), spikes)), where);
}

// Variables that change once more after the arrivals.
std::set<const Variable*> ChangedAfterArrivals(const Declarations& declared, size_t index) {
  const Section& section = declared.sections[index];
  std::set<const Variable*> changed;
  const auto add = [&](const std::vector<Statement>& statements) {
    for (const Statement& statement : statements) {
      if (const Variable* variable = section.FindVariable(statement.target)) {
        changed.insert(variable);
      }
    }
  };
  for (const Variable& variable : section.variables) {
    if (IsSummed(variable) && KeepsWhatArrives(variable)) changed.insert(&variable);
  }
  add(section.code->reset);
  for (const EventCode& event : section.code->events) add(event.code);
  for (const size_t s : StimuliOf(declared, index)) {
    if (declared.stimuli[s].after_arrivals) add(declared.stimuli[s].on_event);
  }
  return changed;
}

}  // namespace

void DeclareCarriers(const Section& section, ProgramBuilder& out) {
  std::vector<ir::PopulationId> all = section.events;
  if (section.code->threshold.has_value()) all.push_back(*section.population);
  for (const ir::PopulationId spikes : all) {
    const ir::StateId state =
        out.AddState(CarrierOf(out.program, spikes), {ir::Element::kBool, section.domain});
    out.program.states[state].temporary = true;
  }
}

absl::Status EmitPopulation(const Declarations& declared, size_t index, ir::Builder& builder,
                            ProgramBuilder& out) {
  const Section& section = declared.sections[index];
  const Names names = NamesOf(declared, section);
  CodeScope scope(declared, section, names, builder, out);
  BNSYN_RETURN_IF_ERROR(scope.TryDefinitions());
  RefractoryStep refractory(scope);
  refractory.Begin();
  const bool stimuli_first = declared.schedule == Schedule::kBnsynOriginal;
  if (stimuli_first) {
    BNSYN_RETURN_IF_ERROR(EmitStimuli(declared, index, /*after_arrivals=*/false, scope));
  }
  const std::vector<Received> received = TakeInputs(scope, IsSummed);
  if (!stimuli_first) {
    BNSYN_RETURN_IF_ERROR(EmitStimuli(declared, index, /*after_arrivals=*/false, scope));
  }
  BNSYN_RETURN_IF_ERROR(refractory.BeforeUpdate());
  BNSYN_ASSIGN_OR_RETURN(const std::vector<Decayed> decayed, EmitUpdate(declared, scope, out));
  scope.Change().free = {};
  scope.Change().moved = true;

  BNSYN_ASSIGN_OR_RETURN(const Happened happened, TestConditions(scope));
  if (happened.spiked.valid()) scope.Change().spiked = happened.spiked;
  BNSYN_RETURN_IF_ERROR(RunCode(happened, scope));

  NoteReceivers(received, stimuli_first ? std::vector<Decayed>() : decayed, scope, out);
  scope.StoreChanged();
  BNSYN_RETURN_IF_ERROR(refractory.End(happened.spiked));
  if (section.last_spike.has_value()) builder.Store(*section.last_spike, scope.LastSpike());
  EmitTraces(declared, index, builder, out.program);
  EmitSpikes(happened, scope);
  return absl::OkStatus();
}

absl::Status EmitUntilSpikes(const Declarations& declared, size_t index, ir::Builder& builder,
                             ProgramBuilder& out) {
  const Section& section = declared.sections[index];
  const Names names = NamesOf(declared, section);
  CodeScope scope(declared, section, names, builder, out);
  BNSYN_RETURN_IF_ERROR(scope.TryDefinitions());
  RefractoryStep refractory(scope);
  refractory.Begin();
  NoteReceivers(TakeInputs(scope, [](const Variable& v) { return !KeepsWhatArrives(v); }), {},
                scope, out);
  BNSYN_RETURN_IF_ERROR(EmitStimuli(declared, index, /*after_arrivals=*/false, scope));
  BNSYN_RETURN_IF_ERROR(refractory.BeforeUpdate());
  BNSYN_RETURN_IF_ERROR(EmitUpdate(declared, scope, out).status());
  BNSYN_ASSIGN_OR_RETURN(const Happened happened, TestConditions(scope));
  scope.StoreChanged(ChangedAfterArrivals(declared, index));
  if (happened.spiked.valid()) {
    scope.Change().spiked = happened.spiked;
    BNSYN_RETURN_IF_ERROR(refractory.End(happened.spiked));
    if (section.last_spike.has_value()) builder.Store(*section.last_spike, scope.LastSpike());
    Carry(happened.spiked, *section.population, builder);
  }
  for (size_t e = 0; e < happened.events.size(); ++e) {
    Carry(happened.events[e], section.events[e], builder);
  }
  EmitSpikes(happened, scope);
  return absl::OkStatus();
}

absl::Status EmitFromArrivals(const Declarations& declared, size_t index, ir::Builder& builder,
                              ProgramBuilder& out) {
  const Section& section = declared.sections[index];
  const Names names = NamesOf(declared, section);
  CodeScope scope(declared, section, names, builder, out);
  const auto carried = [&](ir::PopulationId spikes) {
    return builder.Load(*out.program.FindState(CarrierOf(out.program, spikes)));
  };
  Happened happened;
  if (section.code->threshold.has_value()) happened.spiked = carried(*section.population);
  for (const ir::PopulationId event : section.events) happened.events.push_back(carried(event));
  // What the spike leaves refractory loses what arrives now, but not its reset.
  RefractoryStep(scope).Begin();
  NoteReceivers(TakeInputs(scope, KeepsWhatArrives), {}, scope, out);
  BNSYN_RETURN_IF_ERROR(EmitStimuli(declared, index, /*after_arrivals=*/true, scope));
  scope.Change().free = {};
  BNSYN_RETURN_IF_ERROR(RunCode(happened, scope));
  scope.StoreChanged();
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
