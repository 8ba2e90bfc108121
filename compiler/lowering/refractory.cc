#include "compiler/lowering/refractory.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "compiler/equations/linear_form.h"
#include "compiler/lowering/table.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {
namespace {

std::string Describe(const Section& section) {
  return absl::StrCat("the refractory time of ", section.name);
}

// Whether the value is known before running: made of numbers, constants and parameters that are not
// tunable.
bool IsKnown(const Lowering& lowering, const Expr& expr, const Section& section) {
  if (CallsTable(lowering, expr)) return false;
  return ReadsOnly(
      expr, [](absl::string_view) -> const Expr* { return nullptr; },
      [&](absl::string_view name) {
        const Parameter* parameter = section.FindParameter(name);
        if (parameter != nullptr) return !parameter->tunable;
        if (section.code->Find(name) != nullptr) return false;
        return UnitSymbol(name).has_value() ||
               std::any_of(section.constants.begin(), section.constants.end(),
                           [&](const Constant& constant) { return constant.name == name; });
      });
}

void DeclareState(Lowering& lowering, ir::Element element, Section& section) {
  section.refractory.state = static_cast<ir::StateId>(lowering.program.states.size());
  ir::State state;
  state.name = absl::StrCat(section.prefix, "refractory");
  state.type = {element, section.domain};
  lowering.program.states.push_back(std::move(state));
}

// A time that is the same for all neurons: a multiple of dt.
absl::Status DeclareSteps(Lowering& lowering, const Setting& time, Section& section) {
  const std::string what = Describe(section);
  BNSYN_ASSIGN_OR_RETURN(const uint64_t steps,
                         EvaluateSteps(time, section.constants, lowering.network.options.dt, what));
  if (steps > static_cast<uint64_t>(std::numeric_limits<int32_t>::max())) {
    const ir::SourceText text = TextOf(time, what);
    return ir::ErrorAt(text, Whole(text), absl::StrCat(what, " is too long"));
  }
  if (steps == 0) return absl::OkStatus();
  section.refractory.kind = RefractoryKind::kSteps;
  section.refractory.steps = static_cast<uint32_t>(steps);
  DeclareState(lowering, ir::Element::kI32, section);
  return absl::OkStatus();
}

}  // namespace

absl::Status DeclareRefractory(Lowering& lowering, const Model& model, Section& section) {
  if (!model.refractory.has_value()) return absl::OkStatus();
  const std::string what = Describe(section);
  const ir::SourceText text = TextOf(*model.refractory, what);
  if (!model.refractory->is_text()) return DeclareSteps(lowering, *model.refractory, section);
  BNSYN_ASSIGN_OR_RETURN(Expr expr, ParseExpression(text));
  ir::Block scratch;
  scratch.kind = ir::BlockKind::kStep;
  ir::Builder builder(lowering.program, scratch);
  CodeScope scope(lowering, section, builder);
  const absl::StatusOr<TypedValue> tried = scope.Try(expr, text);
  if (IsKnown(lowering, expr, section) && !(tried.ok() && tried->boolean)) {
    return DeclareSteps(lowering, *model.refractory, section);
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
  DeclareState(lowering, value.boolean ? ir::Element::kBool : ir::Element::kI32, section);
  return absl::OkStatus();
}

ir::StateId LastSpikeOf(Lowering& lowering, const Section& section) {
  const auto id = static_cast<ir::StateId>(lowering.program.states.size());
  const auto [entry, is_new] = lowering.last_spikes.try_emplace(*section.population, id);
  if (is_new) {
    ir::State state;
    state.name = absl::StrCat(section.prefix, "lastspike");
    state.type = {ir::Element::kF64, section.domain};
    state.initial = ir::BitsOfF64(-std::numeric_limits<double>::infinity());
    state.unit = DisplayUnit(dimension::kTime);
    lowering.program.states.push_back(std::move(state));
  }
  return entry->second;
}

// A neuron that spiked at step k with r steps is active again at step k + r.
void RefractoryStep::Begin() {
  const Refractoriness& refractory = scope_.section().refractory;
  if (!refractory.state.has_value()) return;
  ir::Builder& builder = scope_.builder();
  left_ = builder.Load(*refractory.state);
  if (refractory.kind == RefractoryKind::kCondition) {
    scope_.SetActive(builder.Emit(ir::Op::kNot, {left_}));
    scope_.HoldUnless(scope_.active());
    return;
  }
  const ir::Value one = builder.Literal(ir::Element::kI32, 1);
  const ir::Value zero = builder.Literal(ir::Element::kI32, 0);
  scope_.HoldUnless(builder.Emit(ir::Op::kEq, {left_, zero}));
  left_ = builder.Emit(ir::Op::kMax, {builder.Emit(ir::Op::kSub, {left_, one}), zero});
  scope_.SetActive(builder.Emit(ir::Op::kEq, {left_, zero}));
}

absl::Status RefractoryStep::BeforeUpdate() {
  const Refractoriness& refractory = scope_.section().refractory;
  if (refractory.kind == RefractoryKind::kCondition) {
    scope_.EnterCode("refractory");
    BNSYN_ASSIGN_OR_RETURN(const TypedValue holds,
                           EmitExpression(*refractory.expr, refractory.text, scope_));
    ir::Builder& builder = scope_.builder();
    left_ = builder.Emit(ir::Op::kAnd, {left_, holds.value});
    scope_.SetActive(builder.Emit(ir::Op::kNot, {left_}));
  }
  scope_.HoldUnless(scope_.active());
  return absl::OkStatus();
}

absl::StatusOr<ir::Value> RefractoryStep::StepsTaken() {
  const Refractoriness& refractory = scope_.section().refractory;
  ir::Builder& builder = scope_.builder();
  if (refractory.kind == RefractoryKind::kSteps) {
    return builder.Literal(ir::Element::kI32, refractory.steps);
  }
  scope_.EnterCode("refractory");
  BNSYN_ASSIGN_OR_RETURN(const TypedValue time,
                         EmitExpression(*refractory.expr, refractory.text, scope_));
  const ir::Value steps =
      EmitDivide(scope_, time.value, builder.F64(lowering_.network.options.dt.value));
  const ir::Value nearest =
      builder.Convert(builder.Emit(ir::Op::kRint, {steps}), ir::Element::kI32);
  return builder.Emit(ir::Op::kMax, {nearest, builder.Literal(ir::Element::kI32, 0)});
}

absl::Status RefractoryStep::End(ir::Value spiked) {
  const Refractoriness& refractory = scope_.section().refractory;
  if (!refractory.state.has_value()) return absl::OkStatus();
  ir::Builder& builder = scope_.builder();
  if (refractory.kind == RefractoryKind::kCondition) {
    builder.Store(*refractory.state, builder.Emit(ir::Op::kOr, {left_, spiked}));
    return absl::OkStatus();
  }
  BNSYN_ASSIGN_OR_RETURN(const ir::Value steps, StepsTaken());
  builder.Store(*refractory.state, builder.Emit(ir::Op::kSelect, {spiked, steps, left_}));
  return absl::OkStatus();
}

}  // namespace bnsyn::compiler
