#include "compiler/lowering/refractory.h"

#include <limits>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "compiler/description/settings.h"
#include "compiler/lowering/declare.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

std::string Describe(const Section& section) {
  return absl::StrCat("the refractory time of ", section.name);
}

// True if the value is known before the run.
bool IsKnown(const Expr& expr, const Names& names) {
  return ReadsOnly(expr, names, [](const Meaning& meaning) {
    return meaning.kind == NameKind::kConstant ||
           (meaning.kind == NameKind::kParameter && !meaning.parameter->varies());
  });
}

void DeclareState(ir::Element element, Section& section, ProgramBuilder& out) {
  // By the time of the last spike, where spikes have the time of the start of a step (R5).
  if (out.program.spikes_at_start) {
    element = ir::Element::kBool;
    if (section.refractory.kind != RefractoryKind::kCondition) DeclareLastSpike(section, out);
  }
  section.refractory.state =
      out.AddState(absl::StrCat(section.prefix, "refractory"), {element, section.domain});
}

// A time that is the same for all neurons: a multiple of dt.
absl::Status DeclareSteps(const Quantity& dt, const Setting& time, Section& section,
                          ProgramBuilder& out) {
  const std::string what = Describe(section);
  if (section.code->integration.interpolated_spikes) {
    BNSYN_ASSIGN_OR_RETURN(const Quantity quantity,
                           Evaluate(time, section.constants, dimension::kTime, what));
    if (quantity.value < 0) return ErrorIn(TextOf(time, what), absl::StrCat(what, " is negative"));
    if (quantity.value == 0) return absl::OkStatus();
    section.refractory.kind = RefractoryKind::kSteps;
    section.refractory.time = quantity.value;
    DeclareState(ir::Element::kF64, section, out);
    return absl::OkStatus();
  }
  BNSYN_ASSIGN_OR_RETURN(const uint64_t steps, EvaluateSteps(time, section.constants, dt, what));
  if (steps > static_cast<uint64_t>(std::numeric_limits<int32_t>::max())) {
    return ErrorIn(TextOf(time, what), absl::StrCat(what, " is too long"));
  }
  if (steps == 0 && !out.program.spikes_at_start) return absl::OkStatus();
  section.refractory.kind = RefractoryKind::kSteps;
  section.refractory.steps = static_cast<uint32_t>(steps);
  DeclareState(ir::Element::kI32, section, out);
  return absl::OkStatus();
}

}  // namespace

absl::Status DeclareRefractory(const Declarations& declared, const Model& model, Section& section,
                               ProgramBuilder& out) {
  if (!model.refractory.has_value()) return absl::OkStatus();
  if (out.program.spikes_at_start && !section.code->threshold.has_value()) return absl::OkStatus();
  const std::string what = Describe(section);
  const ir::SourceText text = TextOf(*model.refractory, what);
  if (!model.refractory->is_text())
    return DeclareSteps(declared.network.options.dt, *model.refractory, section, out);
  BNSYN_ASSIGN_OR_RETURN(Expr expr, ParseExpression(text));
  if (ReadsName(expr, *section.code, "lastspike")) DeclareLastSpike(section, out);
  ir::Block scratch;
  scratch.kind = ir::BlockKind::kStep;
  ir::Builder builder(out.program, scratch);
  const Names names = NamesOf(declared, section);
  CodeScope scope(declared, section, names, builder, out);
  const absl::StatusOr<TypedValue> tried = scope.Try(expr, text);
  if (IsKnown(expr, names) && !(tried.ok() && tried->boolean)) {
    return DeclareSteps(declared.network.options.dt, *model.refractory, section, out);
  }
  BNSYN_ASSIGN_OR_RETURN(const TypedValue value, tried);
  if (!value.boolean && value.dimension != dimension::kTime) {
    return ir::ErrorAt(text, expr.range,
                       absl::StrCat(what, " is a time or a condition, but this is ",
                                    DescribeDimension(value.dimension)),
                       "as in refractory = \"2 ms\", or refractory = \"V > -20 mV\"");
  }
  section.refractory.kind = value.boolean ? RefractoryKind::kCondition : RefractoryKind::kTime;
  section.refractory.text = text;
  section.refractory.expr = std::move(expr);
  const bool interpolated = section.code->integration.interpolated_spikes;
  DeclareState(value.boolean  ? ir::Element::kBool
               : interpolated ? ir::Element::kF64
                              : ir::Element::kI32,
               section, out);
  return absl::OkStatus();
}

void DeclareLastSpike(Section& section, ProgramBuilder& out) {
  if (section.last_spike.has_value() || !section.code->threshold.has_value()) return;
  section.last_spike = out.AddState(absl::StrCat(section.prefix, "lastspike"),
                                    {ir::Element::kF64, section.domain}, dimension::kTime);
  out.program.states[*section.last_spike].initial =
      ir::BitsOfF64(-std::numeric_limits<double>::infinity());
}

// A neuron that spikes in step k and is refractory for r steps is held in the steps k + 1 to k + r.
void RefractoryStep::Begin() {
  const Refractoriness& refractory = scope_.section().refractory;
  if (!refractory.state.has_value()) return;
  ir::Builder& builder = scope_.builder();
  left_ = builder.Load(*refractory.state);
  if (is_flag()) {
    scope_.Change().active = builder.Emit(ir::Op::kNot, {left_});
    scope_.Change().free = scope_.active();
    return;
  }
  if (scope_.section().code->integration.interpolated_spikes) {
    scope_.Change().active = builder.Emit(ir::Op::kLe, {left_, builder.F64(0)});
    scope_.Change().free = scope_.active();
    return;
  }
  const ir::Value one = builder.Literal(ir::Element::kI32, 1);
  const ir::Value zero = builder.Literal(ir::Element::kI32, 0);
  scope_.Change().active = builder.Emit(ir::Op::kEq, {left_, zero});
  scope_.Change().free = scope_.active();
  left_ = builder.Emit(ir::Op::kMax, {builder.Emit(ir::Op::kSub, {left_, one}), zero});
}

absl::Status RefractoryStep::BeforeUpdate() {
  const Refractoriness& refractory = scope_.section().refractory;
  ir::Builder& builder = scope_.builder();
  if (refractory.kind == RefractoryKind::kCondition) {
    scope_.EnterCode("refractory");
    BNSYN_ASSIGN_OR_RETURN(const TypedValue holds,
                           EmitExpression(*refractory.expr, refractory.text, scope_));
    left_ = builder.Emit(ir::Op::kAnd, {left_, holds.value});
    scope_.Change().active = builder.Emit(ir::Op::kNot, {left_});
  } else if (refractory.state.has_value() && is_flag()) {
    BNSYN_ASSIGN_OR_RETURN(left_, IsWithinTime());
    scope_.Change().active = builder.Emit(ir::Op::kNot, {left_});
  }
  // With Schedule::kBrian2, update code still finds held what the last step left refractory.
  if (!scope_.program().spikes_at_start) scope_.Change().free = scope_.active();
  return absl::OkStatus();
}

bool RefractoryStep::is_flag() const {
  return scope_.section().refractory.kind == RefractoryKind::kCondition ||
         scope_.program().spikes_at_start;
}

// Both times as whole steps, as Brian2 counts them: a time just before a step is taken for it.
absl::StatusOr<ir::Value> RefractoryStep::IsWithinTime() {
  const Refractoriness& refractory = scope_.section().refractory;
  ir::Builder& builder = scope_.builder();
  const auto steps_of = [&](ir::Value time) {
    const ir::Value steps = EmitDivide(scope_, time, builder.F64(scope_.program().dt));
    return builder.Emit(ir::Op::kFloor, {builder.Emit(ir::Op::kAdd, {steps, builder.F64(1e-3)})});
  };
  const ir::Value since = steps_of(builder.Emit(ir::Op::kSub, {scope_.Time(), scope_.LastSpike()}));
  if (refractory.kind == RefractoryKind::kSteps) {
    return builder.Emit(ir::Op::kLt, {since, builder.F64(refractory.steps)});
  }
  scope_.EnterCode("refractory");
  BNSYN_ASSIGN_OR_RETURN(const TypedValue time,
                         EmitFloat(*refractory.expr, refractory.text, scope_));
  return builder.Emit(ir::Op::kLt, {since, steps_of(time.value)});
}

absl::StatusOr<ir::Value> RefractoryStep::StepsTaken() {
  const Refractoriness& refractory = scope_.section().refractory;
  ir::Builder& builder = scope_.builder();
  if (refractory.kind == RefractoryKind::kSteps) {
    return builder.Literal(ir::Element::kI32, refractory.steps);
  }
  scope_.EnterCode("refractory");
  BNSYN_ASSIGN_OR_RETURN(const TypedValue time,
                         EmitFloat(*refractory.expr, refractory.text, scope_));
  const ir::Value steps = EmitDivide(scope_, time.value, builder.F64(scope_.program().dt));
  const ir::Value nearest =
      builder.Convert(builder.Emit(ir::Op::kRint, {steps}), ir::Element::kI32);
  return builder.Emit(ir::Op::kMax, {nearest, builder.Literal(ir::Element::kI32, 0)});
}

absl::Status RefractoryStep::End(ir::Value spiked) {
  const Refractoriness& refractory = scope_.section().refractory;
  if (!refractory.state.has_value()) return absl::OkStatus();
  // With interpolated spikes the passes have moved it.
  if (scope_.section().code->integration.interpolated_spikes) return absl::OkStatus();
  ir::Builder& builder = scope_.builder();
  if (is_flag()) {
    builder.Store(*refractory.state, builder.Emit(ir::Op::kOr, {left_, spiked}));
    return absl::OkStatus();
  }
  BNSYN_ASSIGN_OR_RETURN(const ir::Value steps, StepsTaken());
  builder.Store(*refractory.state, builder.Emit(ir::Op::kSelect, {spiked, steps, left_}));
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
