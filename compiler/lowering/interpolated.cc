#include "compiler/lowering/interpolated.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "compiler/analysis/facts.h"
#include "compiler/description/settings.h"
#include "compiler/equations/linear_form.h"
#include "compiler/language/code_emitter.h"
#include "compiler/lowering/names.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {

using ir::Op;
using ir::Value;

std::string PastOfSpikesName(const Section& section) {
  return absl::StrCat(section.prefix, "spike.before.past");
}

absl::Status CheckInterpolated(const Declarations& declared, const Section& section) {
  const ModelCode& code = *section.code;
  constexpr const char* kKey = "spike_time = \"interpolated\"";
  const ir::SourceText& place = declared.network.populations[*section.population].place;
  if (declared.schedule != Schedule::kDefault) {
    return ErrorIn(place,
                   absl::StrCat("the model of ", section.name, " has ", kKey,
                                ", but the schedule of the network puts spikes on the grid"),
                   "leave one of them out");
  }
  if (!code.threshold.has_value()) {
    return ErrorIn(place,
                   absl::StrCat("the model of ", section.name, " has ", kKey, ", but no threshold"),
                   "give it a threshold, as in threshold = \"V > V_th\"");
  }
  if (!code.events.empty()) {
    return ir::ErrorAt(code.events[0].condition_text, code.events[0].condition.range,
                       absl::StrCat("with ", kKey, " a model has no events beside its spikes"),
                       "leave spike_time out, or give the event to a model of its own");
  }
  const Expr* found = nullptr;
  ForEachName(*code.threshold, [&](const Expr& name) {
    if (name.name == "t" && found == nullptr) found = &name;
  });
  const Definitions none = [](absl::string_view) { return nullptr; };
  if (found == nullptr && !Draws(*code.threshold, none)) return absl::OkStatus();
  return ir::ErrorAt(
      code.threshold_text, found != nullptr ? found->range : code.threshold->range,
      absl::StrCat("a threshold with ", kKey,
                   " depends on variables alone: on no time, and on no random number"),
      "as in threshold = \"V > V_th\"");
}

Value InterpolatedSpikes::TimeWith(Value left) {
  ir::Builder& builder = scope_.builder();
  const Value rest = builder.Emit(Op::kSub, {builder.F64(system_.dt()), left});
  return builder.Emit(Op::kAdd, {system_.time(), rest});
}

void InterpolatedSpikes::Assume(const std::vector<Value>& at) {
  for (size_t e = 0; e < at.size(); ++e) {
    scope_.Assume(*system_.equations()[e].equation, at[e]);
  }
}

std::vector<LoopVariable> InterpolatedSpikes::Begin(
    const std::function<Value(ir::Element element)>& stand_in) {
  ir::Builder& builder = scope_.builder();
  const Section& section = scope_.section();
  outer_ = scope_.environment();
  std::vector<LoopVariable> variables;
  const auto add = [&](std::string name, Value start) {
    stand_ins_.push_back(stand_in(builder.type(start).element));
    variables.push_back({std::move(name), start, stand_ins_.back(), {}});
  };
  add("spiked", builder.Bool(false));
  add("spike.before", builder.F64(0));
  const bool condition = section.refractory.kind == RefractoryKind::kCondition;
  if (IsRefractory()) {
    add("refractory", condition ? builder.Emit(Op::kNot, {scope_.active()})
                                : builder.Load(*section.refractory.state));
  }
  for (const Variable& variable : section.variables) {
    const bool changes = std::any_of(
        section.code->reset.begin(), section.code->reset.end(),
        [&](const Statement& statement) { return statement.target == variable.name(); });
    if (!changes || !variable.state.has_value() || variable.keeper != Keeper::kOwner ||
        system_.Find(variable.name()).has_value()) {
      continue;
    }
    variables_.push_back(&variable);
    const Value start = scope_.Get(variable).value;
    add(variable.name(), start);
    if (!IsConstant(builder, start)) in_pass_[start.id] = stand_ins_.back();
    scope_.Change().variables[&variable] = stand_ins_.back();
  }
  scope_.Change().free = {};
  // What stops a run stands in the step, and knows nothing of passes.
  scope_.Change().over_stand_ins = true;
  if (IsRefractory()) {
    const Value refractory = stand_ins_[kRefractory];
    const Value before = scope_.active();
    scope_.Change().active = condition ? builder.Emit(Op::kNot, {refractory})
                                       : builder.Emit(Op::kLe, {refractory, builder.F64(0)});
    in_pass_[before.id] = scope_.active();
  }
  return variables;
}

Value InterpolatedSpikes::InPass(Value value) {
  return in_pass_.empty() ? value : Replace(scope_.builder(), value, in_pass_);
}

Value InterpolatedSpikes::EndsAfter() {
  if (!IsRefractory() || scope_.section().refractory.kind == RefractoryKind::kCondition) return {};
  ir::Builder& builder = scope_.builder();
  const Value never = builder.F64(std::numeric_limits<double>::infinity());
  return builder.Emit(Op::kSelect, {scope_.active(), never, stand_ins_[kRefractory]});
}

Value InterpolatedSpikes::Condition(const std::vector<Value>& at) {
  ir::Builder& builder = scope_.builder();
  const ModelCode& code = *scope_.section().code;
  Assume(at);
  scope_.EnterCode("threshold");
  const absl::StatusOr<TypedValue> holds =
      EmitExpression(*code.threshold, code.threshold_text, scope_);
  if (!holds.ok() || !holds->boolean) {
    Note(holds.ok() ? ir::ErrorAt(code.threshold_text, code.threshold->range,
                                  "a threshold is a condition, but this is a number",
                                  "compare it with something, as in V > V_th")
                    : holds.status());
    return builder.Bool(false);
  }
  const Value first = builder.Emit(Op::kNot, {stand_ins_[kSpiked]});
  const Value may =
      scope_.active().valid() ? builder.Emit(Op::kAnd, {first, scope_.active()}) : first;
  return builder.Emit(Op::kAnd, {holds->value, may});
}

// What is left of a refractory time, or whether its condition holds on.
Value InterpolatedSpikes::RefractoryAfter(Value spiked, Value taken, Value h) {
  ir::Builder& builder = scope_.builder();
  const Refractoriness& refractory = scope_.section().refractory;
  const Value now = stand_ins_[kRefractory];
  scope_.EnterCode("refractory");
  if (refractory.kind == RefractoryKind::kCondition) {
    const absl::StatusOr<TypedValue> holds =
        EmitExpression(*refractory.expr, refractory.text, scope_);
    if (!holds.ok()) {
      Note(holds.status());
      return now;
    }
    const Value on = builder.Emit(Op::kAnd, {now, holds->value});
    return builder.Emit(Op::kSelect, {taken, builder.Emit(Op::kOr, {on, spiked}), now});
  }
  Value time = builder.F64(refractory.time);
  if (refractory.kind == RefractoryKind::kTime) {
    const absl::StatusOr<TypedValue> taken_time =
        EmitFloat(*refractory.expr, refractory.text, scope_);
    if (!taken_time.ok()) {
      Note(taken_time.status());
      return now;
    }
    time = builder.Emit(Op::kMax, {taken_time->value, builder.F64(0)});
  }
  const Value over = builder.Emit(Op::kLe, {now, h});
  const Value rest =
      builder.Emit(Op::kSelect, {over, builder.F64(0), builder.Emit(Op::kSub, {now, h})});
  const Value after = builder.Emit(Op::kSelect, {taken, rest, now});
  return builder.Emit(Op::kSelect, {spiked, time, after});
}

void InterpolatedSpikes::End(Value spiked, Value taken, Value h, Value left, std::vector<Value>& at,
                             absl::Span<LoopVariable> variables) {
  ir::Builder& builder = scope_.builder();
  const ModelCode& code = *scope_.section().code;
  Assume(at);
  scope_.Change().spiked = spiked;
  scope_.Change().spike_time = TimeWith(left);
  scope_.Change().guard = spiked;
  scope_.EnterCode("reset");
  Note(EmitStatements(code.reset, code.reset_text, scope_));
  scope_.Change().guard = {};
  scope_.Change().locals.clear();
  for (size_t e = 0; e < at.size(); ++e) {
    at[e] = scope_.Present(*system_.equations()[e].equation);
  }
  variables[kSpiked].next = builder.Emit(Op::kOr, {stand_ins_[kSpiked], spiked});
  variables[kBefore].next = builder.Emit(Op::kSelect, {spiked, left, stand_ins_[kBefore]});
  if (IsRefractory()) variables[kRefractory].next = RefractoryAfter(spiked, taken, h);
  for (size_t v = 0; v < variables_.size(); ++v) {
    variables[FirstVariable() + v].next = scope_.Get(*variables_[v]).value;
  }
}

void InterpolatedSpikes::After(absl::Span<const Value> values) {
  ir::Builder& builder = scope_.builder();
  Environment& environment = scope_.Change();
  environment = outer_;
  environment.free = {};
  for (size_t v = 0; v < variables_.size(); ++v) {
    environment.variables[variables_[v]] = values[FirstVariable() + v];
    environment.changed.insert(variables_[v]);
  }
  environment.spiked = values[kSpiked];
  environment.spike_time = TimeWith(values[kBefore]);
  // It keeps that of the last spike.
  const ir::StateId state = *scope_.section().spike_before;
  const Value before = builder.Load(state);
  const Value kept = builder.Emit(Op::kSelect, {values[kSpiked], values[kBefore], before});
  builder.Check(state, kept);
  builder.Store(state, kept);
  builder.Store(*scope_.program().FindState(PastOfSpikesName(scope_.section())), values[kBefore]);
  if (IsRefractory()) builder.Store(*scope_.section().refractory.state, values[kRefractory]);
}

}  // namespace bnsyn::compiler
