#include "compiler/lowering/synapse_scope.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "compiler/analysis/facts.h"
#include "ir/status_macros.h"

namespace bnsyn::compiler {

SynapseCodeScope::SynapseCodeScope(SynapseContext& context, const SynapseModel& model,
                                   ir::BlockKind kind, ir::Builder& builder)
    : CodeScope(context.lowering, model.section, builder),
      context_(context),
      model_(model),
      kind_(kind) {}

absl::StatusOr<std::optional<TypedValue>> SynapseCodeScope::Read(const std::string& name,
                                                                 const ir::SourceText& source,
                                                                 ir::SourceRange range) {
  if (IsWhiteNoise(name)) {
    return ir::ErrorAt(source, range,
                       absl::StrCat("'", name, "' is white noise, which synapses do not have"),
                       "draw it in an equation of the source or the target, and read that here");
  }
  if (model_.code.Find(name) != nullptr || HasLocal(name)) {
    return CodeScope::Read(name, source, range);
  }
  if (name == "w" && model_.weight.has_value()) {
    TypedValue weight = {builder().Emit(ir::Op::kWeight, {ir::Element::kF64, domain()}, {}),
                         model_.weight->dimension};
    weight.integer = model_.whole_weight;
    if (model_.weight->value != 1) {
      weight.value =
          builder().Emit(ir::Op::kMul, {weight.value, builder().F64(model_.weight->value)});
    }
    return weight;
  }
  RunningScope others(context_, domain(), builder());
  BNSYN_ASSIGN_OR_RETURN(const std::optional<TypedValue> value, others.Read(name, source, range));
  return value;
}

absl::StatusOr<std::optional<TypedValue>> SynapseCodeScope::Call(const Expr& call,
                                                                 const ir::SourceText& source) {
  if (DrawsNumber(call.name)) {
    return ir::ErrorAt(source, call.range,
                       absl::StrCat("'", call.name, "' draws a random number, which synapses do ",
                                    "not do while running"),
                       "draw it in a variable of the source or the target, and read that here");
  }
  return CodeScope::Call(call, source);
}

std::vector<std::string> SynapseCodeScope::Names() const {
  std::vector<std::string> names = CodeScope::Names();
  if (model_.weight.has_value()) names.push_back("w");
  ir::Block none;
  ir::Builder builder(lowering_.program, none);
  const std::vector<std::string> others =
      RunningScope(context_, model_.section.domain, builder).Names();
  names.insert(names.end(), others.begin(), others.end());
  return names;
}

absl::StatusOr<TypedValue> SynapseCodeScope::Initial(const Variable& variable,
                                                     const ir::SourceText& source,
                                                     ir::SourceRange range) {
  const EventDriven* moving = model_.FindEventDriven(variable.name());
  if (moving == nullptr) return CodeScope::Initial(variable, source, range);
  if (kind_ == ir::BlockKind::kOnStep) {
    return ir::ErrorAt(source, range,
                       absl::StrCat("'", variable.name(), "' is event-driven: between events its ",
                                    "value is not known"),
                       "make it (clock-driven), so that it moves in every step");
  }
  const auto load = [&](ir::Op op) {
    return TypedValue{builder().Emit(op, {ir::Element::kF64, domain()}, {}, *variable.state),
                      variable.dimension()};
  };
  switch (moving->keeper) {
    case Keeper::kSource:
      return load(ir::Op::kLoadPre);
    case Keeper::kTarget:
      return load(ir::Op::kLoadPost);
    case Keeper::kSynapse:
      break;
  }
  return CodeScope::Initial(variable, source, range);
}

absl::Status SynapseCodeScope::Assign(const Statement& statement, TypedValue right,
                                      const ir::SourceText& source) {
  const std::string& name = statement.target;
  if (absl::EndsWith(name, kPost)) {
    if (statement.op != '+' && statement.op != '-') {
      return ir::ErrorAt(source, statement.target_range,
                         absl::StrCat(ir::BlockKindName(kind_), " code can only add to '", name,
                                      "': spikes of one step arrive in no order"),
                         absl::StrCat("write ", name, " += ..."));
    }
    if (statement.op == '-') right.value = builder().Emit(ir::Op::kNeg, {right.value});
    return AddToTarget(name, statement.target_range, right, statement.value.range, source);
  }
  if (model_.code.Find(name) == nullptr) return AssignOther(statement, right, source);
  const EventDriven* moving = model_.FindEventDriven(name);
  if (moving == nullptr || moving->keeper != Keeper::kTarget) {
    return CodeScope::Assign(statement, right, source);
  }
  // The target has done it when it spiked.
  const Variable& variable = *model_.section.FindVariable(name);
  return ApplyAssignment(statement, Get(variable), right, source, *this).status();
}

absl::Status SynapseCodeScope::AssignOther(const Statement& statement, TypedValue right,
                                           const ir::SourceText& source) {
  const std::string& name = statement.target;
  const auto refuse = [&](absl::string_view why, absl::string_view note = "") {
    return ir::ErrorAt(source, statement.target_range,
                       absl::StrCat("'", name, "' cannot be assigned: ", std::string(why)), note);
  };
  if (absl::EndsWith(name, kPre)) {
    return refuse("synapses do not change their source",
                  "they add to variables of the target, as in g_post += w");
  }
  if (name == "w") {
    return refuse("it is the weight, which stays as it is",
                  "a variable of this name begins with the weight: equations = \"w : siemens\"");
  }
  if (name == "i" || name == "j" || name == "N_pre" || name == "N_post") {
    return refuse("the name has a meaning of its own");
  }
  const auto is_named = [&](const Constant& constant) { return constant.name == name; };
  if (std::any_of(context_.constants.begin(), context_.constants.end(), is_named)) {
    return refuse("it is a constant");
  }
  if (statement.op != '=' && !HasLocal(name)) {
    std::vector<std::string> targets = model_.section.VariableNames();
    for (const Variable& variable : context_.target.variables) {
      targets.push_back(absl::StrCat(variable.name(), kPost));
    }
    return ir::ErrorAt(source, statement.target_range,
                       absl::StrCat(ir::BlockKindName(kind_), " code changes variables of the ",
                                    "synapse and adds to those of the target, and '", name,
                                    "' is none", ir::DidYouMean(name, targets)),
                       "as in g_ampa_post += w");
  }
  return CodeScope::Assign(statement, right, source);
}

absl::Status SynapseCodeScope::AddToTarget(const std::string& name, ir::SourceRange name_range,
                                           TypedValue value, ir::SourceRange value_range,
                                           const ir::SourceText& source) {
  Section& target = context_.target;
  const std::string inner(absl::StripSuffix(name, kPost));
  Variable* variable = target.FindVariable(inner);
  if (variable == nullptr || variable->equation->boolean) {
    return ir::ErrorAt(source, name_range,
                       absl::StrCat("population '", target.name, "' has no variable '", inner,
                                    "' to add to", ir::DidYouMean(inner, target.VariableNames())));
  }
  if (kind_ == ir::BlockKind::kOnStep && variable->state.has_value()) {
    return ir::ErrorAt(source, name_range,
                       absl::StrCat("'", inner, "' of ", target.name, " keeps its value from step ",
                                    "to step, so that the sums of all steps would add up"),
                       absl::StrCat("declare it as an input, which holds the sum of one step: ",
                                    inner, " : unit (input)"));
  }
  if (variable->Is("shared")) {
    return ir::ErrorAt(source, name_range,
                       absl::StrCat("'", inner, "' is one value for all neurons (shared), but ",
                                    "events add to those of each"));
  }
  if (builder().type(value.value).element != ir::Element::kF64) {
    return ir::ErrorAt(source, value_range, "a number is added, not a boolean",
                       "int(...) makes 0 or 1 of it");
  }
  BNSYN_RETURN_IF_ERROR(ExpectDimension(value, variable->dimension(), absl::StrCat("'", name, "'"),
                                        source, value_range));
  if (variable->equation->integer) {
    BNSYN_RETURN_IF_ERROR(ExpectInteger(value, absl::StrCat("'", inner, "'"), source, value_range));
  }
  builder().Emit(ir::Op::kAccumulate, {value.value}, InputOf(lowering_, target, *variable));
  return absl::OkStatus();
}

absl::Status SynapseCodeScope::RunEvent(const std::vector<Statement>& statements,
                                        const ir::SourceText& source) {
  // Where no code asks for any, they are left to the next event.
  const bool moves = std::any_of(
      model_.event_driven.begin(), model_.event_driven.end(), [&](const EventDriven& moving) {
        return moving.keeper == Keeper::kSynapse && model_.Mentions(statements, moving.name);
      });
  ir::Value now;
  if (moves) {
    now = Now();
    BNSYN_RETURN_IF_ERROR(BringUpToDate(now));
  }
  for (const EventDriven& moving : model_.event_driven) {
    if (moving.keeper == Keeper::kSynapse) continue;
    const Variable& variable = *model_.section.FindVariable(moving.name);
    BNSYN_ASSIGN_OR_RETURN(const TypedValue value, Initial(variable, source, {}));
    Set(variable, value.value);
  }
  BNSYN_RETURN_IF_ERROR(EmitStatements(statements, source, *this));
  StoreChanged();
  if (moves) builder().Store(*model_.last, now);
  return absl::OkStatus();
}

ir::Value SynapseCodeScope::Now() {
  const ir::Value step =
      builder().Emit(ir::Op::kStep, {ir::Element::kU64, ir::DomainId::kNetwork}, {});
  const ir::Value now = builder().Convert(step, ir::Element::kF64);
  if (kind_ == ir::BlockKind::kOnPre) return now;
  return builder().Emit(ir::Op::kAdd, {now, builder().F64(1)});
}

absl::Status SynapseCodeScope::BringUpToDate(ir::Value now) {
  const ir::Value steps = builder().Emit(ir::Op::kSub, {now, builder().Load(*model_.last)});
  for (const EventDriven& moving : model_.event_driven) {
    if (moving.keeper != Keeper::kSynapse) continue;
    const Variable& variable = *model_.section.FindVariable(moving.name);
    BNSYN_ASSIGN_OR_RETURN(const ir::Value value, Moved(moving, variable, steps));
    Set(variable, value);
  }
  return absl::OkStatus();
}

absl::StatusOr<ir::Value> SynapseCodeScope::Moved(const EventDriven& moving,
                                                  const Variable& variable, ir::Value steps) {
  const Quantity dt = lowering_.network.options.dt;
  BNSYN_ASSIGN_OR_RETURN(const ir::Value rate, Part(moving.proportional, moving.name,
                                                    {builder().F64(dt.value), dimension::kTime}));
  const ir::Value factor =
      builder().Emit(ir::Op::kExp, {builder().Emit(ir::Op::kMul, {steps, rate})});
  const ir::Value old = builder().Load(*variable.state);
  if (!moving.rest.has_value()) return builder().Emit(ir::Op::kMul, {old, factor});
  const TypedValue one = {builder().F64(1), variable.dimension()};
  BNSYN_ASSIGN_OR_RETURN(const ir::Value a, Part(moving.proportional, moving.name, one));
  BNSYN_ASSIGN_OR_RETURN(const ir::Value b, Part(*moving.rest, moving.name, one));
  ir::Value end = builder().Emit(ir::Op::kNeg, {builder().Emit(ir::Op::kDiv, {b, a})});
  if (const auto number = Facts(lowering_.program, builder().block()).Number(end)) {
    end = builder().F64(*number);
  }
  const ir::Value distance = builder().Emit(ir::Op::kSub, {old, end});
  return builder().Emit(ir::Op::kFma, {distance, factor, end});
}

absl::StatusOr<ir::Value> SynapseCodeScope::Part(const Expr& part, const std::string& name,
                                                 TypedValue value) {
  Bind(name, value);
  const absl::StatusOr<TypedValue> emitted =
      EmitExpression(part, model_.code.equations_text, *this);
  Unbind(name);
  BNSYN_RETURN_IF_ERROR(emitted.status());
  const auto number = Facts(lowering_.program, builder().block()).Number(emitted->value);
  return number.has_value() ? builder().F64(*number) : emitted->value;
}

void SynapseCodeScope::StoreChanged() {
  for (const Variable* variable : Changed()) {
    const EventDriven* moving = model_.FindEventDriven(variable->name());
    if (moving != nullptr && moving->keeper != Keeper::kSynapse) continue;
    StoreVariable(lowering_, builder(), *variable->state, Get(*variable).value, TinyOf(*variable));
  }
}

}  // namespace bnsyn::compiler
